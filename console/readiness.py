"""Whether this process should be given requests, as whoever balances the load asks."""

import threading

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

_stopping = threading.Event()
_migrated = threading.Event()


def stop() -> None:
    """From now on others should be given the requests; those that come are still answered."""
    _stopping.set()


def is_stopping() -> bool:
    """Whether this process is about to end."""
    return _stopping.is_set()


def why_not() -> str:
    """Why this process should be given no requests; empty if it should.

    A system database that is away is no reason: no other replica would reach it either, and its
    pages say so.
    """
    if is_stopping():
        return "it is stopping"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _migrated.is_set() and _has_pending_migrations():
            return "the console's tables are not up to date"
    except (DatabaseError, InterfaceError):
        return "the console's own database does not answer"
    _migrated.set()  # Nobody takes tables away from a release that runs.
    return ""


def _has_pending_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
