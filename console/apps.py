"""The console's Django app."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Everything the console shows and keeps."""

    name = "console"

    def ready(self) -> None:
        """Make the checks known, and hear of sign-ins from the beginning."""
        from console import account_events, checks, database_rights, deployment  # noqa: F401
