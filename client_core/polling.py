"""Waiting by looking again: DBOS notifies nobody when a status changes."""

import threading
import time
from collections.abc import Collection, Iterator
from typing import LiteralString

from client_core.database import Database

#: The first look back comes after this many seconds, each further one after twice as many …
FIRST_INTERVAL_SECONDS = 0.01
#: … until looking costs the database next to nothing.
LAST_INTERVAL_SECONDS = 0.5
#: Who has waited for a second looks every tenth of one: the end is noticed late by a tenth at most.
SHARE_OF_WAIT = 0.1

_OVER: LiteralString = """
SELECT workflow_uuid AS workflow_id FROM {schema}.workflow_status
WHERE workflow_uuid = ANY(%(workflow_ids)s) AND status NOT IN ('PENDING', 'ENQUEUED', 'DELAYED')"""


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


class _Waiter:
    """One thread that waits for any of some workflows."""

    def __init__(self, workflow_ids: Collection[str], seconds: float) -> None:
        self.workflow_ids = frozenset(workflow_ids)
        self.began = time.monotonic()
        self.over: str | None = None
        self._seconds = seconds

    @property
    def left(self) -> float:
        """Seconds it is still willing to wait."""
        return max(0.0, self.began + self._seconds - time.monotonic())


class Waiting:
    """Lets any number of threads wait for workflows at the cost of one query a tick.

    One of the waiting threads asks for all of them; when its own wait is over, another takes the
    task. So there is no thread of ours, and nothing is asked while nobody waits.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self._waiters: set[_Waiter] = set()
        self._somebody_asks = False
        lock = threading.Lock()
        #: Ends the pause of whoever asks: somebody new must not share a long one.
        self._arrived = threading.Condition(lock)
        #: Wakes the others: one of them has an answer, or the task is free.
        self._answered = threading.Condition(lock)

    def first_over(
        self, workflow_ids: Collection[str], timeout_seconds: float | None = None
    ) -> str | None:
        """The ID of one of these that is over, waited for; None when the time is over first."""
        limit = threading.TIMEOUT_MAX if timeout_seconds is None else max(0.0, timeout_seconds)
        waiter = _Waiter(workflow_ids, limit)
        with self._arrived:
            self._waiters.add(waiter)
            self._arrived.notify()
        try:
            if self._takes_the_task(waiter):
                self._ask_until_over(waiter)
            elif waiter.over is None:
                self._ask()  # Out of time: one look of its own, as somebody else's may be old.
        finally:
            with self._arrived:
                self._waiters.discard(waiter)
        return waiter.over

    def _takes_the_task(self, waiter: _Waiter) -> bool:
        """Wait while somebody else asks; True when that one stopped and this one is to go on."""
        with self._answered:
            while self._somebody_asks and waiter.over is None and waiter.left > 0:
                self._answered.wait(waiter.left)
            if self._somebody_asks or waiter.over is not None:
                return False
            self._somebody_asks = True
            return True

    def _ask_until_over(self, waiter: _Waiter) -> None:
        try:
            self._ask()
            while waiter.over is None and waiter.left > 0:
                self._pause(waiter)
                self._ask()
        finally:
            with self._answered:
                self._somebody_asks = False
                self._answered.notify_all()

    def _ask(self) -> None:
        """Ask once for everybody, and tell those whose workflow is over."""
        with self._answered:
            waiters = set(self._waiters)
        asked_for = sorted(frozenset().union(*(waiter.workflow_ids for waiter in waiters)))
        rows = self._db.read(_OVER, {"workflow_ids": asked_for})
        over = {row["workflow_id"] for row in rows}
        with self._answered:
            for waiter in waiters:
                if mine := waiter.workflow_ids & over:
                    waiter.over = min(mine)
            if over:
                self._answered.notify_all()

    def _pause(self, waiter: _Waiter) -> None:
        """Sleep until the next look is due for the newest waiter, or somebody comes."""
        with self._arrived:
            age = time.monotonic() - max(other.began for other in self._waiters)
            interval = min(max(age * SHARE_OF_WAIT, FIRST_INTERVAL_SECONDS), LAST_INTERVAL_SECONDS)
            self._arrived.wait(min(interval, waiter.left))
