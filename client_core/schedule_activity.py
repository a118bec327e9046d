"""What schedules did lately, and in which language their applications read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, LiteralString

from client_core.database import Database
from client_core.dialects import Dialect, owner_dialect
from client_core.records import WorkflowSchedule
from client_core.resource_errors import DialectUnknown

#: So many of the newest runs are looked at, scheduled or not.
NEWEST_RUNS: Final = 5_000

_LATELY: LiteralString = """
SELECT schedule_name, count(*) AS runs,
    count(*) FILTER (WHERE status IN ('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')) AS failures,
    max(created_at) AS last_ms,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY took_ms) FILTER (WHERE status = 'SUCCESS')
        AS median_ms
FROM (
    SELECT
        completed_at - started_at_epoch_ms AS took_ms,  -- since workflow_status.completed_at
        -- before workflow_status.completed_at: updated_at - started_at_epoch_ms AS took_ms,
        schedule_name, status, created_at
    FROM {schema}.workflow_status
    ORDER BY created_at DESC LIMIT %(newest)s
) newest
WHERE schedule_name IS NOT NULL
GROUP BY schedule_name"""


@dataclass(frozen=True, slots=True)
class ScheduleActivity:
    """The runs of one schedule among the newest of the database."""

    runs: int
    #: Those that failed or were given up.
    failures: int
    #: When the newest was created.
    last_ms: int
    #: How long those took that ended well, from their start; half of them took no longer.
    median_ms: int | None = None


class ScheduleActivities:
    """The part of the client that tells what schedules do."""

    _db: Database
    _application_name: str | None
    _dialect: Dialect | None

    def recent_schedule_runs(self, *, newest: int = NEWEST_RUNS) -> dict[str, ScheduleActivity]:
        """What each schedule did, by its name, as far as the ``newest`` runs of all tell.

        Older SDKs do not record which schedule a run is of.
        """
        rows = self._db.read(_LATELY, {"newest": newest})
        return {row.pop("schedule_name"): ScheduleActivity(**row) for row in rows}

    def application_dialect(self, application_name: str | None) -> Dialect | None:
        """The language of an application, as the client was told or the database shows; or None."""
        try:
            owner = application_name or self._application_name
            return owner_dialect(self._db, owner, self._dialect)
        except DialectUnknown:
            return None

    def schedule_dialects(self, schedules: Iterable[WorkflowSchedule]) -> dict[str, Dialect | None]:
        """The language that reads each schedule's cron expression, by the schedule's name.

        It is the client's own, else that of the schedule's context, else that of its application;
        None where nothing tells.
        """
        owners: dict[str | None, Dialect | None] = {}
        found: dict[str, Dialect | None] = {}
        for schedule in schedules:
            known, owner = self._dialect or schedule.dialect, schedule.application_name
            if known is None and owner not in owners:
                owners[owner] = self.application_dialect(owner)
            found[schedule.schedule_name] = known or owners.get(owner)
        return found
