"""The language that an application is written in, which decides how some of its rows are spelled.

It comes from what the caller says, else from traces in the database: payloads in a language's own
format, which only its own SDK writes. `portable_json` and formats of custom serializers tell
nothing. One language is believed; with none or several the caller has to say it.
"""

from typing import Final, Literal, LiteralString, get_args

from client_core.database import Database
from client_core.errors import InvalidOption
from client_core.resource_errors import DialectUnknown
from client_core.serialization.unnamed import own_format

Dialect = Literal["python", "typescript", "go", "java"]
DIALECTS: Final = get_args(Dialect)

#: The format that each SDK uses where none is chosen.
DEFAULT_FORMATS: Final[dict[Dialect, str]] = {
    "python": "py_pickle",
    "typescript": "js_superjson",
    "go": "DBOS_JSON",
    "java": "java_jackson",
}

_WRITTEN_BY: Final[dict[str | None, Dialect]] = {
    **{name: dialect for dialect, name in DEFAULT_FORMATS.items()},
    "DBOS_GOB": "go",
    "jsonpickle": "python",
}

#: So many of the newest runs are looked at for traces of an application, and of one workflow.
_NEWEST: Final = 500
_NEWEST_OF_ALL: Final = 2_000

# Bounded whatever the size of the database: a few hundred of the newest runs, a few steps of each,
# and a few schedules. Where a row does not name its format, both ends of its text tell it.
_TRACES: LiteralString = """
WITH recent AS (
    SELECT workflow_uuid, serialization, inputs FROM (
        SELECT workflow_uuid, serialization, inputs, application_name, name
        FROM {schema}.workflow_status ORDER BY created_at DESC LIMIT %(newest)s
    ) newest
    WHERE (%(application_name)s::text IS NULL OR application_name IS NULL
           OR application_name = %(application_name)s)
      AND (%(workflow_name)s::text IS NULL OR name = %(workflow_name)s)
)
SELECT serialization AS format, NULL AS ends FROM recent
UNION
SELECT step.serialization, NULL FROM (SELECT workflow_uuid FROM recent LIMIT 100) r
CROSS JOIN LATERAL (
    SELECT o.serialization FROM {schema}.operation_outputs o
    WHERE o.workflow_uuid = r.workflow_uuid ORDER BY o.function_id LIMIT 10
) step
UNION
SELECT NULL, left(COALESCE(i.inputs, r.inputs), 24) || right(COALESCE(i.inputs, r.inputs), 64)
FROM (SELECT workflow_uuid, inputs FROM recent WHERE serialization IS NULL LIMIT 100) r
LEFT JOIN {schema}.workflow_input i USING (workflow_uuid)
-- since workflow_schedules:
UNION
(SELECT NULL, left(context, 24) || right(context, 64) FROM {schema}.workflow_schedules
 WHERE (%(application_name)s::text IS NULL OR application_name IS NULL
        OR application_name = %(application_name)s)
   AND (%(workflow_name)s::text IS NULL OR workflow_name = %(workflow_name)s)
 LIMIT 100)
-- end"""


def dialect_rule(value: object) -> str | None:
    """The rule that the name of a language breaks, or None."""
    return None if value in DIALECTS else f"must be one of {', '.join(DIALECTS)}"


def owner_dialect(
    database: Database, application_name: str | None, stated: Dialect | None
) -> Dialect:
    """The language of an application: what is stated, else what the database shows.

    Traces of the application count and those of nobody; without a name, all. Raises
    :class:`InvalidOption` for a language that DBOS does not have, and :class:`DialectUnknown`.
    """
    if stated is not None:
        if rule := dialect_rule(stated):
            raise InvalidOption({"dialect": rule})
        return stated
    found = _traces(database, application_name)
    if len(found) != 1:
        raise DialectUnknown(application_name, found)
    return next(iter(found))


def dialects_of(
    database: Database, application_name: str | None, workflow_name: str
) -> frozenset[Dialect]:
    """The languages that executed runs of a workflow lately, else those of its application."""
    return _traces(database, application_name, workflow_name) or _traces(database, application_name)


def _traces(
    database: Database, application_name: str | None, workflow_name: str | None = None
) -> frozenset[Dialect]:
    params = {
        "application_name": application_name,
        "workflow_name": workflow_name,
        "newest": _NEWEST if workflow_name is None else _NEWEST_OF_ALL,
    }
    rows = database.read(_TRACES, params)
    formats = {row["format"] or own_format(row["ends"]) for row in rows}
    return frozenset(_WRITTEN_BY[name] for name in formats if name in _WRITTEN_BY)


def format_to_write(
    database: Database,
    table: str,
    application_name: str | None,
    *,
    stated: str | None,
    dialect: Dialect | None,
    custom: str | None,
) -> str | None:
    """The format for a payload; None is the client's default.

    Where the rows of a table cannot name their format, an application reads its own one alone.
    Raises :class:`UnsupportedBySchema` if another is stated.
    """
    if not database.capabilities.lacks(f"{table}.serialization"):
        return stated
    own = custom or DEFAULT_FORMATS[owner_dialect(database, application_name, dialect)]
    database.assert_supported(table, serialization=stated if stated != own else None)
    return own


def dialect_name(dialect: str) -> str:
    """The name of a language as people write it."""
    return "TypeScript" if dialect == "typescript" else dialect.capitalize()


def dialect_of(text: str | None) -> Dialect | None:
    """The language that wrote a text in its own format; None if it does not tell."""
    return _WRITTEN_BY.get(own_format(text))


def dialect_of_format(name: str | None) -> Dialect | None:
    """The language whose own format this is; None for one that several write, or nobody's."""
    return _WRITTEN_BY.get(name)
