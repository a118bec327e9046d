"""One connection that hears of events and streams, while somebody waits for them.

What it hears only makes the poller look at once, so nothing depends on it: behind a pooler that
shares connections, on a standby or without leave to connect, waiting goes on by polling.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

from psycopg.sql import SQL, Identifier

from client_core.pool import Connection, Pool
from client_core.questions import Kind, Topic

#: The thread ends when nobody has needed it for this long.
IDLE_SECONDS = 10.0
#: How often the thread looks whether it is still wanted.
TICK_SECONDS = 0.1
#: The pause before the first new attempt to connect; each further one is twice as long …
FIRST_RETRY_SECONDS = 0.25
#: … up to this.
LAST_RETRY_SECONDS = 30.0
#: How long closing waits for the thread, which may be connecting to a server that does not answer.
CLOSE_SECONDS = 2.0


class Listener:
    """Listens in a daemon thread on a connection of its own, made as the pool makes its own.

    ``hear`` is called with what was notified, and with None after each (re)connection: what came
    before that went unheard.
    """

    def __init__(self, pool: Pool, hear: Callable[[Topic | None], None]) -> None:
        self._pool = pool
        self._hear = hear
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._users = 0
        self._last_used = 0.0
        #: Whether this connection has heard something. Until then it may be a pooler's, which
        #: accepts LISTEN and delivers nothing.
        self.proven = False

    @contextmanager
    def needed(self) -> Iterator[None]:
        """Listen at least as long as the block lasts."""
        with self._lock:
            self._users += 1
            if self._thread is None and not self._closed.is_set():
                thread = threading.Thread(
                    target=self._run, name="client_core listener", daemon=True
                )
                with suppress(RuntimeError):  # The process may have no more threads.
                    thread.start()
                    self._thread = thread
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                self._last_used = time.monotonic()

    def close(self) -> None:
        """End the thread for good."""
        self._closed.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(CLOSE_SECONDS)

    def _wanted(self) -> bool:
        """Whether to go on; once it is False, the next who needs a thread starts a new one."""
        with self._lock:
            idle = not self._users and time.monotonic() - self._last_used > IDLE_SECONDS
            if idle or self._closed.is_set():
                self._thread = None
                return False
            return True

    def _run(self) -> None:
        retry = FIRST_RETRY_SECONDS
        while True:
            try:
                self._listen()
                return
            except Exception:
                # Whatever it was, also in a connection class or callback that is not ours.
                if self.proven:
                    retry = FIRST_RETRY_SECONDS
            finally:
                self.proven = False
            self._closed.wait(retry)
            retry = min(2 * retry, LAST_RETRY_SECONDS)
            if not self._wanted():
                return

    def _listen(self) -> None:
        """Tell what is heard until it is no longer wanted, or the connection breaks."""
        with closing(self._connect()) as conn:
            for channel in filter(None, (kind.value for kind in Kind)):
                conn.execute(SQL("LISTEN {}").format(Identifier(channel)))
            self._hear(None)
            while self._wanted():
                for notify in conn.notifies(timeout=TICK_SECONDS):
                    self.proven = True
                    self._hear((notify.channel, notify.payload))

    def _connect(self) -> Connection:
        conninfo, kwargs = self._pool.conninfo, self._pool.kwargs
        return self._pool.connection_class.connect(
            conninfo() if callable(conninfo) else conninfo,
            **{**((kwargs() if callable(kwargs) else kwargs) or {}), "autocommit": True},
        )
