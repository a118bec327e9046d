"""The request as the console's views see it, and the answers they give to a write."""

import json
from typing import Literal

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

Level = Literal["success", "warning"]


class Request(HttpRequest):
    """A request behind the middleware: of a person signed in, except on public pages."""

    user: User
    htmx: HtmxDetails


def wants_partial(request: Request) -> bool:
    """Whether htmx asks for a piece of the page rather than for the page."""
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def redirect_with(request: Request, url: str, level: Level, text: str) -> HttpResponse:
    """Go to a page that shows this message; htmx is told to load it whole."""
    messages.add_message(request, messages.DEFAULT_LEVELS[level.upper()], text)
    return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url)


def acted(request: Request, url: str, level: Level, text: str) -> HttpResponse:
    """Answer a write that was made.

    From a dialog the page beneath stays where it is: it hears that something changed, and shows
    the message. From a page of its own, or without JavaScript, the person is taken to ``url``.
    """
    if not request.htmx or request.htmx.current_url_abs_path == request.get_full_path():
        return redirect_with(request, url, level, text)
    events = {
        "dialog-close": None,
        "workflow-changed": None,
        "toast": {"level": level, "text": text},
    }
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(events)})
