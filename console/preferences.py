"""What a person prefers, kept in the browser: the time zone, and the columns of the list."""

from datetime import UTC, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse

from console.workflows.columns import COLUMNS, USUAL, Column

ZONE_COOKIE = "console_zone"
COLUMNS_COOKIE = "console_columns"
_YEAR_SECONDS = 365 * 24 * 60 * 60


@cache
def zone_names() -> frozenset[str]:
    """The time zones that there are. To find them takes longer than to make a page."""
    return frozenset(available_timezones())


def zone_of(request: HttpRequest) -> tzinfo:
    """The chosen time zone, or UTC."""
    name = request.COOKIES.get(ZONE_COOKIE, "")
    return ZoneInfo(name) if name in zone_names() else UTC


def columns_of(request: HttpRequest) -> list[Column]:
    """The chosen columns in their order, or the usual ones."""
    keys = request.COOKIES.get(COLUMNS_COOKIE, "").split(".")
    return [COLUMNS[key] for key in keys if key in COLUMNS] or [COLUMNS[key] for key in USUAL]


def remember(request: HttpRequest, response: HttpResponse, cookie: str, value: str) -> None:
    """Keep a preference in this browser, out of reach of scripts."""
    response.set_cookie(
        cookie,
        value,
        max_age=_YEAR_SECONDS,
        samesite="Lax",
        secure=request.is_secure(),
        httponly=True,
    )
