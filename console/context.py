"""What every template may use."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from console.permissions import Action, can, role_of
from console.systems import all_systems


def console(request: HttpRequest) -> dict[str, Any]:
    """The system in sight, the theme, and what the person may do."""
    match = request.resolver_match
    system = match.kwargs.get("system") if match else None
    user = getattr(request, "user", AnonymousUser())
    return {
        "section": _section(match.url_name or "") if match else "",
        "system": system or next(iter(all_systems().values())),
        "theme": request.COOKIES.get("console_theme", ""),
        "role": role_of(user),
        "may": {action.replace(".", "_"): can(user, action) for action in Action},
    }


def _section(url_name: str) -> str:
    """The entry of the main navigation that a page is under: the first word of its URL's name."""
    if url_name in ("workflow-enqueue", "workflow-debounce"):
        return "enqueue"
    if url_name.startswith(("account_", "mfa_")):
        return "account"
    return url_name.partition("-")[0].removesuffix("s")
