"""Failures in groups: which errors there are, how often and since when, over all languages."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString, Unpack

from client_core.database import Database, Row
from client_core.dialects import Dialect, dialect_of_format
from client_core.errors import InvalidOption
from client_core.filters import WorkflowFilter
from client_core.fingerprints import ErrorShape, error_shape, fingerprint
from client_core.id_prefixes import conditions_for
from client_core.serialization import RawValue, RecordedError, Serialization
from client_core.serialization.unnamed import own_format

#: An error above this is not fetched: a part of a pickle or of JSON cannot be read.
MAX_ERROR_BYTES = 16 * 2**10
#: Of more failures the newest are looked at.
MOST_FAILURES = 2_000
#: They are looked for among so many of each status that were created last, and no longer before:
#: no index tells what failed since, and one in the order of creation tells what failed at all.
LOOKED_AT = MOST_FAILURES + 1
LOOKED_BACK = timedelta(days=7)
#: What shapes the list itself and so cannot narrow it.
_OWN = ("status", "start_time", "sort_desc", "after", "start_at", "queues_only")

# Each status is one walk along its part of idx_workflow_status_failed, which ends at the limit.
_STATUS: LiteralString = """(
    SELECT workflow_uuid, status, name, application_version, created_at, completed_at, updated_at,
        serialization, error
    FROM {schema}.workflow_status <where> AND status = '<status>'
    ORDER BY created_at DESC, workflow_uuid DESC LIMIT %(most_looked_at)s
)"""
_FAILURES: LiteralString = """
WITH looked_at AS MATERIALIZED (
    <statuses>
)
SELECT s.workflow_uuid AS workflow_id, s.status, s.name, s.application_version AS app_version,
    s.created_at, COALESCE(s.completed_at, s.updated_at) AS failed_at, s.serialization,
    CASE WHEN octet_length(COALESCE(o.error, s.error)) <= %(max_bytes)s
         THEN COALESCE(o.error, s.error) END AS error,
    octet_length(COALESCE(o.error, s.error)) AS error_bytes,
    (
        SELECT max(first_ms) FROM (
            SELECT min(created_at) AS first_ms FROM looked_at GROUP BY status
            HAVING count(*) >= %(most_looked_at)s
        ) cut
    ) AS looked_back_to_ms
FROM (
    SELECT * FROM looked_at WHERE COALESCE(completed_at, updated_at) >= %(since_ms)s
    ORDER BY created_at DESC, workflow_uuid DESC LIMIT %(limit)s
) s LEFT JOIN {schema}.workflow_output o USING (workflow_uuid)
ORDER BY s.created_at DESC, s.workflow_uuid DESC"""
_Read = tuple[RecordedError | RawValue | None, ErrorShape]
_FAILED: tuple[LiteralString, ...] = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One run that failed."""

    workflow_id: str
    created_at: int
    #: When it ended; with an older SDK, when its row was changed last.
    failed_at: int
    app_version: str | None
    #: The language that wrote the error, where its format tells.
    dialect: Dialect | None
    error: RecordedError | RawValue | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """Failures of one workflow with the same error but for what varies from run to run."""

    fingerprint: str
    #: ``ERROR``, or ``MAX_RECOVERY_ATTEMPTS_EXCEEDED`` for runs that left no error of their own.
    status: str
    #: The name of the workflow.
    name: str
    #: The name of the error's class; None where there is no error, or none that can be read.
    error_type: str | None
    #: The message, with ``<number>``, ``<uuid>`` and the like in place of what varies.
    pattern: str
    #: The one that was created last comes first.
    failures: tuple[Failure, ...]

    @property
    def count(self) -> int:
        """How many there are, of those that were looked at."""
        return len(self.failures)

    @property
    def example(self) -> Failure:
        """The one that was created last."""
        return self.failures[0]

    @property
    def first_seen_ms(self) -> int:
        """When the first of them failed."""
        return min(failure.failed_at for failure in self.failures)

    @property
    def last_seen_ms(self) -> int:
        """When the last of them failed."""
        return max(failure.failed_at for failure in self.failures)

    @property
    def app_versions(self) -> list[str]:
        """The versions that failed so, sorted."""
        return sorted({failure.app_version for failure in self.failures if failure.app_version})

    @property
    def dialects(self) -> list[Dialect]:
        """The languages that failed so, sorted, as far as their formats tell."""
        return sorted({failure.dialect for failure in self.failures if failure.dialect})

    def histogram(self, since_ms: int, until_ms: int, *, slots: int) -> list[int]:
        """How many failed in each of as many equal parts of a time."""
        counts = [0] * slots
        width = max(1, until_ms - since_ms)
        for failure in self.failures:
            place = (failure.failed_at - since_ms) * slots // width
            counts[min(max(place, 0), slots - 1)] += 1
        return counts


@dataclass(frozen=True, slots=True)
class ErrorGroups:
    """The failures of a time in groups, the largest first."""

    groups: tuple[ErrorGroup, ...]
    #: How many failures were looked at.
    looked_at: int
    #: Whether there are older ones in the time, which were not looked at.
    is_cut: bool
    #: Runs that were created before were not looked at, whenever they failed.
    looked_back_to_ms: int

    def find(self, wanted: str) -> ErrorGroup | None:
        """The group with this fingerprint."""
        return next((group for group in self.groups if group.fingerprint == wanted), None)


class FailureGroups:
    """The part of the client that puts failures into groups."""

    _db: Database
    _serialization: Serialization
    _application_name: str | None

    def group_errors(self, *, since: datetime, **filters: Unpack[WorkflowFilter]) -> ErrorGroups:
        """The runs that failed or were given up since then, in groups.

        Of more than ``limit`` such runs, 2,000 unless given, the newest are looked at; and none
        that was created long before, as ``looked_back_to_ms`` tells. The filters are those of
        :meth:`list_workflows`. Raises :class:`InvalidOption` for one that makes no sense here.
        """
        if wrong := [name for name in _OWN if name in filters]:
            raise InvalidOption(dict.fromkeys(wrong, "cannot narrow failures"))
        limit = filters.pop("limit", MOST_FAILURES)
        if limit < 1:
            raise InvalidOption({"limit": "must be at least 1"})
        if self._application_name:
            filters.setdefault("application_name", self._application_name)
        filters["start_time"] = since - LOOKED_BACK
        found = conditions_for(self._db, filters)
        params = {
            **found.params,
            "since_ms": round(since.timestamp() * 1_000),
            "limit": limit + 1,
            "most_looked_at": max(LOOKED_AT, limit + 1),
            "max_bytes": MAX_ERROR_BYTES,
        }
        rows = self._db.walking.read(statement_of(found.where()), params, keeps_plan=False)
        earliest = round((since - LOOKED_BACK).timestamp() * 1_000)
        return ErrorGroups(
            tuple(_grouped(rows[:limit], self._serialization)),
            min(len(rows), limit),
            len(rows) > limit,
            max(earliest, (rows[0]["looked_back_to_ms"] if rows else None) or earliest),
        )


def statement_of(where: LiteralString) -> LiteralString:
    """The SQL for the failures that meet these conditions, of which there must be one."""
    walk = _STATUS.replace("<where>", where)
    return _FAILURES.replace(
        "<statuses>", " UNION ALL ".join(walk.replace("<status>", status) for status in _FAILED)
    )


def _grouped(rows: Iterable[Row], serialization: Serialization) -> list[ErrorGroup]:
    """The groups, the largest first, of equal ones the one that was seen last."""
    members: dict[tuple[str, str, ErrorShape], list[Failure]] = defaultdict(list)
    read: dict[tuple[str | None, str | None], _Read] = {}
    for row in rows:
        # Many fail with the very same text.
        text, name = row["error"], row["serialization"]
        if (text, name) not in read:
            error = serialization.decode_error(text, name)
            read[text, name] = error, error_shape(error)
        is_there = row["error_bytes"] is None or text is not None
        error, shape = read[text, name] if is_there else _too_large(row)
        failure = Failure(
            workflow_id=row["workflow_id"],
            created_at=row["created_at"],
            failed_at=row["failed_at"],
            app_version=row["app_version"],
            # Older SDKs do not name the format, but most texts tell.
            dialect=dialect_of_format(name if name is not None else own_format(text)),
            error=error,
        )
        members[row["status"], row["name"] or "", shape].append(failure)
    groups = [
        ErrorGroup(
            fingerprint=fingerprint(status, name, shape),
            status=status,
            name=name,
            error_type=shape.error_type,
            pattern=shape.pattern,
            failures=tuple(failures),
        )
        for (status, name, shape), failures in members.items()
    ]
    return sorted(groups, key=lambda group: (group.count, group.last_seen_ms), reverse=True)


def _too_large(row: Row) -> _Read:
    reason = f"The error is larger than {MAX_ERROR_BYTES:,} bytes."
    return RawValue("", row["serialization"], reason), ErrorShape(None, reason)
