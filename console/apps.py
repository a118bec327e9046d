"""The console's Django app."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Everything the console shows and keeps."""

    name = "console"
