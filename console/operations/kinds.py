"""What may be done to many runs at once: which of them are left alone, and words for outcomes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from client_core import StatusString
from client_core.models import ACTIVE, FINISHED
from console.models import OperationRun
from console.permissions import Action

Outcome = OperationRun.Outcome
Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One action on many runs."""

    action: Action
    #: “Cancel” 12 runs; 12 runs “cancelled”.
    verb: str
    done: str
    icon: str
    #: What a person should know before.
    meaning: str
    #: Why a run of this status is left alone; None if it is not.
    skips: Callable[[str, Parameters], str | None]
    #: The statuses that the action itself brings about.
    results: frozenset[str] = frozenset()
    #: What a person may choose with it, as the form names it.
    asks: tuple[str, ...] = ()
    #: What happens to the runs that they started, if that is chosen.
    family: str = ""
    #: Runs that are acted on in one go; and together with what they started.
    chunk: int = 5_000
    family_chunk: int = 5_000

    def outcome(self, before: str | None, *, again: bool) -> Outcome:
        """What came of a run that was met in this status; ``again`` after an interruption."""
        if before is None:
            return (
                Outcome.AGAIN if again and self.action == Action.WORKFLOW_DELETE else Outcome.GONE
            )
        if before in self.results:
            return Outcome.AGAIN if again else Outcome.ALREADY
        if self.skips(before, {"running": True}):
            return Outcome.FINISHED if before in FINISHED else Outcome.SKIPPED
        is_running = before == StatusString.PENDING and self.action == Action.WORKFLOW_CANCEL
        return Outcome.STOPS if is_running else Outcome.DONE

    def words(self, outcome: str | None) -> str:
        """An outcome as people say it."""
        words: dict[str | None, str] = {
            Outcome.DONE: self.done,
            Outcome.STOPS: f"{self.done}: its code stops at its next step",
            Outcome.SKIPPED: "left alone",
            Outcome.FINISHED: "had ended by then: nothing was changed",
            Outcome.ALREADY: f"was {self.done} already",
            Outcome.AGAIN: f"was {self.done} already when looked at again after an interruption",
            Outcome.GONE: "was not there any more",
            Outcome.REFUSED: "refused: the file says why",
            Outcome.UNKNOWN: "unknown: stopped after an interruption, look at the run",
        }
        return words.get(outcome, "not touched")


def _cancel(status: str, parameters: Parameters) -> str | None:
    if status in FINISHED:
        return "over already"
    return "cancelled already" if status == StatusString.CANCELLED else None


def _resume(status: str, parameters: Parameters) -> str | None:
    if status in FINISHED:
        return "over: it cannot be resumed"
    if status in (StatusString.ENQUEUED, StatusString.DELAYED):
        return "waits already"
    if status == StatusString.PENDING and not parameters.get("running"):
        return "counts as running"
    return None


def _delete(status: str, parameters: Parameters) -> str | None:
    return "not over yet: cancel it first" if status in ACTIVE else None


def _fork(status: str, parameters: Parameters) -> str | None:
    return "not over yet" if status in ACTIVE else None


KINDS = {
    kind.action.value: kind
    for kind in (
        Kind(
            Action.WORKFLOW_CANCEL,
            "Cancel",
            "cancelled",
            "cancelled",
            "Those that wait leave their queue; code that runs stops at its next step, not at "
            "once. They can be resumed later.",
            _cancel,
            frozenset({StatusString.CANCELLED}),
            asks=("children",),
            family="The runs that they started are cancelled too, at any depth.",
        ),
        Kind(
            Action.WORKFLOW_RESUME,
            "Resume",
            "resumed",
            "resume",
            "They go on after their last recorded step. Deadlines and deduplication IDs are "
            "cleared.",
            _resume,
            frozenset({StatusString.ENQUEUED, StatusString.DELAYED}),
            asks=("running", "queue_name"),
        ),
        Kind(
            Action.WORKFLOW_FORK,
            "Run again",
            "started again",
            "child",
            "Each is started again with the same arguments, from its beginning or from the step "
            "that failed, as a new run of the latest version.",
            _fork,
            asks=("from_failure",),
            chunk=50,
        ),
        Kind(
            Action.WORKFLOW_DELETE,
            "Delete",
            "deleted",
            "close",
            "They are gone for good, with their arguments, results and steps.",
            _delete,
            asks=("children",),
            family="The runs that they started are deleted too, at any depth; one that is not "
            "over stays, with all that is below it.",
            chunk=2_000,
            family_chunk=200,
        ),
    )
}
