"""The console's Django app."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Everything the console shows and keeps."""

    name = "console"

    def ready(self) -> None:
        """Make the checks known, and hear of sign-ins from the beginning."""
        from console import checks  # noqa: F401
        from console.accounts import events  # noqa: F401
