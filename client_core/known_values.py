"""The values that a column or an attribute has, for people who are typing one.

They are gathered from the newest runs, from what applications register, and along an index from
value to value: never from a whole table.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString, NamedTuple

from client_core.database import Database
from client_core.errors import InvalidOption

#: So many of the newest runs are looked at.
NEWEST_RUNS: Final = 2_000
#: Somebody waits for it in the middle of a word, so it is given up soon.
TIMEOUT_MS: Final = 500
#: So many values are told, and more of an index are not walked.
MOST_VALUES: Final = 200

# The most frequent come first. What is longer than this is nobody's name.
_VALUES: LiteralString = """
SELECT value FROM (
    SELECT value, 1 AS number FROM (
        SELECT <column> AS value FROM {schema}.workflow_status
        ORDER BY created_at DESC LIMIT %(newest)s
    ) recent
    <further>
) found
WHERE octet_length(value) BETWEEN 1 AND 200
GROUP BY value ORDER BY sum(number) DESC, value LIMIT %(limit)s"""

# One look into the index for each value, however many runs have it. Under every collation a text
# stands behind its beginning.
_WALK: LiteralString = """
    UNION ALL
    SELECT value, 0 FROM (
        WITH RECURSIVE walk AS (
            (
                SELECT <column> AS value FROM {schema}.workflow_status
                WHERE <column> >= %(beginning)s AND <where> ORDER BY <column> LIMIT 1
            ) UNION ALL
            SELECT (
                SELECT <column> FROM {schema}.workflow_status
                WHERE <column> > walk.value AND <where> ORDER BY <column> LIMIT 1
            ) FROM walk WHERE walk.value IS NOT NULL
        )
        SELECT value FROM walk WHERE value IS NOT NULL LIMIT %(limit)s
    ) walked"""

_REGISTERED_WORKFLOWS: LiteralString = """
-- since workflow_schedules:
    UNION ALL (SELECT workflow_name, 0 FROM {schema}.workflow_schedules LIMIT 1000)
-- end"""
# The walk needs an index that is there since that column at the latest.
_QUEUES: LiteralString = """
-- since queues:
    UNION ALL (SELECT name, 0 FROM {schema}.queues LIMIT 1000)
-- end
-- since workflow_status.completed_at:
    <walk>
-- end"""
_SCHEDULES: LiteralString = """
-- since workflow_schedules:
    UNION ALL (SELECT schedule_name, 0 FROM {schema}.workflow_schedules LIMIT 1000)
-- end
-- since workflow_status.schedule_name:
    <walk>
-- end"""
_VERSIONS: LiteralString = """
-- since application_versions:
    UNION ALL (
        SELECT version_name, 0 FROM {schema}.application_versions
        ORDER BY version_timestamp DESC LIMIT %(limit)s
    )
-- end"""
_APPLICATIONS: LiteralString = """
-- since application_versions.application_name:
    UNION ALL (
        SELECT application_name, 0 FROM {schema}.application_versions
        ORDER BY version_timestamp DESC LIMIT %(limit)s
    )
-- end"""

_KEYS: LiteralString = """
SELECT key AS value FROM (
    SELECT attributes #> %(path)s AS found FROM {schema}.workflow_status
    ORDER BY created_at DESC LIMIT %(newest)s
) recent, jsonb_object_keys(CASE jsonb_typeof(found) WHEN 'object' THEN found END) key
WHERE octet_length(key) BETWEEN 1 AND 200
GROUP BY key ORDER BY count(*) DESC, key LIMIT %(limit)s"""

_ATTRIBUTE_VALUES: LiteralString = """
SELECT found::text AS value FROM (
    SELECT attributes #> %(path)s AS found FROM {schema}.workflow_status
    ORDER BY created_at DESC LIMIT %(newest)s
) recent
WHERE jsonb_typeof(found) IN ('string', 'number', 'boolean') AND pg_column_size(found) <= 200
GROUP BY found ORDER BY count(*) DESC, found LIMIT %(limit)s"""


class _Field(NamedTuple):
    column: LiteralString
    #: Where its values stand besides.
    further: LiteralString = ""
    #: Which rows the index has that is walked.
    where: LiteralString = ""


#: By the names of the filters.
_FIELDS: Final[Mapping[str, _Field]] = {
    "name": _Field("name", _REGISTERED_WORKFLOWS),
    "queue_name": _Field("queue_name", _QUEUES, "status IN ('ENQUEUED', 'PENDING')"),
    "schedule_name": _Field("schedule_name", _SCHEDULES, "schedule_name IS NOT NULL"),
    "app_version": _Field("application_version", _VERSIONS),
    "application_name": _Field("application_name", _APPLICATIONS),
    "user": _Field("authenticated_user"),
    "executor_id": _Field("executor_id"),
}


class KnownValues:
    """The part of the client that tells which values there are."""

    _db: Database

    def list_known_values(
        self, field: str, *, beginning: str = "", newest: int = NEWEST_RUNS
    ) -> list[str]:
        """Values that a filter may be given, by its name: the most frequent of late come first.

        They are those of the ``newest`` runs and what is registered. Schedules and the queues of
        what waits or runs are all found; of very many, those from ``beginning`` on. It is given up
        after half a second. Raises :class:`InvalidOption` for a filter that has no such values.
        """
        if field not in _FIELDS:
            raise InvalidOption({"field": f"must be one of {', '.join(_FIELDS)}"})
        return self._told(statement_of(field), beginning=beginning, newest=newest)

    def list_attribute_keys(
        self, path: Sequence[str] = (), *, newest: int = NEWEST_RUNS
    ) -> list[str]:
        """The keys of the attributes of the ``newest`` runs, or of what stands at a path."""
        return self._told(_KEYS, path=list(path), newest=newest)

    def list_attribute_values(self, path: Sequence[str], *, newest: int = NEWEST_RUNS) -> list[str]:
        """The texts, numbers and truth values at a path in the attributes of the ``newest`` runs.

        They are spelled in JSON.
        """
        return self._told(_ATTRIBUTE_VALUES, path=list(path), newest=newest)

    def _told(self, statement: LiteralString, **params: Any) -> list[str]:
        database = self._db.hurried(TIMEOUT_MS)
        return [row["value"] for row in database.read(statement, {**params, "limit": MOST_VALUES})]


def statement_of(field: str) -> LiteralString:
    """The SQL for the values of a filter."""
    column, further, where = _FIELDS[field]
    walk = _WALK.replace("<where>", where)
    statement = _VALUES.replace("<further>", further.replace("<walk>", walk))
    return statement.replace("<column>", column)
