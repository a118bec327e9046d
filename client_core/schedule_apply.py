"""Apply: make the schedules of an application those of a list, all at once or not at all."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from client_core import schedule_rows
from client_core.database import Execute, Params, Row
from client_core.dialects import Dialect
from client_core.errors import InvalidOption
from client_core.owner_languages import OwnerLanguages
from client_core.ownership import assert_owner
from client_core.records import ScheduleDifference
from client_core.resource_errors import SchedulesChanged
from client_core.schedule_contexts import ScheduleContexts, same_text
from client_core.schedule_differences import difference_of
from client_core.schedule_rows import COLUMNS, KEPT, ScheduleDefinition
from client_core.serialization import SerializationError

# A row that has what is asked for already is not written, and none is while another application
# owns one of the names. ID, status and last_fired_at stay. What somebody else changes between the
# statement's snapshot and its writes is left alone or met anew; `is_done` tells where.
_APPLY: LiteralString = f"""
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS g (
        schedule_id text, schedule_name text, workflow_name text, workflow_class_name text,
        schedule text, context text, automatic_backfill boolean, cron_timezone text,
        queue_name text, application_name text)
), compared AS (
    SELECT COALESCE(g.schedule_name, s.schedule_name) AS schedule_name,
        s.application_name AS owner, g.application_name AS wanted_by, s.xmin AS row_version,
        COALESCE(g.context, s.context) AS context,
        CASE
            WHEN g.schedule_id IS NULL THEN 'deleted'
            WHEN COALESCE(g.context, s.context) IS NULL THEN 'lacking'
            WHEN s.schedule_id IS NULL THEN 'created'
            WHEN s.application_name <> g.application_name THEN 'foreign'
            WHEN (s.workflow_name, s.workflow_class_name, s.schedule, s.context,
                  s.automatic_backfill, s.cron_timezone, s.queue_name, s.application_name)
                 IS NOT DISTINCT FROM
                 (g.workflow_name, g.workflow_class_name, g.schedule,
                  COALESCE(g.context, s.context),
                  g.automatic_backfill, g.cron_timezone, g.queue_name,
                  COALESCE(s.application_name, g.application_name)) THEN 'unchanged'
            ELSE 'updated'
        END AS action
    FROM given g FULL JOIN {{schema}}.workflow_schedules s USING (schedule_name)
    WHERE g.schedule_id IS NOT NULL
       OR (%(prune)s AND s.application_name IS NOT DISTINCT FROM %(application_name)s)
), allowed AS (
    SELECT NOT %(dry_run)s AND NOT EXISTS (
        SELECT FROM compared WHERE action IN ('foreign', 'lacking')) AS yes
), locked AS (
    SELECT s.schedule_name FROM {{schema}}.workflow_schedules s
    JOIN compared c USING (schedule_name), allowed
    WHERE yes AND action IN ('updated', 'deleted') AND s.xmin = c.row_version
    ORDER BY s.schedule_name FOR UPDATE OF s
), written AS (
    INSERT INTO {{schema}}.workflow_schedules AS s (
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
        'ACTIVE', c.context
    FROM given g JOIN compared c USING (schedule_name), allowed
    WHERE yes AND (action = 'created'
        OR (action = 'updated' AND schedule_name IN (SELECT schedule_name FROM locked)))
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
    DELETE FROM {{schema}}.workflow_schedules s USING compared c, locked l
    WHERE action = 'deleted' AND s.schedule_name = c.schedule_name
      AND l.schedule_name = c.schedule_name
    RETURNING s.schedule_name, action
), done AS (
    SELECT * FROM written UNION ALL SELECT * FROM pruned
)
SELECT c.schedule_name AS name, owner, wanted_by, action, before.*,
    NOT yes OR action = 'unchanged' OR EXISTS (
        SELECT FROM done
        WHERE done.schedule_name = c.schedule_name AND done.action = c.action
    ) AS is_done
FROM compared c CROSS JOIN allowed LEFT JOIN (
    SELECT {COLUMNS} FROM {{schema}}.workflow_schedules
) before ON before.schedule_name = c.schedule_name AND action <> 'unchanged'
ORDER BY c.schedule_name"""  # noqa: S608  # texts of ours alone

# Two lists of names that nobody has yet would meet nowhere: both would be written, and what the
# one prunes would be there.
_ONE_AT_A_TIME: LiteralString = """
SELECT pg_advisory_xact_lock(hashtextextended('apply schedules of ' || %(schema_name)s, 0))"""


class _Overtaken(Exception):
    """Somebody else changed a schedule of the list while it was applied."""


class ScheduleApply(ScheduleContexts):
    """The part of the client that applies lists of schedules."""

    def apply_schedules(
        self,
        schedules: Sequence[ScheduleDefinition],
        *,
        application_name: str | None = None,
        prune: bool = True,
        dry_run: bool = False,
        revision: str | None = None,
        dialect: Dialect | None = None,
    ) -> ScheduleDifference:
        """Create, change and delete schedules until they are those of the list.

        A schedule that exists keeps its ID, its status and when it fired last; one that is as it
        shall be is not written. Those that name no application are of ``application_name``, by
        default the client's own. With ``prune`` what the list leaves out is deleted: of the same
        application, or the unclaimed schedules without one. ``dry_run`` changes nothing and
        returns what would be; its ``revision`` makes a later call do that alone, or raise
        :class:`SchedulesChanged`. Of several calls at once each is done as a whole, in some order.

        Raises :class:`InvalidOption` with everything that is wrong in any schedule of the list,
        by its number, as in “3.schedule”; :class:`DialectUnknown` and
        :class:`OwnedByAnotherApplication`. Then nothing is changed. :class:`OutcomeUnknown` if
        the connection broke; it is safe to repeat.
        """
        owner = application_name or self._application_name
        rows = self._new_rows(schedules, owner, dialect)
        params = {
            "rows": Jsonb(rows),
            "prune": prune,
            "dry_run": dry_run,
            "application_name": owner,
            "max_bytes": self._max_payload_bytes,
            "schema_name": self._db.schema_name,
        }

        def apply(execute: Execute) -> ScheduleDifference:
            found = _apply(execute, params)
            _assert_allowed(found, rows)
            difference = difference_of(found, rows, self._serialization)
            if revision not in (None, difference.revision):
                raise SchedulesChanged(difference)
            return difference

        while True:
            try:
                return self._db.transaction(apply)
            except _Overtaken:
                continue

    def _new_rows(
        self, schedules: Sequence[Mapping[str, Any]], owner: str | None, dialect: Dialect | None
    ) -> list[dict[str, Any]]:
        """The columns of each schedule of a list; raises everything that is wrong with any."""
        named = [
            {**one, "application_name": one.get("application_name") or owner} for one in schedules
        ]
        spoken = OwnerLanguages(self._db, dialect or self._dialect)
        problems: dict[str, str] = {}
        seen: set[str] = set()
        for number, definition in enumerate(named):
            found = schedule_rows.problems_of(definition, spoken.of(definition["application_name"]))
            name = definition.get("schedule_name")
            if "schedule_name" not in found and name in seen:
                found["schedule_name"] = "is in the list twice"
            elif "schedule_name" not in found:
                seen.add(str(name))
            problems |= {f"{number}.{field}": rule for field, rule in found.items()}
        if spoken.unknown and not problems:
            raise spoken.unknown
        rows = [] if problems else self._rows_of(named, spoken, problems)
        if problems:
            raise InvalidOption(problems)
        return rows

    def _rows_of(
        self, named: Sequence[Mapping[str, Any]], spoken: OwnerLanguages, problems: dict[str, str]
    ) -> list[dict[str, Any]]:
        names = [definition["schedule_name"] for definition in named]
        there = {row["schedule_name"]: row for row in self._read_schedules(names=names)}
        rows = []
        for number, definition in enumerate(named):
            language = spoken.of(definition["application_name"])
            given = {
                "context": schedule_rows.no_context(language, self._serialization),
                **definition,
            }
            context = given["context"]
            if context is KEPT:
                del given["context"]
            try:
                row = self._new_row(given, language)
            except SerializationError as error:
                problems[f"{number}.context"] = f"cannot be written: {error}"
                continue
            had = there.get(row["schedule_name"])
            row["context"] = (
                None if context is KEPT else same_text(had, context, language, row["context"])
            )
            rows.append(row)
        return rows


def _apply(execute: Execute, params: Params) -> list[Row]:
    """What was compared, once all of it was done as it is told; else nothing is."""
    if not params["dry_run"]:
        execute(_ONE_AT_A_TIME, params)
    found = execute(_APPLY, params)
    if not all(row["is_done"] for row in found):
        raise _Overtaken
    return found


def _assert_allowed(found: Sequence[Row], rows: Sequence[Mapping[str, Any]]) -> None:
    """Raise for what another application owns, and for a context that is nowhere."""
    lacking = {row["name"] for row in found if row["action"] == "lacking"}
    if lacking:
        rule = "is to be the one that the schedule has, and there is no such schedule"
        numbers = [n for n, row in enumerate(rows) if row["schedule_name"] in lacking]
        raise InvalidOption({f"{number}.context": rule for number in numbers})
    for row in found:
        if row["action"] == "foreign":
            assert_owner("schedule", row["name"], row["owner"], row["wanted_by"])
