"""What an application of the other language would make of a cron expression, where that differs."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from client_core import InvalidCronExpression, InvalidOption, dialect_name
from client_core.cron import CronDialect
from console.schedules.clock_changes import changes_of
from console.schedules.starts import HOUR, Asked, Window, times_in

#: In each window that is compared.
MOST_TIMES = 100
_DAY = 24 * HOUR
_YEAR = 366 * _DAY


def other_reading(asked: Asked, after: datetime) -> str:
    """In words what differs; empty if nothing does, and where nothing can be told."""
    minute = int(after.timestamp()) // 60 * 60
    return _compared(asked, minute)


@lru_cache(maxsize=500)
def _compared(asked: Asked, minute: int) -> str:
    other: CronDialect = "typescript" if asked.dialect == "python" else "python"
    theirs = asked._replace(dialect=other)
    application = f"A {dialect_name(other)} application"
    try:
        mine = times_in(asked, Window(minute, minute + _YEAR, 1))
    except InvalidOption:
        return ""
    except InvalidCronExpression:
        return f"{application} would accept it." if _is_read(theirs, minute) else ""
    if not _is_read(theirs, minute):
        return f"{application} would refuse it."
    zone = mine[0].tzinfo if mine else UTC
    for window in _windows(minute, zone or UTC):
        ours, others = _seconds(asked, window), _seconds(theirs, window)
        # What lies behind the last of many was not looked at.
        ends = [times[-1] for times in (ours, others) if len(times) == MOST_TIMES]
        differ = sorted(
            second for second in {*ours} ^ {*others} if second <= min(ends, default=second)
        )
        if differ:
            at = datetime.fromtimestamp(differ[0], zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")
            who = dialect_name(asked.dialect if differ[0] in ours else other)
            return f"{application} would read it otherwise. First at {at}, only {who} starts a run."
    return ""


def _windows(minute: int, zone: tzinfo) -> Iterator[Window]:
    """The next times, then those around the changes of the clock within a year."""
    yield Window(minute, minute + _YEAR, MOST_TIMES)
    day = minute // _DAY * _DAY
    for change in changes_of(zone, Window(day, day + _YEAR), _DAY):
        yield Window(max(minute, change.at - _DAY), change.at + _DAY, MOST_TIMES)


def _is_read(asked: Asked, minute: int) -> bool:
    try:
        times_in(asked, Window(minute, minute + _YEAR, 1))
    except (InvalidCronExpression, InvalidOption):
        return False
    return True


def _seconds(asked: Asked, window: Window) -> list[int]:
    return [int(time.timestamp()) for time in times_in(asked, window)]
