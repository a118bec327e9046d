"""What the views of several resources share."""

from typing import Any

from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import render

from client_core import SystemDatabaseError, UnsupportedBySchema, WorkflowStatus
from console.http import Request, wants_partial
from console.systems import System


def run_or_404(system: System, workflow_id: str) -> WorkflowStatus:
    """A run with its payloads."""
    run = system.client.get_workflow(workflow_id)
    if run is None:
        raise Http404(workflow_id)
    return run


def lacking(error: UnsupportedBySchema) -> str:
    """What a search says of a column that an old system database does not have."""
    if "." not in error.missing:
        raise error
    return str(error)


def known_names(system: System) -> dict[str, list[str]]:
    """Names that forms suggest; none when the database is down, as a form is useful without."""
    try:
        return {
            "names": system.client.recent_workflow_names(),
            "queues": system.client.registered_queue_names(),
        }
    except SystemDatabaseError:
        return {"names": [], "queues": []}


def render_form(
    request: Request, template: str, form: Form | None, context: dict[str, Any]
) -> HttpResponse:
    """A form as a page or, for htmx, alone (in a dialog, say); 422 when it has errors."""
    piece = f"{template}#form" if wants_partial(request) else template
    wrong = form is not None and bool(form.errors)
    return render(request, piece, {"form": form, **context}, status=422 if wrong else 200)
