"""`serve`: bring the console's tables up to date and serve the console with uvicorn."""

import contextlib
import logging
import signal
import socket
import sys
import threading
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection

from console import live

logger = logging.getLogger("console")

#: Between two tries to reach the console's own database at start.
RETRY_SECONDS = 2


class Command(BaseCommand):
    """Serves even while databases are down: pages then say so and try again."""

    help = __doc__
    requires_system_checks = ()  # They run below, once the port is ours.

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen, if not where the settings say."""
        parser.add_argument(
            "--fd", type=int, help="a socket that listens already, from the starting process"
        )

    def handle(self, *args: Any, fd: int | None, **options: Any) -> None:
        """Listen, migrate in the background, serve until told to stop."""
        listener = self._listener() if fd is None else socket.socket(fileno=fd)
        self.check(display_num_errors=False)
        threading.Thread(target=migrate_when_possible, name="migrate", daemon=True).start()
        self.stdout.write(f"Serving on {_address(listener)} (Ctrl-C stops it)")
        self.stdout.flush()
        config = uvicorn.Config(
            "console.asgi:application",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            # Whom to believe about the client's address, CONSOLE_TRUSTED_PROXIES says.
            proxy_headers=False,
            timeout_graceful_shutdown=3,
        )
        # uvicorn ends its connections and then sends itself the signal again: that is a clean end.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with contextlib.suppress(KeyboardInterrupt):
            Server(config).run(sockets=[listener])

    def _listener(self) -> socket.socket:
        address = (settings.CONSOLE_HOST, settings.PORT)
        family = socket.AF_INET6 if ":" in settings.CONSOLE_HOST else socket.AF_INET
        try:
            return socket.create_server(address, family=family)
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {address[0]}:{address[1]}: {error.strerror}. "
                "Choose another port with PORT=…"
            ) from error


class Server(uvicorn.Server):
    """Ends the streams to open pages when it is told to stop, which it would wait for otherwise."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """As uvicorn does on a signal."""
        live.end_all()
        super().handle_exit(sig, frame)


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


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
