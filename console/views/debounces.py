"""What debounces hold back."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from console.http import Request
from console.permissions import Action, requires
from console.systems import System
from console.views.common import render_part


@require_safe
@requires(Action.WORKFLOW_READ)
def index(request: Request, system: System) -> HttpResponse:
    """Which workflow is held back under which key until when, on one queue or on all."""
    queue_name = request.GET.get("queue") or None
    held, is_cut = system.client.list_held_debounces(queue_name)
    context = {
        "queue_name": queue_name,
        "held": held,
        "is_cut": is_cut,
        "is_known": not system.client.capabilities.lacks("workflow_status.is_debounced"),
    }
    return render_part(request, "debounces/list.html", "found", context)
