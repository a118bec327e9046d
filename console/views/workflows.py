"""Workflows: one run. The list is in workflow_list.py, what a person does in control.py."""

from http import HTTPStatus

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from client_core import (
    Obstacle,
    StatusString,
    UnsupportedBySchema,
    WorkflowStatus,
)
from console.http import Request
from console.permissions import Action, requires
from console.systems import System
from console.views.common import render_part, run_or_404
from console.views.run_parts import activity, is_as_seen
from console.workflows.second_look import seen


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
        "links": system.links_of(run),
        **activity(request, system, run),
    }
    return render_part(request, "workflows/detail.html", "run", context)


def _obstacles(system: System, run: WorkflowStatus) -> list[Obstacle] | None:
    """Why it is not running; None where that is no question, or the database is too old."""
    if run.status not in (StatusString.DELAYED, StatusString.ENQUEUED):
        return None
    try:
        return system.client.list_obstacles(run.workflow_id)
    except UnsupportedBySchema:
        return None
