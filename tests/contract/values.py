"""Values of every type that a format carries."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from client_core import UNDEFINED

#: What a pickle of plain data holds.
TYPED: dict[str, Any] = {
    "nothing": None,
    "truth": [True, False],
    "numbers": [0, -7, 2**70, 0.1, -0.0, float("inf"), float("nan"), 1 + 2j],
    "text": "grüß ✓ 😀",
    "raw": [b"\x00\xff", bytearray(b"a")],
    "when": [
        datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
        datetime(2026, 1, 2),
        datetime(2026, 7, 2, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 7, 2, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        date(2026, 1, 2),
        time(3, 4, 5, 6),
        timedelta(days=-1, seconds=2, microseconds=3),
    ],
    "price": Decimal("1.50"),
    "id": UUID("12345678-1234-5678-1234-567812345678"),
    "tags": [{"a", "b"}, frozenset({1, 2}), set()],
    "tuples": ((1, "a"), ()),
    "keys": {1: "one", (2, 3): "two", None: "three", "": {}},
}

#: What of it ours writes: no complex number, no bytearray and no frozenset.
PLAIN: tuple[Any, ...] = (
    *(
        TYPED[name]
        for name in ("nothing", "truth", "text", "when", "price", "id", "tuples", "keys")
    ),
    TYPED["numbers"][:-1],
    b"\x00\xff",
    {"a", "b"},
)

#: What ours writes for TypeScript, and how Node.js shows it.
PLAIN_TYPESCRIPT: tuple[Any, ...] = (
    datetime(1970, 1, 1, tzinfo=UTC),
    2**60,
    {"a"},
    {1: "x", 2.5: datetime(1970, 1, 1, tzinfo=UTC)},
    UNDEFINED,
    b"hi",
    [float("nan"), float("inf"), -0.0, None, True],
    {"a.b": {"": [1]}, "text": "grüß ✓ 😀"},
)
SHOWN_TYPESCRIPT = (
    "[ 1970-01-01T00:00:00.000Z, 1152921504606846976n, Set(1) { 'a' },"
    " Map(2) { 1 => 'x', 2.5 => 1970-01-01T00:00:00.000Z }, undefined, <Buffer 68 69>,"
    " [ NaN, Infinity, -0, null, true ], { 'a.b': { '': [ 1 ] }, text: 'grüß ✓ 😀' } ]"
)

#: What JSON has, and so every language.
PORTABLE: list[Any] = [None, True, -7, 1.5, "grüß ✓ 😀", [], [{"a.b": {"": [1]}}]]
SHOWN_PORTABLE = "[ null, true, -7, 1.5, 'grüß ✓ 😀', [], [ { 'a.b': { '': [ 1 ] } } ] ]"
