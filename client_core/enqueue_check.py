"""What of an enqueue will hardly work, as far as the database tells before it is written.

The database takes every enqueue. A queue that nobody serves, a name that nobody registered and a
format that the application cannot read show later, as a run that waits for ever or fails at once.
"""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Any, Final, LiteralString

from client_core.control import INTERNAL_QUEUE_NAME
from client_core.database import Database, Row
from client_core.dialects import Dialect, dialect_name, dialect_of_format, dialects_of
from client_core.options import EnqueueOptions

#: What none of so many of the newest runs has is doubted, unless it is registered.
NEWEST_RUNS: Final = 2_000

_KNOWN: LiteralString = """
WITH newest AS MATERIALIZED (
    SELECT name, queue_name, application_version, application_name
    FROM {schema}.workflow_status ORDER BY created_at DESC LIMIT %(newest)s
)
SELECT
    ARRAY(SELECT DISTINCT name FROM newest WHERE name IS NOT NULL
-- since workflow_schedules:
        UNION (SELECT workflow_name FROM {schema}.workflow_schedules LIMIT 1000)
-- end
    ) AS workflow_name,
    ARRAY(SELECT DISTINCT queue_name FROM newest WHERE queue_name IS NOT NULL
-- since queues:
        UNION (SELECT name FROM {schema}.queues ORDER BY name LIMIT 1000)
-- end
    ) AS queue_name,
    ARRAY(SELECT DISTINCT application_version FROM newest WHERE application_version IS NOT NULL
-- since application_versions:
        UNION (
            SELECT version_name FROM {schema}.application_versions
            ORDER BY version_timestamp DESC LIMIT 1000
        )
-- end
    ) AS app_version,
    ARRAY(SELECT DISTINCT application_name FROM newest WHERE application_name IS NOT NULL
-- since application_versions.application_name:
        UNION (
            SELECT application_name FROM {schema}.application_versions
            WHERE application_name IS NOT NULL ORDER BY version_timestamp DESC LIMIT 1000
        )
-- end
    ) AS application_name,
    (
        -- before queues: NULL::boolean
-- since queues:
        SELECT COALESCE(partition_queue, FALSE) OR partition_concurrency IS NOT NULL
            OR partition_worker_concurrency IS NOT NULL OR partition_rate_limit_max IS NOT NULL
        FROM {schema}.queues WHERE name = %(queue_name)s
-- end
    ) AS is_partitioned"""

#: What an option that nobody ever used means for the run.
_UNSEEN: Final = {
    "workflow_name": "an application that does not know it fails the run",
    "queue_name": "it may wait there for ever",
    "app_version": "until an executor of that version starts, it waits",
    "application_name": "until an executor of that application starts, it waits",
}


class EnqueueCheck:
    """The part of the client that looks before a run is enqueued."""

    _db: Database
    _application_name: str | None

    def check_enqueue(
        self, options: EnqueueOptions, /, *args: Any, **kwargs: Any
    ) -> dict[str, str]:
        """What will hardly work if this is enqueued, by the option; empty if nothing is known to.

        Names that no registration and none of the newest 2,000 runs has, a partition key that the
        queue needs or ignores, and arguments that applications in the language of such runs cannot
        read. The argument ``kwargs`` stands for the named ones. Nothing is written, and an enqueue
        does not check this: what is doubted here may be right.
        """
        params = {"newest": NEWEST_RUNS, "queue_name": options.queue_name}
        [known] = self._db.read(_KNOWN, params)
        owner = options.application_name or self._application_name
        spoken = dialects_of(self._db, owner, options.workflow_name)
        return {
            **dict(_of_names(options, known)),
            **dict(_of_partitions(options, known["is_partitioned"])),
            **dict(_of_format(options.serialization, kwargs, spoken)),
        }


def _of_names(options: EnqueueOptions, known: Row) -> Iterator[tuple[str, str]]:
    for option, meaning in _UNSEEN.items():
        name, names = getattr(options, option), known[option]
        # Where there are none at all, there is nothing to compare with.
        if name is None or name in names or name == INTERNAL_QUEUE_NAME or not names:
            continue
        near = get_close_matches(name, names, n=1)
        meant = f" Is it “{near[0]}”?" if near else ""
        yield option, f"Nothing registered or run lately has this name: {meaning}.{meant}"


def _of_partitions(
    options: EnqueueOptions, is_partitioned: bool | None
) -> Iterator[tuple[str, str]]:
    has_key = options.queue_partition_key is not None
    if is_partitioned and not has_key:
        yield (
            "queue_partition_key",
            "The queue is partitioned, and a run without a key is never taken from it.",
        )
    elif has_key and is_partitioned is False:
        yield "queue_partition_key", "The queue is not partitioned: the key limits nothing."


def _of_format(
    serialization: str | None, kwargs: Collection[str], spoken: frozenset[Dialect]
) -> Iterator[tuple[str, str]]:
    reader = dialect_of_format(serialization)
    if reader and spoken and reader not in spoken:
        others = " and ".join(sorted(map(dialect_name, spoken)))
        only = f"Only {dialect_name(reader)} reads {serialization}"
        yield "serialization", f"{only}, and such runs are executed by {others}."
    if kwargs and spoken == {"typescript"}:
        yield (
            "kwargs",
            "Such runs are executed by TypeScript, which takes positional arguments alone.",
        )
