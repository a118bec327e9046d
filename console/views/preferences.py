"""What a person prefers."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from console.http import Request
from console.permissions import Action, public, requires
from console.preferences import COLUMNS_COOKIE, ZONE_COOKIE, columns_of, remember, zone_of
from console.roles.permitted import permitted
from console.workflows.view_forms import PreferencesForm

THEMES = ("", "light", "dark")


@require_http_methods(["GET", "POST"])
@requires(Action.CONSOLE_USE)
def index(request: Request) -> HttpResponse:
    """The time zone, and the columns of the list."""
    chosen = {
        "zone": str(zone_of(request)),
        "columns": [column.key for column in columns_of(request)],
    }
    back = _back(request)
    form = PreferencesForm(request.POST if request.method == "POST" else None, initial=chosen)
    if form.is_valid():
        response = redirect(back)
        remember(request, response, ZONE_COOKIE, form.cleaned_data["zone"])
        remember(request, response, COLUMNS_COOKIE, ".".join(form.cleaned_data["columns"]))
        return response
    status = 422 if form.errors else 200
    context = {"form": form, "back": back, "permitted": permitted(request.user)}
    return render(request, "preferences/form.html", context, status=status)


@public
@require_POST
def theme(request: Request) -> HttpResponse:
    """Remember the chosen theme; empty follows the system's."""
    chosen = request.POST.get("theme", "")
    response = redirect(_back(request))
    if chosen in THEMES:
        remember(request, response, "console_theme", chosen)
    return response


def _back(request: Request) -> str:
    """The page that the person came from, if it is one of ours."""
    back = request.POST.get("next") or request.GET.get("next") or "/"
    hosts = {request.get_host()}
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=hosts) else "/"
