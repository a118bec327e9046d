"""What people did to one run, schedule or queue; their pages ask for it by themselves.

Whoever may read the resource sees it: who paused the schedule at night is asked by those on call,
and nobody can act who could not also be named. From where it came and with what parameters is for
those who may read the audit log.
"""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from console.audit.words import history
from console.http import Request
from console.permissions import Action, requires
from console.systems import System
from console.views.common import render_part

#: The newest of them are shown.
MOST_SHOWN = 20


@require_safe
@requires(Action.WORKFLOW_READ)
def workflow(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """What people did to a run; also once it is deleted."""
    return _history(request, system, "workflow", workflow_id)


@require_safe
@requires(Action.WORKFLOW_READ)
def schedule(request: Request, system: System, schedule_name: str) -> HttpResponse:
    """What people did to a schedule."""
    return _history(request, system, "schedule", schedule_name)


@require_safe
@requires(Action.WORKFLOW_READ)
def queue(request: Request, system: System, queue_name: str) -> HttpResponse:
    """What people did to a queue."""
    return _history(request, system, "queue", queue_name)


def _history(request: Request, system: System, kind: str, target: str) -> HttpResponse:
    found = history(system, kind, target, MOST_SHOWN + 1)
    context = {
        "kind": kind,
        "target": target,
        "entries": found[:MOST_SHOWN],
        "has_more": len(found) > MOST_SHOWN,
        "most_shown": MOST_SHOWN,
    }
    return render_part(request, "audit/history.html", "part", context)
