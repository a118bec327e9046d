"""The chain of the audit log: what is hashed, and whether it is whole.

The rows of `console_auditentry` and `console_auditending` make one sequence: `position` counts
from 1 over both, without a gap. The `hash` of a row is the SHA-256, in hexadecimal, of a text in
UTF-8, and `previous` is the hash of the row at the position before; of the first, 64 zeros.

The text has one line for each column that is not NULL, in the order of :data:`COLUMNS`::

    name SP octets ":" value LF

`octets` is how many bytes the value has in UTF-8, so that no value can pretend to be another line.
The first line names the table: `table 5:entry` or `table 6:ending`. Values are spelled as
PostgreSQL spells them as text, whole numbers in digits, `jsonb` as it prints it; and a time in UTC
with all six digits of its microseconds, such as `2026-11-23T07:04:20.000250Z`. A column that a
later release adds is NULL in the rows before, so that their texts stay as they are.
"""

import hashlib
import heapq
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

from django.db import connection, transaction
from psycopg.sql import SQL, Composed, Identifier

ZEROS = "0" * 64
#: Rows that are fetched at once.
PAGE = 2_000

#: The columns of each table after those that both have.
COLUMNS: dict[str, tuple[LiteralString, ...]] = {
    "entry": (
        "user_id",
        "username",
        "address",
        "request_id",
        "system",
        "action",
        "target",
        "parameters",
        "reason",
        "outcome",
        "detail",
        "completed_at",
        "form_id",
    ),
    "ending": ("entry_id", "outcome", "detail", "changed"),
}
_FIRST: tuple[LiteralString, ...] = ("position", "previous", "id", "at")
_SPELLED: dict[str, LiteralString] = {
    name: f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    for name in ("at", "completed_at")
}
_ROWS: LiteralString = """
SELECT one.position, hash, {} FROM {} AS one WHERE position <= %s
ORDER BY one.position, one.id"""
_BEFORE: LiteralString = "SELECT position FROM {} WHERE hash = %s"
_LAST: LiteralString = "SELECT position, hash FROM {} ORDER BY position DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the log, its columns as they are hashed."""

    table: str
    position: int
    hash: str
    values: dict[str, str | None]

    @property
    def text(self) -> str:
        """What is hashed."""
        return self.text_at(self.position)

    def text_at(self, position: int) -> str:
        """What would be hashed at another position."""
        values = {"table": self.table, **self.values, "position": str(position)}
        return "".join(
            f"{name} {len(value.encode())}:{value}\n"
            for name, value in values.items()
            if value is not None
        )

    def is_of(self, position: int) -> bool:
        """Whether it has the hash that it would have at a position."""
        return hashlib.sha256(self.text_at(position).encode()).hexdigest() == self.hash


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of the chain; kept elsewhere, it tells whether the end was cut off."""

    position: int = 0
    hash: str = ZEROS

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"


class Broken(Exception):
    """The first place where the chain is not whole."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(f"position {position:,}: {problem}")
        self.position = position
        self.problem = problem


def verify(expected: Head | None = None) -> Head:
    """Walk along the whole chain, and return its end; raises :class:`Broken`.

    ``expected`` is a head that was kept: a chain that is whole but shorter was cut off.
    """
    # What is added meanwhile is left out: each cursor would see another part of it.
    with rows(head().position) as chain:
        return walk(chain, expected)


def walk(chain: Iterable[Row], expected: Head | None = None) -> Head:
    """The end of a chain that is whole; raises :class:`Broken`."""
    head = Head()
    for row in chain:
        if problem := _problem(head, row):
            raise Broken(head.position + 1, problem)
        head = Head(row.position, row.hash)
        if expected and expected.position == head.position and expected.hash != head.hash:
            raise Broken(head.position, "it has another hash than was expected: it was rewritten")
    if expected and head.position < expected.position:
        raise Broken(head.position + 1, f"the end is missing, up to {expected.position:,}")
    return head


def _problem(head: Head, row: Row) -> str:
    """What is wrong with the row that follows a head; nothing if it is right."""
    if row.position == head.position:
        return f"there is a second row of position {row.position:,}: it was put in"
    if row.position != head.position + 1:
        return f"it is missing; the next row is {row.position:,}"
    name = f"the row of table {row.table} with the ID {row.values['id']}"
    if not row.is_of(row.position):
        if place := _place_of(row):
            return f"{name} was at position {place:,}: the rows were reordered"
        return f"{name} was changed"
    if row.values["previous"] != head.hash:
        return f"{name} does not follow the row before it: the link is broken"
    return ""


def _place_of(row: Row) -> int | None:
    """Where a row was that is whole otherwise: after the row whose hash it holds."""
    if row.values["previous"] == ZEROS:
        return 1 if row.is_of(1) else None
    for table in COLUMNS:
        with connection.cursor() as cursor:
            cursor.execute(_of(table, _BEFORE), [row.values["previous"]])
            for (position,) in cursor.fetchall():
                # The row before may have been moved as well.
                near = range(max(1, position - 1), position + 3)
                if place := next((one for one in near if row.is_of(one)), None):
                    return place
    return None


@contextmanager
def rows(end: int) -> Iterator[Iterator[Row]]:
    """The rows up to a position, from a cursor of the server for each table."""
    with transaction.atomic(), ExitStack() as stack:
        tables = [stack.enter_context(closing(_rows(table, end))) for table in COLUMNS]
        yield heapq.merge(*tables, key=lambda row: row.position)


def _rows(table: str, end: int) -> Generator[Row, None, None]:
    names = (*_FIRST, *COLUMNS[table])
    spelled = SQL(", ").join(SQL(_SPELLED.get(name, f"{name}::text")) for name in names)
    statement = SQL(_ROWS).format(spelled, Identifier(f"console_audit{table}"))
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, [end])
        while found := cursor.fetchmany(PAGE):
            for position, digest, *values in found:
                yield Row(table, position, digest, dict(zip(names, values, strict=True)))


def head() -> Head:
    """The last row of the chain."""
    ends: list[Any] = []
    for table in COLUMNS:
        with connection.cursor() as cursor:
            cursor.execute(_of(table, _LAST))
            ends += cursor.fetchall()
    return Head(*max(ends)) if ends else Head()


def _of(table: str, statement: LiteralString) -> Composed:
    return SQL(statement).format(Identifier(f"console_audit{table}"))
