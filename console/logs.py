"""What the console writes to its log: lines for people, or JSON for machines.

Either way each line of a request has its ID, which its answer and its audit entries have too.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from pythonjsonlogger.json import JsonFormatter

from console.audit.whence import whence

access = logging.getLogger("console.access")

#: They are asked for every second, and say what is wrong themselves.
QUIET_PATHS = ("/healthz", "/readyz")


class OfRequest(logging.Filter):
    """Adds from where a line comes; nothing where no request asked for it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every line through."""
        here = whence()
        record.request_id = here.request_id
        record.address = here.address
        return True


class NotQuiet(logging.Filter):
    """Leaves out what Django says of answers that machines ask for."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is kept."""
        request = getattr(record, "request", None)
        return getattr(request, "path", "") not in QUIET_PATHS


class JsonLine(JsonFormatter):
    """One object a line, with the time in UTC."""

    def __init__(self) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Leave out what is empty, and the objects that Django attaches."""
        return {
            key: value
            for key, value in super().process_log_record(log_data).items()
            if value not in ("", None) and key != "request"
        }


class AccessMiddleware:
    """One line a request, within the middleware that knows from where it comes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self.get_response(request)
        if request.path not in QUIET_PATHS:
            said = _said(request, response, start)
            access.info("%(method)s %(path)s %(status)s", said, extra=said)
        return response


def _said(request: HttpRequest, response: HttpResponse, start: float) -> dict[str, Any]:
    """Without the query, which may tell what somebody looks for."""
    user = getattr(request, "_cached_user", None)  # Nobody is looked up for a line of the log.
    return {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "milliseconds": round((time.perf_counter() - start) * 1000, 1),
        "username": user.get_username() if user else "",
    }
