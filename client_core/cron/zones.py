"""The zone that a schedule's cron expression is read in."""

from datetime import UTC, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from client_core.errors import InvalidOption


def zone_of(timezone: str | None, *, dialect: str) -> tzinfo:
    """The zone with this IANA name; without one UTC.

    TypeScript reads a missing name as the worker process's own zone, which commonly is UTC and
    cannot be known here. Its names are case-insensitive, Python's are not.

    Raises :class:`InvalidOption` for an unknown name.
    """
    if not timezone:
        return UTC
    try:
        return ZoneInfo(timezone)
    except (LookupError, ValueError, OSError):
        known = _by_lower_case().get(timezone.lower()) if dialect == "typescript" else None
    if known is None:
        rule = f"{timezone[:100]!r} is not the name of an IANA time zone"
        raise InvalidOption({"timezone": rule})
    return ZoneInfo(known)


@cache
def _by_lower_case() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}
