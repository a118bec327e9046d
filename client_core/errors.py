"""Every error that client_core raises; psycopg's own never leave it.

::

    DBOSClientError
    ├── InvalidOption                what was asked for breaks a rule; names field and rule
    ├── SerializationError           a value cannot be written in the chosen format
    ├── NonExistentWorkflow          no run has this ID
    ├── ConflictingWorkflow          the ID belongs to a run of something else
    ├── WorkflowIDInUse              the ID belongs to a run, and none was to have it
    ├── QueueDeduplicated            the deduplication ID is held by another run of the queue
    ├── OwnedByAnotherApplication    the name of a queue, schedule or version is another's
    ├── NonExistentQueue             no queue has this name
    ├── NonExistentVersion           no application version has this name
    ├── NonExistentSchedule          no schedule has this name
    ├── ScheduleExists               a schedule has this name already
    ├── ScheduleChanged              the schedule is not any more as the caller saw it
    ├── SchedulesChanged             a list would change other things than the caller saw
    ├── DialectUnknown               nothing tells the application's language; set dialect
    ├── InvalidCronExpression        the language refuses the expression
    ├── WaitTimeout                  the wait ended before the workflow did (also a TimeoutError)
    ├── WorkflowFailed               the awaited workflow ended with an error of its own
    ├── AwaitedWorkflowCancelled     the awaited workflow was cancelled
    ├── AwaitedWorkflowMaxRecoveryAttemptsExceeded
    └── SystemDatabaseError
        ├── DatabaseUnavailable      not reached; nothing was written
        ├── OutcomeUnknown           the connection broke before the answer; look before you repeat
        ├── QueryTimeout             stopped by its statement time-out; nothing was written
        ├── DatabaseRefused          PostgreSQL refused the statement; nothing was written
        └── UnsupportedBySchema      this database has no such table or column
"""

from collections.abc import Mapping
from typing import Any


class DBOSClientError(Exception):
    """Base of everything that client_core raises on purpose."""


class InvalidOption(DBOSClientError, ValueError):
    """Options break a rule. ``problems`` maps each offending field to the rule it breaks."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{field}: {rule}" for field, rule in self.problems.items()))


class NonExistentWorkflow(DBOSClientError, LookupError):
    """No workflow with this ID is in the system database."""

    def __init__(self, workflow_id: str) -> None:
        self.workflow_id = workflow_id
        super().__init__(f"There is no workflow with the ID {workflow_id!r}.")


class ConflictingWorkflow(DBOSClientError):
    """The ID belongs to a run whose name, class or configured instance differs."""

    def __init__(self, workflow_id: str, field: str, existing: str | None, given: str | None):
        self.workflow_id = workflow_id
        self.field = field
        self.existing = existing
        self.given = given
        super().__init__(
            f"The workflow ID {workflow_id!r} exists already, with the {field.replace('_', ' ')} "
            f"{existing!r} instead of {given!r}."
        )


class WorkflowIDInUse(DBOSClientError):
    """A run has this ID already, and ``workflow_id_reuse_policy="reject"`` was asked for."""

    def __init__(self, workflow_id: str, workflow_name: str | None) -> None:
        self.workflow_id = workflow_id
        self.workflow_name = workflow_name
        super().__init__(f"A run of {workflow_name!r} has the workflow ID {workflow_id!r} already.")


class QueueDeduplicated(DBOSClientError):
    """Another run of the queue, enqueued or executing, holds this deduplication ID."""

    def __init__(self, queue_name: str, deduplication_id: str) -> None:
        self.queue_name = queue_name
        self.deduplication_id = deduplication_id
        super().__init__(
            f"A run on the queue {queue_name!r} already holds the deduplication ID "
            f"{deduplication_id!r}."
        )


class WaitTimeout(DBOSClientError, TimeoutError):
    """The workflow did not end within the time given for waiting; it goes on undisturbed."""

    def __init__(self, workflow_id: str, timeout_seconds: float) -> None:
        self.workflow_id = workflow_id
        self.timeout_seconds = timeout_seconds
        super().__init__(f"The workflow {workflow_id!r} did not end in {timeout_seconds:g} s.")


class WorkflowFailed(DBOSClientError):
    """The awaited workflow ended with an error; ``error`` is what the application recorded."""

    def __init__(self, workflow_id: str, error: Any) -> None:
        self.workflow_id = workflow_id
        self.error = error
        message = getattr(error, "message", error)
        super().__init__(f"The workflow {workflow_id!r} failed: {message}")


class AwaitedWorkflowCancelled(DBOSClientError):
    """The awaited workflow was cancelled."""

    def __init__(self, workflow_id: str) -> None:
        self.workflow_id = workflow_id
        super().__init__(f"The workflow {workflow_id!r} was cancelled.")


class AwaitedWorkflowMaxRecoveryAttemptsExceeded(DBOSClientError):
    """The awaited workflow was given up after too many recoveries."""

    def __init__(self, workflow_id: str) -> None:
        self.workflow_id = workflow_id
        super().__init__(f"The workflow {workflow_id!r} exceeded its recovery attempts.")


class SystemDatabaseError(DBOSClientError):
    """The system database did not do what was asked."""


class DatabaseUnavailable(SystemDatabaseError):
    """The database was not reached, so nothing was read or written."""


class OutcomeUnknown(SystemDatabaseError):
    """The connection broke after a write was sent and before its answer came.

    It may have happened or not; repeating it could do it twice, so that is left to the caller.
    """


class QueryTimeout(SystemDatabaseError):
    """The statement ran into its time-out and was rolled back."""

    def __init__(self, timeout_ms: int) -> None:
        self.timeout_ms = timeout_ms
        super().__init__(f"The system database took longer than {timeout_ms / 1000:g} s.")


class DatabaseRefused(SystemDatabaseError):
    """PostgreSQL refused the statement: a missing privilege, a read-only server, a limit."""


class UnsupportedBySchema(SystemDatabaseError):
    """The system database lacks what was asked for.

    ``missing`` is the table, or the column as ``table.column``; the message says which SDK brings
    it. :attr:`DBOSClient.capabilities` tells beforehand.
    """

    def __init__(self, message: str, missing: str) -> None:
        self.missing = missing
        super().__init__(message)
