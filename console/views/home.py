"""The way in, the look, and the sign of life."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from console.http import Request
from console.permissions import Action, public, requires
from console.systems import System, all_systems

THEMES = ("", "light", "dark")


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


@public
@require_safe
def healthz(request: Request) -> HttpResponse:
    """The process serves; it asks no database."""
    return HttpResponse("ok", content_type="text/plain")


@public
@require_POST
def theme(request: Request) -> HttpResponse:
    """Remember the chosen theme in this browser; empty follows the system's."""
    chosen = request.POST.get("theme", "")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    response = redirect(back)
    if chosen in THEMES:
        response.set_cookie(
            "console_theme",
            chosen,
            max_age=365 * 24 * 60 * 60,
            samesite="Lax",
            secure=request.is_secure(),
            httponly=True,
        )
    return response
