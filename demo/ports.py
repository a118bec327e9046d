"""Finds a port of this machine that nobody listens on."""

import socket
from collections.abc import Iterable


def free_port(wanted: int, *, tries: int = 100) -> int:
    """The wanted port, else the next free one."""
    candidates: Iterable[int] = range(wanted, min(wanted + tries, 65_536))
    for port in (*candidates, 0):
        with socket.socket() as listener:
            # A server may take a port whose last connections are still fading, so we may as well.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            bound: int = listener.getsockname()[1]
        if not _answers(bound):
            return bound
    raise OSError("This machine has no free port.")


def _answers(port: int) -> bool:
    """Whether somebody listens; on macOS a port can be bound beside a listener on all addresses."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
