"""What became of a write, in sentences for the person who asked for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from client_core import OutcomeUnknown, RateLimit, StatusString, SystemDatabaseError, Transition
from client_core.models import WorkflowStatus
from console.http import Level
from console.models import AuditEntry
from console.permissions import Action
from console.systems import System

#: Of so many runs that were changed together an entry tells each.
MOST_NAMED = 100
_BROKE = "The connection broke before the database answered"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a write, in a sentence for the person who asked for it."""

    level: Level
    text: str
    #: The run that came of it, where that is another one than was acted on.
    run: str | None = None


def of_entry(entry: AuditEntry) -> Outcome:
    """What to tell who sends a form again."""
    text = {
        AuditEntry.Outcome.DONE: "This was sent twice, and done once.",
        AuditEntry.Outcome.STARTED: "This was sent twice. The first is under way or was "
        "interrupted: look what became of it before you repeat it.",
    }.get(
        AuditEntry.Outcome(entry.outcome),
        "This was sent twice, and of the first nobody knows whether it was done: look what became "
        "of it before you repeat it.",
    )
    run = {
        Action.WORKFLOW_ENQUEUE: (entry.changed or {}).get("workflow_id", entry.target),
        Action.WORKFLOW_FORK: entry.parameters.get("new_workflow_id"),
    }.get(Action(entry.action))
    return Outcome("warning", text, run)


def changed_status(
    transition: Transition, after: str, children: Sequence[Transition] = ()
) -> dict[str, Any]:
    """What an audit entry keeps of a change: the status before and after, also of those below."""
    found = [one for one in (transition, *children) if one.changed][:MOST_NAMED]
    return {one.workflow_id: [one.before, after] for one in found}


def changed_fields(before: Any, after: Any, names: Iterable[str]) -> dict[str, Any]:
    """What an audit entry keeps of a change of fields: each before and after."""
    found = {name: [getattr(one, name, None) for one in (before, after)] for name in names}
    return {name: [plain(one) for one in pair] for name, pair in found.items()}


def plain(value: Any) -> Any:
    """A limit as an audit entry keeps it."""
    return [value.limit, value.period_seconds] if isinstance(value, RateLimit) else value


def of_transition(transition: Transition, text: str) -> Outcome:
    """What became of a change that a run which is over does not take."""
    if transition.changed:
        return Outcome("success", text)
    if transition.before is None:
        return Outcome("warning", "There is no such workflow any more; nothing was changed.")
    return Outcome("warning", f"It was already over ({transition.before}); nothing was changed.")


def of_cancel(transition: Transition) -> Outcome:
    """What became of a run that was to be cancelled."""
    if transition.before == StatusString.CANCELLED:
        return Outcome("warning", "It was cancelled already.")
    if transition.before == StatusString.PENDING:
        return Outcome("success", "Cancelled. Running code stops at its next step.")
    return of_transition(transition, "Cancelled before it ran.")


def of_family(outcome: Outcome, children: list[Transition]) -> Outcome:
    """What became of a run, and of all that it had started."""
    stopped = [one for one in children if one.changed and one.before != StatusString.CANCELLED]
    if not children:
        return Outcome(outcome.level, f"{outcome.text} It had started no other run.")
    told = f"Of the {runs(len(children))} below it {len(stopped):,} were cancelled"
    over = len(children) - len(stopped)
    rest = f"; {over:,} were over already." if over else "."
    return Outcome("success" if stopped else outcome.level, f"{outcome.text} {told}{rest}")


def of_delete(workflow_id: str, gone: Sequence[str]) -> Outcome:
    """What became of a run that was to be deleted, and perhaps of what it had started."""
    others = len(gone) - (workflow_id in gone)
    if workflow_id not in gone:
        told = f", but {runs(others)} below it were deleted" if others else "; nothing was deleted"
        return Outcome("warning", f"{workflow_id} was gone already{told}.")
    more = f" and {runs(others)} below it" if others else ""
    return Outcome("success", f"Deleted {workflow_id}{more}.")


def of_waiting(transition: Transition, text: str, instead: str) -> Outcome:
    """What became of a change that only a waiting run takes."""
    if transition.changed or transition.before is None:
        return of_transition(transition, text)
    return Outcome("warning", f"{instead} ({transition.before}); nothing was changed.")


def look_again(
    system: System, workflow_id: str, error: OutcomeUnknown, *, with_children: bool = False
) -> Outcome:
    """What tells a person whether it was done, when the answer of a write was lost.

    Raises the error again where the database does not answer this either.
    """
    found = _found(system, workflow_id, error)
    told = f"It is now {_stands(found)}." if found else "It is gone."
    family = " What it started may be as it was: look at each run." if with_children else ""
    return Outcome("warning", f"{_BROKE}. {told}{family}")


def look_for(system: System, new_id: str, error: OutcomeUnknown) -> Outcome:
    """That a new run is there, though the answer was lost; raises the error if it is not seen."""
    if not _found(system, new_id, error):
        raise error
    return Outcome("warning", f"{_BROKE}, but a run with this ID is there.", new_id)


def _found(system: System, workflow_id: str, error: OutcomeUnknown) -> WorkflowStatus | None:
    try:
        return next(iter(system.client.list_workflows(workflow_ids=workflow_id)), None)
    except SystemDatabaseError:
        raise error from None


def _stands(run: WorkflowStatus) -> str:
    """What of a run an act may have changed."""
    told = str(run.status)
    if run.status in (StatusString.ENQUEUED, StatusString.DELAYED):
        told += f", on the queue {run.queue_name}, with the priority {run.priority or 0:,}"
    if run.status == StatusString.DELAYED and run.delay_until_epoch_ms is not None:
        told += f", until {_moment(run.delay_until_epoch_ms)}"
    return told


def _moment(epoch_ms: int) -> str:
    try:
        moment = datetime.fromtimestamp(epoch_ms / 1_000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{epoch_ms:,} ms after 1970"
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S %Z")


def runs(count: int) -> str:
    """So many runs, in words."""
    return "1 run" if count == 1 else f"{count:,} runs"
