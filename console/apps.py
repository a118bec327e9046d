"""The console's Django app."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Everything the console shows and keeps."""

    name = "console"

    def ready(self) -> None:
        """Register the checks."""
        from console import database_rights  # noqa: F401
