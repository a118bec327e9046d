"""What new limits would do to a queue, told before they are set."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from client_core import Queue, QueueActivity, QueueDetails
from client_core.queue_activity import MOST_COUNTED
from client_core.queues import QueueLimits
from console.queues.words import rate_words, runs_words, shown_limit

_PARTITIONS = ("partition_concurrency", "partition_worker_concurrency", "partition_limiter")


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that follows, and whether it may surprise."""

    text: str
    is_warning: bool = False


def effects(
    before: Queue | None, after: QueueLimits, activity: QueueActivity, details: QueueDetails
) -> list[Effect]:
    """What follows when a queue gets these limits; empty if they are those that it has."""
    changed = {
        name: value
        for name, value in after.items()
        if value != (getattr(before, name) if before else None)
    }
    found = [
        *_of_concurrency(before, changed, activity),
        *_of_executors(changed, details),
        *_of_rates(changed, activity),
        *_of_partitions(before, after, changed, details),
    ]
    if before is not None and "polling_interval_seconds" in changed:
        found.append(Effect(f"Executors look every {changed['polling_interval_seconds']:,g} s."))
    if before is None and activity.waiting:
        waiting = runs_words(activity.waiting)
        found.append(Effect(f"{waiting} already on it: they may be taken at once.", True))
    if changed and not found:
        found.append(Effect("Nothing that is on the queue now notices it."))
    return found


def _of_concurrency(
    before: Queue | None, changed: dict[str, Any], activity: QueueActivity
) -> Iterator[Effect]:
    if "global_concurrency" not in changed:
        return
    limit, running = changed["global_concurrency"], activity.running
    goes_on = f" {runs_words(running, 'run')} now and go on." if running else ""
    if limit is None:
        if before is not None:
            yield Effect(
                "All that wait may run at once, as far as the other limits let them.", True
            )
    elif limit == 0:
        yield Effect(f"The queue rests: none is taken until this is raised.{goes_on}", True)
    elif running > limit:
        text = f"Nothing is stopped: {runs_words(running, 'run')} now, more than {limit:,}. None is"
        yield Effect(f"{text} taken until fewer than {limit:,} do.", True)
    elif before is not None and running + activity.waiting > limit:
        yield Effect(f"At most {limit:,} run at once.{goes_on}")
    elif before is not None and activity.waiting:
        yield Effect(f"All {activity.waiting:,} that wait have room at once.")


def _of_executors(changed: dict[str, Any], details: QueueDetails) -> Iterator[Effect]:
    limit = changed.get("worker_concurrency")
    if "worker_concurrency" not in changed:
        return
    if limit is None:
        yield Effect("An executor takes as many as there are, as far as the other limits let it.")
    elif limit == 0:
        yield Effect("No executor takes any until this is raised. Those that run go on.", True)
    elif over := sum(running > limit for _, running in details.executors):
        who = "1 executor has" if over == 1 else f"{over:,} executors have"
        yield Effect(f"{who} more now. Those runs go on, and none is added until they end.", True)


def _of_rates(changed: dict[str, Any], activity: QueueActivity) -> Iterator[Effect]:
    if "limiter" not in changed:
        return
    rate = changed["limiter"]
    if rate is None:
        yield Effect("They start as quickly as the other limits let them.")
        return
    text = f"At most {rate_words(rate)} start, counted from what starts from now on"
    known = activity.started is not None
    yield Effect(f"{text}, and those that started under the limit before." if known else f"{text}.")


def _of_partitions(
    before: Queue | None, after: QueueLimits, changed: dict[str, Any], details: QueueDetails
) -> Iterator[Effect]:
    is_one = any(after.get(name) is not None for name in _PARTITIONS)
    was_one = before is not None and before.is_partitioned
    if is_one and not was_one:
        yield Effect("It is partitioned: runs enqueued on it need a partition key.", True)
        if details.keyless:
            count = runs_words(details.keyless, more=details.keyless >= MOST_COUNTED)
            yield Effect(f"{count} without one, and would not be taken any more.", True)
    elif was_one and not is_one:
        yield Effect("It is partitioned no more: all that wait are taken in one order.", True)
    if was_one and is_one:
        for name in _PARTITIONS:
            if name in changed:
                told = name.replace("_", " ")
                yield Effect(f"The {told} is {shown_limit(changed[name])}; runs go on.")
