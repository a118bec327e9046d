"""How full queues are: what waits, runs and is delayed on each, and how much of a rate is used.

Nothing here counts a table: each number walks an index of what is in flight and stops at a ceiling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

from client_core.database import Database

#: Counting stops here: more says no more.
MOST_COUNTED: Final = 1_000
#: So many delayed runs are looked at, over all queues, those that are due soonest.
MOST_DELAYED: Final = 5_000
#: So many starts are counted against a rate.
MOST_STARTS: Final = 10_000
#: So many queues are found by their runs, and so many priorities looked at for the oldest run.
MOST_NAMES: Final = 1_000
MOST_PRIORITIES: Final = 32

# From each name the index leads to the next, however many runs there are of one.
_NAMES: LiteralString = """
WITH RECURSIVE found AS (
    SELECT min(queue_name) AS name, 1 AS place FROM {schema}.workflow_status
    WHERE status IN ('ENQUEUED', 'PENDING') AND queue_name IS NOT NULL
    UNION ALL
    SELECT (
        SELECT min(w.queue_name) FROM {schema}.workflow_status w
        WHERE w.status IN ('ENQUEUED', 'PENDING') AND w.queue_name > found.name
    ), place + 1
    FROM found WHERE name IS NOT NULL AND place < %(most_names)s
)
SELECT name FROM found WHERE name IS NOT NULL
UNION
SELECT queue_name FROM (
    SELECT queue_name FROM {schema}.workflow_status WHERE status = 'DELAYED'
    ORDER BY delay_until_epoch_ms LIMIT %(most_delayed)s
) delayed WHERE queue_name IS NOT NULL
ORDER BY name LIMIT %(most_names)s"""

# The index has the runs by priority, so the oldest is the oldest of the first of each priority.
_ACTIVITY: LiteralString = """
WITH queue AS (
-- since queues:
    SELECT name, rate_limit_max, (rate_limit_period_sec * 1000)::bigint AS period_ms
    FROM unnest(%(names)s::text[]) AS asked (name) LEFT JOIN {schema}.queues USING (name)
-- end
    -- before queues: SELECT name, NULL::integer AS rate_limit_max, NULL::bigint AS period_ms
    -- before queues: FROM unnest(%(names)s::text[]) AS asked (name)
), delayed AS MATERIALIZED (
    SELECT queue_name, count(*) AS number FROM (
        SELECT queue_name FROM {schema}.workflow_status WHERE status = 'DELAYED'
        ORDER BY delay_until_epoch_ms LIMIT %(most_delayed)s
    ) soonest GROUP BY queue_name
)
SELECT queue.name, COALESCE(delayed.number, 0) AS delayed,
    (SELECT COALESCE(sum(number), 0) >= %(most_delayed)s FROM delayed) AS delayed_is_cut,
    (SELECT count(*) FROM (
        SELECT FROM {schema}.workflow_status w
        WHERE w.queue_name = queue.name AND w.status = 'ENQUEUED' LIMIT %(most_counted)s
    ) waiting) AS waiting,
    (SELECT count(*) FROM (
        SELECT FROM {schema}.workflow_status w
        WHERE w.queue_name = queue.name AND w.status = 'PENDING' LIMIT %(most_counted)s
    ) running) AS running,
    (WITH RECURSIVE head AS (
        (
            SELECT w.priority, w.created_at, 1 AS place FROM {schema}.workflow_status w
            WHERE w.queue_name = queue.name AND w.status = 'ENQUEUED'
            ORDER BY w.priority, w.created_at LIMIT 1
        )
        UNION ALL
        SELECT following.*, place + 1 FROM head, LATERAL (
            SELECT w.priority, w.created_at FROM {schema}.workflow_status w
            WHERE w.queue_name = queue.name AND w.status = 'ENQUEUED' AND w.priority > head.priority
            ORDER BY w.priority, w.created_at LIMIT 1
        ) following WHERE place < %(most_priorities)s
    ) SELECT min(created_at) FROM head) AS oldest_ms,
    CASE WHEN rate_limit_max IS NOT NULL THEN (SELECT count(*) FROM (
        SELECT FROM {schema}.workflow_status w
        WHERE w.queue_name = queue.name AND w.rate_limited = TRUE
          AND w.status NOT IN ('ENQUEUED', 'DELAYED')
          AND w.started_at_epoch_ms > (extract(epoch FROM now()) * 1000)::bigint - period_ms
        LIMIT LEAST(rate_limit_max, %(most_starts)s)
    ) started) END AS started
FROM queue LEFT JOIN delayed ON delayed.queue_name = queue.name"""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueActivity:
    """What is on one queue now. Counts of what waits and runs end at :data:`MOST_COUNTED`."""

    name: str
    #: Runs that wait to be taken, those that run, and those that wait for their delay to be over.
    waiting: int
    running: int
    delayed: int
    #: Whether there are more delayed runs in the database than were looked at.
    delayed_is_cut: bool
    #: When the oldest run that waits was created.
    oldest_ms: int | None
    #: How many started within the period of the queue's rate limit, up to that limit and
    #: :data:`MOST_STARTS`; None where it has none.
    started: int | None


class QueueActivities:
    """The part of the client that tells how full queues are."""

    _db: Database

    def list_active_queue_names(self) -> list[str]:
        """The queues on which runs wait, run or are delayed, registered or not, by name.

        Up to 1,000; of delayed runs only the 5,000 that are due soonest are looked at.
        """
        limits = {"most_names": MOST_NAMES, "most_delayed": MOST_DELAYED}
        return [row["name"] for row in self._db.read(_NAMES, limits)]

    def list_queue_activity(self, names: Sequence[str]) -> dict[str, QueueActivity]:
        """What is on each of these queues now, by its name, registered or not."""
        params = {
            "names": list(names),
            "most_counted": MOST_COUNTED,
            "most_delayed": MOST_DELAYED,
            "most_starts": MOST_STARTS,
            "most_priorities": MOST_PRIORITIES,
        }
        return {row["name"]: QueueActivity(**row) for row in self._db.read(_ACTIVITY, params)}
