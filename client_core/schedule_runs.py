"""Runs of schedules that somebody asks for: one now, or those that a period should have had."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, LiteralString

from client_core import schedule_rows
from client_core.control import INTERNAL_QUEUE_NAME
from client_core.cron import scheduled_run_id, times_between, triggered_run_id
from client_core.cron.times import CronDialect
from client_core.database import Row
from client_core.dialects import DEFAULT_FORMATS, Dialect
from client_core.errors import InvalidOption
from client_core.handle import WorkflowHandle
from client_core.identity import identity_columns
from client_core.records import ScheduledRun
from client_core.schedules import Schedules
from client_core.serialization import RawValue, SerializationError
from client_core.workflows import Workflows

#: So many runs one backfill may start, unless it is told otherwise.
BACKFILL_LIMIT = 10_000

# The IDs are those of the live scheduler, so what ran already is left alone. The token tells the
# rows of this call, also when the statement is sent again. The version is the owner's latest; with
# none registered the run is for the latest when it is dequeued.
_START: LiteralString = """
WITH given AS (
    SELECT unnest(%(workflow_ids)s::text[]) AS workflow_uuid, unnest(%(inputs)s::text[]) AS inputs
-- since application_versions:
), latest AS (
    SELECT version_name FROM {schema}.application_versions v
    WHERE %(application_name)s::text IS NULL OR v.application_name IS NULL
       OR v.application_name = %(application_name)s
    ORDER BY version_timestamp DESC LIMIT 1
-- end
), created AS (
    INSERT INTO {schema}.workflow_status (
        application_version,  -- since application_versions
        schedule_name,  -- since workflow_status.schedule_name
        application_name,  -- since workflow_status.application_name
        serialization,  -- since workflow_status.serialization
        creator_xid,  -- since workflow_status.creator_xid
        -- before workflow_input: inputs,
        workflow_uuid, status, name, class_name, queue_name, priority, recovery_attempts,
        authenticated_user, authenticated_roles, assumed_role, executor_id, application_id
    )
    SELECT
        (SELECT version_name FROM latest),  -- since application_versions
        %(schedule_name)s,  -- since workflow_status.schedule_name
        %(application_name)s,  -- since workflow_status.application_name
        %(serialization)s,  -- since workflow_status.serialization
        %(creator_xid)s,  -- since workflow_status.creator_xid
        -- before workflow_input: inputs,
        workflow_uuid, 'ENQUEUED', %(workflow_name)s, %(workflow_class_name)s, %(queue_name)s, 0,
        0, %(authenticated_user)s, %(authenticated_roles)s, %(assumed_role)s, %(executor_id)s,
        %(application_id)s
    FROM given ORDER BY workflow_uuid
    ON CONFLICT (workflow_uuid) DO NOTHING
    RETURNING workflow_uuid
-- since workflow_input:
), arguments AS (
    INSERT INTO {schema}.workflow_input (workflow_uuid, inputs)
    SELECT workflow_uuid, inputs FROM given JOIN created USING (workflow_uuid)
    ON CONFLICT (workflow_uuid) DO UPDATE SET inputs = excluded.inputs
-- end
)
SELECT workflow_uuid AS workflow_id FROM created
UNION ALL
SELECT workflow_uuid FROM {schema}.workflow_status
WHERE workflow_uuid = ANY(%(workflow_ids)s) AND creator_xid = %(creator_xid)s"""

_EXISTING: LiteralString = """
SELECT workflow_uuid AS workflow_id FROM {schema}.workflow_status
WHERE workflow_uuid = ANY(%(workflow_ids)s)"""


class ScheduleRuns(Schedules):
    """The part of the client that starts runs of schedules."""

    _workflows: Workflows

    def trigger_schedule(self, name: str, *, dialect: Dialect | None = None) -> WorkflowHandle:
        """Start the workflow of a schedule now, also of a paused one.

        Raises :class:`NonExistentSchedule`, :class:`DialectUnknown`, and
        :class:`SerializationError` for a context that cannot be passed on. A connection that
        breaks meanwhile starts it once.
        """
        row = self._schedule_row(name)
        spoken = _cron_dialect(self._dialect_of_row(row, dialect))
        now = datetime.now(UTC)
        if spoken == "typescript":  # Its clock knows no more, and the ID has to say the same.
            now = now.replace(microsecond=now.microsecond // 1_000 * 1_000)
        workflow_id = triggered_run_id(name, now, dialect=spoken)
        return self._start(row, spoken, [workflow_id], [now])[0]

    def backfill_schedule(
        self,
        name: str,
        start: datetime,
        end: datetime,
        *,
        limit: int = BACKFILL_LIMIT,
        dialect: Dialect | None = None,
    ) -> list[WorkflowHandle]:
        """Start every run that a schedule has between two times, both exclusive, in one go.

        A run that exists is left alone; its handle has ``is_new`` False. Raises as
        :meth:`trigger_schedule` does, and :class:`InvalidOption` for times without zone and for
        more than ``limit`` runs. Safe to repeat.
        """
        row, spoken, times = self._times(name, start, end, limit, dialect)
        workflow_ids = [_run_id(row, time, spoken) for time in times]
        return self._start(row, spoken, workflow_ids, times) if times else []

    def preview_backfill(
        self,
        name: str,
        start: datetime,
        end: datetime,
        *,
        limit: int = BACKFILL_LIMIT,
        dialect: Dialect | None = None,
    ) -> list[ScheduledRun]:
        """What :meth:`backfill_schedule` would start, and what it would leave alone."""
        row, spoken, times = self._times(name, start, end, limit, dialect)
        workflow_ids = [_run_id(row, time, spoken) for time in times]
        found = self._db.read(_EXISTING, {"workflow_ids": workflow_ids})
        existing = {run["workflow_id"] for run in found}
        return [
            ScheduledRun(workflow_id, time, workflow_id in existing)
            for workflow_id, time in zip(workflow_ids, times, strict=True)
        ]

    def _times(
        self, name: str, start: datetime, end: datetime, limit: int, dialect: Dialect | None
    ) -> tuple[Row, CronDialect, list[datetime]]:
        row = self._schedule_row(name)
        spoken = _cron_dialect(self._dialect_of_row(row, dialect))
        times = _due(row["schedule"], spoken, row["cron_timezone"], start, end, limit)
        return row, spoken, list(times)

    def _start(
        self, row: Row, dialect: CronDialect, workflow_ids: list[str], times: Sequence[datetime]
    ) -> list[WorkflowHandle]:
        inputs, serialization = self._inputs(row, dialect, times)
        params = {
            **identity_columns(None, None, dialect, serialization),
            "workflow_ids": workflow_ids,
            "inputs": inputs,
            "workflow_name": row["workflow_name"],
            "workflow_class_name": row["workflow_class_name"] or None,
            "queue_name": row["queue_name"] or INTERNAL_QUEUE_NAME,
            "schedule_name": row["schedule_name"],
            "application_name": row["application_name"] or self._application_name,
            # Python leaves the name of its own format out.
            "serialization": None if dialect == "python" else serialization,
            "creator_xid": str(uuid.uuid4()),
        }
        started = {run["workflow_id"] for run in self._db.write(_START, params, repeatable=True)}
        return [
            WorkflowHandle(workflow_id, self._workflows, is_new=workflow_id in started)
            for workflow_id in workflow_ids
        ]

    def _inputs(
        self, row: Row, dialect: CronDialect, times: Sequence[datetime]
    ) -> tuple[list[str], str]:
        """The arguments of each run: its time and the schedule's context."""
        context: Any = schedule_rows.decode_context(row, self._serialization)
        if isinstance(context, RawValue):
            raise SerializationError(f"The schedule's context cannot be read: {context.reason}")
        name = self._serialization.custom or DEFAULT_FORMATS[dialect]
        encode = self._serialization.encode_arguments
        return [encode((time, context), {}, name)[0] for time in times], name


@lru_cache(maxsize=4)  # What was previewed is commonly started next.
def _due(
    schedule: str,
    dialect: CronDialect,
    cron_timezone: str | None,
    start: datetime,
    end: datetime,
    limit: int,
) -> tuple[datetime, ...]:
    zoned: Any = {"dialect": dialect, "timezone": cron_timezone}
    return tuple(times_between(schedule, start=start, end=end, limit=limit, **zoned))


def _run_id(row: Row, time: datetime, dialect: CronDialect) -> str:
    return scheduled_run_id(
        row["schedule_name"], time, dialect=dialect, timezone=row["cron_timezone"]
    )


def _cron_dialect(dialect: Dialect) -> CronDialect:
    if dialect not in ("python", "typescript"):
        raise InvalidOption({"dialect": "must be “python” or “typescript”"})
    return dialect
