"""A TCP proxy before PostgreSQL that counts round trips and cuts connections on demand.

It reads the protocol, so that a cut falls exactly where it is meant to: before a request, between
a statement and its commit, or after the commit and before its answer.
"""

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from typing import Literal, Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

#: Where a request is cut. “before the commit”: the server has all of it but its COMMIT or, where
#: there is none, the end that makes it durable. “before the answer”: the server is done with it.
Cut = Literal["before the request", "before the commit", "before the answer"]
#: What happens to a request: nothing, a cut, also as soon as the server has it, which goes on with
#: it all the same, or from then on there is no server.
Step = Cut | Literal["while it runs", "refuse"] | None

#: The messages that make up requests, and those that end one.
_REQUEST = (b"P", b"B", b"D", b"E", b"S", b"Q")
_END = (b"S", b"Q")
#: The server's message that ends its answer.
_READY = b"Z"


class Proxy:
    """Forwards to the server of ``url``; its own address is :attr:`url`."""

    def __init__(self, url: str) -> None:
        parts = conninfo_to_dict(url)
        self._target = (str(parts["host"]), int(str(parts["port"])))
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = make_conninfo(
            url, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable"
        )
        #: How many requests reached the server: the round trips.
        self.round_trips = 0
        self._script: list[Step] = []
        self._refusing = False
        self._threads: list[threading.Thread] = []
        self._closing = False

    def cut_next(self, when: Cut) -> None:
        """Cut the connection that is used next, before its request, its commit or its answer."""
        self.play(when)

    def play(self, *script: Step) -> None:
        """Do this to the next requests, one step for each, over all connections.

        None lets a request through, and so are all after the script. As soon as “refuse” is the
        next step the server is gone: connections are closed, old ones after their answer.
        """
        self._script = list(script)
        self._refusing = self.is_going

    def refuse(self, refusing: bool = True) -> None:
        """Close new connections at once, as if the server were down."""
        self._refusing = refusing

    def answer(self, data: bytes) -> bytes:
        """What the client gets for this message of the server: the message."""
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
            self._spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            socket.create_connection(self._target) as server,
            selectors.DefaultSelector() as selector,
            contextlib.suppress(ConnectionError),
        ):
            link = _Link(self)
            selector.register(client, selectors.EVENT_READ, (server, link.from_client))
            selector.register(server, selectors.EVENT_READ, (client, link.from_server))
            while not self._closing:
                for key, _ in selector.select(timeout=0.05):
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    to, read = key.data
                    to.sendall(b"".join(read(data)))
                    if link.is_cut and link.settles:
                        _settle(server)
                    if not data or link.is_cut:
                        return

    @property
    def is_going(self) -> bool:
        """Whether the server is gone once it has answered."""
        return self._script[:1] == ["refuse"]

    def _next_step(self) -> Step:
        """What happens to the request that begins."""
        if self.is_going:
            return "refuse"
        step = self._script.pop(0) if self._script else None
        self._refusing = self._refusing or self.is_going
        return step


class _Link:
    """One connection through a proxy: which messages go on, and when it is cut."""

    def __init__(self, proxy: Proxy) -> None:
        self.is_cut = False
        self._proxy = proxy
        # A client's first message has no type.
        self._client, self._server = _Messages(typed=False), _Messages(typed=True)
        self._step: Step = None
        self._within_request = False

    @property
    def settles(self) -> bool:
        """Whether the server is done with what it has before the client hears of the cut."""
        return self._step != "while it runs"

    def from_client(self, data: bytes) -> Iterator[bytes]:
        """What of this goes on to the server."""
        for kind, message in self._client.split(data):
            if kind in _REQUEST:
                if not self._within_request:
                    self._step = self._proxy._next_step()
                self._within_request = kind not in _END
                if self._cuts_before(kind, message):
                    self.is_cut = True
                    return
                self._proxy.round_trips += kind in _END
            yield message
            if self._step == "while it runs" and kind in _END:
                self.is_cut = True
                return

    def _cuts_before(self, kind: bytes, message: bytes) -> bool:
        if self._step == "before the commit":
            return kind in _END or (kind == b"P" and b"COMMIT" in message)
        return self._step in ("before the request", "refuse")

    def from_server(self, data: bytes) -> Iterator[bytes]:
        """What of this goes on to the client."""
        for kind, message in self._server.split(data):
            if self._step != "before the answer":
                yield self._proxy.answer(message)
            if kind == _READY and (self._step == "before the answer" or self._proxy.is_going):
                self.is_cut = True
                return


def _settle(server: socket.socket) -> None:
    """Return when the server has done what it was sent, and has closed the connection."""
    server.shutdown(socket.SHUT_WR)
    while server.recv(65536):
        pass


class _Messages:
    """Splits a stream into the messages of PostgreSQL's protocol."""

    def __init__(self, *, typed: bool) -> None:
        self._typed = typed
        self._rest = b""

    def split(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The messages that are whole now: the type of each, and all of its bytes."""
        self._rest += data
        while len(self._rest) >= self._typed + 4:
            length = self._typed + int.from_bytes(self._rest[self._typed :][:4], "big")
            if len(self._rest) < length:
                return
            message, self._rest = self._rest[:length], self._rest[length:]
            yield message[: self._typed], message
            self._typed = True
