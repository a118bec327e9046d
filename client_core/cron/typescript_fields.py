"""Cron text → fields as the TypeScript SDK reads it, a port of the reading half of its matcher.

It works by replacing text: names by numbers, `*` by the field's whole range, ranges by lists.
That gives a few expressions a surprising meaning (`1*` is 10-59 in the minutes), kept on purpose.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from client_core.cron.errors import InvalidCronExpression

#: A value, or a token such as L, LW, 15W, L-3 (days of the month), 5L, 1#2 (days of the week).
Token = int | str


@dataclass(frozen=True, slots=True)
class Fields:
    """What each field allows; weekdays count from Sunday, 0."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[Token]
    months: frozenset[int]
    weekdays: frozenset[Token]


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    least: int
    most: int
    #: Accepted beside numbers, in capitals.
    token: re.Pattern[str] | None = None
    #: The value of the first name.
    names: tuple[str, ...] = ()
    first_name: int = 0


_MONTHS = "january february march april may june july august september october november december"
_WEEKDAYS = "sunday monday tuesday wednesday thursday friday saturday"
_DAY_TOKEN = re.compile(r"L|LW|(0?[1-9]|[12][0-9]|3[01])W|L-(0?[1-9]|[12][0-9]|30)")
_WEEKDAY_TOKEN = re.compile(r"[0-7]L|[0-7]#[1-5]")
_KINDS = (
    _Kind("second", 0, 59),
    _Kind("minute", 0, 59),
    _Kind("hour", 0, 23),
    _Kind("day of the month", 1, 31, token=_DAY_TOKEN),
    _Kind("month", 1, 12, names=tuple(_MONTHS.split()), first_name=1),
    _Kind("day of the week", 0, 6, token=_WEEKDAY_TOKEN, names=tuple(_WEEKDAYS.split())),
)
_MONTH, _WEEKDAY = 4, 5
_LONGEST_MONTH = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
#: The set that JavaScript's trim() takes away, which is not quite Python's.
_BLANKS = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_ALLOWED = re.compile(r"[a-zA-Z0-9\-*/,#? ]+")
_NUMBER = re.compile(r"[0-9]+")
_RANGE = re.compile(r"([0-9]+)-([0-9]+)(?:/([0-9]+))?")


def read_fields(expression: str) -> Fields:
    """The fields of an expression that ``bounds_rule`` lets pass.

    Raises :class:`InvalidCronExpression` for what ``createSchedule`` of the SDK refuses.
    """
    try:
        values = _read(expression)
    except _Refused as refused:
        raise InvalidCronExpression(expression, "typescript", str(refused)) from None
    seconds, minutes, hours = (
        tuple(sorted(value for value in field if isinstance(value, int))) for field in values[:3]
    )
    return Fields(
        seconds=seconds,
        minutes=minutes,
        hours=hours,
        days=frozenset(values[3]),
        months=frozenset(value for value in values[_MONTH] if isinstance(value, int)),
        weekdays=frozenset(0 if value == 7 else value for value in values[_WEEKDAY]),
    )


class _Refused(ValueError):
    """Carries the reason to where the expression is known."""


def _read(expression: str) -> list[set[Token]]:
    text = _NICKNAMES.get(expression.strip(_BLANKS).lower(), expression)
    if not _ALLOWED.fullmatch(text):
        raise _Refused("It has characters other than letters, digits, blanks and - * / , # ?")
    raw = text.split()
    if len(raw) not in (5, 6):
        raise _Refused(f"It has {len(raw)} fields; 5 are expected, or 6 with seconds first.")
    if len(raw) == 5:
        raw.insert(0, "0")
    values = [_field(field, kind) for field, kind in zip(raw, _KINDS, strict=True)]
    days, months = values[3], values[_MONTH]
    if not any(
        isinstance(day, str) or day <= _LONGEST_MONTH[int(month)]
        for month in months
        for day in days
    ):
        raise _Refused(f"The day {raw[3]!r} never comes in the month {raw[_MONTH]!r}.")
    return values


def _field(raw: str, kind: _Kind) -> set[Token]:
    text = "*" if raw == "?" and kind.token else raw
    for names in (kind.names, [name[:3] for name in kind.names]):
        for number, name in enumerate(names, kind.first_name):
            text = re.sub(name, str(number), text, flags=re.IGNORECASE)
    values: set[Token] = set()
    for item in text.split(","):
        values.update(_item(item.replace("*", f"{kind.least}-{kind.most}", 1), kind, raw))
    return values


def _item(item: str, kind: _Kind, raw: str) -> Iterable[Token]:
    if kind.token and kind.token.fullmatch(item.upper()):
        return [item.upper()]
    values: Sequence[int] = ()
    if found := _RANGE.fullmatch(item):
        values = _range(found, kind)
    elif _NUMBER.fullmatch(item):
        values = [int(item)]
    # A range that ascends is never walked before its ends are known.
    ends = [values[0], values[-1]] if values and isinstance(values, range) else values
    most = 7 if kind is _KINDS[_WEEKDAY] else kind.most
    if not ends or min(ends) < kind.least or max(ends) > most:
        raise _Refused(f"TypeScript does not accept {raw[:50]!r} as the {kind.name}.")
    return values


def _range(found: re.Match[str], kind: _Kind) -> Sequence[int]:
    """The values of `first-last/step`; none for a step of 0.

    A range that goes down wraps through the field's end: the hours 22-2 are 22, 23, 0, 1, 2.
    """
    first, last, step = (int(number or "1") for number in found.groups())
    if step < 1:
        return ()
    if first <= last:
        return range(first, last + 1, step)
    size = kind.most - kind.least + 1
    wrapped = range(first, first + (last - first) % size + 1, step)
    return [value - size if value > kind.most else value for value in wrapped]
