"""Where a person is signed in."""

import re
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User

#: The first that is found counts: each names those it descends from, too.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
_MACHINES = (
    ("iPhone|iPad", "iOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_of(user_agent: str) -> str:
    """As a person would call it; what the browser says of itself is only a claim."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "Another browser")
    machine = next((name for sign, name in _MACHINES if re.search(sign, user_agent)), "")
    return f"{browser} on {machine}" if machine else browser


def sessions_of(person: User) -> list[dict[str, Any]]:
    """The sessions that go on, the last one that was used first."""
    sessions = UserSession.objects.purge_and_list(person)
    return [
        {
            "pk": each.pk,
            "browser": browser_of(each.user_agent),
            "address": each.ip,
            "began_at": each.created_at,
            "seen_at": each.last_seen_at,
            "is_this": each.is_current(),
        }
        for each in sorted(sessions, key=lambda each: each.last_seen_at, reverse=True)
    ]
