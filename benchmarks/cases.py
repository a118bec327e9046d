"""What is measured, and what is to be reached."""

import random
import statistics
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.peers import Peer

OURS, PYTHON, TYPESCRIPT = "ours", "Python", "TypeScript"
#: A peer's share of one round at most: slow calls are made fewer times.
BUDGET_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the database is, and how much of everything is done."""

    rows: int
    enqueues: int = 10_000
    rounds: int = 25
    calls_per_round: int = 12
    wake_ups: int = 10
    page_rounds: int = 7
    #: How long a run goes on while its result is waited for, at least and at most.
    wait_seconds: tuple[float, float] = (0.5, 1.5)

    @property
    def depth(self) -> int:
        """So many runs come before the page at depth."""
        return self.rows * 9 // 10


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that a client does: the operation by which ours does it, and theirs."""

    name: str
    ours: str
    theirs: str
    #: The largest ratio, ours to that of the Python client, that is good enough.
    target: float | None = None
    #: Calls that take seconds are made once a round, in this many rounds.
    slow_rounds: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came out, as medians; there is no ratio where they have nothing like it."""

    name: str
    ours: float
    theirs: float | None
    unit: str
    #: The largest ratio, or else the largest value of ours, that is good enough.
    target_ratio: float | None = None
    target: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours to theirs."""
        return self.ours / self.theirs if self.theirs else None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target_ratio is not None and self.ratio is not None:
            return self.ratio <= self.target_ratio
        return None if self.target is None else self.ours <= self.target


def cases(scale: Scale) -> Iterator[Case]:
    """All cases but the wake-up and the memory, which are no calls to repeat."""
    # Reading first: what is enqueued later each client writes in a format of its own.
    many, deep = f"{scale.enqueues:,} enqueues", f"page at depth {scale.depth:,}"
    yield Case("first page", "page", "page", target=0.25)
    yield Case("first page, both without payloads", "page", "page_without_payloads")
    yield Case("first page, both with payloads", "page_with_payloads", "page")
    yield Case(f"{deep} to their first page", "deep_page", "page", target=0.25)
    yield Case(f"{deep}, with payloads, to their first page", "deep_page_with_payloads", "page")
    yield Case(deep, "deep_page", "deep_page", slow_rounds=2)
    yield Case(
        f"{deep}, both without payloads", "deep_page", "deep_page_without_payloads", slow_rounds=2
    )
    yield Case("get by ID", "get", "get")
    yield Case("steps of a run", "steps", "steps")
    yield Case("send", "send", "send")
    yield Case("enqueue", "enqueue", "enqueue", target=0.4)
    yield Case(many, "enqueue_many", "enqueue_many", target=0.1, slow_rounds=2)
    yield Case(f"{many}, theirs 5 at once", "enqueue_many", "enqueue_many_threaded", slow_rounds=2)


def measure(
    case: Case, peers: Mapping[str, Peer], ids: Sequence[str], scale: Scale
) -> Iterator[Result]:
    """Each client's median: they take turns, so that what disturbs one disturbs the others."""
    taken: dict[str, list[float]] = {name: [] for name in peers}
    turns = deque(peers.items())
    rounds = min(scale.rounds, case.slow_rounds or scale.rounds)
    calls = 1 if case.slow_rounds else scale.calls_per_round
    # The first calls connect and prepare, which is not what is asked about.
    first = () if case.slow_rounds else (0,)
    for number in (*first, *range(1, rounds + 1)):
        chosen = random.choices(ids, k=calls)
        turns.rotate()  # The first one reads from the disk what the others then find in memory.
        for name, peer in turns:
            operation = case.ours if name == OURS else case.theirs
            times = peer.times(operation, chosen, BUDGET_SECONDS)
            taken[name] += times if number else ()
    medians = {name: statistics.median(times) for name, times in taken.items()}
    return results(case.name, medians, "ms", target_ratio=case.target)


def results(
    name: str,
    values: Mapping[str, float],
    unit: str,
    *,
    target_ratio: float | None = None,
    target: float | None = None,
) -> Iterator[Result]:
    """The result against each official client; the targets are about the Python one."""
    ours = values[OURS]
    yield Result(name, ours, values[PYTHON], unit, target_ratio=target_ratio, target=target)
    if TYPESCRIPT in values:
        yield Result(f"{name} ({TYPESCRIPT})", ours, values[TYPESCRIPT], unit)
