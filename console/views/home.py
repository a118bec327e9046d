"""The way in."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from console.http import Request
from console.permissions import Action, requires
from console.systems import System, all_systems


@require_safe
@requires(Action.CONSOLE_USE)
def home(request: Request) -> HttpResponse:
    """The first system."""
    return redirect("workflows", next(iter(all_systems().values())))


@require_safe
@requires(Action.WORKFLOW_READ)
def system(request: Request, system: System) -> HttpResponse:
    """A system begins with its workflows."""
    return redirect("workflows", system)
