"""Apply: make the schedules of an application those of a list, all at once or not at all."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from client_core.database import Execute, Params, Row
from client_core.dialects import Dialect, owner_dialect
from client_core.errors import InvalidOption
from client_core.records import ScheduleDifference
from client_core.resource_errors import assert_owner
from client_core.schedule_rows import ScheduleDefinition
from client_core.schedules import Schedules

# A row that has what is asked for already is not written, and none is while another application
# owns one of the names. ID, status and last_fired_at stay. What somebody else changes between the
# statement's snapshot and its writes is left alone or met anew; `is_done` tells where.
_APPLY: LiteralString = """
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS g (
        schedule_id text, schedule_name text, workflow_name text, workflow_class_name text,
        schedule text, context text, automatic_backfill boolean, cron_timezone text,
        queue_name text, application_name text)
), compared AS (
    SELECT COALESCE(g.schedule_name, s.schedule_name) AS schedule_name,
        s.application_name AS owner, g.application_name AS wanted_by,
        CASE
            WHEN s.schedule_id IS NULL THEN 'created'
            WHEN g.schedule_id IS NULL THEN 'deleted'
            WHEN s.application_name <> g.application_name THEN 'foreign'
            WHEN (s.workflow_name, s.workflow_class_name, s.schedule, s.context,
                  s.automatic_backfill, s.cron_timezone, s.queue_name, s.application_name)
                 IS NOT DISTINCT FROM
                 (g.workflow_name, g.workflow_class_name, g.schedule, g.context,
                  g.automatic_backfill, g.cron_timezone, g.queue_name,
                  COALESCE(s.application_name, g.application_name)) THEN 'unchanged'
            ELSE 'updated'
        END AS action
    FROM given g FULL JOIN {schema}.workflow_schedules s USING (schedule_name)
    WHERE g.schedule_id IS NOT NULL
       OR (%(prune)s AND s.application_name IS NOT DISTINCT FROM %(application_name)s)
), allowed AS (
    SELECT NOT %(dry_run)s AND NOT EXISTS (SELECT FROM compared WHERE action = 'foreign') AS yes
), written AS (
    INSERT INTO {schema}.workflow_schedules AS s (
        automatic_backfill,  -- since workflow_schedules.automatic_backfill
        cron_timezone,  -- since workflow_schedules.cron_timezone
        queue_name,  -- since workflow_schedules.queue_name
        application_name,  -- since workflow_schedules.application_name
        schedule_id, schedule_name, workflow_name, workflow_class_name, schedule, status, context
    )
    SELECT
        g.automatic_backfill,  -- since workflow_schedules.automatic_backfill
        g.cron_timezone,  -- since workflow_schedules.cron_timezone
        g.queue_name,  -- since workflow_schedules.queue_name
        g.application_name,  -- since workflow_schedules.application_name
        g.schedule_id, schedule_name, g.workflow_name, g.workflow_class_name, g.schedule,
        'ACTIVE', g.context
    FROM given g JOIN compared USING (schedule_name), allowed
    WHERE yes AND action IN ('created', 'updated')
    ORDER BY schedule_name
    ON CONFLICT (schedule_name) DO UPDATE SET
-- since workflow_schedules.automatic_backfill:
        automatic_backfill = excluded.automatic_backfill,
-- end
        cron_timezone = excluded.cron_timezone,  -- since workflow_schedules.cron_timezone
        queue_name = excluded.queue_name,  -- since workflow_schedules.queue_name
-- since workflow_schedules.application_name:
        application_name = COALESCE(s.application_name, excluded.application_name),
-- end
        workflow_name = excluded.workflow_name,
        workflow_class_name = excluded.workflow_class_name, schedule = excluded.schedule,
        context = excluded.context
-- since workflow_schedules.application_name:
    WHERE s.application_name IS NULL
       OR COALESCE(excluded.application_name, s.application_name) = s.application_name
-- end
    RETURNING schedule_name, CASE
        WHEN schedule_id IN (SELECT schedule_id FROM given) THEN 'created' ELSE 'updated'
    END AS action
), pruned AS (
    DELETE FROM {schema}.workflow_schedules s USING compared c, allowed
    WHERE yes AND action = 'deleted' AND s.schedule_name = c.schedule_name
-- since workflow_schedules.application_name:
      AND s.application_name IS NOT DISTINCT FROM %(application_name)s
-- end
    RETURNING s.schedule_name, action
), done AS (
    SELECT * FROM written UNION ALL SELECT * FROM pruned
)
SELECT schedule_name, owner, wanted_by, action, NOT yes OR action = 'unchanged' OR EXISTS (
        SELECT FROM done
        WHERE done.schedule_name = compared.schedule_name AND done.action = compared.action
    ) AS is_done
FROM compared, allowed ORDER BY schedule_name"""


class _Overtaken(Exception):
    """Somebody else changed a schedule of the list while it was applied."""


class ScheduleApply(Schedules):
    """The part of the client that applies lists of schedules."""

    def apply_schedules(
        self,
        schedules: Sequence[ScheduleDefinition],
        *,
        prune: bool = True,
        dry_run: bool = False,
        dialect: Dialect | None = None,
    ) -> ScheduleDifference:
        """Create, change and delete schedules until they are those of the list.

        A schedule that exists keeps its ID, its status and when it fired last; one that is as it
        shall be is not written. With ``prune`` those that the list leaves out are deleted: of the
        client's own application, or the unclaimed ones if the client has none. ``dry_run`` changes
        nothing and returns what would be.

        Raises what :meth:`create_schedule` raises, but for :class:`ScheduleExists`; then nothing
        is changed. :class:`OutcomeUnknown` if the connection broke; it is safe to repeat.
        """
        params = {
            "rows": Jsonb(self._new_rows(schedules, dialect)),
            "prune": prune,
            "dry_run": dry_run,
            "application_name": self._application_name,
        }
        while True:
            try:
                found = self._db.transaction(lambda execute: _apply(execute, params))
                break
            except _Overtaken:
                continue
        for row in found:
            if row["action"] == "foreign":
                assert_owner("schedule", row["schedule_name"], row["owner"], row["wanted_by"])
        return ScheduleDifference(
            *(
                tuple(row["schedule_name"] for row in found if row["action"] == action)
                for action in ("created", "updated", "unchanged", "deleted")
            )
        )

    def _new_rows(
        self, schedules: Sequence[Mapping[str, Any]], dialect: Dialect | None
    ) -> list[dict[str, Any]]:
        known: dict[str | None, Dialect] = {}
        rows: dict[str, dict[str, Any]] = {}
        for number, definition in enumerate(schedules):
            owner = definition.get("application_name") or self._application_name
            if owner not in known:
                known[owner] = owner_dialect(self._db, owner, dialect or self._dialect)
            try:
                row = self._new_row(definition, known[owner])
                if row["schedule_name"] in rows:
                    raise InvalidOption({"schedule_name": "is in the list twice"})
            except InvalidOption as error:
                problems = {f"{number}.{name}": rule for name, rule in error.problems.items()}
                raise InvalidOption(problems) from error
            rows[row["schedule_name"]] = row
        return list(rows.values())


def _apply(execute: Execute, params: Params) -> list[Row]:
    """What was compared, once all of it was done as it is told; else nothing is."""
    found = execute(_APPLY, params)
    if not all(row["is_done"] for row in found):
        raise _Overtaken
    return found
