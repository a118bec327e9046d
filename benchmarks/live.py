"""`python -m benchmarks.live [ROWS]`: what two hundred open pages cost, and what one idle one does.

The pages are streams of a console that serves in a process of its own. What the system database
spends is what `pg_stat_statements` says, planning and transactions included.
"""

import argparse
import asyncio
import os
import statistics
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.__main__ import SETTINGS, say
from benchmarks.cases import Result
from benchmarks.data import Server as Databases
from benchmarks.data import copied
from benchmarks.open_pages import Server, Stream, got, opened, run, serving
from benchmarks.report import table
from demo.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parent.parent
LIST = "/s/main/workflows/"
PEOPLE = 10
#: Asked for once a minute by an open page that is told of changes.
FLOOR_ASKS = 1
#: So many changes a second, of a run that all of those pages show.
CHANGES_PER_SECOND = 2

_COUNT = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
    AND pid <> pg_backend_pid()"""
_SPENT = """
SELECT COALESCE(sum(total_exec_time + total_plan_time), 0)::float
FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
WHERE d.datname = current_database() AND query NOT LIKE '%%pg_stat_statements%%'"""
_RUN = """
SELECT workflow_uuid FROM dbos.workflow_status WHERE status = 'PENDING'
ORDER BY created_at DESC LIMIT 1"""

Sql = psycopg.Connection[Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of it is done."""

    rows: int
    pages: int = 200
    rounds: int = 6
    asks_per_round: int = 40
    #: An open page on which nothing changes is idle after the first …
    calm_seconds: float = 35.0
    #: … and is watched for the second.
    watch_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A server with its databases."""

    server: Server
    system: Sql
    console: Sql
    run_id: str
    scale: Scale

    @asynccontextmanager
    async def pages(self, number: int, query: str | None = None) -> AsyncIterator[list[Stream]]:
        """So many open pages, half of them lists and half runs, each looked at once."""
        queries = [query] if query else ["runs", f"run={self.run_id}"]
        async with AsyncExitStack() as stack:
            streams = []
            for place in range(number):
                session = self.server.sessions[place % PEOPLE]
                one = opened(self.server, session, queries[place % len(queries)])
                streams.append(await stack.enter_async_context(one))
            await asyncio.gather(*(stream.word() for stream in streams))
            yield streams

    async def asked_ms(self, path: str) -> float:
        """How long the server takes for a page."""
        start = time.perf_counter()
        assert await got(self.server, self.server.sessions[0], path) == 200
        return (time.perf_counter() - start) * 1000

    async def median_ms(self) -> float:
        """An ordinary page, asked for a few times."""
        times = [await self.asked_ms(LIST) for _ in range(self.scale.asks_per_round)]
        return statistics.median(times)

    def spent_ms(self) -> float:
        """What the system database spent since it was asked to count."""
        row = self.system.execute(_SPENT).fetchone()
        return float(row[0]) if row else 0.0


async def beside_open_pages(scene: Scene) -> list[Result]:
    """An ordinary page, with open pages and without, in turn."""
    alone, beside, told = [], [], []
    for _ in range(scene.scale.rounds):
        alone.append(await scene.median_ms())
        async with scene.pages(scene.scale.pages) as streams:
            beside.append(await scene.median_ms())
            listening = [asyncio.create_task(one.words_until_the_end()) for one in streams]
            with _changing(scene):
                told.append(await scene.median_ms())
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)
    idle = statistics.median(alone)
    number = scene.scale.pages
    name = "list, median, beside"
    return [
        Result(f"{name} {number} open pages", statistics.median(beside), idle, "ms", 1.2),
        Result(f"{name} {number} that are told of changes", statistics.median(told), idle, "ms"),
    ]


async def connections(scene: Scene) -> list[Result]:
    """How many connections there are with a list and a run open, and with many of them."""
    counts = []
    for number in (2, scene.scale.pages):
        async with scene.pages(number):
            await asyncio.sleep(1)  # The one that listens connects beside the first look.
            counts.append([_count(scene.system), _count(scene.console)])
    (system_few, console_few), (system_many, console_many) = counts
    pages = scene.scale.pages
    return [
        Result(f"system connections, {pages} pages to 2", system_many, system_few, "", 1.0),
        Result(f"console connections, {pages} pages to 2", console_many, console_few, "", 1.0),
    ]


async def idle_pages(scene: Scene) -> list[Result]:
    """What an open page on which nothing changes costs the system database in a minute."""
    page = f"{LIST}run/{scene.run_id}/"
    results = []
    for name, query, path in (("list", "runs", LIST), ("run", f"run={scene.run_id}", page)):
        asked = await _asked_cost_ms(scene, path)
        for around, writing in (("idle", _nobody), ("busy", _neighbour)):
            with writing(scene):
                told = await _stream_cost_ms(scene, query)
            cost = told + FLOOR_ASKS * asked
            results.append(
                Result(f"open {name} page a minute, {around} server", cost, None, "ms", target=5.0)
            )
    return results


async def _stream_cost_ms(scene: Scene, query: str) -> float:
    async with scene.pages(1, query):
        await asyncio.sleep(scene.scale.calm_seconds)
        before = scene.spent_ms()
        await asyncio.sleep(scene.scale.watch_seconds)
        return (scene.spent_ms() - before) * 60 / scene.scale.watch_seconds


async def _asked_cost_ms(scene: Scene, path: str) -> float:
    for _ in range(5):  # Connections, plans and statistics are there by then, as after a minute.
        await scene.asked_ms(path)
    before = scene.spent_ms()
    for _ in range(scene.scale.asks_per_round):
        await scene.asked_ms(path)
    return (scene.spent_ms() - before) / scene.scale.asks_per_round


def _counts(sql: Sql) -> bool:
    """Whether the server counts what statements cost; it is asked to."""
    row = sql.execute("SHOW shared_preload_libraries").fetchone()
    if not row or "pg_stat_statements" not in row[0]:
        return False
    sql.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    return True


def _count(sql: Sql) -> int:
    row = sql.execute(_COUNT).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _repeated(act: Callable[[], object], pause_seconds: float) -> Iterator[None]:
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(pause_seconds):
            act()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _changing(scene: Scene) -> Iterator[None]:
    """The run that is watched changes all the time, and the list with it."""
    change = "UPDATE dbos.workflow_status SET priority = priority WHERE workflow_uuid = %s"
    params = [scene.run_id]
    with _repeated(lambda: scene.system.execute(change, params), 1 / CHANGES_PER_SECOND):
        yield


@contextmanager
def _nobody(scene: Scene) -> Iterator[None]:
    """Nobody writes."""
    yield


@contextmanager
def _neighbour(scene: Scene) -> Iterator[None]:
    """Somebody writes elsewhere on the server all the time."""
    console = scene.console
    console.execute("CREATE TABLE IF NOT EXISTS neighbour (n integer)")
    with _repeated(lambda: console.execute("INSERT INTO neighbour VALUES (1)"), 0.05):
        yield


def measure(databases: Databases, scale: Scale, say: Say) -> list[Result]:
    """All of it, on a copy of the database of the other benchmarks."""
    with psycopg.connect(databases("postgres"), autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS live_console WITH (FORCE)")
        admin.execute("CREATE DATABASE live_console")
    with (
        copied(databases, scale.rows) as url,
        psycopg.connect(url, autocommit=True) as system,
        psycopg.connect(databases("live_console"), autocommit=True) as console,
        serving(databases("live_console"), url, people=PEOPLE) as server,
    ):
        system.execute("VACUUM ANALYZE")
        row: Any = system.execute(_RUN).fetchone()
        scene = Scene(server, system, console, row[0], scale)
        parts: list[Callable[[Scene], Coroutine[Any, Any, list[Result]]]]
        parts = [connections, beside_open_pages]
        if _counts(system):
            parts.append(idle_pages)
        else:
            say("NOT MEASURED: what idle pages cost, as the server has no pg_stat_statements.")
        return [result for part in parts for result in run(part(scene))]


def main() -> int:
    """Measure it once, and say what came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live")
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000, help="runs in the database")
    rows = parser.parse_args().rows
    home = Path(os.environ.get("BENCH_HOME") or ROOT / ".benchmarks")
    counting = {
        **SETTINGS,
        "shared_preload_libraries": "pg_stat_statements",
        "pg_stat_statements.track_planning": "on",
    }
    with EmbeddedPostgres(home, settings=counting) as postgres:
        print(table(measure(postgres.url, Scale(rows), say)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
