"""Two runs side by side."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from client_core import (
    ABSENT,
    Difference,
    Differences,
    Likeness,
    StepComparison,
    StepPair,
    WorkflowStatus,
    differences,
)
from console.digits import whole_number
from console.http import Request
from console.permissions import Action, requires
from console.systems import System
from console.views.common import render_form, render_part
from console.workflows.columns import COLUMNS
from console.workflows.view_forms import ComparisonForm

PAGE_SIZE = 100
FORKS_SHOWN = 20
#: Of results that differ, those up to this size are shown.
MOST_RESULT_BYTES = 2 * 2**10
#: A step is called slower or faster from here on.
RATIO = 1.5
RATIO_MS = 50
#: What is told of both runs, and of it what differs by nature.
TOLD = (
    *("status", "created", "started", "completed", "duration", "queue", "priority"),
    *("app", "version", "executor", "user", "schedule", "parent", "attributes"),
)
TIMES = ("created", "started", "completed", "duration")


@dataclass(frozen=True, slots=True)
class Row:
    """A pair of steps as it is shown."""

    place: int
    pair: StepPair
    results: tuple[Any, Any] | None
    mark: str

    @property
    def ratio(self) -> float | None:
        """How many times as long the right one took, where that is worth a word."""
        left, right, ratio = self.pair.left, self.pair.right, self.pair.ratio
        if ratio is None or not (left and right):
            return None
        apart = abs((left.duration_ms or 0) - (right.duration_ms or 0))
        return ratio if apart >= RATIO_MS and not 1 / RATIO < ratio < RATIO else None


@require_safe
@requires(Action.WORKFLOW_READ)
def index(request: Request, system: System) -> HttpResponse:
    """Two runs and what differs; without one of them, a form that asks for it."""
    a, b = (request.GET.get(side, "").strip() for side in "ab")
    if not (a and b):
        return _pick(request, system, a, b)
    found = system.client.list_workflows(workflow_ids=[a, b], load_payloads=True)
    runs = {run.workflow_id: run for run in found}
    if a not in runs or b not in runs:
        return _form(request, system, {"a": a, "b": b}, missing={a, b} - runs.keys())
    context = _compared(request, system, runs[a], runs[b])
    return render_part(request, "comparison/detail.html", "both", context)


def _pick(request: Request, system: System, a: str, b: str) -> HttpResponse:
    """Find the other run, if it is asked for by what it is, else ask."""
    wanted = request.GET.get("with")
    context: dict[str, Any] = {}
    one = a or b
    run = next(iter(system.client.list_workflows(workflow_ids=one)), None) if one else None
    if run and wanted == "last-success":
        if success := system.client.last_success_before(run):
            return _to(system, success, run.workflow_id)
        context = {"note": "no success", "run": run}
    elif run and wanted == "fork":
        forks = system.client.list_workflows(
            forked_from=run.workflow_id, limit=FORKS_SHOWN, sort_desc=True
        )
        if len(forks) == 1:
            return _to(system, run.workflow_id, forks[0].workflow_id)
        context = {"note": "forks" if forks else "no fork", "run": run, "forks": forks}
    return _form(request, system, {"a": a, "b": b}, **context)


def _to(system: System, a: str, b: str) -> HttpResponse:
    address = redirect("workflow-compare", system)
    address["Location"] += "?" + urlencode({"a": a, "b": b})
    return address


def _form(
    request: Request,
    system: System,
    ids: dict[str, str],
    *,
    missing: set[str] | None = None,
    **context: Any,
) -> HttpResponse:
    form = ComparisonForm(ids if missing else None, initial=ids)
    for side, workflow_id in ids.items() if missing else ():
        if workflow_id in (missing or ()):
            form.add_error(side, "There is no run with this ID.")
    return render_form(request, "comparison/pick.html", form, context)


def _compared(
    request: Request, system: System, a: WorkflowStatus, b: WorkflowStatus
) -> dict[str, Any]:
    steps = system.client.compare_steps(a.workflow_id, b.workflow_id)
    only = request.GET.get("show") == "differences"
    first = whole_number(request.GET.get("from", "")) or 0
    chosen = [
        (place, pair)
        for place, pair in enumerate(steps.pairs)
        if not (only and pair.likeness == Likeness.SAME)
    ]
    following = [one for one in chosen if one[0] >= first]
    page = following[:PAGE_SIZE]
    earlier = [place for place, _ in chosen if place < first]
    return {
        "a": a,
        "b": b,
        "told": _told(system, a, b),
        "input": _shown(a.input, b.input),
        "result": _shown(a.error or a.output, b.error or b.output),
        "steps": steps,
        "story": _story(steps),
        "rows": _rows(system, (a, b), steps, page),
        "only": only,
        "first": first,
        "previous": earlier[-PAGE_SIZE:][0] if earlier else None,
        "next": following[PAGE_SIZE][0] if len(following) > PAGE_SIZE else None,
    }


def _told(system: System, a: WorkflowStatus, b: WorkflowStatus) -> list[dict[str, Any]]:
    """What is known of both runs, line by line, where there is something."""
    lines = []
    for key in TOLD:
        left, right = (COLUMNS[key].cell(run, system) for run in (a, b))
        if left or right:
            differs = key not in TIMES and left != right
            lines.append({"column": COLUMNS[key], "differs": differs})
    return lines


def _shown(left: Any, right: Any) -> dict[str, Any]:
    """How two payloads differ, each part within its keys, so that what is secret stays so."""
    found: Differences = differences(left, right)
    return {"differences": found, "parts": [_part(one) for one in found.found]}


def _part(one: Difference) -> dict[str, Any]:
    keys = [key for key in one.path if isinstance(key, str)]

    def within(value: Any) -> list[Any]:
        """Empty where there is nothing."""
        if value is ABSENT:
            return []
        for key in reversed(keys):
            value = {key: value}
        return [value]

    return {"place": one.place, "left": within(one.left), "right": within(one.right)}


def _rows(
    system: System,
    runs: tuple[WorkflowStatus, WorkflowStatus],
    steps: StepComparison,
    page: list[tuple[int, StepPair]],
) -> list[Row]:
    """A page of pairs; of those that differ, with their results."""
    ids = (runs[0].workflow_id, runs[1].workflow_id)
    differing = [pair for _, pair in page if pair.likeness != Likeness.SAME]
    results = system.client.step_results(*ids, differing, max_payload_bytes=MOST_RESULT_BYTES)
    shown = iter(results if differing else ())
    return [
        Row(
            place,
            pair,
            next(shown) if pair.likeness != Likeness.SAME else None,
            "first difference"
            if place == steps.divergence
            else "first other result"
            if place == steps.result_difference
            else "",
        )
        for place, pair in page
    ]


def _story(steps: StepComparison) -> dict[str, Any]:
    """The places that the sentence at the top speaks of."""
    story: dict[str, Any] = {"count": len(steps.pairs)}
    if (place := steps.divergence) is not None:
        pair = steps.pairs[place]
        rest = steps.pairs[place:]
        story["divergence"] = {
            "place": place,
            "page": _page_of(place),
            "pair": pair,
            "step": pair.left or pair.right,
            "a_ended": all(one.left is None for one in rest),
            "b_ended": all(one.right is None for one in rest),
        }
    if (place := steps.outcome_difference) not in (None, steps.divergence):
        story["outcome"] = {"place": place, "page": _page_of(place), "pair": steps.pairs[place]}
    if (place := steps.result_difference) is not None:
        story["result"] = {
            "place": place,
            "page": _page_of(place),
            "step": steps.pairs[place].left,
            "is_before": steps.divergence is None or place < steps.divergence,
        }
    story["unknown"] = steps.first_unknown is not None
    return story


def _page_of(place: int) -> int:
    return place // PAGE_SIZE * PAGE_SIZE
