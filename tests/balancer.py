"""Several replicas behind one address: new connections go to those that say they are ready."""

import http.client
import itertools
import socket
import threading
from contextlib import closing, suppress
from typing import Self

#: Between two questions whether a replica is ready, as balancers ask, only oftener.
_ASK_SECONDS = 0.1


class Balancer:
    """Forwards connections, one replica after the other; listens on :attr:`port`."""

    def __init__(self, ports: list[int]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._ports = ports
        self._ready: list[int] = []
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, daemon=True),
            threading.Thread(target=self._accept, daemon=True),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._listener.close()
        self._threads[0].join()

    def add(self, port: int) -> None:
        """One more replica, which is given connections once it is ready."""
        self._ports = [*self._ports, port]

    def wait_until_ready(self, ports: list[int], timeout_seconds: float = 60) -> None:
        """Until just these replicas are given connections."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._ready == ports, timeout_seconds), (
                f"{self._ready} are ready, not {ports}"
            )

    def _ask(self) -> None:
        while not self._closing.wait(_ASK_SECONDS):
            ready = [port for port in self._ports if _is_ready(port)]
            with self._changed:
                self._ready = ready
                self._changed.notify_all()

    def _accept(self) -> None:
        for turn in itertools.count():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # Closed.
            ready = self._ready
            try:
                server = socket.create_connection(("127.0.0.1", ready[turn % len(ready)]))
            except (OSError, ZeroDivisionError):
                client.close()  # Nobody serves.
                continue
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=_forward, args=(one, other), daemon=True).start()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    source.close()


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        with closing(connection.getresponse()) as response:
            return response.status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
