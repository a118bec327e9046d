"""`migrate` as Django has it; with a role that owns the tables, as that role."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from console.audit.database_rights import grant

#: Any number that nothing else in the console's database locks.
LOCK = 5_077_195_330


class Command(Migrate):
    """Afterwards the console's own role may do what it needs, and no more."""

    def add_arguments(self, parser: CommandParser) -> None:
        """As Django's, but for the database that is meant when none is named."""
        super().add_arguments(parser)
        if "owner" in connections:
            parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then grant; replicas that start at the same time wait for one another."""
        with connections[options["database"]].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            try:
                super().handle(*args, **options)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        if options["database"] == "owner":
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT current_user")
                grant(connections["owner"], cursor.fetchone()[0])
