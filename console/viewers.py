"""Who has a page open, and whether that person may still look at it."""

from importlib import import_module
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest

from console.http import Request
from console.permissions import Action, can
from console.systems import System


class Viewer(NamedTuple):
    """A person in a session."""

    person: int
    session_key: str


def viewer_of(request: Request) -> Viewer:
    """The viewer who asks."""
    return Viewer(request.user.pk, request.session.session_key or "")


def still_allowed(viewers: frozenset[Viewer], system: System) -> frozenset[Viewer]:
    """Those whose session goes on, and who may look at the system's workflows.

    For a thread that answers no request: it keeps no connection.
    """
    try:
        return frozenset(viewer for viewer in viewers if _may_look(viewer, system))
    finally:
        close_old_connections()


def _may_look(viewer: Viewer, system: System) -> bool:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(viewer.session_key)
    user = get_user(request)
    return user.pk == viewer.person and can(user, Action.WORKFLOW_READ, system)
