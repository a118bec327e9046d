"""What the tests of waiting have in common."""

from client_core import DBOSClient
from client_core.polling import Waiting
from demo.waiting import wait_until

#: Longer than any test takes; only a defect is noticed by it.
PATIENCE = 60


def never(age: float) -> float:
    """A pace at which nobody looks again by themselves while a test runs."""
    return 3_600


def all_wait(waiting: Waiting, number: int) -> bool:
    """Whether so many wait, and each was looked for once."""
    with waiting._lock:
        return len(waiting._waiters) == number and all(w.patient for w in waiting._waiters)


def until_heard(client: DBOSClient) -> None:
    """Return when notifications arrive, and what they asked for has been looked for."""

    def heard() -> bool:
        client._db.read("SELECT pg_notify('dbos_workflow_events_channel', 'somebody else')")
        waiting = client._waiting
        return bool(waiting._waiters) and waiting._listener.proven and not waiting._notified

    assert wait_until(heard, PATIENCE)


def pause(waiting: Waiting) -> float:
    """How long the pause is that is going on."""
    with waiting._lock:
        newest = max(waiter.began for waiter in waiting._waiters)
        return waiting._due() - max(newest, waiting._looked_at)
