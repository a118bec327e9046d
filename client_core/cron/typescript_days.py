"""Which days of a month a TypeScript schedule runs on: day of the month AND day of the week."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

from client_core.cron.typescript_fields import Fields, Token

#: The SDK looks at this many days before it says that a schedule never fires: a century.
HORIZON_DAYS = 366 * 100
#: Python's calendar ends with the year 9999; a margin keeps zone arithmetic inside it.
_LAST_YEAR = 9_998


class Days:
    """The days that match the day, month and weekday fields."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        #: A month's days depend on its length and the weekday of its first day alone.
        self._known: dict[tuple[int, int], list[int]] = {}

    def since(self, first: date) -> Iterator[date]:
        """The matching days from ``first`` to the horizon, ascending."""
        last = first + timedelta(days=HORIZON_DAYS - 1) if first.year < _LAST_YEAR - 100 else None
        year, month = first.year, first.month
        while year <= _LAST_YEAR:
            for day in self._of_month(year, month):
                found = date(year, month, day)
                if last and found > last:
                    return
                if found >= first:
                    yield found
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
            if last and (year, month) > (last.year, last.month):
                return

    def __contains__(self, day: date) -> bool:
        return day.day in self._of_month(day.year, day.month)

    def _of_month(self, year: int, month: int) -> list[int]:
        if month not in self._fields.months:
            return []
        monday_first, length = monthrange(year, month)
        start = (monday_first + 1) % 7
        if (length, start) not in self._known:
            days = {_day(token, length, start) for token in self._fields.days}
            weekdays = {
                day for token in self._fields.weekdays for day in _weekdays(token, length, start)
            }
            self._known[length, start] = sorted(days & weekdays)
        return self._known[length, start]


def _day(item: Token, length: int, start: int) -> int:
    """The day that a day-of-month token means, something outside the month if there is none.

    ``start`` is the weekday of the month's first day; Sunday is 0.
    """
    if isinstance(item, int):
        return item
    if item == "L":
        return length
    if item.startswith("L-"):
        return length - int(item[2:])
    return _nearest_weekday(length if item == "LW" else int(item[:-1]), length, start)


def _nearest_weekday(target: int, length: int, start: int) -> int:
    """The working day nearest to a day, within the same month; 0 if the month has no such day."""
    if target > length:
        return 0
    weekday = (start + target - 1) % 7
    if weekday == 6:
        return target + 2 if target == 1 else target - 1
    if weekday == 0:
        return target - 2 if target == length else target + 1
    return target


def _weekdays(item: Token, length: int, start: int) -> range:
    """The days of a month that a day-of-week token means: every, the n-th or the last of a kind."""
    weekday = int(str(item)[0]) % 7
    days = range(1 + (weekday - start) % 7, length + 1, 7)
    if isinstance(item, int):
        return days
    if item.endswith("L"):
        return days[-1:]
    nth = int(item[2:])
    return days[nth - 1 : nth]
