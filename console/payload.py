"""Payloads as text for people: JSON where they are JSON, typed values named as what they are.

Payloads are hostile: they are only ever described, and a budget bounds the description. They are
private: what stands under a key that the settings name is not described at all.
"""

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, islice
from typing import Any
from uuid import UUID

from client_core import UNDEFINED, OpaqueObject, RawValue, RecordedError, WorkflowInputs
from console.masking import DOTS, HIDDEN, Hidden, Masks, configured

#: A page shows no more than this of one payload.
MAX_CHARACTERS = 64 * 2**10
#: And of one of many, such as a step's, no more than this.
STEP_CHARACTERS = 4 * 2**10
#: Containers within containers.
MAX_DEPTH = 100
INDENT = "  "
#: What holds a few plain values stays on one line.
MOST_ON_A_LINE = 6
LINE_WIDTH = 64
#: A key is described by no more than this.
KEY_CHARACTERS = 400
WITHHELD = "It may hold secrets, so its text is not shown until it is revealed."


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """A payload ready for a page."""

    text: str
    #: What the reader must know about it: it is cut, or raw and why.
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Parts:
    """What a container is made of, in its notation: `start`, labels and items, `end`."""

    start: str
    end: str
    count: int
    items: Iterable[tuple[str, Any]]


def show(value: Any, masks: Masks | None = None, limit: int = MAX_CHARACTERS) -> Shown:
    """Describe any decoded payload; without `masks` of its own by those of the settings."""
    masks = configured() if masks is None else masks
    value = root(value)
    if isinstance(value, RawValue):
        if masks.suspects([value.text.encode(errors="replace")]):
            return Shown("", f"{value.reason} {WITHHELD}")
        cut = _cut(value.text, limit)
        return Shown(cut.text, " ".join(filter(None, (value.reason, cut.note))))
    return _cut(_joined(_pieces(value, "", masks, limit), limit), limit)


def root(value: Any) -> Any:
    """What of a payload is shown: arguments as a list, an error as what is beyond its message."""
    if isinstance(value, WorkflowInputs):
        named = {"args": list(value.args), "kwargs": value.kwargs}
        return named if value.kwargs else list(value.args)
    if isinstance(value, RecordedError):
        return RawValue("", None, "") if value.data is None else value.data
    return value


def parts_of(value: Any, masks: Masks) -> Parts | None:
    """The parts of a container, those under a hidden key hidden; None for a plain value."""
    match value:
        case Mapping():
            labelled = ((f"{key_text(key, masks)}: ", item) for key, item in members(value, masks))
            return Parts("{", "}", len(value), labelled)
        case list():
            return Parts("[", "]", len(value), (("", item) for item in pair(value, masks)))
        case tuple() | set() | frozenset():
            name = type(value).__name__
            items = (("", item) for item in pair(value, masks))
            return Parts(f"{name}(", ")", len(value), items)
        case OpaqueObject() if value.called:
            opaque = _opaque(value, masks)
            return Parts(f"{value.qualified_name}(", ")", len(opaque), opaque)
        case RawValue() | RecordedError() | WorkflowInputs():
            names = [field.name for field in dataclasses.fields(value)]
            fields = [(f"{name}: ", getattr(value, name)) for name in names]
            return Parts(f"{type(value).__name__}(", ")", len(fields), fields)
    return None


def leaf(value: Any, masks: Masks, limit: int = MAX_CHARACTERS) -> str:
    """A plain value as text."""
    match value:
        case Hidden():
            return DOTS
        case _ if value is UNDEFINED:
            return "undefined"
        case str():
            return json.dumps(masks.text(value[: limit + 1]), ensure_ascii=False)
        case None | bool() | int() | float():
            return json.dumps(value)
        case OpaqueObject():
            return f"<{value.qualified_name}>"
        case datetime() | date() | time():
            return f"{type(value).__name__}({value.isoformat()})"
        case timedelta() | Decimal() | UUID():
            return f"{type(value).__name__}({value})"
        case bytes() | bytearray():
            return f"{type(value).__name__}({value[:limit].hex()})"
    return f"{type(value).__name__}({masks.text(repr(value)[:limit])})"


def key_text(key: Any, masks: Masks) -> str:
    """A key, described within a budget: it may be a large tuple."""
    return _joined(_pieces(key, "", masks, KEY_CHARACTERS), KEY_CHARACTERS)[:KEY_CHARACTERS]


def members(value: Mapping[Any, Any], masks: Masks) -> Iterator[tuple[Any, Any]]:
    """Keys and items; of a header written as {"name": …, "value": …} the value may be hidden."""
    named = any(masks.hides(value.get(key)) for key in ("name", "key") if "value" in value)
    for key, item in value.items():
        yield key, HIDDEN if named and key == "value" else masks.under(key, item)


def pair(value: Any, masks: Masks) -> Any:
    """The items; of a pair that begins with a hidden key the second is hidden."""
    if len(value) == 2 and isinstance(value, list | tuple) and masks.hides(value[0]):
        return (value[0], HIDDEN)
    return value


def _opaque(value: OpaqueObject, masks: Masks) -> list[tuple[str, Any]]:
    """An object as the call that would make it, which nobody makes."""
    parts: list[tuple[str, Any]] = [("", arg) for arg in pair(value.args, masks)]
    parts += [(f"{name}=", masks.under(name, arg)) for name, arg in value.kwargs.items()]
    parts += [("", item) for item in value.items]
    parts += [("", entry) for entry in value.pairs]
    if value.state is not None:
        parts.append(("state: ", value.state))
    return parts


def _joined(pieces: Iterator[str], limit: int) -> str:
    """The pieces up to just beyond the budget: what would be cut off is not even made."""
    taken, length = [], 0
    for piece in pieces:
        taken.append(piece)
        length += len(piece)
        if length > limit:
            break
    return "".join(taken)


def _cut(text: str, limit: int) -> Shown:
    if len(text) <= limit:
        return Shown(text)
    return Shown(text[:limit], f"Cut after {limit:,} characters.")


def _pieces(value: Any, indent: str, masks: Masks, limit: int) -> Iterator[str]:
    parts = parts_of(value, masks)
    if parts is None:
        yield leaf(value, masks, limit)
        return
    if len(indent) >= MAX_DEPTH * len(INDENT):
        yield f"{parts.start}…{parts.end}"
        return
    items = iter(parts.items)
    first = list(islice(items, MOST_ON_A_LINE + 1))
    if (line := _one_line(parts, first, masks)) is not None:
        yield line
        return
    inner, comma = indent + INDENT, ""
    yield parts.start
    for label, item in chain(first, items):
        yield f"{comma}\n{inner}{label}"
        yield from _pieces(item, inner, masks, limit)
        comma = ","
    yield f"\n{indent}{parts.end}"


def _one_line(parts: Parts, items: list[tuple[str, Any]], masks: Masks) -> str | None:
    """A block of a few plain values, if it is short."""
    plain = all(
        item is None
        or isinstance(item, bool | int | float | Hidden)
        or (isinstance(item, str) and len(item) <= LINE_WIDTH)
        for _, item in items
    )
    if len(items) > MOST_ON_A_LINE or not plain:
        return None
    inside = ", ".join(label + leaf(item, masks) for label, item in items)
    line = f"{parts.start}{inside}{parts.end}"
    return line if len(line) <= LINE_WIDTH else None
