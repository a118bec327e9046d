"""Waiting by looking again: DBOS notifies nobody when a status changes."""

import time
from collections.abc import Iterator

#: The first look back comes after this many seconds, each further one after twice as many …
FIRST_INTERVAL_SECONDS = 0.01
#: … until looking costs the database next to nothing.
LAST_INTERVAL_SECONDS = 0.5


def poll(deadline: float | None) -> Iterator[None]:
    """Yield at growing intervals until ``deadline`` (of time.monotonic), at least once."""
    interval = FIRST_INTERVAL_SECONDS
    while True:
        yield
        remaining = interval if deadline is None else deadline - time.monotonic()
        if remaining <= 0:
            return
        time.sleep(min(interval, remaining))
        interval = min(interval * 2, LAST_INTERVAL_SECONDS)
