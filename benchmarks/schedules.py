"""`python -m benchmarks.schedules [ROWS]`: the pages of schedules beside the console's empty page.

Five hundred schedules of different expressions, and a hundred thousand runs of one of them, among
as many other runs as are asked for.
"""

import argparse
import os
import statistics
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote

import psycopg

from benchmarks.__main__ import ROOT, SETTINGS
from benchmarks.cases import Result
from benchmarks.data import Server, copied
from benchmarks.pages import EMPTY, PAGE_TARGET
from benchmarks.report import table
from benchmarks.visitor import Visitor, console_visitor
from client_core import DBOSClient, ScheduleDefinition
from demo.postgres import EmbeddedPostgres

SCHEDULES, RUNS, ROUNDS = 500, 100_000, 25
LIST = "/s/main/schedules/"
#: The one with many runs.
BUSY = f"{LIST}schedule/every-minute/"

_RUNS: LiteralString = """
INSERT INTO dbos.workflow_status (
    workflow_uuid, status, name, queue_name, created_at, updated_at, started_at_epoch_ms,
    completed_at, serialization, recovery_attempts, schedule_name
)
SELECT 'sched-every-minute-' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS+00:00'),
    'SUCCESS', 'clean', '_dbos_internal_queue', ms, ms + 2000, ms + 10, ms + 2000, 'py_pickle', 1,
    'every-minute'
FROM generate_series(1, %(runs)s) AS n,
    LATERAL (SELECT date_trunc('minute', now()) - n * interval '1 minute' AS at) AS due,
    LATERAL (SELECT extract(epoch FROM at)::bigint * 1000 AS ms) AS created"""

Ask = Callable[[Visitor], float]


def measure(
    server: Server, rows: int, *, schedules: int = SCHEDULES, runs: int = RUNS, rounds: int = ROUNDS
) -> Iterator[Result]:
    """A result for each page, all beside the empty one, which take turns."""
    with copied(server, rows) as url:
        with DBOSClient.create(url, dialect="python") as client:
            client.apply_schedules(list(_definitions(schedules)))
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(_RUNS, {"runs": runs})
            conn.execute("VACUUM ANALYZE")
        with console_visitor(server, url) as visitor:
            yield from _beside_an_empty_page(visitor, rounds)


def _beside_an_empty_page(visitor: Visitor, rounds: int) -> Iterator[Result]:
    pages = _pages()
    taken: dict[str, list[float]] = {name: [] for name in pages}
    for number in range(rounds + 1):
        for name, ask in pages.items():
            milliseconds = ask(visitor)
            taken[name] += [milliseconds] if number else []
    medians = {name: statistics.median(times) for name, times in taken.items()}
    empty = medians.pop("an empty page")
    for name, median in medians.items():
        yield Result(f"page: {name}, to an empty one", median, empty, "ms", PAGE_TARGET)


def _pages() -> dict[str, Ask]:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    form = {
        "start": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%S}",
        "end": f"{now:%Y-%m-%dT%H:%M:%S}",
        "preview": "1",
        "form_id": str(uuid.uuid4()),
    }
    typed = f"{LIST}times/?dialect=python&cron_timezone=Europe/Berlin&schedule="
    return {
        "an empty page": _page(EMPTY),
        "list": _page(LIST),
        "detail": _page(BUSY),
        "edit form": _page(f"{BUSY}edit/"),
        "times of an expression": _page(typed + quote("30 2 * * *")),
        "backfill form": _page(f"{BUSY}backfill/"),
        "backfill preview of a day": lambda visitor: visitor.milliseconds(f"{BUSY}backfill/", form),
        "rehearsal of a day": _page(f"{LIST}rehearsal/"),
        "rehearsal of a week": _page(f"{LIST}rehearsal/?span=week"),
    }


def _page(path: str) -> Ask:
    return lambda visitor: visitor.milliseconds(path)


def _definitions(count: int) -> Iterator[ScheduleDefinition]:
    """No two alike, from every ten minutes to once a week; and the busy one."""
    for number in range(count - 1):
        minute, hour = number % 60, number // 60 % 24
        expression = (
            f"{minute % 10}-59/10 {hour} * * *",
            f"{minute} * * * *",
            f"{minute} {hour} * * *",
            f"{minute} {hour}-23/2 * * mon-fri",
            f"{minute} {hour} * * {number % 7}",
        )[number % 5]
        yield {
            "schedule_name": f"of-tenant-{number}",
            "workflow_name": "clean",
            "schedule": expression,
            "cron_timezone": ("UTC", "Europe/Berlin", "America/New_York")[number % 3],
            "context": {"tenant": number, "days": [1, 2, 3]},
        }
    yield {"schedule_name": "every-minute", "workflow_name": "clean", "schedule": "* * * * *"}


def main() -> int:
    """Measure, and say what came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.schedules")
    parser.add_argument("rows", type=int, nargs="?", default=100_000, help="other runs")
    rows = parser.parse_args().rows
    home = Path(os.environ.get("BENCH_HOME") or ROOT / ".benchmarks")
    with EmbeddedPostgres(home, settings=SETTINGS) as postgres:
        print(table(measure(postgres.url, rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
