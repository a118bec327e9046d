"""What a system database supports, and statements made to fit it.

The client never migrates: the tables belong to the application, whose SDK may be an older one. So
every statement is written for the newest schema, and :func:`fitted` fits it to an older one:

* Where a table is read, a stand-in gives it the columns that it lacks, empty. PostgreSQL plans it
  as the table itself. The payload tables have a stand-in too; what older SDKs wrote is found in
  ``workflow_status``.
* A line that ends in ``-- since workflow_status.attributes`` is left out where that is missing,
  and so are the lines between ``-- since workflow_input:`` and ``-- end``.
* A line ``-- before workflow_input: inputs,`` is there only where that is missing.

What this loses is refused beforehand by :meth:`Capabilities.assert_supported`. Columns decide and
not the number of the migration: below 100 the languages number differently.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, LiteralString

from client_core.errors import UnsupportedBySchema
from client_core.schema_history import INTRODUCED, NEWEST_MIGRATION, TYPES

# The catalogue, because information_schema hides what the role has no privilege on.
COLUMNS: LiteralString = """
SELECT c.relname AS table_name, a.attname AS column_name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = %(schema_name)s AND c.relkind IN ('r', 'p')"""

MIGRATION: LiteralString = "SELECT max(version) AS migration FROM {schema}.dbos_migrations"

#: Tables whose absence a reader need not notice: their rows were elsewhere before.
_REPLACED: Final = ("workflow_input", "workflow_output")

_MARK = re.compile(
    r"(?P<sql>.*?)\s*-- "
    r"(?:since (?P<since>[\w.]+)(?P<block>:)?|before (?P<before>[\w.]+): (?P<old>.*)|end)"
)
_NO_ALIAS = "AS|WHERE|USING|ON|ORDER|GROUP|LIMIT|FOR|JOIN|LEFT|RIGHT|FULL|CROSS|INNER|UNION"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a system database offers, by its tables and columns."""

    #: Tables (“queues”) and columns (“workflow_status.attributes”) of today's SDKs that it lacks.
    missing: frozenset[str]
    #: The number of its newest migration; None if there is none.
    migration: int | None

    @property
    def has_tables(self) -> bool:
        """Whether a DBOS application was ever started on it."""
        return "workflow_status" not in self.missing

    @property
    def is_newer_than_tested(self) -> bool:
        """Whether its SDK is newer than those this client was tested with; it is read as usual."""
        return self.migration is not None and self.migration > NEWEST_MIGRATION

    def lacks(self, name: str) -> bool:
        """Whether it lacks a table, or a column given as ``table.column``."""
        return name in self.missing or name.partition(".")[0] in self.missing

    def assert_supported(self, table: str, **given: object) -> None:
        """Raise :class:`UnsupportedBySchema` if a column that is given a value is missing.

        None and False are what a missing column means anyway.
        """
        for column, value in given.items() if self.missing else ():
            if value is not None and value is not False and self.lacks(f"{table}.{column}"):
                raise unsupported(table if table in self.missing else f"{table}.{column}")


def capabilities(columns: Iterable[tuple[str, str]], migration: int | None) -> Capabilities:
    """What the columns that were found, as pairs of table and column, leave to be desired."""
    found = {f"{table}.{column}" for table, column in columns}
    found |= {name.partition(".")[0] for name in found}
    return Capabilities(frozenset({"workflow_status", *INTRODUCED} - found), migration)


def fitted(statement: str, schema: str, offered: Capabilities) -> str:
    """A statement as a database can run it; ``schema`` is the quoted name of its schema."""
    text = "\n".join(_fitting_lines(statement, offered))
    if not (offered.missing and offered.has_tables):
        return text

    def stand_in(match: re.Match[str]) -> str:
        table = match["table"]
        source = _stand_in(table, f"{schema}.{table}", offered)
        return f"{match['before']} {source} {match['alias'] or table}" if source else match[0]

    return re.sub(
        rf"(?<!DELETE )\b(?P<before>FROM|JOIN)\s+{re.escape(schema)}\.(?P<table>\w+)"
        rf"(?:\s+(?!(?:{_NO_ALIAS})\b)(?P<alias>\w+))?",
        stand_in,
        text,
    )


def _fitting_lines(statement: str, offered: Capabilities) -> Iterator[str]:
    """The lines that are for this database, without their marks."""
    in_block = True
    for line in statement.split("\n"):
        mark = _MARK.fullmatch(line)
        if mark is None:
            if in_block:
                yield line
        elif mark["block"]:
            in_block = not offered.lacks(mark["since"])
        elif mark["since"]:
            if not offered.lacks(mark["since"]):
                yield mark["sql"]
        elif mark["before"]:
            if offered.lacks(mark["before"]):
                yield mark["old"]
        else:
            in_block = True


def _stand_in(table: str, source: str, offered: Capabilities) -> str | None:
    """What is read in place of a table; None where that is the table itself."""
    types = TYPES.get(table, {})
    empty = [
        f"{'FALSE' if kind == 'boolean' else f'NULL::{kind}'} AS {column}"
        for column, kind in types.items()
        if offered.lacks(f"{table}.{column}")
    ]
    if table in offered.missing:
        return f"(SELECT {', '.join(empty)} WHERE FALSE)" if table in _REPLACED else None
    # Names of ours alone; the row version is read of some.
    return f"(SELECT t.*, t.xmin, {', '.join(empty)} FROM {source} t)" if empty else None  # noqa: S608


def unsupported(name: str) -> UnsupportedBySchema:
    """The error for a table or column of today's SDKs that a database lacks."""
    since = INTRODUCED[name]
    return UnsupportedBySchema(
        f"This system database has no {name}, which comes with DBOS {since.python} for Python and "
        f"{since.typescript} for TypeScript: start an application with a newer SDK on it.",
        missing=name,
    )


def explained(schema_name: str, message: str, offered: Capabilities) -> UnsupportedBySchema:
    """Why PostgreSQL knew no table or column; its message has the name, in whatever language."""
    if not offered.has_tables:
        return UnsupportedBySchema(
            f"There are no DBOS tables in the schema “{schema_name}” of this database. "
            "Start a DBOS application on it once, or set the schema that it uses.",
            missing="workflow_status",
        )
    for name in sorted(offered.missing):
        if re.search(rf"\b{name.rpartition('.')[2]}\b", message):
            return unsupported(name)
    return UnsupportedBySchema(
        f"This system database was made by an older DBOS SDK than this client knows: {message}.",
        missing=message,
    )
