"""The second look: what changed of a run between what a person saw and what the person asks for."""

from client_core import WorkflowStatus
from console.templatetags.console import status_word

#: The fields that tell a run from what it was, in the order in which a page keeps them.
_KEPT = ("updated_at", "recovery_attempts", "priority", "delay_until_epoch_ms")


def seen(run: WorkflowStatus) -> str:
    """What a page keeps of a run, to tell later whether that is still so."""
    return ".".join([run.status, *(str(getattr(run, field) or 0) for field in _KEPT)])


def changed(before: str, run: WorkflowStatus) -> str | None:
    """What changed since, as a sentence; None while the run is what it was.

    Text that no page made tells nothing, and is taken for a change.
    """
    now = seen(run)
    if before == now:
        return None
    status, *kept = before.rsplit(".", len(_KEPT))
    if len(kept) != len(_KEPT):
        return "It may have changed since you looked."
    was = dict(zip(_KEPT, kept, strict=True))
    told = []
    if status != run.status:
        told.append(f"it was {status_word(status)}, and is {status_word(run.status)} now")
    if was["recovery_attempts"] != str(run.recovery_attempts or 0):
        told.append(f"it was started again, {run.recovery_attempts:,} times by now")
    if was["priority"] != str(run.priority or 0):
        told.append(f"its priority was {was['priority']}, and is {run.priority} now")
    if was["delay_until_epoch_ms"] != str(run.delay_until_epoch_ms or 0):
        told.append("its delay was moved")
    if not told:
        told = [f"somebody acted on it, and it is {status_word(run.status)} again"]
    return f"It changed since you looked: {'; '.join(told)}."
