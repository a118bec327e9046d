"""Cron as the Python SDK reads it: croniter, called the way its scheduler calls it.

Day-of-month and day-of-week are united when both are restricted. A time that a daylight-saving
change skips moves to the next minute that exists, unless the hour is a wildcard.
"""

import re
from collections.abc import Iterator
from datetime import datetime, tzinfo

from croniter import croniter

from client_core.cron.errors import InvalidCronExpression

#: croniter searches this many years for a next time, then gives up.
HORIZON_YEARS = 50

_SECONDS_FIRST = (
    "second",
    "minute",
    "hour",
    "day of the month",
    "month",
    "day of the week",
    "year",
)
_RANDOM_FIELD = re.compile(r"r(\([0-9]+-[0-9]+\))?(/[0-9]+)?", re.IGNORECASE)


def validate(expression: str) -> None:
    """Raises :class:`InvalidCronExpression` for what ``create_schedule`` of the SDK refuses."""
    if not _accepted(expression):
        raise InvalidCronExpression(expression, "python", _reason(expression))


def times(expression: str, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    """The times strictly after ``after``, in the zone, until there are none within the horizon.

    Raises :class:`InvalidCronExpression`, also for random fields: their times depend on what each
    worker process draws when it starts.
    """
    validate(expression)
    if any(_RANDOM_FIELD.fullmatch(field) for field in expression.split()):
        reason = "“R” is drawn at random by each worker process, so its times cannot be told."
        raise InvalidCronExpression(expression, "python", reason)
    schedule = croniter(expression, after.astimezone(zone), second_at_beginning=True)
    while True:
        try:
            time: datetime = schedule.get_next(datetime)
        except (ValueError, OverflowError):  # no match within the horizon, or the year 10,000
            return
        yield time


def _accepted(expression: str) -> bool:
    try:
        return bool(croniter.is_valid(expression, second_at_beginning=True))
    except Exception:
        return False  # what escapes croniter's own check escapes create_schedule as well


def _reason(expression: str) -> str:
    """One sentence that names the field at fault, if one field alone is enough to be refused."""
    fields = expression.split()
    if not 5 <= len(fields) <= 7:
        return f"It has {len(fields)} fields; 5 are expected, 6 with seconds, 7 with years."
    names = _SECONDS_FIRST[1:6] if len(fields) == 5 else _SECONDS_FIRST
    for index, (name, field) in enumerate(zip(names, fields, strict=False)):
        alone = ["*"] * len(fields)
        alone[index] = field
        if not _accepted(" ".join(alone)):
            return f"Python does not accept {field[:50]!r} as the {name}."
    return "Python does not accept its fields together."
