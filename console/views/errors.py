"""Pages for what went wrong. They ask no database, so they work when none answers."""

import json
import sys
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.contrib.messages.storage.base import BaseStorage, Message
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from client_core import (
    DatabaseUnavailable,
    DBOSClientError,
    InvalidOption,
    NonExistentQueue,
    NonExistentSchedule,
    NonExistentWorkflow,
    OutcomeUnknown,
    QueryTimeout,
    UnsupportedBySchema,
)
from console.fields import MOST_JSON_BYTES
from console.permissions import Action, Refused, seen_by
from console.switching import elsewhere

#: What each error is to a person: status, title, what to do, and whether the page tries again.
_PAGES: tuple[tuple[type[Exception], int, str, str, bool], ...] = (
    (
        DatabaseUnavailable,
        503,
        "The system database does not answer",
        "Your applications' database cannot be reached from the console. "
        "This page tries again by itself.",
        True,
    ),
    (
        QueryTimeout,
        503,
        "That took the database too long",
        "The question was stopped so that it does not hurt production. "
        "Ask for less: a shorter time, one status, one queue or an exact ID.",
        False,
    ),
    (
        UnsupportedBySchema,
        501,
        "This system database cannot be shown",
        "The console found no tables that it knows. This page tries again by itself.",
        True,
    ),
    (
        OutcomeUnknown,
        502,
        "It is not known whether that was done",
        "The connection broke before the database answered. Look before you repeat it.",
        False,
    ),
    (NonExistentWorkflow, 404, "No such workflow", "It may have been deleted.", False),
    (NonExistentQueue, 404, "No such queue", "It may have been deleted.", False),
    (NonExistentSchedule, 404, "No such schedule", "It may have been deleted.", False),
    (InvalidOption, 400, "That link makes no sense", "Something in the address is wrong.", False),
    (DBOSClientError, 502, "The system database refused", "It says why below.", False),
    (
        DatabaseError,
        503,
        "The console's own database does not answer",
        "Accounts and sessions are kept there, so nobody can work with the console just now. "
        "This page tries again by itself.",
        True,
    ),
)


def from_exception(request: HttpRequest, error: Exception) -> HttpResponse:
    """The page for an error of either database."""
    for kind, status, title, advice, retry in _PAGES:
        if isinstance(error, kind) or (kind is DatabaseError and isinstance(error, InterfaceError)):
            # The console's own database may tell its host and user: that is for the log.
            told: dict[str, Any] = {"retry": retry}
            if isinstance(error, DBOSClientError):
                if request.method != "GET" and not isinstance(error, OutcomeUnknown):
                    advice = f"Nothing was written. {advice}"
                told |= {"detail": str(error), "messages": _kept(request)}
            return _page(request, status, title, advice, **told)
    raise error


def _kept(request: HttpRequest) -> list[Message]:
    """What a page before this one had to say, and the next one says again."""
    storage = get_messages(request)
    kept = list(storage)
    keep_messages(request)
    return kept


def keep_messages(request: HttpRequest) -> None:
    """Say them again on the next page."""
    storage = get_messages(request)
    if isinstance(storage, BaseStorage):
        storage.used = False


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler for what nobody caught, also outside of views."""
    error = sys.exc_info()[1]
    if isinstance(error, DatabaseError | InterfaceError):
        return from_exception(request, error)
    return _page(
        request,
        500,
        "Something went wrong in the console",
        "It was logged. Nothing tells whether a write that you asked for was made: look first.",
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler for addresses that are no page."""
    return _page(request, 404, "There is no such page", "The address may be misspelt.")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler for requests that it does not read."""
    back = "Nothing was done. Go back: what you typed is still there."
    if isinstance(exception, RequestDataTooBig):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20
        return _page(
            request,
            413,
            "That is too much for a form",
            f"A form may send {most} MB at most, and one field of JSON {MOST_JSON_BYTES // 2**20} "
            f"MB. {back} Put what is so large where the workflow can fetch it.",
        )
    if isinstance(exception, TooManyFieldsSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        return _page(
            request,
            413,
            "That is too much for a form",
            f"A form may send {most:,} fields at most. {back} Search for the runs instead of "
            "selecting them one by one.",
        )
    return _page(request, 400, "That request makes no sense", "Nothing was done.")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler for what a person may not do."""
    user = getattr(request, "user", None)
    if isinstance(exception, Refused) and str(exception) == Action.CONSOLE_USE:
        who = user.get_username() if user else ""
        title = "You have no role yet"
        advice = f"You are signed in as {who}. Ask an administrator of this console for a role."
    else:
        reason = exception.reason if isinstance(exception, Refused) else ""
        title = "That is not allowed here" if reason else "Your role does not allow this"
        advice = f"{reason} It takes the permission “{exception}”.".strip()
        advice = f"{advice} An administrator can give you another role."
    return _page(request, 403, title, advice)


def session_over(request: HttpRequest) -> HttpResponse:
    """A form whose person is signed in no longer: the page keeps what was typed."""
    return _page(
        request,
        401,
        "Your session has ended",
        "Nothing was done. What you typed is still here: copy it, load the page again to sign in, "
        "and send it anew.",
    )


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What django-allauth answers to who tries too often."""
    return _page(
        request, 429, "Too many attempts", "Nothing was done. Wait a few minutes, then try again."
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from this console, or whose session ended meanwhile."""
    return _page(
        request,
        403,
        "The form was not accepted",
        "Its session has ended, or it was not sent from this console. Go back, load the page "
        "again and repeat; nothing was written.",
    )


def _others(request: HttpRequest, told: dict[str, Any]) -> list[Any]:
    """The way to other systems while one is away; what a person may see was looked up before."""
    user = getattr(request, "user", None)
    if user is None or "detail" not in told or not hasattr(user, "_console_grants"):
        return []
    here = request.resolver_match and request.resolver_match.kwargs.get("system")
    return elsewhere(request, "", [one for one in seen_by(user) if one != here])


def _page(
    request: HttpRequest, status: int, title: str, advice: str, **context: Any
) -> HttpResponse:
    theme = request.COOKIES.get("console_theme", "")
    html = render_to_string(
        "errors/page.html",
        {
            "others": _others(request, context),
            "title": title,
            "advice": advice,
            "status": status,
            "theme": theme,
            "path": request.get_full_path() if request.method == "GET" else "/",
            **context,
        },
    )
    headers = {"Cache-Control": "no-store"}
    if request.headers.get("HX-Request") and request.method != "GET":
        # htmx leaves the form as it is, with all that was typed, and shows nothing of this page.
        toast = {"level": "warning", "text": f"{title}. {advice}"}
        headers["HX-Trigger"] = json.dumps({"toast": toast})
    return HttpResponse(html, status=status, headers=headers)
