"""Waiter: one thread that waits, as the poller sees it."""

import threading
import time
from collections.abc import Collection

from client_core.errors import DatabaseUnavailable
from client_core.questions import Question

#: How long after its deadline a waiter stays for the last look, when another's look is held up.
GRACE_SECONDS = 1.0


class Waiter:
    """One thread that waits for the answer to one of its questions, or to each of them."""

    def __init__(
        self,
        questions: Collection[Question],
        timeout_seconds: float | None,
        *,
        every: bool,
        patient: bool,
        lock: threading.Lock,
    ) -> None:
        self.questions = frozenset(questions)
        self.topics = [question.topic for question in self.questions if question.topic]
        #: Whether all that it waits for may be notified.
        self.only_listens = len(self.topics) == len(self.questions)
        self.began = time.monotonic()
        limit = threading.TIMEOUT_MAX if timeout_seconds is None else timeout_seconds
        self.deadline = self.began + min(max(0.0, limit), threading.TIMEOUT_MAX)
        #: Whether it was looked for once. A database that goes away after that is waited for too.
        self.patient = patient
        self.answered: frozenset[Question] = frozenset()
        self.error: DatabaseUnavailable | None = None
        self.settled = False
        #: Wakes its thread: it is settled, or was looked for once, or has to look from now on.
        self.news = threading.Condition(lock)
        self._every = every

    def tell(self, found: frozenset[Question], looked_at: float) -> None:
        """What a look that began at ``looked_at`` has found."""
        self.answered |= self.questions & found
        self.questions -= found
        enough = not self.questions if self._every else bool(self.answered)
        self.settled = enough or self.deadline <= looked_at

    def fail(self, error: DatabaseUnavailable) -> None:
        """End the wait with an error."""
        self.error = error
        self.settled = True

    def stays(self) -> bool:
        """Sleep until there is news; False when it has waited too long for the last look."""
        if not self.patient:
            return self.news.wait()
        left = self.deadline + GRACE_SECONDS - time.monotonic()
        return left > 0 and self.news.wait(min(left, threading.TIMEOUT_MAX))
