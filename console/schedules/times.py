"""When a schedule fires next, as its application's language reads the expression."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from client_core import (
    Dialect,
    InvalidCronExpression,
    InvalidOption,
    WorkflowSchedule,
    next_times,
)
from client_core.cron import CronDialect

#: The languages whose schedulers are known.
DIALECTS: tuple[CronDialect, ...] = ("python", "typescript")
#: So many next times are kept until they have passed: a page shows hundreds, again and again.
MOST_KEPT = 2_000
_NEXT: dict[tuple[str, Dialect | None, str | None], "Fire"] = {}


@dataclass(frozen=True, slots=True)
class Fire:
    """One time at which a schedule fires."""

    #: In the schedule's zone.
    at: datetime
    #: What is special about it, such as a clock that was changed since the one before.
    note: str = ""

    @property
    def local(self) -> str:
        """The time on the clock of the schedule's zone."""
        return self.at.strftime("%a %Y-%m-%d %H:%M:%S %Z")

    @property
    def epoch_ms(self) -> int:
        """The same as the console's other times are given."""
        return round(self.at.timestamp() * 1_000)


def next_fires(
    expression: str, dialect: Dialect, zone: str | None, *, after: datetime, count: int
) -> list[Fire]:
    """The next times, each with what summer time does to it.

    Raises :class:`InvalidCronExpression`, and :class:`InvalidOption` for the zone.
    """
    spoken = cast(CronDialect, dialect)
    times = next_times(expression, dialect=spoken, timezone=zone, after=after, count=count)
    found: list[Fire] = []
    for time in times:
        before = found[-1].at if found else None
        found.append(Fire(time, _note(before, time)))
    return found


def _note(before: datetime | None, time: datetime) -> str:
    """What happened to the clock between two times."""
    if before is None:
        return ""
    if before.replace(tzinfo=None) >= time.replace(tzinfo=None):
        return "once more, for the clock was set back"
    change = (time.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
    if not change:
        return ""
    minutes = round(abs(change).total_seconds() / 60)
    moved = "forward" if change > timedelta() else "back"
    return f"the clock went {moved} by {minutes} minutes before"


def next_fire(schedule: WorkflowSchedule, dialect: Dialect | None, now: datetime) -> Fire | None:
    """The next time of a schedule; None if that is not known, or there is none."""
    asked = (schedule.schedule, dialect, schedule.cron_timezone)
    found = _NEXT.get(asked)
    if found and found.at > now:
        return found
    if dialect not in DIALECTS:
        return None
    expression, _, zone = asked
    try:
        found = next(iter(next_fires(expression, dialect, zone, after=now, count=1)), None)
    except (InvalidCronExpression, InvalidOption):
        return None
    if found:
        if len(_NEXT) >= MOST_KEPT:
            _NEXT.clear()
        _NEXT[asked] = found
    return found
