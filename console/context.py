"""What every template may use."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from console.permissions import ANYWHERE, Action, can, roles_on, seen_by
from console.switching import elsewhere


def console(request: HttpRequest) -> dict[str, Any]:
    """The system in sight, the others, the theme, and what the person may do."""
    match = request.resolver_match
    user = getattr(request, "user", AnonymousUser())
    seen = seen_by(user)
    here = match.kwargs.get("system") if match else None
    system = here or next(iter(seen), None)
    section = _section(match.url_name or "") if match else ""
    others = [one for one in seen if one != here] if len(seen) > 1 else []
    return {
        "section": section,
        "system": system,
        "is_of_system": here is not None,
        "others": elsewhere(request, section, others),
        "theme": request.COOKIES.get("console_theme", ""),
        "roles": roles_on(user, system.name) if system else [],
        "may": {
            action.replace(".", "_"): can(user, action, None if action in ANYWHERE else system)
            for action in Action
        },
    }


def _section(url_name: str) -> str:
    """The entry of the main navigation that a page is under: the first word of its URL's name."""
    if url_name in ("workflow-enqueue", "workflow-debounce"):
        return "enqueue"
    if url_name.startswith(("account_", "mfa_")):
        return "account"
    return url_name.partition("-")[0].removesuffix("s")
