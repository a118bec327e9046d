"""The deterministic IDs of scheduled runs, spelled as each language spells them.

An ID that differs from the live scheduler's by one character runs the same work twice.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, get_args

from client_core.cron.zones import zone_of
from client_core.errors import InvalidOption

RunIdDialect = Literal["python", "typescript", "go"]


def scheduled_run_id(
    schedule_name: str, time: datetime, *, dialect: RunIdDialect, timezone: str | None = None
) -> str:
    """The ID of the run that a schedule starts at a time; ``timezone`` is the schedule's.

    Raises :class:`InvalidOption` for a time without zone, an unknown zone or dialect.
    """
    spell = _spelling(_SCHEDULED, dialect)
    _check_aware("time", time)
    return f"sched-{schedule_name}-{spell(time.astimezone(zone_of(timezone, dialect=dialect)))}"


def triggered_run_id(schedule_name: str, now: datetime, *, dialect: RunIdDialect) -> str:
    """The ID of the run that a trigger starts; every language spells its time in UTC.

    Raises :class:`InvalidOption` for a time without zone and an unknown dialect.
    """
    spell = _spelling(_TRIGGERED, dialect)
    _check_aware("now", now)
    return f"sched-{schedule_name}-trigger-{spell(now.astimezone(UTC))}"


def _spelling(
    spellings: dict[str, Callable[[datetime], str]], dialect: str
) -> Callable[[datetime], str]:
    if dialect not in spellings:
        raise InvalidOption({"dialect": f"must be one of {', '.join(get_args(RunIdDialect))}"})
    return spellings[dialect]


def _check_aware(name: str, time: datetime) -> None:
    if time.utcoffset() is None:
        raise InvalidOption({name: "must have a time zone"})


def _javascript(time: datetime) -> str:
    """Like ``toISOString()``: UTC, milliseconds cut off."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _rfc_3339(time: datetime) -> str:
    """Like Go's ``time.RFC3339``, whole seconds.

    Go spells it in the worker process's own zone, whatever the schedule's; that is taken for UTC.
    """
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _rfc_3339_nano(time: datetime) -> str:
    """Like Go's ``time.RFC3339Nano``: the fraction without closing zeros, nor with nothing left."""
    text = time.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


_SCHEDULED: dict[str, Callable[[datetime], str]] = {
    "python": datetime.isoformat,
    "typescript": _javascript,
    "go": _rfc_3339,
}
_TRIGGERED = _SCHEDULED | {"go": _rfc_3339_nano}
