"""The records of queues, application versions and schedules. Times are epoch milliseconds."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from client_core.dialects import Dialect


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``limit`` runs start within any window of ``period_seconds``."""

    limit: int
    period_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One registered queue; a limit that is None does not exist."""

    name: str
    #: Runs at once, over all executors.
    global_concurrency: int | None
    #: Runs at once on each executor.
    worker_concurrency: int | None
    limiter: RateLimit | None
    #: The same for each partition. Any of these makes the queue a partitioned one, on which
    #: every run needs a partition key.
    partition_concurrency: int | None
    partition_worker_concurrency: int | None
    partition_limiter: RateLimit | None
    #: How often an executor looks for runs.
    polling_interval_seconds: float
    created_at: int
    updated_at: int
    #: The owning application; None is unclaimed.
    application_name: str | None

    @property
    def is_partitioned(self) -> bool:
        """Whether a run on it needs a ``queue_partition_key``."""
        limits = (
            self.partition_concurrency,
            self.partition_worker_concurrency,
            self.partition_limiter,
        )
        return any(limit is not None for limit in limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionInfo:
    """One version of an application. The latest has the highest ``version_timestamp``."""

    version_id: str
    version_name: str
    version_timestamp: int
    created_at: int
    application_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowSchedule:
    """One cron schedule."""

    schedule_id: str
    schedule_name: str
    workflow_name: str
    #: None or empty where the workflow is a function: the SDKs differ.
    workflow_class_name: str | None
    #: The cron expression, of five fields, or of six with the seconds first.
    schedule: str
    #: “ACTIVE” or “PAUSED”.
    status: str
    #: The second argument of each run; a :class:`RawValue` where it cannot be shown.
    context: Any
    #: When it fired last, as the application spelled it.
    last_fired_at: str | None
    #: Whether the application starts what it missed while it was down.
    automatic_backfill: bool
    #: An IANA name; None is UTC to Python and the process's own zone to TypeScript.
    cron_timezone: str | None
    #: None is DBOS's internal queue.
    queue_name: str | None
    application_name: str | None
    #: The language whose own format the context is in; None where its text does not tell.
    dialect: Dialect | None = None
    #: What all that may be changed of it comes to, to tell later whether it is still so. It is not
    #: another when the schedule fires, is paused or resumed. None of one that was just written.
    revision: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ScheduledRun:
    """A run that a backfill starts, or leaves alone because it exists already."""

    workflow_id: str
    scheduled_at: datetime
    exists: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleChange:
    """What applying a list makes of one schedule."""

    schedule_name: str
    action: Literal["created", "updated", "deleted"]
    #: None of one that is created.
    before: WorkflowSchedule | None
    #: None of one that is deleted.
    after: WorkflowSchedule | None
    #: What of it becomes another, in the order of :class:`WorkflowSchedule`.
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScheduleDifference:
    """What applying a list of schedules changes, as names in order."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    deleted: tuple[str, ...]
    #: All but the unchanged, each by itself, in the order of their names.
    changes: tuple[ScheduleChange, ...] = field(default=(), repr=False, compare=False)
    #: What the difference comes to: the same as long as the same list changes the same.
    revision: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ExportedSchedule:
    """A schedule in the form that a list to be applied has."""

    #: What :meth:`DBOSClient.apply_schedules` takes. Values are of JSON; a context that JSON
    #: cannot say is :data:`KEPT`.
    definition: dict[str, Any]
    #: Why it has no context, where one is there.
    gap: str
    #: Whether it is paused, which is no part of a list.
    is_paused: bool
