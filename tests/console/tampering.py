"""What only a superuser can do to the audit log: change it as if there were no triggers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def tampering() -> Iterator[Any]:
    """A cursor for which the triggers sleep."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        try:
            yield cursor
        finally:
            cursor.execute("RESET session_replication_role")


def empty_the_log() -> None:
    """Begin anew, as in a database that was just made."""
    with tampering() as cursor:
        cursor.execute(
            "UPDATE console_operation SET entry_id = NULL; DELETE FROM console_auditform; "
            "DELETE FROM console_auditending; DELETE FROM console_auditentry"
        )


def forget_endings() -> None:
    """As if the console had not survived any of its acts."""
    with tampering() as cursor:
        cursor.execute("DELETE FROM console_auditending")
