"""Schedules: workflows that a cron expression starts."""

import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, LiteralString, Unpack

from client_core import schedule_rows
from client_core.database import Database, Row, until_found
from client_core.dialects import Dialect, dialect_of, owner_dialect
from client_core.ownership import assert_owner
from client_core.records import WorkflowSchedule
from client_core.resource_errors import (
    NonExistentSchedule,
    ScheduleChanged,
    ScheduleExists,
)
from client_core.schedule_rows import ScheduleChanges, ScheduleDefinition
from client_core.serialization import Serialization

# The ID is made by the caller, so sending the statement again finds its own row.
_CREATE: LiteralString = """
WITH created AS (
    INSERT INTO {schema}.workflow_schedules (
        automatic_backfill,  -- since workflow_schedules.automatic_backfill
        cron_timezone,  -- since workflow_schedules.cron_timezone
        queue_name,  -- since workflow_schedules.queue_name
        application_name,  -- since workflow_schedules.application_name
        schedule_id, schedule_name, workflow_name, workflow_class_name, schedule, status, context
    )
    VALUES (
        %(automatic_backfill)s,  -- since workflow_schedules.automatic_backfill
        %(cron_timezone)s,  -- since workflow_schedules.cron_timezone
        %(queue_name)s,  -- since workflow_schedules.queue_name
        %(application_name)s,  -- since workflow_schedules.application_name
        %(schedule_id)s, %(schedule_name)s, %(workflow_name)s, %(workflow_class_name)s,
        %(schedule)s, 'ACTIVE', %(context)s
    )
    ON CONFLICT (schedule_name) DO NOTHING
    RETURNING schedule_id
)
SELECT schedule_id, %(application_name)s AS application_name FROM created
UNION ALL
SELECT schedule_id, application_name FROM {schema}.workflow_schedules
WHERE schedule_name = %(schedule_name)s"""

_UPDATE: LiteralString = """
UPDATE {schema}.workflow_schedules
SET
    automatic_backfill = %(automatic_backfill)s,  -- since workflow_schedules.automatic_backfill
    cron_timezone = %(cron_timezone)s,  -- since workflow_schedules.cron_timezone
    queue_name = %(queue_name)s,  -- since workflow_schedules.queue_name
    workflow_name = %(workflow_name)s, workflow_class_name = %(workflow_class_name)s,
    schedule = %(schedule)s, context = COALESCE(%(new_context)s, context)
WHERE schedule_name = %(schedule_name)s AND xmin::text = %(row_version)s
RETURNING schedule_id"""

_SET_STATUS: LiteralString = """
UPDATE {schema}.workflow_schedules SET status = %(status)s WHERE schedule_name = %(schedule_name)s
RETURNING schedule_name"""

# The rows are locked in one order, so that two of these never wait for each other.
_SET_STATUSES: LiteralString = """
WITH found AS (
    SELECT schedule_name, status AS before FROM {schema}.workflow_schedules
    WHERE schedule_name = ANY(%(names)s) ORDER BY schedule_name FOR UPDATE
), changed AS (
    UPDATE {schema}.workflow_schedules s SET status = %(status)s FROM found f
    WHERE s.schedule_name = f.schedule_name AND f.before <> %(status)s
)
SELECT schedule_name, before FROM found"""

_DELETE: LiteralString = """
DELETE FROM {schema}.workflow_schedules WHERE schedule_name = %(schedule_name)s
RETURNING schedule_name"""

#: A change of these is spelled or understood by each language in its own way.
_SPOKEN = ("schedule", "cron_timezone", "context", "workflow_class_name")


class Schedules:
    """The part of the client that manages schedules.

    Cron expressions and contexts depend on the language of the application that owns the
    schedule: the argument ``dialect``, else the client's, else what the database shows.
    """

    _db: Database
    _serialization: Serialization
    _application_name: str | None
    _max_payload_bytes: int
    #: The language of the applications, for a client that was told it.
    _dialect: Dialect | None

    def create_schedule(
        self, *, dialect: Dialect | None = None, **definition: Unpack[ScheduleDefinition]
    ) -> WorkflowSchedule:
        """Start a workflow whenever a cron expression says so.

        Each run gets the scheduled time and the context. The schedule belongs to
        ``application_name``, by default the client's own application; without either every
        application of the system database runs it.

        Raises :class:`InvalidOption`, :class:`InvalidCronExpression`, :class:`DialectUnknown`,
        :class:`SerializationError` for a context, :class:`ScheduleExists`, and
        :class:`OwnedByAnotherApplication`. Safe to repeat when the connection breaks.
        """
        params = self._new_row(definition, dialect)
        name, owner = params["schedule_name"], params["application_name"]
        # No row only if another transaction took the name while the statement ran.
        rows = until_found(lambda: self._db.write(_CREATE, params, repeatable=True))
        if rows[0]["schedule_id"] != params["schedule_id"]:
            assert_owner("schedule", name, rows[0]["application_name"], owner)
            raise ScheduleExists(name)
        new = {**params, "status": "ACTIVE", "last_fired_at": None}
        return schedule_rows.record(new, self._serialization)

    def list_schedules(
        self,
        *,
        status: str | Sequence[str] | None = None,
        workflow_name: str | Sequence[str] | None = None,
        schedule_name_prefix: str | Sequence[str] | None = None,
        application_name: str | Sequence[str] | None = None,
        load_contexts: bool = True,
    ) -> list[WorkflowSchedule]:
        """The schedules that match every filter, by name; of several values one must fit.

        ``application_name`` finds an application's own schedules and the unclaimed ones; it is
        by default the client's own application. Without ``load_contexts`` each context is a
        :class:`RawValue`, which is much quicker for hundreds.
        """
        owners = self._application_name if application_name is None else application_name
        rows = self._read_schedules(
            statuses=_several(status),
            workflow_names=_several(workflow_name),
            prefixes=_several(schedule_name_prefix),
            application_names=_several(owners),
        )
        read = partial(schedule_rows.record, load_context=load_contexts)
        return [read(row, self._serialization) for row in rows]

    def get_schedule(self, name: str) -> WorkflowSchedule | None:
        """One schedule, whoever owns it; None if there is none."""
        rows = self._read_schedules(names=[name])
        return schedule_rows.record(rows[0], self._serialization) if rows else None

    def update_schedule(
        self,
        name: str,
        *,
        revision: str | None = None,
        dialect: Dialect | None = None,
        **changes: Unpack[ScheduleChanges],
    ) -> WorkflowSchedule:
        """Change a schedule, whoever owns it, and leave what is not named as it is.

        Its ID, its status and when it fired last stay. ``revision`` is that of the schedule that
        the caller saw: raises :class:`ScheduleChanged` if somebody changed it since, and not to
        the same. Raises :class:`NonExistentSchedule` and what :meth:`create_schedule` raises about
        its fields. Safe to repeat.
        """
        schedule_rows.check(changes, complete=False)
        schedule_rows.check_supported(changes, self._db)
        row = until_found(lambda: self._update_schedule(name, changes, dialect, revision))
        return schedule_rows.record(row, self._serialization)

    def delete_schedule(self, name: str) -> None:
        """Delete a schedule, whoever owns it; nothing happens if there is none."""
        self._db.write(_DELETE, {"schedule_name": name}, repeatable=True)

    def pause_schedule(self, name: str) -> None:
        """Keep a schedule from firing. Raises :class:`NonExistentSchedule`. Safe to repeat."""
        self._set_status(name, "PAUSED")

    def resume_schedule(self, name: str) -> None:
        """Let a schedule fire again. Raises :class:`NonExistentSchedule`. Safe to repeat."""
        self._set_status(name, "ACTIVE")

    def pause_schedules(self, names: Sequence[str]) -> dict[str, str]:
        """Keep several schedules from firing, all at once; what each was before, by its name.

        Those that are not there are left out. :class:`OutcomeUnknown` if the connection broke; it
        is safe to repeat.
        """
        return self._set_statuses(names, "PAUSED")

    def resume_schedules(self, names: Sequence[str]) -> dict[str, str]:
        """Let several schedules fire again, on the terms of :meth:`pause_schedules`."""
        return self._set_statuses(names, "ACTIVE")

    def _set_statuses(self, names: Sequence[str], status: str) -> dict[str, str]:
        params = {"names": list(names), "status": status}
        found = self._db.write(_SET_STATUSES, params)
        return {row["schedule_name"]: row["before"] for row in found}

    def _set_status(self, name: str, status: str) -> None:
        params = {"schedule_name": name, "status": status}
        if not self._db.write(_SET_STATUS, params, repeatable=True):
            raise NonExistentSchedule(name)

    def _new_row(self, definition: Mapping[str, Any], dialect: Dialect | None) -> dict[str, Any]:
        """The columns of a new schedule, checked and spelled as its owner's language does."""
        schedule_rows.check(definition, complete=True)
        owner = definition.get("application_name") or self._application_name
        spoken = owner_dialect(self._db, owner, dialect or self._dialect)
        zone = definition.get("cron_timezone")
        schedule_rows.check_times(definition["schedule"], zone, spoken)
        row = {
            "schedule_id": str(uuid.uuid4()),
            "schedule_name": definition["schedule_name"],
            "workflow_name": definition["workflow_name"],
            "workflow_class_name": schedule_rows.class_name_of(
                definition.get("workflow_class_name"), spoken
            ),
            "schedule": definition["schedule"],
            "context": schedule_rows.encode_context(
                definition.get("context", schedule_rows.no_context(spoken, self._serialization)),
                spoken,
                self._serialization,
            ),
            "automatic_backfill": definition.get("automatic_backfill", False),
            "cron_timezone": zone,
            "queue_name": definition.get("queue_name"),
            "application_name": owner,
        }
        schedule_rows.check_supported(row, self._db)
        return row

    def _spoken(
        self, row: Row, changes: Mapping[str, Any], stated: Dialect | None
    ) -> dict[str, Any]:
        """Those of the changed columns that the language of the schedule's owner spells."""
        columns: dict[str, Any] = {"new_context": None}
        if not any(field in changes for field in _SPOKEN):
            return columns
        dialect = self._dialect_of_row(row, stated)
        merged = {**row, **changes}
        schedule_rows.check_times(merged["schedule"], merged["cron_timezone"], dialect)
        columns["workflow_class_name"] = schedule_rows.class_name_of(
            merged["workflow_class_name"], dialect
        )
        if "context" in changes:
            columns["new_context"] = schedule_rows.encode_context(
                changes["context"], dialect, self._serialization
            )
        return columns

    def _dialect_of_row(self, row: Row, stated: Dialect | None) -> Dialect:
        """The language of a schedule that exists; its own context tells it before other rows."""
        known = stated or self._dialect or dialect_of(row["context"])
        owner = row["application_name"] or self._application_name
        return owner_dialect(self._db, owner, known)

    def _update_schedule(
        self,
        name: str,
        changes: Mapping[str, Any],
        dialect: Dialect | None,
        revision: str | None,
    ) -> Row | None:
        """The row as it is written; None if somebody else wrote it first."""
        row = self._schedule_row(name)
        params = {**row, **changes, **self._spoken(row, changes, dialect)}
        wanted = {**params, "context": params["new_context"] or row["context"], "revision": None}
        if revision not in (None, row["revision"]) and any(
            wanted[field] != row[field] for field in changes
        ):
            raise ScheduleChanged(name)
        return wanted if self._db.write(_UPDATE, params, repeatable=True) else None

    def _schedule_row(self, name: str) -> Row:
        rows = self._read_schedules(names=[name])
        if not rows:
            raise NonExistentSchedule(name)
        return rows[0]

    def _read_schedules(self, **narrowed: Sequence[str] | None) -> list[Row]:
        params = {**schedule_rows.ANY, **narrowed, "max_bytes": self._max_payload_bytes}
        return self._db.read(schedule_rows.READ, params)


def _several(value: str | Sequence[str] | None) -> list[str] | None:
    if value is None:
        return None
    return [value] if isinstance(value, str) else list(value)
