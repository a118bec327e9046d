"""One run of all benchmarks on one server."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import dbos
import psycopg

from benchmarks.cases import OURS, PYTHON, TYPESCRIPT, Result, Scale, cases, measure, results
from benchmarks.data import Server, copied
from benchmarks.memory import growth_mib
from benchmarks.pages import pages
from benchmarks.peers import Peer, Scene, official_peer, our_peer
from benchmarks.typescript import typescript_peer
from benchmarks.waking import wake_ups
from client_core import DBOSClient

Say = Callable[[str], None]
#: The official clients give up after 30 s, which their page at depth takes on a busy machine.
PATIENCE_SECONDS = 600.0

_CURSOR = """
SELECT created_at || '.' || workflow_uuid FROM dbos.workflow_status
ORDER BY created_at DESC, workflow_uuid DESC OFFSET %s LIMIT 1"""

_IDS = """
SELECT workflow_uuid FROM dbos.workflow_status TABLESAMPLE BERNOULLI (%s) WHERE status = 'SUCCESS'
LIMIT 10000"""


def run(server: Server, scale: Scale, say: Say) -> list[Result]:
    """All results; the clients meet on a database that is made for them."""
    say(f"A database of {scale.rows:,} runs; made at the first time, in about a minute.")
    with copied(server, scale.rows) as url, psycopg.connect(url, autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE")  # A copy has no statistics of its own use yet.
        row: Any = conn.execute(_CURSOR, [scale.depth - 1]).fetchone()
        scene = Scene(url, scale.depth, row[0], scale.enqueues)
        percent = min(100.0, 2_000_000 / scale.rows)
        ids = [found for (found,) in conn.execute(_IDS, [percent])]
        major = conn.info.server_version // 10_000
        say(f"PostgreSQL {major}, dbos {version('dbos')}; {_floor(conn)}")
        with _peers(scene, say) as peers:
            found = list(_results(scene, peers, ids, scale, say))
        say("pages …")
        return [*found, *pages(server, scene, ids, scale, say)]


def _results(
    scene: Scene, peers: dict[str, Peer], ids: list[str], scale: Scale, say: Say
) -> Iterator[Result]:
    say("memory …")
    yield Result(
        f"memory growth, all {scale.rows:,} runs by page",
        growth_mib(scene.url),
        None,
        "MiB",
        target=5.0,
    )
    for case in cases(scale):
        say(f"{case.name} …")
        yield from measure(case, peers, ids, scale)
    say("wake-up …")
    late = wake_ups(scene.url, peers, scale)
    yield from results("wake-up of get_result", late, "ms", target=50.0)


@contextmanager
def _peers(scene: Scene, say: Say) -> Iterator[dict[str, Peer]]:
    official = dbos.DBOSClient(
        system_database_url=scene.url, observability_query_timeout_sec=PATIENCE_SECONDS
    )
    try:
        with DBOSClient.create(scene.url) as ours, typescript_peer(scene) as typescript:
            peers: dict[str, Peer] = {
                OURS: our_peer(ours, scene),
                PYTHON: official_peer(official, scene),
            }
            if typescript:
                peers[TYPESCRIPT] = typescript
            else:
                say("NOT MEASURED: the TypeScript client, because there is no Node.js >= 20 here.")
            yield peers
    finally:
        official.destroy()


def _floor(conn: psycopg.Connection[Any]) -> str:
    """What any write costs here: both sides pay it."""
    conn.execute("CREATE TABLE public.benchmark_floor (n integer)")
    taken = []
    for _ in range(100):
        start = time.perf_counter()
        conn.execute("INSERT INTO public.benchmark_floor VALUES (1)")
        taken.append((time.perf_counter() - start) * 1000)
    return f"to commit one bare row takes {statistics.median(taken):.2f} ms, whoever does it."
