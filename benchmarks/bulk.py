"""How fast the console cancels a hundred thousand runs, and what the traffic beside it feels.

`python -m benchmarks.bulk [RUNS]`; BENCH_HOME as for the other benchmarks. The console is a server
as in production, used through its pages; the traffic is another process that enqueues.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.__main__ import ROOT, SETTINGS
from benchmarks.cases import Result
from benchmarks.data import Server, copied
from benchmarks.report import table
from benchmarks.visitor import Visitor, console_database, console_visitor
from client_core import DBOSClient, EnqueueOptions
from demo.postgres import EmbeddedPostgres

#: Runs that the database has besides.
OTHERS = 200_000
IDLE_SECONDS = 5.0
TARGET_A_SECOND, TARGET_LOCK_MS, TARGET_RATIO = 20_000.0, 1_000.0, 1.5
_OPERATIONS = "/s/main/operations/"

_RUNS = """
INSERT INTO dbos.workflow_status (workflow_uuid, status, name, queue_name, priority, created_at,
    updated_at, application_name, serialization)
SELECT gen_random_uuid(), 'ENQUEUED', 'unwanted', 'bulk', 0, at - n, at - n, 'shop', 'portable_json'
FROM generate_series(1, %s) n, (SELECT (extract(epoch FROM now()) * 1000)::bigint AS at) now"""

# Of the console's own statements; one holds its rows from its first to its commit.
_OLDEST = """
SELECT max(extract(epoch FROM clock_timestamp() - xact_start)) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'dbos-console' AND state <> 'idle'
    AND query LIKE '%UPDATE%workflow_status%'"""


def measure(
    server: Server, runs: int, *, others: int = OTHERS, idle_seconds: float = IDLE_SECONDS
) -> Iterator[Result]:
    """Cancel so many runs by the console's pages, beside somebody who enqueues."""
    with copied(server, others) as url, psycopg.connect(url, autocommit=True) as conn:
        conn.execute(_RUNS, [runs])
        conn.execute("VACUUM ANALYZE")
        with (
            console_visitor(server, url) as visitor,
            psycopg.connect(server(console_database(url)), autocommit=True) as console,
        ):
            with _enqueuing(url) as idle:
                time.sleep(idle_seconds)
            planning, operation = _planned(visitor, console)
            with _enqueuing(url) as busy, _watched(url) as oldest:
                _carried_out(visitor, console, operation, runs)
            seconds = _seconds(console, "ended_at - started_at")
        left = conn.execute(
            "SELECT count(*) FROM dbos.workflow_status WHERE name = 'unwanted' "
            "AND status <> 'CANCELLED'"
        ).fetchone()
    assert left == (0,), f"{left} are not cancelled"
    yield Result("bulk: to plan", runs / planning, None, "runs/s")
    yield Result("bulk: to cancel", runs / seconds, None, "runs/s")
    yield Result(
        "bulk: longest time that rows are locked", max(oldest), None, "ms", target=TARGET_LOCK_MS
    )
    yield Result(
        f"bulk: to enqueue beside it ({len(busy):,}), to idle",
        statistics.median(busy),
        statistics.median(idle),
        "ms",
        TARGET_RATIO,
    )


def _planned(visitor: Visitor, console: psycopg.Connection[Any]) -> tuple[float, str]:
    """The seconds that the plan takes, and its page."""
    operation = str(uuid.uuid4())
    form = {"scope": "all", "q": "name:unwanted", "action": "workflow.cancel"}
    visitor.post(f"{_OPERATIONS}plan/", {**form, "form_id": operation})
    _await(console, "planned")
    return _seconds(console, "planned_at - created_at"), f"{_OPERATIONS}{operation}/"


def _carried_out(
    visitor: Visitor, console: psycopg.Connection[Any], operation: str, runs: int
) -> None:
    page = visitor.post(f"{operation}start/", {"number": str(runs), "reason": "a benchmark"})
    assert re.search("running|Running|Done", page)
    _await(console, "done")


def _seconds(console: psycopg.Connection[Any], what: str) -> float:
    statement = f"SELECT extract(epoch FROM {what}) FROM console_operation"  # noqa: S608
    row: Any = console.execute(statement.encode()).fetchone()
    return float(row[0])


def _await(console: psycopg.Connection[Any], state: str) -> None:
    while console.execute("SELECT state FROM console_operation").fetchone() != (state,):
        time.sleep(0.05)


@contextmanager
def _enqueuing(url: str) -> Iterator[list[float]]:
    """Another process enqueues meanwhile; the milliseconds of each, when it is over."""
    command = [sys.executable, "-m", "benchmarks.bulk", "--enqueue", url]
    taken: list[float] = []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        yield taken
        answer, _ = process.communicate("\n")
    taken += json.loads(answer)


def _enqueue(url: str) -> None:
    """Enqueue until told to stop, some dozens a second, as an application does."""
    stop = threading.Event()

    def listen() -> None:
        sys.stdin.readline()
        stop.set()

    threading.Thread(target=listen, daemon=True).start()
    taken: list[float] = []
    with DBOSClient.create(url) as client:
        options = EnqueueOptions(workflow_name="wanted", queue_name="traffic")
        client.enqueue(options, 1)
        print("ready", flush=True)
        while not stop.wait(0.02):
            start = time.perf_counter()
            client.enqueue(options, 1)
            taken.append((time.perf_counter() - start) * 1000)
    print(json.dumps(taken))


@contextmanager
def _watched(url: str) -> Iterator[list[float]]:
    """The age of the console's oldest transaction, in milliseconds, looked at all the time."""
    ages, stop = [0.0], threading.Event()

    def watch() -> None:
        with psycopg.connect(url, autocommit=True) as conn:
            while not stop.wait(0.01):
                row = conn.execute(_OLDEST).fetchone()
                if row and row[0] is not None:
                    ages.append(float(row[0]) * 1000)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield ages
    finally:
        stop.set()
        thread.join()


def main() -> int:
    """Measure, and say what came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bulk")
    parser.add_argument("runs", type=int, nargs="?", default=100_000)
    parser.add_argument("--enqueue", metavar="URL", help="be the traffic beside it")
    asked = parser.parse_args()
    if asked.enqueue:
        _enqueue(asked.enqueue)
        return 0
    home = Path(os.environ.get("BENCH_HOME") or ROOT / ".benchmarks")
    with EmbeddedPostgres(home, settings=SETTINGS) as postgres:
        results = list(measure(postgres.url, asked.runs))
    print(table(results))
    fast = results[1].ours >= TARGET_A_SECOND
    print(f"{'reached' if fast else 'MISSED'}: {TARGET_A_SECOND:,.0f} runs a second.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
