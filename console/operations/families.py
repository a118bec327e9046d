"""What is below the runs of an operation: counted for its plan, and deleted with them.

A run of the plan has its own turn, also where it is below another. What is deleted is written down
before, and the deepest goes first: after a crash what is left is found again from above.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext

from client_core import DBOSClientError, Descendant
from client_core.database import after_a_write
from console.models import Operation, OperationRun
from console.operations import chunks
from console.operations.chunks import Acted, Outcome
from console.permissions import Action
from console.systems import System

#: Runs below that a plan counts, and runs of the plan below which it looks.
MOST_COUNTED, MOST_LOOKED_BELOW = 10_000, 20_000
#: Runs below that some of the plan may have together, and that one statement deletes.
MOST_BELOW, BATCH = 100_000, 2_000
_PAGE = 1_000


def count_below(operation: Operation, system: System) -> None:
    """Count by status what is below the runs that the plan does not leave alone, up to a ceiling.

    It is told as None where the system database does not say it.
    """
    skipped = chunks.skipped(operation)
    acting = [status for status in operation.statuses if status not in skipped]
    roots = OperationRun.objects.filter(operation=operation, status__in=acting)
    ids = roots.order_by("position").values_list("workflow_id", flat=True)
    looked, is_cut = list(ids[: MOST_LOOKED_BELOW + 1]), False
    seen: dict[str, str] = {}
    try:
        for some in _batches(looked[:MOST_LOOKED_BELOW], _PAGE):
            found = system.client.list_descendants(some, limit=MOST_COUNTED + 1)
            below = _from_above(operation, some, found)
            seen |= {one.workflow_id: one.status for one in below}
            is_cut = len(found) > MOST_COUNTED or len(seen) > MOST_COUNTED
            if is_cut:
                break
    except DBOSClientError:
        operation.below = None
        return
    operation.below = dict(Counter(seen.values()))
    operation.below_is_cut = is_cut or len(looked) > MOST_LOOKED_BELOW


def delete_with_below(
    operation: Operation,
    system: System,
    roots: dict[str, str],
    delete: Callable[[Sequence[str]], Iterable[str]],
) -> list[Acted]:
    """Delete runs, given with their statuses, and what is below them; what became of each."""
    ids = list(roots)
    found = system.client.list_descendants(ids, limit=MOST_BELOW + 1)
    if len(found) > MOST_BELOW and len(ids) > 1:
        halves = (ids[: len(ids) // 2], ids[len(ids) // 2 :])
        parts = ({one: roots[one] for one in half} for half in halves)
        return [
            each for part in parts for each in delete_with_below(operation, system, part, delete)
        ]
    if len(found) > MOST_BELOW:
        why = f"more than {MOST_BELOW:,} runs are below it: delete these before"
        return [Acted(one, status, Outcome.REFUSED, why) for one, status in roots.items()]
    below = list(_from_above(operation, ids, found))
    chunks.note(operation, below)
    skips = chunks.kind_of(operation).skips
    going = [one.workflow_id for one in reversed(below) if not skips(one.status, {})]
    gone: set[str] = set()
    for number, some in enumerate(_batches([*going, *ids], BATCH)):
        # What comes after the first is no longer "nothing happened".
        with after_a_write() if number else nullcontext():
            gone.update(delete(some))
        chunks.keep(operation)
    acted = [Acted(one, status if one in gone else None) for one, status in roots.items()]
    for one in below:
        is_spared = one.workflow_id not in gone and skips(one.status, {})
        before = one.status if is_spared or one.workflow_id in gone else None
        outcome = Outcome.SKIPPED if is_spared else None
        acted.append(Acted(one.workflow_id, before, outcome, chunks.started_by(one)))
    return acted


def lost(operation: Operation, system: System, acted: Sequence[Acted]) -> list[Acted]:
    """Runs below that were written down to be deleted, and now are neither found nor there.

    They were deleted before an interruption.
    """
    open_ones = chunks.noted(operation).keys() - {one.workflow_id for one in acted}
    there: set[str] = set()
    for some in _batches(list(open_ones), _PAGE):
        runs = system.client.list_workflows(workflow_ids=some)
        there.update(run.workflow_id for run in runs)
    return [Acted(one, None, Outcome.AGAIN) for one in open_ones - there]


def _from_above(
    operation: Operation, roots: Sequence[str], found: Sequence[Descendant]
) -> Iterator[Descendant]:
    """What is below, parents first, without what the plan has and what the action spares.

    A run that is not over may wait for those below it, so deleting spares these as well.
    """
    kind = chunks.kind_of(operation)
    spares = operation.action == Action.WORKFLOW_DELETE
    planned = {
        one
        for some in _batches([one.workflow_id for one in found], _PAGE)
        for one in OperationRun.objects.filter(
            operation=operation, workflow_id__in=some, position__lte=operation.total
        ).values_list("workflow_id", flat=True)
    }
    children: dict[str, list[Descendant]] = defaultdict(list)
    for one in found:
        children[one.parent_id].append(one)
    level = list(roots)
    while level:
        below = [one for parent in level for one in children.pop(parent, ())]
        yield from (one for one in below if one.workflow_id not in planned)
        level = [
            one.workflow_id
            for one in below
            if not (spares and (one.workflow_id in planned or kind.skips(one.status, {})))
        ]


def _batches(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    return (list(ids[start : start + size]) for start in range(0, len(ids), size))
