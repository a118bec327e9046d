"""The values of one event or one stream of a run, a page at a time."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from client_core import Entry
from console.digits import whole_number
from console.http import Request
from console.permissions import Action, requires
from console.systems import System
from console.views.common import render_form, render_part, run_or_404

PAGE_SIZE = 50
TEMPLATE = "workflows/values.html"


@require_safe
@requires(Action.WORKFLOW_READ)
def event(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """The values that an event had, the newest first; without a key it asks for one."""
    if "key" not in request.GET:
        run = run_or_404(system, workflow_id)
        context = {"events": system.client.get_exchange(workflow_id).events}
        return render_form(request, "workflows/event.html", None, {"run": run, **context})
    return _values(request, system, workflow_id, "event", system.client.list_event_history)


@require_safe
@requires(Action.WORKFLOW_READ)
def stream(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """The values of a stream in order, and those that come as they come."""
    return _values(request, system, workflow_id, "stream", system.client.list_stream_values)


def _values(
    request: Request,
    system: System,
    workflow_id: str,
    kind: str,
    read: Callable[..., list[Entry]],
) -> HttpResponse:
    key = request.GET.get("key")
    if key is None:
        return redirect("workflow", system, workflow_id)
    before = whole_number(request.GET.get("before", ""))
    found = read(workflow_id, key, before=before, limit=PAGE_SIZE + 1)
    # Looked at afterwards: a run that is over then has written all that was read.
    runs = system.client.list_workflows(workflow_ids=workflow_id)
    if not runs:
        raise Http404(workflow_id)
    page = found[:PAGE_SIZE]
    is_closed = any(entry.is_end for entry in page)
    context: dict[str, Any] = {
        "run": runs[0],
        "kind": kind,
        "key": key,
        "entries": page[::-1] if kind == "stream" else page,
        "earlier": page[-1].place if len(found) > PAGE_SIZE else None,
        "is_latest": before is None,
        "is_closed": is_closed,
        "is_live": before is None and runs[0].is_active and not is_closed,
    }
    return render_part(request, TEMPLATE, "values", context)
