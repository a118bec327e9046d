"""How soon `get_result` returns after the run has ended."""

import random
import statistics
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import psycopg

from benchmarks.cases import Scale
from benchmarks.peers import Peer

_BEGIN = """
INSERT INTO dbos.workflow_status (workflow_uuid, status, name, serialization)
VALUES (%s, 'PENDING', 'place_order', 'portable_json')"""

# In one transaction, as an executor does it.
_END = """
WITH output AS (INSERT INTO dbos.workflow_output (workflow_uuid, output) VALUES (%(id)s, '"done"'))
UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE workflow_uuid = %(id)s"""


def wake_ups(url: str, peers: Mapping[str, Peer], scale: Scale) -> dict[str, float]:
    """Each client's median milliseconds from the end of a run to the return of its result."""
    late: dict[str, list[float]] = {name: [] for name in peers}
    with (
        psycopg.connect(url, autocommit=True) as conn,
        ThreadPoolExecutor(len(peers)) as threads,
    ):
        for _ in range(scale.wake_ups):
            ids = {name: str(uuid.uuid4()) for name in peers}
            for workflow_id in ids.values():
                conn.execute(_BEGIN, [workflow_id])
            results = {
                name: threads.submit(peer.result_at, ids[name]) for name, peer in peers.items()
            }
            # One after another, in any order: none is looked at at a moment of its choice.
            for name in random.sample(list(peers), len(peers)):
                time.sleep(random.uniform(*scale.wait_seconds))
                conn.execute(_END, {"id": ids[name]})
                ended_at = time.time()
                late[name].append((results[name].result() - ended_at) * 1000)
    return {name: statistics.median(times) for name, times in late.items()}
