"""The console's Django app."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Everything the console shows and keeps."""

    name = "console"

    def ready(self) -> None:
        """Hear of sign-ins from the beginning."""
        from console import account_events  # noqa: F401
