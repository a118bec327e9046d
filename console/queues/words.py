"""What people are told of queues: their limits, and how much of them is used."""

from collections.abc import Iterator
from dataclasses import dataclass

from client_core import Queue, QueueActivity, QueueDetails
from client_core.queue_activity import MOST_COUNTED
from client_core.records import RateLimit

_PERIODS: dict[float, str] = {1: "a second", 60: "a minute", 3_600: "an hour", 86_400: "a day"}


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a limit is used: a bar, and the words beside it."""

    used: int
    limit: int
    words: str

    @property
    def share(self) -> int:
        """Of a hundred."""
        return 100 if self.used >= self.limit else self.used * 100 // self.limit

    @property
    def is_full(self) -> bool:
        """Whether nothing is left of it."""
        return self.used >= self.limit


def uses_of(queue: Queue, activity: QueueActivity) -> list[Use]:
    """The limits of a queue of which the database tells how much is used."""
    uses = (_concurrency_use(queue, activity), _rate_use(queue, activity))
    return [use for use in uses if use]


def _concurrency_use(queue: Queue, activity: QueueActivity) -> Use | None:
    if (limit := queue.global_concurrency) is None:
        return None
    running = _counted(activity.running)
    words = f"{running} of {limit:,} run" if limit else "at rest: none is taken"
    return Use(activity.running, limit, words)


def _rate_use(queue: Queue, activity: QueueActivity) -> Use | None:
    if queue.limiter is None or activity.started is None:
        return None
    words = f"{activity.started:,} of {rate_words(queue.limiter)}"
    return Use(activity.started, queue.limiter.limit, words)


def rate_words(limiter: RateLimit) -> str:
    """A rate as people say it."""
    return f"{limiter.limit:,} {period_words(limiter.period_seconds)}"


def period_words(seconds: float) -> str:
    """The period of a rate."""
    return _PERIODS.get(seconds, f"in {seconds:,g} s")


def limits_in_brief(queue: Queue) -> list[str]:
    """The other limits, of which the database does not tell how much is used."""
    told = []
    if (limit := queue.worker_concurrency) is not None:
        told.append(f"{limit:,} an executor")
    if (limit := queue.partition_concurrency) is not None:
        told.append(f"{limit:,} a partition")
    if (limit := queue.partition_worker_concurrency) is not None:
        told.append(f"{limit:,} a partition on an executor")
    if queue.partition_limiter:
        told.append(f"{rate_words(queue.partition_limiter)} for a partition")
    return told


def _counted(count: int, *, more: bool = False) -> str:
    return f"{count:,} or more" if more or count >= MOST_COUNTED else f"{count:,}"


def runs_words(count: int, verb: str = "wait", *, more: bool = False) -> str:
    """So many runs, with what they do."""
    if count == 1:
        return f"1 run {verb}s"
    return f"{_counted(count, more=more)} runs {verb}"


def shown_limit(value: object) -> str:
    """A limit in a sentence."""
    if isinstance(value, RateLimit):
        return rate_words(value)
    return "empty" if value is None else f"{value:,}" if isinstance(value, int) else f"{value}"


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a queue explained."""

    label: str
    words: str
    use: Use | None = None
    #: When it lets the next run start, where it holds it back until then.
    until_ms: int | None = None


def limits_of(queue: Queue, activity: QueueActivity, details: QueueDetails) -> list[Limit]:
    """The limits of a queue in words, with how much of each is used, as far as that is known."""
    told = []
    if (limit := queue.global_concurrency) is not None:
        words = f"{limit:,} at once, over all executors." if limit else "None is taken."
        told.append(Limit("Global concurrency", words, _concurrency_use(queue, activity)))
    if queue.limiter:
        words = f"{rate_words(queue.limiter)} may start."
        used = _rate_use(queue, activity)
        told.append(Limit("Rate limit", words, used, details.rate_until_ms))
    if (limit := queue.worker_concurrency) is not None:
        busiest = details.executors[0][1] if details.executors else 0
        words = f"{limit:,} at once on each executor; the busiest has {busiest:,} now."
        told.append(Limit("Worker concurrency", words))
    return [*told, *_partition_limits(queue)]


def _partition_limits(queue: Queue) -> Iterator[Limit]:
    if (limit := queue.partition_concurrency) is not None:
        yield Limit("Concurrency of a partition", f"{limit:,} at once of each partition.")
    if (limit := queue.partition_worker_concurrency) is not None:
        words = f"{limit:,} at once of each partition on each executor."
        yield Limit("Worker concurrency of a partition", words)
    if queue.partition_limiter:
        words = f"{rate_words(queue.partition_limiter)} may start of each partition."
        yield Limit("Rate limit of a partition", words)
