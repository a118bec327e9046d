"""Open pages are told *that* something changed, and then ask for themselves anew.

One task a system looks for all its open pages at once, while there are any. This is the only
asynchronous module: an open page costs a stream here, and no connection to a database.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress

from django.db import DatabaseError, InterfaceError

from client_core import DBOSClientError, Subject, SubjectKind
from console.systems import System
from console.viewers import Viewer, still_allowed

logger = logging.getLogger("console")

#: Between two looks; twice that once nothing has changed for a while …
TICK_SECONDS = 1.0
CALM_TICK_SECONDS = 2.0
CALM_AFTER_SECONDS = 30.0
#: … unless an event or stream of a watched run is notified; then this, at the least.
HEARD_SECONDS = 0.2
#: However long the database needs, looking takes a twentieth of the time; a fifth of it at the
#: most, while much is heard.
PAUSES_PER_LOOK = 20
PAUSES_PER_HEARD_LOOK = 5
#: An end of the session, the account or the permission is noticed as late as this.
CHECK_SECONDS = 10.0
#: A stream that tells of nothing says so, lest something on its way takes it for dead.
HEARTBEAT_SECONDS = 20.0
#: Where many watch the same, they are told one after another: each then asks for its page.
TOLD_PER_SECOND = 30
MOST_OF_A_PERSON = 30
MOST_OF_ALL = 1_000

#: What the page's script hears; ``data`` must not be empty.
_HELLO = b"retry: 3000\n\n"
_HEARTBEAT = b":\n\n"
_FULL = b"retry: 60000\n\n"


class OpenPage:
    """A page that somebody has open, and what it is to be told next."""

    def __init__(self, viewer: Viewer, subjects: frozenset[Subject]) -> None:
        self.viewer = viewer
        self.subjects = subjects
        #: Whether its subjects were looked at once: from then on it misses nothing.
        self.is_ready = False
        self._words: dict[str, None] = {}
        self._news = asyncio.Event()
        self._has_ended = False

    def tell(self, word: str) -> None:
        """Say ``word``, once, as soon as the browser takes it."""
        self._words[word] = None
        self._news.set()

    def end(self) -> None:
        """End the stream after what was told."""
        self._has_ended = True
        self._news.set()

    async def told(self) -> AsyncIterator[bytes]:
        """What it is told, as it comes."""
        while True:
            for word in list(self._words):
                del self._words[word]
                yield f"event: {word}\ndata: {word}\n\n".encode()
            if self._has_ended:
                return
            self._news.clear()
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                yield _HEARTBEAT


class Hub:
    """The open pages of one system in one event loop."""

    def __init__(self, system: System) -> None:
        self.loop = asyncio.get_running_loop()
        self.pages: set[OpenPage] = set()
        self._system = system
        self._changes = system.watching.changes()
        self._task: asyncio.Task[None] | None = None
        self._alarm = asyncio.Event()
        #: Those who are told next, in turn: before the lists, which change all the time, the runs.
        self._runs_turn: dict[OpenPage, None] = {}
        self._lists_turn: dict[OpenPage, None] = {}
        self._teller: asyncio.TimerHandle | None = None
        self._runs: frozenset[str] = frozenset()
        self._check_at = 0.0
        self._changed_at = 0.0

    @contextmanager
    def opened(self, page: OpenPage) -> Iterator[None]:
        """Tell the page of changes while the block lasts."""
        if not self.pages:
            self._check_at = time.monotonic() + CHECK_SECONDS
        self.pages.add(page)
        if self._task is None or self._task.done():
            self._task = self.loop.create_task(self._look_on())
        self._alarm.set()
        try:
            yield
        finally:
            self.pages.discard(page)
            self._runs_turn.pop(page, None)
            self._lists_turn.pop(page, None)
            self._alarm.set()

    def end(self) -> None:
        """End all streams."""
        for page in self.pages:
            page.end()

    async def _look_on(self) -> None:
        """Look for everybody until nobody is left."""
        self._runs = frozenset()
        try:
            with ExitStack() as listening:
                while self.pages:
                    self._listen(listening)
                    await self._check()
                    await self._pause(await self._look())
        except (DBOSClientError, DatabaseError, InterfaceError) as error:
            # They try again, and by polling they say why they are old.
            logger.warning("Open pages cannot be told of changes just now: %s", error)
            self.end()
        except Exception:
            logger.exception("Open pages are not told of changes any more")
            self.end()

    def _listen(self, listening: ExitStack) -> None:
        """Listen to the database while a run is watched."""
        subjects = frozenset[Subject]().union(*(page.subjects for page in self.pages))
        runs = frozenset(one.workflow_id for one in subjects if one.kind is SubjectKind.RUN)
        if runs and not self._runs:
            listening.enter_context(self._changes.overheard(self._hear))
        elif not runs:
            listening.close()
        self._runs = runs

    def _hear(self, topic: str | None) -> None:
        """A thread heard of an event or stream: look at once if it may be one that is watched."""
        parts = topic.split("::") if topic else []
        if any("::".join(parts[:end]) in self._runs for end in range(1, len(parts))):
            self.loop.call_soon_threadsafe(self._alarm.set)

    async def _look(self) -> float:
        """One look for all; the seconds it took."""
        pages = list(self.pages)
        subjects = frozenset[Subject]().union(*(page.subjects for page in pages))
        began = time.monotonic()
        changed = await asyncio.to_thread(self._changes.look, subjects)
        if changed or not all(page.is_ready for page in pages):
            self._changed_at = time.monotonic()
        for page in pages:
            if not page.is_ready:
                page.is_ready = True
                page.tell("ready")
            elif (news := page.subjects & changed) and page in self.pages:
                of_a_run = any(one.kind is SubjectKind.RUN for one in news)
                (self._runs_turn if of_a_run else self._lists_turn)[page] = None
        if self._teller is None:
            self._tell_next()
        return time.monotonic() - began

    def _tell_next(self) -> None:
        self._teller = None
        if turn := self._runs_turn or self._lists_turn:
            page = next(iter(turn))
            del turn[page]
            page.tell("changed")
            self._teller = self.loop.call_later(1 / TOLD_PER_SECOND, self._tell_next)

    async def _check(self) -> None:
        """End the streams of those who may look no longer."""
        if time.monotonic() < self._check_at:
            return
        viewers = frozenset(page.viewer for page in self.pages)
        allowed = await asyncio.to_thread(still_allowed, viewers, self._system)
        for page in self.pages:
            if page.viewer in viewers - allowed:
                page.tell("over")
                page.end()
        self._check_at = time.monotonic() + CHECK_SECONDS

    async def _pause(self, look_seconds: float) -> None:
        """Until the next look is due; it is due early when something is heard, or somebody new."""
        is_calm = time.monotonic() - self._changed_at > CALM_AFTER_SECONDS
        tick = CALM_TICK_SECONDS if is_calm else TICK_SECONDS
        least = max(HEARD_SECONDS, PAUSES_PER_HEARD_LOOK * look_seconds)
        await asyncio.sleep(least)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(tick, PAUSES_PER_LOOK * look_seconds) - least):
                await self._alarm.wait()
        self._alarm.clear()


_hubs: dict[System, Hub] = {}
_is_closing = False


def _hub(system: System) -> Hub:
    hub = _hubs.get(system)
    if hub is None or hub.loop is not asyncio.get_running_loop():
        hub = _hubs[system] = Hub(system)
    return hub


def has_room(person: int) -> bool:
    """Whether one more stream may be opened, by this person."""
    pages = [page for hub in list(_hubs.values()) for page in list(hub.pages)]
    of_person = sum(page.viewer.person == person for page in pages)
    return not _is_closing and len(pages) < MOST_OF_ALL and of_person < MOST_OF_A_PERSON


async def stream(
    system: System, viewer: Viewer, subjects: frozenset[Subject]
) -> AsyncIterator[bytes]:
    """What an open page is told of what it shows, until either side ends it."""
    if not has_room(viewer.person):
        yield _FULL
        return
    page = OpenPage(viewer, subjects)
    with _hub(system).opened(page):
        yield _HELLO
        async for piece in page.told():
            yield piece


def end_all() -> None:
    """End all streams, for good; from any thread and from a signal handler."""
    global _is_closing
    _is_closing = True
    for hub in list(_hubs.values()):
        hub.loop.call_soon_threadsafe(hub.end)
