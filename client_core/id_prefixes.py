"""IDs that begin alike, found by the primary key however the database sorts text.

PostgreSQL itself does so where text is sorted by its bytes. Where it is sorted as people do, “a-1”
may stand between “A1” and “a2”, and IDs that begin alike need not stand together. But all of them
stand between two texts, for which the index can be asked: what begins with “ab3” is neither before
“ab3” nor behind “ab4”. What else stands there is left out by LIKE.

It does not hold for letters that are sorted otherwise in some company (“ch” behind “h” in Czech,
“aa” behind “z” in Danish), nor for digits that are sorted as numbers. So the database is asked once
for which it holds, and a prefix is cut until it ends in one of them.
"""

from collections.abc import Collection
from contextlib import suppress
from itertools import pairwise
from typing import Final, LiteralString

from client_core.database import Database
from client_core.errors import DatabaseRefused, QueryTimeout
from client_core.filters import Conditions, WorkflowFilter, conditions

_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_LOWER: Final = dict(pairwise(_ALPHABET))
#: A letter or digit and the one behind it, in most orders.
NEXT: Final = {one.upper(): other.upper() for one, other in _LOWER.items()} | _LOWER

# Those behind which nothing that follows leads before them or behind the next one, whatever stands
# before them in ASCII; what follows may also be what marks a letter. Three letters may be sorted
# together too (“lly” in Hungarian). The column gives its own collation, which need not be that of
# the database.
_ORDERLY: LiteralString = """
WITH id AS (
    SELECT COALESCE((SELECT workflow_uuid FROM {schema}.workflow_status WHERE FALSE), '') AS empty
), steps AS (
    SELECT * FROM unnest(%(ones)s::text[], %(nexts)s::text[]) AS step(one, next)
), codes AS (
    SELECT n FROM generate_series(32, 126) n
    UNION ALL
    SELECT n FROM generate_series(768, 879) n WHERE getdatabaseencoding() = 'UTF8'
), texts AS (
    SELECT '' AS before, one, chr(n) AS rest, next FROM steps, codes
    UNION ALL
    SELECT chr(n), one, rest, next
    FROM steps, generate_series(32, 126) n, unnest(%(rests)s::text[]) AS rests(rest)
    UNION ALL
    SELECT chr(m), one, chr(n), next
    FROM steps, generate_series(97, 122) m, generate_series(97, 122) n WHERE one = lower(one)
)
SELECT lower(one) AS one FROM id, texts GROUP BY lower(one)
HAVING bool_and(
    empty || before || one <= empty || before || one || rest
    AND empty || before || one || rest < empty || before || next
)"""
_PARAMS: Final = {
    "ones": list(NEXT),
    "nexts": list(NEXT.values()),
    "rests": ["", "0", "9", "a", "z", "Z", "-", "~"],
}


def conditions_for(database: Database, filters: WorkflowFilter) -> Conditions:
    """The conditions of a filter, of which this database must have the columns."""
    found = conditions(filters)
    database.assert_supported("workflow_status", **dict.fromkeys(found.columns, True))
    prefix = filters.get("workflow_id_prefix")
    if prefix and (between := bounds(prefix, orderly(database))):
        found.add(
            "workflow_uuid >= %(id_from)s AND workflow_uuid < %(id_to)s",
            id_from=between[0],
            id_to=between[1],
        )
    return found


def bounds(prefix: str, orderly: Collection[str]) -> tuple[str, str] | None:
    """Two texts: what begins so is not before the first, and before the second; None if unknown."""
    start = prefix
    while start and start[-1].lower() not in orderly:
        start = start[:-1]
    is_known = start and start.isascii() and start.isprintable()
    return (start, start[:-1] + NEXT[start[-1]]) if is_known else None


def orderly(database: Database) -> frozenset[str]:
    """The letters and digits that this database sorts so that :func:`bounds` hold."""
    found: frozenset[str] = database.remembered.get("orderly", frozenset())
    if "orderly" not in database.remembered:
        with suppress(QueryTimeout, DatabaseRefused):
            found = frozenset(row["one"] for row in database.read(_ORDERLY, _PARAMS))
            database.remembered["orderly"] = found
    return found
