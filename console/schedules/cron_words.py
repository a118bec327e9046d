"""A cron expression in words, where all dialects mean the same by it.

What two languages read differently has no words here: a sentence that is right for one of them is
how work starts twice or never.
"""

import re
from functools import lru_cache

from cron_descriptor import CasingTypeEnum, FormatError, Options, get_description
from cron_descriptor.Exception import MissingFieldError, WrongArgumentError

#: Every one, every so many, or numbers and ranges of them; and the names of three letters.
_PLAIN = re.compile(r"\*(?:/(?P<step>\d{1,2}))?|\d{1,2}(?:-\d{1,2})?(?:,\d{1,2}(?:-\d{1,2})?)*")
_NAMES = re.compile(
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat", re.IGNORECASE
)


@lru_cache(maxsize=2_000)
def in_words(expression: str) -> str | None:
    """The expression as a sentence without its full stop; None where that is not sure."""
    fields = expression.split()
    if len(fields) not in (5, 6):
        return None
    units = (60, 60, 24, 0, 0, 0)[-len(fields) :]
    if not all(_is_plain(*one) for one in zip(fields, units, strict=True)):
        return None
    day, weekday = fields[-3], fields[-1]
    if day != "*" and weekday != "*":
        return None  # To Python either is enough, to TypeScript both must fit.
    options = Options()
    options.use_24hour_time_format = True
    options.casing_type = CasingTypeEnum.Sentence
    try:
        return str(get_description(expression, options))
    except (FormatError, MissingFieldError, WrongArgumentError, IndexError, ValueError):
        return None


def _is_plain(field: str, unit: int) -> bool:
    found = _PLAIN.fullmatch(_NAMES.sub("1", field))
    if found is None or _wraps(field):
        return False
    # “Every 7 minutes” is not so at the end of the hour.
    step = int(found["step"] or 1)
    return step == 1 or (step > 0 and unit > step and unit % step == 0)


def _wraps(field: str) -> bool:
    """Whether a range of it goes round, such as 22-2, or the week twice, such as 0-7."""
    ranges = re.findall(r"(\d+)-(\d+)", field)
    return any(int(first) > int(last) or (first, last) == ("0", "7") for first, last in ranges)
