"""What a person does to one run: each asks first, looks again, acts once and says what happened."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from client_core import (
    DBOSClientError,
    NonExistentWorkflow,
    Overview,
    SystemDatabaseError,
    WorkflowStatus,
)
from console import actions
from console.actions import Outcome
from console.auditing import SentBefore
from console.http import Request, acted, redirect_with
from console.permissions import Action, requires
from console.run_forms import (
    ActForm,
    CancelForm,
    DelayForm,
    DeleteForm,
    PriorityForm,
    ResumeForm,
    id_end,
)
from console.second_look import changed
from console.systems import System
from console.views.common import known_names, render_form, run_or_404

AnyForm = TypeVar("AnyForm", bound=ActForm)
#: Does what a form asks for; where to go then, if not to the run.
Act = Callable[[dict[str, Any]], tuple[Outcome, str | None]]
More = Callable[[WorkflowStatus], dict[str, Any]]


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_CANCEL)
def cancel(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """Ask whether to cancel, then cancel."""

    def act(data: dict[str, Any]) -> tuple[Outcome, str | None]:
        wish = {"with_children": data["with_children"], "form_id": data["form_id"]}
        return actions.cancel(request.user, system, workflow_id, **wish), None

    form = CancelForm(request.POST if request.method == "POST" else None)
    return confirmed(
        request,
        (system, workflow_id),
        "workflows/cancel.html",
        form,
        act,
        lambda run: {"overview": overview_of(system, run)},
    )


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_RESUME)
def resume(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """Ask where to resume, then resume."""

    def act(data: dict[str, Any]) -> tuple[Outcome, str | None]:
        where = data["queue_name"] or None
        return actions.resume(request.user, system, workflow_id, where, data["form_id"]), None

    form = ResumeForm(request.POST if request.method == "POST" else None)
    return confirmed(
        request,
        (system, workflow_id),
        "workflows/resume.html",
        form,
        act,
        lambda run: known_names(system),
    )


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_DELETE)
def delete(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """Ask whether to delete for good, then delete."""

    def act(data: dict[str, Any]) -> tuple[Outcome, str | None]:
        wish = {"with_children": data["with_children"], "form_id": data["form_id"]}
        outcome = actions.delete(request.user, system, workflow_id, **wish)
        return outcome, reverse("workflows", args=[system])

    form = DeleteForm(request.POST if request.method == "POST" else None)
    return confirmed(
        request,
        (system, workflow_id),
        "workflows/delete.html",
        form,
        act,
        lambda run: {"overview": overview_of(system, run), "id_end": id_end(workflow_id)},
    )


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_DELAY)
def delay(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """Ask until when a delayed run waits, then move it."""
    form = DelayForm(request.POST if request.method == "POST" else None)

    def act(data: dict[str, Any]) -> tuple[Outcome, str | None]:
        wish = (form.delay, data["form_id"])
        return actions.set_delay(request.user, system, workflow_id, *wish), None

    target = (system, workflow_id)
    return confirmed(request, target, "workflows/delay.html", form, act, lambda run: {})


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_PRIORITY)
def priority(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """Ask for the priority of a run that waits, then change it."""

    def act(data: dict[str, Any]) -> tuple[Outcome, str | None]:
        wish = (data["priority"], data["form_id"])
        return actions.set_priority(request.user, system, workflow_id, *wish), None

    form = PriorityForm(request.POST if request.method == "POST" else None)
    target = (system, workflow_id)
    return confirmed(request, target, "workflows/priority.html", form, act, lambda run: {})


def confirmed(
    request: Request,
    target: tuple[System, str],
    template: str,
    form: ActForm,
    act: Act,
    more: More,
) -> HttpResponse:
    """Show a form that asks; when it is sent and the run is what the person saw, act."""
    system, workflow_id = target
    try:
        if form.is_valid() and (answer := _done(request, target, form, act)):
            return answer
        run = run_or_404(system, workflow_id)
        context = {"run": run, **more(run)}
    except SystemDatabaseError as error:
        if not form.is_bound:
            raise
        return _not_done(request, target, error)
    if not form.is_bound:
        form.show(run)
        if came_from := request.GET.get("seen"):
            context["changed"] = changed(came_from, run)
    return render_form(request, template, form, context)


def _done(
    request: Request, target: tuple[System, str], form: ActForm, act: Act
) -> HttpResponse | None:
    """The answer to a form that was carried out; None where it has errors now."""
    system, workflow_id = target
    url = reverse("workflow", args=[system, workflow_id])
    if outcome := actions.sent_before(form.cleaned_data["form_id"]):
        return acted(request, url, outcome.level, outcome.text)
    if form.always_looks or form.cleaned_data["seen"]:
        for run in system.client.list_workflows(workflow_ids=workflow_id):
            form.look_again(run)
            form.assert_confirmed(run)
    if form.errors:
        return None
    try:
        outcome, instead = act(form.cleaned_data)
    except SentBefore:
        text = "This was sent twice, and is done once."
        return acted(request, url, "warning", text)
    except (SystemDatabaseError, NonExistentWorkflow):
        raise
    except DBOSClientError as error:
        form.refused(error)
        return None
    if instead:
        return redirect_with(request, instead, outcome.level, outcome.text)
    return acted(request, url, outcome.level, outcome.text)


def _not_done(
    request: Request, target: tuple[System, str], error: SystemDatabaseError
) -> HttpResponse:
    """Say that nothing was written, and offer to send the same again; nothing typed is lost."""
    sent = [item for item in request.POST.items() if item[0] != "csrfmiddlewaretoken"]
    context = {"error": error, "sent": sent, "workflow_id": target[1]}
    template = "workflows/not_done.html"
    if request.htmx:
        return render(request, f"{template}#form", context, status=422)
    return render(request, template, context, status=HTTPStatus.SERVICE_UNAVAILABLE)


def overview_of(system: System, run: WorkflowStatus) -> Overview:
    """The run from afar: its steps and children, counted."""
    return system.client.get_overview(run, now_ms=time.time_ns() // 1_000_000)
