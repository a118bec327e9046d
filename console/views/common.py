"""What the views of several resources share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from client_core import QueryTimeout, SystemDatabaseError, UnsupportedBySchema, WorkflowStatus
from console.http import Request, wants_partial
from console.masking import NO_MASKS, configured
from console.permissions import Action, can
from console.systems import System
from console.workflows.search import Search, parse


def search_of(request: Request, system: System) -> Search:
    """The search in the address, which cannot ask for what this person may not see."""
    may_reveal = can(request.user, Action.PAYLOAD_REVEAL, system)
    return parse(
        request.GET.get("q", ""),
        zone=timezone.get_current_timezone(),
        masks=NO_MASKS if may_reveal else configured(),
    )


def run_or_404(system: System, workflow_id: str) -> WorkflowStatus:
    """A run with its payloads."""
    run = system.client.get_workflow(workflow_id)
    if run is None:
        raise Http404(workflow_id)
    return run


@contextmanager
def answering(search: Search, narrower: str) -> Iterator[None]:
    """Tell with the search why it cannot be answered, and what makes it a narrower one."""
    try:
        yield
    except QueryTimeout as error:
        search.problems.append(f"{error} It was stopped, so that it slows nothing down: {narrower}")
    except UnsupportedBySchema as error:
        if "." not in error.missing:
            raise  # Without the table itself nothing can be searched.
        search.problems.append(str(error))


def known_names(system: System) -> dict[str, list[str]]:
    """Names that forms suggest; none when the database is down, as a form is useful without."""
    try:
        return {
            "names": system.client.recent_workflow_names(),
            "queues": system.client.registered_queue_names(),
        }
    except SystemDatabaseError:
        return {"names": [], "queues": []}


def versions_of(system: System, run: WorkflowStatus) -> list[str]:
    """Versions to suggest: the run's own, and those that the database knows."""
    own = [run.app_version] if run.app_version else []
    try:
        known = [version.version_name for version in system.client.list_application_versions()]
    except SystemDatabaseError:
        known = []
    return list(dict.fromkeys([*own, *known[:50]]))


def render_part(
    request: Request, template: str, part: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page or, for htmx, the part of it that changes."""
    piece = f"{template}#{part}" if wants_partial(request) else template
    return render(request, piece, context, status=status)


def render_form(
    request: Request, template: str, form: Form | None, context: dict[str, Any]
) -> HttpResponse:
    """A form as a page or, for htmx, alone (in a dialog, say); 422 when it has errors."""
    wrong = form is not None and bool(form.errors)
    return render_part(
        request, template, "form", {"form": form, **context}, status=422 if wrong else 200
    )
