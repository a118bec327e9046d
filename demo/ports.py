"""Takes a port of this machine that nobody listens on."""

import contextlib
import socket
from collections.abc import Iterable


def listen(wanted: int, *, tries: int = 100) -> socket.socket:
    """A socket that listens on the wanted port, else on the next free one.

    It is handed to the console as it is: a port that is only found to be free may be another
    program's a moment later, and the demo would show that program's pages.
    """
    candidates: Iterable[int] = range(wanted, min(wanted + tries, 65_536))
    for port in (*candidates, 0):
        # On macOS a port can be bound beside a listener on all addresses.
        if port and _answers(port):
            continue
        with contextlib.suppress(OSError):
            return socket.create_server(("127.0.0.1", port))
    raise OSError("This machine has no free port.")


def _answers(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
