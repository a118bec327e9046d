"""Operations on many runs: planned, looked through, started, paused and stopped."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from console.export import Format, cells, exported
from console.http import Request, redirect_with
from console.models import Operation, OperationRun
from console.operations import chunks, control, plans
from console.operations.forms import PlanForm, StartForm
from console.operations.kinds import KINDS
from console.operations.results import COLUMNS, outcomes, results
from console.permissions import Action, can, requires, why_not
from console.systems import System
from console.views.common import known_names, render_form, render_part

PAGE_SIZE = 50
#: Runs of a plan that its page shows.
SAMPLE = 10


@require_safe
@requires(Action.WORKFLOW_READ)
def index(request: Request, system: System) -> HttpResponse:
    """The operations of a system, the newest first."""
    found = Operation.objects.filter(system=system.name)
    if before := _moment(request.GET.get("before", "")):
        found = found.filter(created_at__lt=before)
    page = list(found[: PAGE_SIZE + 1])
    older = page[PAGE_SIZE - 1].created_at.timestamp() if len(page) > PAGE_SIZE else None
    context = {
        "rows": [(one, chunks.kind_of(one)) for one in page[:PAGE_SIZE]],
        "older": older,
        "is_first": "before" not in request.GET,
        "is_active": any(one.is_active for one in page),
    }
    return render_part(request, "operations/list.html", "found", context)


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_BULK)
def plan(request: Request, system: System) -> HttpResponse:
    """Ask what to do with many runs, then write down which they are. Nothing is done yet."""
    allowed = [action for action in KINDS if can(request.user, Action(action), system)]
    given = request.POST if request.method == "POST" else request.GET
    ids = list(dict.fromkeys(one for one in given.getlist("workflow_id") if one))
    initial = {**request.GET.dict(), "scope": given.get("scope", "selected")}
    posted = request.POST if request.method == "POST" else None
    form = PlanForm(posted, actions=allowed, ids=ids, initial=initial)
    if form.is_valid():
        operation = control.plan_operation(request.user, system, form.operation())
        url = reverse("operation", args=[system, operation.pk])
        return redirect(url)
    context = {"ids": ids, "scope": initial["scope"], "search": given.get("q", "")}
    return render_form(request, "operations/plan.html", form, {**context, **known_names(system)})


@require_safe
@requires(Action.WORKFLOW_READ)
def detail(request: Request, system: System, operation_id: uuid.UUID) -> HttpResponse:
    """One operation: its plan and the confirmation, or how far it is and what came of it."""
    operation = _operation(system, operation_id)
    context = _described(request, system, operation)
    return render_part(request, "operations/detail.html", "operation", context)


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_BULK)
def start(request: Request, system: System, operation_id: uuid.UUID) -> HttpResponse:
    """Start what was planned, if the confirmation is right."""
    operation = _operation(system, operation_id)
    url = reverse("operation", args=[system, operation.pk])
    if request.method == "GET":
        return redirect(url)
    form = _start_form(request.POST, system, operation)
    if not form.is_valid():
        context = _described(request, system, operation) | {"form": form}
        return render(request, "operations/detail.html", context, status=422)
    reason = form.cleaned_data["reason"]
    outcome = control.start_operation(request.user, system, operation, reason)
    return redirect_with(request, url, outcome.level, outcome.text)


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_BULK)
def steer(request: Request, system: System, operation_id: uuid.UUID) -> HttpResponse:
    """Pause an operation, let it go on, or stop it."""
    operation = _operation(system, operation_id)
    url = reverse("operation", args=[system, operation.pk])
    step = request.POST.get("step")
    if step not in control.STEPS:
        return redirect(url)
    outcome = control.steer_operation(request.user, system, operation, step)
    return redirect_with(request, url, outcome.level, outcome.text)


@require_safe
@requires(Action.WORKFLOW_EXPORT)
def export(request: Request, system: System, operation_id: uuid.UUID) -> StreamingHttpResponse:
    """Every run of an operation and what became of it, as a file."""
    operation = _operation(system, operation_id)
    if not operation.keeps_results:
        raise Http404("The results of this operation are not kept any more.")
    form = Format.of(request.GET.get("format"))
    parameters = {"format": form}
    control.note_export(request.user, system, f"operation {operation.pk}", parameters)
    pages = ([cells(COLUMNS, row) for row in page] for page in results(operation))
    return exported(form, f"operation-{operation.pk}", list(COLUMNS), pages)


def _operation(system: System, operation_id: uuid.UUID) -> Operation:
    found = Operation.objects.select_related("user")
    return get_object_or_404(found, pk=operation_id, system=system.name)


def _start_form(posted: Any, system: System, operation: Operation) -> StartForm:
    return StartForm(
        posted,
        runs=chunks.to_act(operation),
        below=sum((operation.below or {}).values()),
        is_production=system.is_production,
        initial={"reason": operation.reason},
    )


def _described(request: Request, system: System, operation: Operation) -> dict[str, Any]:
    wanted = (Action(operation.action), Action.WORKFLOW_BULK)
    refusals = (why_not(request.user, action, system) for action in wanted)
    kind = chunks.kind_of(operation)
    skipped = chunks.skipped(operation)
    reasons = {status: reason for status, (reason, _) in skipped.items()}
    below = operation.below or {}
    spared = {status: kind.skips(status, operation.parameters) for status in below}
    return {
        "operation": operation,
        "kind": kind,
        "planned": _counted(operation.statuses, reasons),
        "below": _counted(below, spared),
        "below_total": sum(below.values()),
        "sample": _sample(operation) if operation.state == Operation.State.PLANNED else [],
        "to_act": chunks.to_act(operation),
        "missing": len(operation.filters.get("workflow_ids", [])) - operation.total
        if not operation.search
        else 0,
        "most_runs": plans.MOST_RUNS,
        "outcomes": outcomes(operation),
        "left": operation.total - operation.done_to,
        "refused": next(filter(None, refusals), ""),
        "form": _start_form(None, system, operation),
    }


def _counted(
    statuses: dict[str, int], spared: Mapping[str, str | None]
) -> list[tuple[str, int, str | None]]:
    """Statuses, the commonest first, with why runs of them are left alone, if they are."""
    by_count = sorted(statuses.items(), key=lambda item: -item[1])
    return [(status, count, spared.get(status)) for status, count in by_count]


def _sample(operation: Operation) -> list[OperationRun]:
    """The first runs of the plan."""
    return list(OperationRun.objects.filter(operation=operation).order_by("position")[:SAMPLE])


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text), UTC) if text else None
    except (ValueError, OverflowError, OSError):
        return None
