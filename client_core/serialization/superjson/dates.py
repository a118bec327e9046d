"""Dates of JavaScript: milliseconds of UTC, in a range far wider than Python's."""

import re
from datetime import UTC, datetime
from typing import Any, Final

from client_core.serialization.errors import UnreadableError
from client_core.serialization.values import OpaqueObject

_ISO: Final = re.compile(
    r"(?:[0-9]{4}|[+-][0-9]{6})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z", re.ASCII
)


def read_date(text: Any) -> datetime | OpaqueObject:
    """What `toISOString` wrote; beyond the years 1 to 9999 an inert `Date` with its text.

    Raises `UnreadableError` for anything else.
    """
    if isinstance(text, str) and _ISO.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            if text[0] in "+-" or text.startswith("0000"):
                return OpaqueObject("", "Date", args=(text,))
    raise UnreadableError("What is annotated as Date is no moment in time.")


def write_date(moment: datetime) -> str:
    """As `toISOString` writes it. Raises `OverflowError` outside of the years 1 to 9999."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"{text}Z"
