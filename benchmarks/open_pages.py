"""A real server, people who are signed in on it, and their open pages."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
#: Only a defect is noticed by it.
PATIENCE_SECONDS = 60

_PEOPLE = """
import json, sys
import django
django.setup()
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from console.models import Grant
call_command("migrate", verbosity=0)
viewers = Group.objects.create(name="visitors")
Grant.objects.create(group=viewers, role="viewer", system="*")
keys = []
for number in range(int(sys.argv[1])):
    user = User.objects.create(username=f"person-{number}")
    user.groups.add(viewers)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "console.accounts.sign_in.Backend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    keys.append(session.session_key)
print(json.dumps(keys))
"""


@dataclass(slots=True)
class Server:
    """A console that serves, and the session keys of its people."""

    port: int
    process: subprocess.Popen[str]
    sessions: list[str] = field(default_factory=list)

    def stop(self) -> tuple[int, str]:
        """Tell it to stop; its exit code, and what it said."""
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, said


@contextmanager
def serving(
    console_url: str, system_url: str, *, people: int = 1, settings: dict[str, str] | None = None
) -> Iterator[Server]:
    """`manage.py serve` on these databases, with so many viewers."""
    foreign = ("DJANGO", "CONSOLE", "DBOS", "PORT")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(foreign)},
        "CONSOLE_SECRET_KEY": "only-for-tests",
        "CONSOLE_DATABASE_URL": console_url,
        "DBOS_SYSTEM_DATABASE_URL": system_url,
        "DJANGO_SETTINGS_MODULE": "console.settings",
        **(settings or {}),
    }
    made = subprocess.run(
        [sys.executable, "-c", _PEOPLE, str(people)],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
        descriptor = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--fd", str(descriptor)],
            cwd=ROOT,
            env=environment,
            pass_fds=[descriptor],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield Server(port, process, json.loads(made.stdout))
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def run(work: Coroutine[Any, Any, T]) -> T:
    """What it returns, in an event loop of its own, also where Playwright keeps one running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class Stream:
    """An open page, as far as the server sees it."""

    def __init__(self, reader: asyncio.StreamReader, status: int, head: str) -> None:
        self.status = status
        self.head = head
        self._reader = reader

    async def word(self) -> str | None:
        """The next event's name; None at the end of the stream."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while line := await self._reader.readline():
                if line.startswith(b"event: "):
                    return line.decode().partition(": ")[2].strip()
        return None

    async def words_until_the_end(self) -> list[str]:
        """All names that come yet."""
        words = []
        while word := await self.word():
            words.append(word)
        return words


@asynccontextmanager
async def opened(server: Server, session: str, query: str = "runs") -> AsyncIterator[Stream]:
    """A stream of this person's."""
    reader, writer = await _asked(server, session, f"/s/main/live/?{query}")
    try:
        status, head = await _head(reader)
        yield Stream(reader, status, head)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def got(server: Server, session: str, path: str) -> int:
    """The status of an ordinary page."""
    reader, writer = await _asked(server, session, path)
    status, _ = await _head(reader)
    await reader.read()
    writer.close()
    await writer.wait_closed()
    return status


async def _asked(
    server: Server, session: str, path: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"Cookie: console_session={session}\r\n\r\n".encode()
    )
    await writer.drain()
    return reader, writer


async def _head(reader: asyncio.StreamReader) -> tuple[int, str]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    return int(head.split()[1]), head
