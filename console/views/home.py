"""The way in."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from console.http import Request
from console.permissions import Action, can, requires, systems_for
from console.systems import System, all_systems


@require_safe
@requires(Action.CONSOLE_USE)
def home(request: Request) -> HttpResponse:
    """The first system that the person may look at, or else what there is beside systems."""
    names = systems_for(request.user, Action.WORKFLOW_READ)
    system = next((one for name, one in all_systems().items() if name in names), None)
    if system:
        return redirect("workflows", system)
    return redirect("audit" if can(request.user, Action.AUDIT_READ) else "preferences")


@require_safe
@requires(Action.WORKFLOW_READ)
def system(request: Request, system: System) -> HttpResponse:
    """A system begins with its workflows."""
    return redirect("workflows", system)
