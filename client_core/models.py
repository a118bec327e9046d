"""What the client returns: immutable records with the official SDK's field names.

Times are Unix epoch milliseconds, as the system database keeps them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from client_core.serialization import RawValue, RecordedError, WorkflowInputs


class StatusString(StrEnum):
    """The states of a workflow. A newer SDK may bring others, so records carry plain text."""

    #: Waits until ``delay_until_epoch_ms`` before it may be dequeued.
    DELAYED = "DELAYED"
    #: Waits on its queue.
    ENQUEUED = "ENQUEUED"
    #: An executor runs it, or ran it when it died.
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"
    #: Given up: its executor died too often while running it.
    MAX_RECOVERY_ATTEMPTS_EXCEEDED = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"


#: Not yet over.
ACTIVE = frozenset({StatusString.DELAYED, StatusString.ENQUEUED, StatusString.PENDING})
#: Over with a result. Neither cancel nor resume touches these.
FINISHED = frozenset({StatusString.SUCCESS, StatusString.ERROR})


class WorkflowStatus(NamedTuple):
    """One workflow run. Payloads are None where they were not asked for."""

    # A named tuple: a page of frozen dataclasses with so many fields takes longer than its query.

    workflow_id: str
    #: A :class:`StatusString`, or a state that this version does not know.
    status: str
    name: str
    class_name: str | None
    config_name: str | None
    authenticated_user: str | None
    assumed_role: str | None
    authenticated_roles: str | None
    queue_name: str | None
    executor_id: str | None
    app_version: str | None
    app_id: str | None
    #: The owning application; None is unclaimed, so that any application may run it.
    application_name: str | None
    created_at: int
    updated_at: int
    #: When it was last dequeued.
    dequeued_at: int | None
    completed_at: int | None
    delay_until_epoch_ms: int | None
    workflow_timeout_ms: int | None
    workflow_deadline_epoch_ms: int | None
    deduplication_id: str | None
    #: 1 … 2,147,483,647, low first; 0 is unset, which comes before all.
    priority: int
    queue_partition_key: str | None
    recovery_attempts: int
    forked_from: str | None
    was_forked_from: bool
    parent_workflow_id: str | None
    schedule_name: str | None
    #: A :class:`RawValue` where they are too deep or too many to be shown.
    attributes: Mapping[str, Any] | RawValue | None
    #: The name of the format of its payloads; None is the application's own default.
    serialization: str | None
    input: WorkflowInputs | RawValue | None = None
    output: Any = None
    error: RecordedError | RawValue | None = None

    @property
    def is_active(self) -> bool:
        """Whether it may still come to run or to an end by itself."""
        return self.status in ACTIVE

    @property
    def cursor(self) -> str:
        """Where this run stands in a list: give it as ``after`` to get those that follow."""
        return f"{self.created_at}.{self.workflow_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepInfo:
    """One recorded step of a workflow, or the start of a child, a sleep, a send or the like."""

    #: Counts from 1 in Python applications and from 0 in TypeScript ones.
    function_id: int
    function_name: str
    output: Any
    error: RecordedError | RawValue | None
    child_workflow_id: str | None
    started_at_epoch_ms: int | None
    completed_at_epoch_ms: int | None


@dataclass(frozen=True, slots=True)
class Transition:
    """What a cancel or resume met and did."""

    workflow_id: str
    #: The status it had before; None when there is no such workflow.
    before: str | None
    #: Whether the status was changed. A finished workflow stays as it is.
    changed: bool
