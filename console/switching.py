"""The way to another system: to the same page of it, where that makes sense."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from console.permissions import Action, can
from console.systems import System

#: The list that a section of the navigation begins with.
_LISTS = {
    "workflow": "workflows",
    "error": "error-groups",
    "schedule": "schedules",
    "queue": "queues",
    "operation": "operations",
}


def elsewhere(
    request: HttpRequest, section: str, systems: list[System]
) -> list[tuple[System, str]]:
    """Each of these systems that the person may look at, with an address there.

    A page of the whole system is kept, with what was searched for; of a page of one run, schedule
    or queue, the list is.
    """
    match, found = request.resolver_match, []
    wanted = request.GET.get("q", "")
    query = f"?{urlencode({'q': wanted})}" if wanted else ""
    for system in systems:
        if not can(request.user, Action.WORKFLOW_READ, system):
            continue
        name, rest = _LISTS.get(section, "workflows"), ""
        if match and match.kwargs.keys() == {"system"}:
            rule = getattr(match.func, "rule", None)
            if rule and match.url_name and can(request.user, rule, system):
                name, rest = match.url_name, query
        found.append((system, reverse(name, args=[system]) + rest))
    return found
