"""What happened to a run, in the lengths of time that its story is told with."""

from dataclasses import dataclass

from client_core import StatusString, WorkflowStatus

#: Nobody wants to hear of a shorter wait on a queue.
WORTH_TELLING_MS = 1_000


@dataclass(frozen=True, slots=True)
class Story:
    """The story of one run; None is what there was not."""

    delay_ms: int | None
    #: On its queue, before it was last started.
    waited_ms: int | None
    started_ms: int
    #: Since it was last started.
    so_far_ms: int
    ran_ms: int | None
    ended_ms: int
    #: How often it was started again after its executor had stopped.
    recoveries: int
    #: Whether it was cancelled because its deadline had come.
    is_late: bool


def story(run: WorkflowStatus, *, now_ms: int) -> Story:
    """Tell it from what is recorded."""
    started = run.dequeued_at or run.created_at
    ended = run.completed_at or run.updated_at
    delay, deadline = run.delay_until_epoch_ms, run.workflow_deadline_epoch_ms
    waited = started - run.created_at if run.queue_name else 0
    never_ran = (
        run.status == StatusString.CANCELLED
        and run.queue_name is not None
        and run.dequeued_at is None
    )
    return Story(
        delay_ms=None if delay is None else round(max(0, delay - run.created_at), -3),
        waited_ms=waited if waited >= WORTH_TELLING_MS else None,
        started_ms=started,
        so_far_ms=max(0, now_ms - started),
        ran_ms=None if never_ran else max(0, ended - started),
        ended_ms=ended,
        recoveries=max(0, run.recovery_attempts - 1),
        is_late=run.status == StatusString.CANCELLED and deadline is not None and ended >= deadline,
    )
