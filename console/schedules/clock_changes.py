"""What changes of the clock do to schedules: times that do not come, and times that come twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from console.schedules.starts import HOUR, Asked, Window, starts_of, times_in

#: Of one change so many times of a schedule are looked at.
MOST_TIMES = 100


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A moment at which a zone's clock is set."""

    at: int
    #: The offsets from UTC, in seconds.
    before: int
    after: int

    @property
    def minutes(self) -> int:
        """By how much it goes forward; less than none if back."""
        return (self.after - self.before) // 60

    @property
    def old(self) -> str:
        """What the clock would have shown at that moment."""
        return _clock(self.at + self.before)

    @property
    def new(self) -> str:
        """What it shows."""
        return _clock(self.at + self.after)


@lru_cache(maxsize=500)
def changes_of(zone: tzinfo, window: Window, step: int = HOUR) -> tuple[ClockChange, ...]:
    """The changes of a zone's clock within a window, which is looked at step by step."""
    changes = []
    first = window.start // step * step
    before = _offset(zone, first)
    for end in range(first + step, window.end + step, step):
        after = _offset(zone, end)
        if after == before:
            continue
        low, high = end - step, end
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
        if window.start <= high < window.end:
            changes.append(ClockChange(high, before, after))
        before = after
    return tuple(changes)


@lru_cache(maxsize=500)
def effect(asked: Asked, change: ClockChange) -> str:
    """What a change does to a schedule, in words; empty if it does nothing to it."""
    return _skipped(asked, change) if change.minutes > 0 else _repeated(asked, change)


def _skipped(asked: Asked, change: ClockChange) -> str:
    """The times that the clock leaves out are found on a clock that is never set."""
    unset = Window(change.at + change.before, change.at + change.after, MOST_TIMES)
    found = times_in(asked._replace(zone=None), unset)
    missing = [int(time.timestamp()) for time in found]
    if not missing:
        return ""
    due = _starts(asked, change.at, change.at + 7 * 24 * HOUR)
    goes_on = "" if not due else f"; its next start is at {_clock(due[0] + change.after)}"
    verb = "is" if len(missing) == 1 else "are"
    return f"{_several(missing)} {verb} not on the clock that day{goes_on}"


def _repeated(asked: Asked, change: ClockChange) -> str:
    back = change.before - change.after
    earlier = {time + change.before for time in _starts(asked, change.at - back, change.at)}
    later = {time + change.after for time in _starts(asked, change.at, change.at + back)}
    if twice := sorted(earlier & later):
        does = "and so does its start" if len(twice) == 1 else "and so do its starts"
        return f"{_several(twice)} {_come(twice)} twice, {does}"
    if once := sorted(earlier | later):
        return f"{_several(once)} {_come(once)} twice; it starts once"
    return ""


def _starts(asked: Asked, start: int, end: int) -> Sequence[int]:
    return starts_of(asked, Window(start, end, MOST_TIMES)).times


def _several(times: list[int]) -> str:
    if len(times) == 1:
        return _clock(times[0])
    return f"{len(times)} times, {_clock(times[0])} to {_clock(times[-1])},"


def _come(times: list[int]) -> str:
    return "comes" if len(times) == 1 else "come"


def _clock(local: int) -> str:
    """What a clock shows; ``local`` is seconds since 1970 on that clock."""
    return datetime.fromtimestamp(local, UTC).strftime("%H:%M")


def _offset(zone: tzinfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return round(offset.total_seconds()) if offset else 0
