"""A TCP proxy before PostgreSQL that counts round trips and cuts connections on demand."""

import contextlib
import selectors
import socket
import threading
from typing import Literal, Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

Cut = Literal["before the request", "before the answer"]


class Proxy:
    """Forwards to the server of ``url``; its own address is :attr:`url`."""

    def __init__(self, url: str) -> None:
        parts = conninfo_to_dict(url)
        self._target = (str(parts["host"]), int(str(parts["port"])))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = make_conninfo(
            url, host="127.0.0.1", port=self._listener.getsockname()[1], sslmode="disable"
        )
        #: How often a client spoke after the server had: the round trips.
        self.round_trips = 0
        #: How many connections were made.
        self.connections = 0
        self._cut: Cut | None = None
        self._refusing = False
        self._threads: list[threading.Thread] = []
        self._closing = False

    def cut_next(self, when: Cut) -> None:
        """Cut the connection that is used next, before its request or before its answer."""
        self._cut = when

    def refuse(self, refusing: bool = True) -> None:
        """Close new connections at once, as if the server were down."""
        self._refusing = refusing

    def answer(self, data: bytes) -> bytes:
        """What the client gets of this piece of the server's answer: all of it."""
        return data

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(self, *exc: object) -> None:
        self._closing = True
        # Wakes accept(), which closing the socket from another thread would not.
        with contextlib.suppress(OSError):
            socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _spawn(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._closing or self._refusing:
                client.close()
                if self._closing:
                    return
                continue
            self.connections += 1
            self._spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            socket.create_connection(self._target) as server,
            selectors.DefaultSelector() as selector,
        ):
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            answered = True
            while not self._closing:
                for key, _ in selector.select(timeout=0.05):
                    from_client = key.fileobj is client
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    if not data or self._cuts(from_client):
                        return
                    self.round_trips += from_client and answered
                    answered = not from_client
                    key.data.sendall(data if from_client else self.answer(data))

    def _cuts(self, from_client: bool) -> bool:
        cuts = self._cut == ("before the request" if from_client else "before the answer")
        if cuts:
            self._cut = None
        return cuts
