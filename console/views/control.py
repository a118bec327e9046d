"""What a person does to one run: each asks first, looks again, acts once and says what happened."""

import time
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from client_core import Overview, SystemDatabaseError, WorkflowStatus
from console import actions
from console.http import Request
from console.outcomes import Outcome
from console.permissions import Action, requires
from console.systems import System
from console.views.acts import done, not_done
from console.views.common import known_names, render_form, run_or_404
from console.workflows.run_forms import (
    ActForm,
    CancelForm,
    DelayForm,
    DeleteForm,
    PriorityForm,
    ResumeForm,
    id_end,
)
from console.workflows.second_look import changed

#: Does what a form asks for.
Act = Callable[[dict[str, Any]], Outcome]
More = Callable[[WorkflowStatus], dict[str, Any]]


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_CANCEL)
def cancel(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """Ask whether to cancel, then cancel."""

    def act(data: dict[str, Any]) -> Outcome:
        wish = {"with_children": data["with_children"], "act_id": form.act_id}
        return actions.cancel(request.user, system, workflow_id, **wish)

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

    def act(data: dict[str, Any]) -> Outcome:
        where = data["queue_name"] or None
        return actions.resume(request.user, system, workflow_id, where, form.act_id)

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

    def act(data: dict[str, Any]) -> Outcome:
        wish = {"with_children": data["with_children"], "act_id": form.act_id}
        return actions.delete(request.user, system, workflow_id, **wish)

    form = DeleteForm(request.POST if request.method == "POST" else None)
    return confirmed(
        request,
        (system, workflow_id),
        "workflows/delete.html",
        form,
        act,
        lambda run: {"overview": overview_of(system, run), "id_end": id_end(workflow_id)},
        reverse("workflows", args=[system]),
    )


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_DELAY)
def delay(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """Ask until when a delayed run waits, then move it."""
    form = DelayForm(request.POST if request.method == "POST" else None)

    def act(data: dict[str, Any]) -> Outcome:
        wish = (form.delay, form.act_id)
        return actions.set_delay(request.user, system, workflow_id, *wish)

    target = (system, workflow_id)
    return confirmed(request, target, "workflows/delay.html", form, act, lambda run: {})


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_PRIORITY)
def priority(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """Ask for the priority of a run that waits, then change it."""

    def act(data: dict[str, Any]) -> Outcome:
        wish = (data["priority"], form.act_id)
        return actions.set_priority(request.user, system, workflow_id, *wish)

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
    leads_to: str = "",
) -> HttpResponse:
    """Show a form that asks; when it is sent and the run is what the person saw, act.

    Then it leads to another page than the run's, where one is given.
    """
    system, workflow_id = target
    here = reverse("workflow", args=[system, workflow_id])

    def look_and_act() -> Outcome | None:
        if form.always_looks or form.cleaned_data["seen"]:
            for run in system.client.list_workflows(workflow_ids=workflow_id):
                form.look_again(run)
                form.assert_confirmed(run)
        return None if form.errors else act(form.cleaned_data)

    try:
        if form.is_valid() and (
            answer := done(request, system, form, look_and_act, here, leads_to)
        ):
            return answer
        run = run_or_404(system, workflow_id)
        context = {"run": run, **more(run)}
    except SystemDatabaseError as error:
        return not_done(request, form, error, here)
    if not form.is_bound:
        form.show(run)
        if came_from := request.GET.get("seen"):
            context["changed"] = changed(came_from, run)
    return render_form(request, template, form, context)


def overview_of(system: System, run: WorkflowStatus) -> Overview:
    """The run from afar: its steps and children, counted."""
    return system.client.get_overview(run, now_ms=time.time_ns() // 1_000_000)
