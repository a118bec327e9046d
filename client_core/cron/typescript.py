"""Cron as the TypeScript SDK runs it: a port of the searching half of its matcher.

A time that a daylight-saving change skips is left out, one that it repeats is run twice.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from client_core.cron.typescript_days import Days
from client_core.cron.typescript_fields import Fields, read_fields

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_HOUR = 3_600
_DAY = 24 * _HOUR


def validate(expression: str) -> None:
    """Raises :class:`InvalidCronExpression` for what ``createSchedule`` of the SDK refuses."""
    read_fields(expression)


def times(expression: str, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    """The times strictly after ``after``, in the zone, until there are none within the horizon.

    Raises :class:`InvalidCronExpression`.
    """
    matcher = _Matcher(read_fields(expression), zone)
    last = (after - _EPOCH) // _SECOND
    while (found := matcher.next_wakeup(last)) is not None:
        time = datetime.fromtimestamp(found, zone)
        if matcher.matches(time):
            yield time
        last = found


class _Offsets(NamedTuple):
    """The UTC offsets around a local day, in seconds, and the instant at which they change."""

    day_start: int
    before: int
    after: int
    transition: int


class _Matcher:
    """Instants are seconds since 1970; a day's start is its midnight as if it were UTC."""

    def __init__(self, fields: Fields, zone: tzinfo) -> None:
        self._fields = fields
        self._days = Days(fields)
        self._zone = zone
        self._offsets = _Offsets(-1, 0, 0, 0)

    def matches(self, time: datetime) -> bool:
        """Whether a local time is one of the schedule's."""
        return (
            time.second in self._fields.seconds
            and time.minute in self._fields.minutes
            and time.hour in self._fields.hours
            and time.date() in self._days
        )

    def next_wakeup(self, last: int) -> int | None:
        """The first instant after ``last`` that the SDK would wake up for, None if never.

        It walks the calendar from the local day of ``last``, so where clocks go back over midnight
        the repeated end of the day before is passed over, as it is by the SDK.
        """
        for day in self._days.since(datetime.fromtimestamp(last, self._zone).date()):
            found = self._first_on(day, last)
            if found is not None:
                return found
        return None

    def _first_on(self, day: date, last: int) -> int | None:
        day_start = (day - _EPOCH.date()).days * _DAY
        _, before, after, transition = self._offsets_of(day_start)
        candidates = []
        earliest = self._time_of_day(last + 1 + before - day_start)
        if earliest is not None and day_start + earliest - before < transition:
            candidates.append(day_start + earliest - before)
        earliest = self._time_of_day(max(last + 1, transition) + after - day_start)
        if earliest is not None:
            candidates.append(day_start + earliest - after)
        return min(candidates, default=None)

    def _time_of_day(self, least: int) -> int | None:
        """The first second of a day, from ``least`` on, that hour, minute and second allow."""
        fields = self._fields
        least = max(least, 0)
        if least >= _DAY:
            return None
        hour, rest = divmod(least, _HOUR)
        minute, second = divmod(rest, 60)
        if hour in fields.hours:
            if minute in fields.minutes and second <= fields.seconds[-1]:
                second = fields.seconds[bisect_left(fields.seconds, second)]
                return hour * _HOUR + minute * 60 + second
            if minute < fields.minutes[-1]:
                minute = fields.minutes[bisect_left(fields.minutes, minute + 1)]
                return hour * _HOUR + minute * 60 + fields.seconds[0]
        if hour >= fields.hours[-1]:
            return None
        hour = fields.hours[bisect_left(fields.hours, hour + 1)]
        return hour * _HOUR + fields.minutes[0] * 60 + fields.seconds[0]

    def _offsets_of(self, day_start: int) -> _Offsets:
        """As the SDK finds them: it looks at both ends of all instants that may be on this day."""
        if self._offsets.day_start == day_start:
            return self._offsets
        low, high = day_start - 14 * _HOUR, day_start + _DAY + 12 * _HOUR
        before, after = self._offset_at(low), self._offset_at(high)
        while before != after and high - low > 1:
            middle = (low + high) // 2
            if self._offset_at(middle) == before:
                low = middle
            else:
                high = middle
        self._offsets = _Offsets(day_start, before, after, high)
        return self._offsets

    def _offset_at(self, instant: int) -> int:
        offset = datetime.fromtimestamp(instant, self._zone).utcoffset()
        return offset // _SECOND if offset is not None else 0
