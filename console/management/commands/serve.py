"""`serve`: bring the console's tables up to date and serve the console with uvicorn."""

import contextlib
import logging
import signal
import socket
import sys
import threading
import time
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection

logger = logging.getLogger("console")

#: Between two tries to reach the console's own database at start.
RETRY_SECONDS = 2


class Command(BaseCommand):
    """Serves even while databases are down: pages then say so and try again."""

    help = __doc__
    requires_system_checks = ()  # They run below, once the port is ours.

    def handle(self, *args: Any, **options: Any) -> None:
        """Bind the port, migrate in the background, serve until told to stop."""
        listener = self._listener()
        self.check(display_num_errors=False)
        threading.Thread(target=migrate_when_possible, name="migrate", daemon=True).start()
        host = (
            f"[{settings.CONSOLE_HOST}]" if ":" in settings.CONSOLE_HOST else settings.CONSOLE_HOST
        )
        self.stdout.write(f"Serving on http://{host}:{settings.PORT}/ (Ctrl-C stops it)")
        self.stdout.flush()
        config = uvicorn.Config(
            "console.asgi:application",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        # uvicorn ends its connections and then sends itself the signal again: that is a clean end.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])

    def _listener(self) -> socket.socket:
        address = (settings.CONSOLE_HOST, settings.PORT)
        try:
            return socket.create_server(
                address, family=socket.AF_INET6 if ":" in settings.CONSOLE_HOST else socket.AF_INET
            )
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {address[0]}:{address[1]}: {error.strerror}. "
                "Choose another port with PORT=…"
            ) from error


def migrate_when_possible() -> None:
    """Create or update the console's tables, as soon as its database answers."""
    while True:
        try:
            call_command("migrate", interactive=False, verbosity=0)
            break
        except (DatabaseError, InterfaceError) as error:
            logger.warning("The console's database does not answer yet: %s", error)
            connection.close()
            time.sleep(RETRY_SECONDS)
    connection.close()
