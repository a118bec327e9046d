"""Workflows: one run, and what a person does to it. The list is in workflow_list.py."""

from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from client_core import (
    DBOSClientError,
    Obstacle,
    StatusString,
    UnsupportedBySchema,
    WorkflowStatus,
)
from console import actions
from console.forms import EnqueueForm
from console.http import Request, redirect_with, wants_partial
from console.permissions import Action, requires
from console.second_look import seen
from console.systems import System
from console.views.common import known_names, render_form, run_or_404
from console.views.run_parts import activity, is_as_seen


@require_safe
@requires(Action.WORKFLOW_READ)
def detail(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """One run: what it is, what it was given, what it did and what came of it."""
    if is_as_seen(request, system, workflow_id):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    run = run_or_404(system, workflow_id)
    context = {
        "run": run,
        "as_seen": seen(run),
        "waits": run.status in (StatusString.ENQUEUED, StatusString.DELAYED),
        "delayed": run.status == StatusString.DELAYED,
        "obstacles": _obstacles(system, run),
        **activity(request, system, run),
    }
    template = "workflows/detail.html"
    return render(request, f"{template}#run" if wants_partial(request) else template, context)


def _obstacles(system: System, run: WorkflowStatus) -> list[Obstacle] | None:
    """Why it is not running; None where that is no question, or the database is too old."""
    if run.status not in (StatusString.DELAYED, StatusString.ENQUEUED):
        return None
    try:
        return system.client.list_obstacles(run.workflow_id)
    except UnsupportedBySchema:
        return None


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_ENQUEUE)
def enqueue(request: Request, system: System) -> HttpResponse:
    """Start a workflow."""
    posted = request.POST if request.method == "POST" else None
    form = EnqueueForm(posted, initial=request.GET.dict())
    if form.is_valid():
        data = form.cleaned_data
        try:
            handle, outcome = actions.enqueue(
                request.user, system, data["options"], data["args"], data["kwargs"]
            )
        except DBOSClientError as error:
            form.refused(error)
        else:
            url = reverse("workflow", args=[system, handle.workflow_id])
            return redirect_with(request, url, outcome.level, outcome.text)
    return render_form(request, "workflows/enqueue.html", form, known_names(system))
