"""Payloads as text for people: JSON where they are JSON, typed values named as what they are.

Payloads are hostile: they are only ever described, and a budget bounds the description.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, islice
from typing import Any
from uuid import UUID

from client_core import UNDEFINED, OpaqueObject, RawValue, RecordedError, WorkflowInputs

#: A page shows no more than this of one payload.
MAX_CHARACTERS = 64 * 2**10
INDENT = "  "
#: What holds a few plain values stays on one line.
MOST_ON_A_LINE = 6
LINE_WIDTH = 64


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """A payload ready for a page."""

    text: str
    #: What the reader must know about it: it is cut, or raw and why.
    note: str = ""


def show(value: Any) -> Shown:
    """Describe any decoded payload."""
    if isinstance(value, RawValue):
        cut = _cut(value.text)
        return Shown(cut.text, " ".join(filter(None, (value.reason, cut.note))))
    if isinstance(value, WorkflowInputs):
        named = {"args": list(value.args), "kwargs": value.kwargs}
        return show(named if value.kwargs else list(value.args))
    if isinstance(value, RecordedError):
        return show(value.data) if value.data is not None else Shown("")
    return _cut(_joined(_pieces(value, "")))


def _joined(pieces: Iterator[str]) -> str:
    """The pieces up to just beyond the budget: what would be cut off is not even made."""
    taken, length = [], 0
    for piece in pieces:
        taken.append(piece)
        length += len(piece)
        if length > MAX_CHARACTERS:
            break
    return "".join(taken)


def _cut(text: str) -> Shown:
    if len(text) <= MAX_CHARACTERS:
        return Shown(text)
    return Shown(text[:MAX_CHARACTERS], f"Cut after {MAX_CHARACTERS:,} characters.")


def _pieces(value: Any, indent: str) -> Iterator[str]:
    match value:
        case _ if value is UNDEFINED:
            yield "undefined"
        case None | bool() | int() | float() | str():
            yield _plain(value)
        case Mapping():
            # A key is described within the budget as well: it may be a large tuple.
            inner = indent + INDENT
            items = ((f"{_joined(_pieces(key, inner))}: ", item) for key, item in value.items())
            yield from _block("{", items, "}", indent)
        case list():
            yield from _block("[", (("", item) for item in value), "]", indent)
        case tuple() | set() | frozenset():
            name = type(value).__name__
            yield from _block(f"{name}(", (("", item) for item in value), ")", indent)
        case OpaqueObject() | RawValue() | RecordedError() | WorkflowInputs():
            yield from _inert(value, indent)
        case datetime() | date() | time():
            yield f"{type(value).__name__}({value.isoformat()})"
        case timedelta() | Decimal() | UUID():
            yield f"{type(value).__name__}({value})"
        case bytes() | bytearray():
            yield f"{type(value).__name__}({value[:MAX_CHARACTERS].hex()})"
        case _:
            yield f"{type(value).__name__}({value!r})"


def _inert(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, OpaqueObject):
        yield from _opaque(value, indent)
        return
    fields = ((f"{f.name}: ", getattr(value, f.name)) for f in dataclasses.fields(value))
    yield from _block(f"{type(value).__name__}(", fields, ")", indent)


def _opaque(value: OpaqueObject, indent: str) -> Iterator[str]:
    """An object as the call that would make it, which nobody makes."""
    if not value.called:
        yield f"<{value.qualified_name}>"
        return
    parts: list[tuple[str, Any]] = [("", arg) for arg in value.args]
    parts += [(f"{name}=", arg) for name, arg in value.kwargs.items()]
    parts += [("", item) for item in value.items]
    parts += [("", pair) for pair in value.pairs]
    if value.state is not None:
        parts.append(("state: ", value.state))
    yield from _block(f"{value.qualified_name}(", iter(parts), ")", indent)


def _block(start: str, items: Iterator[tuple[str, Any]], end: str, indent: str) -> Iterator[str]:
    first = list(islice(items, MOST_ON_A_LINE + 1))
    if (line := _one_line(start, first, end)) is not None:
        yield line
        return
    inner, comma = indent + INDENT, ""
    yield start
    for label, item in chain(first, items):
        yield f"{comma}\n{inner}{label}"
        yield from _pieces(item, inner)
        comma = ","
    yield f"\n{indent}{end}"


def _one_line(start: str, items: list[tuple[str, Any]], end: str) -> str | None:
    """A block of a few plain values, if it is short."""
    plain = all(item is None or isinstance(item, bool | int | float | str) for _, item in items)
    if len(items) > MOST_ON_A_LINE or not plain:
        return None
    line = f"{start}{', '.join(label + _plain(item) for label, item in items)}{end}"
    return line if len(line) <= LINE_WIDTH else None


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
