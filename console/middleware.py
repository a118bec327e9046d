"""Login by default, a rule at every view, and errors as pages."""

import logging
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from django_htmx.http import HttpResponseClientRedirect

from client_core import DBOSClientError
from console import readiness
from console.accounts import second_factor, sessions
from console.permissions import SAFE
from console.preferences import zone_of
from console.views import errors

logger = logging.getLogger("console")


#: What no page of the console asks a browser for.
_NO_DEVICES = ", ".join(
    f"{name}=()"
    for name in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "serial",
        "usb",
    )
)


class HeadersMiddleware(MiddlewareMixin):
    """What every answer carries, whoever gives it: a page, a file, or Django itself."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Pages hold production data: no shared or restored copy of them, and no use elsewhere."""
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", _NO_DEVICES)
        return response


class ConsoleMiddleware:
    """The innermost middleware: what it lets through reaches a view that names its rule."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(zone_of(request)):
            response = self.get_response(request)
        if request.method == "HEAD":  # Nobody read them.
            errors.keep_messages(request)
        if readiness.is_stopping():  # The next request is better sent to another replica.
            response.headers["Connection"] = "close"
        return response

    def process_view(
        self, request: Any, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Send strangers to the sign-in page, and refuse views without a rule."""
        rule = getattr(view, "rule", None)
        if _is_foreign(request) and not getattr(view, "csrf_exempt", False):
            return errors.csrf_failure(request, "sent by another site")
        if rule == "public":
            return None
        try:
            signed_in = request.user.is_authenticated
        except (DatabaseError, InterfaceError) as error:
            return errors.from_exception(request, error)
        if not signed_in:
            return _to_sign_in(request)
        if rule is None:
            logger.error("The view %s has no rule and is refused.", view.__name__)
            raise PermissionDenied(view.__name__)
        try:
            sessions.seen(request)
            if not getattr(view, "leads_to_factor", False) and second_factor.is_lacking(request):
                return _elsewhere(request, reverse("mfa_index"))
        except (DatabaseError, InterfaceError) as error:
            return errors.from_exception(request, error)
        return None

    def process_exception(self, request: Any, error: Exception) -> HttpResponse | None:
        """Turn what the databases say into a page that a person can act on."""
        if isinstance(error, DBOSClientError | DatabaseError | InterfaceError):
            return errors.from_exception(request, error)
        return None


def _is_foreign(request: HttpRequest) -> bool:
    """Whether a browser says that another site wrote the form; each form has a token besides."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    return request.method not in SAFE and site not in ("same-origin", "none")


def _to_sign_in(request: Any) -> HttpResponse:
    """The sign-in page, and from there back to the page that the person has before the eyes."""
    if request.method in ("GET", "HEAD"):
        page = request.htmx.current_url_abs_path if request.htmx else None
        return _elsewhere(request, redirect_to_login(page or request.get_full_path()).url)
    if request.htmx:
        return errors.session_over(request)
    messages.warning(request, "Your session has ended: what you sent was not done.")
    return redirect_to_login(request.get_full_path())


def _elsewhere(request: Any, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
