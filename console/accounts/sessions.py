"""Sessions in the database that end when their time is over, wherever they are read.

A page that asks for itself anew, or waits for changes, is no sign of a person: only what somebody
does keeps a session from being idle.
"""

import time
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from console.http import Request

#: When it began, and when its person did something last, in epoch seconds.
BEGAN = "console_began"
SEEN = "console_seen"
#: Written down no more often than this.
SEEN_SECONDS = 60
#: What asks by itself while a page is open.
_AUTOMATIC = ("live", "workflow-count")
_MOST_PURGED = 1_000


class SessionStore(db.SessionStore):
    """Django's, which holds the limits."""

    def load(self) -> dict[str, Any]:
        """The session, or an empty one if it is over."""
        data = super().load()
        if not is_over(data):
            return data
        self.delete(self.session_key)
        self._session_key = None
        return {}

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """The table is Django's own."""
        return Session


def is_over(data: dict[str, Any]) -> bool:
    """Whether a session has lasted too long, or was idle too long."""
    now = time.time()
    began, seen = data.get(BEGAN, now), data.get(SEEN, now)
    lasted, idle = now - began, now - seen
    return bool(
        lasted > settings.CONSOLE_SESSION_HOURS * 3600
        or idle > settings.CONSOLE_SESSION_IDLE_MINUTES * 60
    )


def begin(request: Request) -> None:
    """A person signed in; what is long over goes."""
    request.session[BEGAN] = request.session[SEEN] = time.time()
    old = Session.objects.filter(expire_date__lt=timezone.now()).values("pk")[:_MOST_PURGED]
    Session.objects.filter(pk__in=old).delete()


def seen(request: Request) -> None:
    """A person did something."""
    match = request.resolver_match
    if "X-Refresh" in request.headers or (match and match.url_name in _AUTOMATIC):
        return
    if time.time() - request.session.get(SEEN, 0) > SEEN_SECONDS:
        request.session.setdefault(BEGAN, time.time())
        request.session[SEEN] = time.time()
        UserSession.objects.create_from_request(request)
