"""`migrate` as Django has it; with a role that owns the tables, as that role."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from console.database_rights import grant


class Command(Migrate):
    """Afterwards the console's own role may do what it needs, and no more."""

    def add_arguments(self, parser: CommandParser) -> None:
        """As Django's, but for the database that is meant when none is named."""
        super().add_arguments(parser)
        if "owner" in connections:
            parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then grant."""
        super().handle(*args, **options)
        if options["database"] == "owner":
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT current_user")
                grant(connections["owner"], cursor.fetchone()[0])
