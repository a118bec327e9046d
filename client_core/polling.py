"""Waiting by looking again, at the cost of one query a tick for all who wait.

DBOS notifies nobody when a status changes, and not every application notifies of its events and
streams. So looking is the floor, and the listener only makes the next look come sooner.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from psycopg_pool import PoolClosed

from client_core.database import Database
from client_core.errors import DatabaseUnavailable
from client_core.listener import Listener
from client_core.questions import Question, Topic, answered
from client_core.waiter import Waiter

T = TypeVar("T")

#: No look follows another sooner, however much is notified; only a newcomer's first one does.
FIRST_PAUSE_SECONDS = 0.01
#: What has been waited for since a moment ago is looked for this often …
YOUNG_PAUSE_SECONDS = 0.05
#: … and what has been waited for long, this often: looking then costs next to nothing.
LAST_PAUSE_SECONDS = 1.0
#: While only events and streams are waited for and notifications are known to arrive. Looking
#: finds then what an application did not notify of, and the streams whose run ended.
LISTENING_PAUSE_SECONDS = 0.2
#: However many wait, looking for them takes a fifth of the time at most, up to the last pause.
PAUSES_PER_LOOK = 4
#: The pause after looks that failed is doubled this often.
MAX_DOUBLINGS = 7


def pause_seconds(age: float) -> float:
    """The pause before the next look, when the newest waiter came ``age`` seconds ago.

    A tenth of the age, so that short runs are noticed at once, up to 50 ms for the first ten
    seconds; then half a percent of it: who waited a minute hears at most 0.3 s late.
    """
    young = min(max(age * 0.1, FIRST_PAUSE_SECONDS), YOUNG_PAUSE_SECONDS)
    return max(young, min(age * 0.005, LAST_PAUSE_SECONDS))


class Waiting:
    """Lets any number of threads wait for runs, events and streams.

    One of the waiting threads looks for all of them, and hands the task on when its own wait is
    over. So polling has no thread of its own, and nothing is asked while nobody waits.
    """

    def __init__(
        self, database: Database, *, pace: Callable[[float], float] = pause_seconds
    ) -> None:
        self._db = database
        self._pace = pace
        self._listener = Listener(database._pool, self._hear)
        self._lock = threading.Lock()
        #: Ends the pause of who looks: the next look may be due earlier.
        self._alarm = threading.Condition(self._lock)
        #: Those who are not settled.
        self._waiters: set[Waiter] = set()
        self._looker: Waiter | None = None
        self._topics: dict[Topic, set[Waiter]] = {}
        self._hearers: set[Callable[[Topic | None], None]] = set()
        self._looked_at = 0.0
        self._last_look_seconds = 0.0
        #: How long the quicker of the last two looks took: one alone may have had to connect.
        self._look_seconds = 0.0
        self._failures = 0
        self._notified = False
        self._closed = False

    def wait(
        self,
        questions: Collection[Question],
        timeout_seconds: float | None = None,
        *,
        every: bool = False,
        patient: bool = False,
    ) -> frozenset[Question]:
        """The questions that have their answer, once one of them has, or ``every`` one.

        When the time is over first, those that have it until then. Raises
        :class:`DatabaseUnavailable` when the first look fails, unless ``patient``: the caller has
        looked already. Later it goes on trying until its time is over.
        """
        waiter = Waiter(questions, timeout_seconds, every=every, patient=patient, lock=self._lock)
        with self._listener.needed() if waiter.topics else nullcontext():
            try:
                self._join(waiter)
                if self._becomes_looker(waiter):
                    while not waiter.settled:
                        self._pause()
                        self._look()
            finally:
                self._leave(waiter)
        if waiter.error is not None:
            raise DatabaseUnavailable(str(waiter.error)) from waiter.error
        return waiter.answered

    def read(
        self,
        question: Question,
        read: Callable[[], T | None],
        timeout_seconds: float | None,
        *,
        first: bool = True,
    ) -> T | None:
        """What ``read`` gives once it gives something; None when the time is over before.

        It is called when the question has its answer and, if ``first``, at the beginning.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        found = read() if first else None
        patient = first
        while found is None:
            left = None if deadline is None else deadline - time.monotonic()
            out_of_time = left is not None and left <= 0
            if (out_of_time and patient) or not self.wait({question}, left, patient=patient):
                return None
            patient = True
            try:
                found = read()
            except DatabaseUnavailable:
                if out_of_time or self._closed:
                    raise
        return found

    @contextmanager
    def overheard(self, hear: Callable[[Topic | None], None]) -> Iterator[None]:
        """Within the block, ``hear`` is called with all that is notified; see :class:`Listener`."""
        with self._lock:
            self._hearers.add(hear)
        try:
            with self._listener.needed():
                yield
        finally:
            with self._lock:
                self._hearers.discard(hear)

    def close(self) -> None:
        """End every wait with :class:`DatabaseUnavailable`, and the listener."""
        with self._lock:
            self._closed = True
            for waiter in self._waiters:
                waiter.fail(DatabaseUnavailable("The client was destroyed."))
                waiter.news.notify()
            self._waiters.clear()
            self._alarm.notify()
        self._listener.close()

    def _join(self, waiter: Waiter) -> None:
        with self._lock:
            if self._closed:
                raise DatabaseUnavailable("The client was destroyed.")
            self._waiters.add(waiter)
            for topic in waiter.topics:
                self._topics.setdefault(topic, set()).add(waiter)
            self._alarm.notify()

    def _leave(self, waiter: Waiter) -> None:
        with self._lock:
            self._waiters.discard(waiter)
            for topic in waiter.topics:
                others = self._topics.get(topic, set())
                others.discard(waiter)
                if not others:
                    self._topics.pop(topic, None)
            if self._looker is waiter:
                self._looker = next(iter(self._waiters), None)
                if self._looker:
                    self._looker.news.notify()

    def _becomes_looker(self, waiter: Waiter) -> bool:
        """Sleep while somebody else looks; True when this one is to do so from now on."""
        with self._lock:
            if self._looker is None:
                self._looker = waiter
            while self._looker is not waiter:
                if waiter.settled or not waiter.stays():
                    return False
            return True

    def _pause(self) -> None:
        """Sleep until the next look is due, which somebody new or a notification may change."""
        with self._lock:
            while self._waiters and (seconds := self._due() - time.monotonic()) > 0:
                self._alarm.wait(seconds)

    def _due(self) -> float:
        """When to look next, in terms of time.monotonic."""
        waiters = self._waiters
        if not all(waiter.patient for waiter in waiters):
            return 0.0
        newest = max(waiter.began for waiter in waiters)
        since = max(newest, self._looked_at)
        courtesy = min(PAUSES_PER_LOOK * self._look_seconds, LAST_PAUSE_SECONDS)
        pause = max(self._pace(since - newest), courtesy)
        if self._listener.proven and all(waiter.only_listens for waiter in waiters):
            pause = max(pause, LISTENING_PAUSE_SECONDS)
        if self._failures:
            pause = max(pause, FIRST_PAUSE_SECONDS * 2 ** min(self._failures, MAX_DOUBLINGS))
        due = 0.0 if self._notified else since + pause
        # Who runs out of time is looked for once more, as the last look may be old.
        due = min(due, min(waiter.deadline for waiter in waiters))
        return max(due, self._looked_at + max(FIRST_PAUSE_SECONDS, self._look_seconds))

    def _look(self) -> None:
        """Look once for everybody, and wake those who need not wait any longer."""
        with self._lock:
            waiters = list(self._waiters)
            self._notified = False
        began = time.monotonic()
        found: frozenset[Question] = frozenset()
        unavailable: DatabaseUnavailable | None = None
        try:
            if waiters:
                found = answered(self._db, set().union(*(waiter.questions for waiter in waiters)))
            self._failures = 0
            took = time.monotonic() - began
            self._look_seconds = min(took, self._last_look_seconds)
            self._last_look_seconds = took
        except DatabaseUnavailable as error:
            unavailable = error
            self._failures += 1
        finally:
            self._looked_at = time.monotonic()
        with self._lock:
            for waiter in self._waiters.intersection(waiters):
                self._tell(waiter, found, unavailable, began)

    def _tell(
        self,
        waiter: Waiter,
        found: frozenset[Question],
        unavailable: DatabaseUnavailable | None,
        began: float,
    ) -> None:
        # A pool that was closed never opens again; anything else may come back.
        gone = unavailable is not None and isinstance(unavailable.__cause__, PoolClosed)
        if unavailable is not None and (gone or not waiter.patient):
            waiter.fail(unavailable)
        else:
            waiter.tell(found, began)
        if waiter.settled:
            self._waiters.discard(waiter)
        if waiter.settled or not waiter.patient:
            waiter.patient = True
            waiter.news.notify()

    def _hear(self, topic: Topic | None) -> None:
        """Have a look taken at once, if what was notified is waited for; None may be anything."""
        with self._lock:
            if topic is None or topic in self._topics:
                self._notified = True
                self._alarm.notify()
            hearers = list(self._hearers)
        for hear in hearers:
            hear(topic)
