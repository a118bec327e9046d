"""Forks: a run again from one of its steps, after a preview of what is copied and what reruns."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from client_core import WorkflowStatus
from console import actions
from console.http import Request
from console.outcomes import Outcome
from console.permissions import Action, requires
from console.systems import System
from console.views.common import known_names, run_or_404, versions_of
from console.views.control import confirmed
from console.workflows.run_forms import ForkForm

#: The part of the page that follows the step that is typed.
PREVIEW = "fork-preview"


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_FORK)
def fork(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """Ask where a fork begins and show what it does, then fork."""
    form = _form(request, system, workflow_id)
    if request.method == "GET" and request.htmx and request.htmx.target == PREVIEW:
        run = run_or_404(system, workflow_id)
        context = {"run": run, "form": form, **_preview(system, workflow_id, form)}
        return render(request, "workflows/fork.html#preview", context)

    def act(data: dict[str, Any]) -> Outcome:
        wish = (data["start_step"], form.options, form.act_id)
        return actions.fork(request.user, system, workflow_id, *wish)

    def more(run: WorkflowStatus) -> dict[str, Any]:
        names = {**known_names(system), "versions": versions_of(system, run)}
        return {**names, **_preview(system, workflow_id, form)}

    return confirmed(request, (system, workflow_id), "workflows/fork.html", form, act, more)


def _form(request: Request, system: System, workflow_id: str) -> ForkForm:
    """What was sent; or what is typed so far, where that asks for a preview alone."""
    typed = request.POST if request.method == "POST" else request.GET
    if request.method == "POST" and "preview" not in request.POST:
        return ForkForm(request.POST)
    form = ForkForm(initial={name: typed[name] for name in ForkForm.base_fields if name in typed})
    if not form.initial.get("start_step"):
        form.initial["start_step"] = system.client.suggest_fork_start(workflow_id)
    return form


def _preview(system: System, workflow_id: str, form: ForkForm) -> dict[str, Any]:
    start = form.shown_start
    found = None if start is None else system.client.get_fork_preview(workflow_id, start)
    return {"preview": found}
