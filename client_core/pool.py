"""The pool of connections, and what makes a connection fit for it."""

import select
from typing import Any, TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool

Connection: TypeAlias = psycopg.Connection[Any]
Pool: TypeAlias = ConnectionPool[Connection]


def open_pool(url: str, *, max_size: int, timeout_seconds: float, read_only: bool = False) -> Pool:
    """A pool of our own. It waits for nothing: a database that is down is noticed at first use."""
    given = conninfo_to_dict(url).get("options") or ""
    options = f"{given} -c default_transaction_read_only=on" if read_only else given
    return ConnectionPool(
        url,
        min_size=0,
        max_size=max_size,
        timeout=timeout_seconds,
        # Given up soon, so that the next request tries anew instead of inheriting a long back-off.
        reconnect_timeout=timeout_seconds,
        check=_assert_alive,
        configure=_prepare_statements,
        open=True,
        name="client_core",
        kwargs={
            "application_name": "dbos-console",
            "autocommit": True,
            "connect_timeout": max(2, round(timeout_seconds)),
            "keepalives_idle": 30,
            "prepare_threshold": None,
            **({"options": options} if options else {}),
        },
    )


def _prepare_statements(conn: Connection) -> None:
    """Let statements be prepared, unless a pooler stands between.

    A pooler may run the next statement on another server process, which knows none of ours, or
    another client's by the same name. It gives itself away: it cannot tell a client the ID of the
    one process that serves it.
    """
    row = conn.execute("SELECT pg_backend_pid()").fetchone()
    if row and row[0] == conn.info.backend_pid:
        conn.prepare_threshold = 0


def _assert_alive(conn: Connection) -> None:
    """Refuse an idle connection whose server went away, at no round trip.

    An idle connection has nothing to read unless the server closed it or sent a last error; so a
    restart of PostgreSQL is noticed here, before a write is sent, and its outcome stays known.
    """
    if not _readable(conn):
        return
    # The first piece may have been a harmless notice; after it an idle server is silent.
    conn.pgconn.consume_input()
    if conn.closed or _readable(conn):
        conn.close()  # Else the pool would offer it again.
        raise psycopg.OperationalError("the server closed the idle connection")


def _readable(conn: Connection) -> bool:
    if not hasattr(select, "poll"):  # On Windows, whose select() has no limit.
        return bool(select.select([conn.fileno()], [], [], 0)[0])
    waiting = select.poll()
    waiting.register(conn.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
