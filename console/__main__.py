"""`dbos-console` and `python -m console`: Django's management commands, `serve` among them."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Run the management command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A sentence for whoever set the environment; a traceback would hide it.
        sys.exit(f"The console cannot start: {error}")


if __name__ == "__main__":
    main()
