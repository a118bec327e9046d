"""As Django's own, but for how tables are emptied."""

from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations


class _Operations(DatabaseOperations):
    def sql_flush(self, *args: Any, **options: Any) -> list[str]:
        """Empty the tables as a replica would: without the triggers that refuse it."""
        statements = super().sql_flush(*args, **options)
        return ["SET LOCAL session_replication_role = replica", *statements] if statements else []


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's own."""

    ops_class = _Operations
