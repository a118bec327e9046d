"""Queues and versions: the official client and ours refuse the same, and read each other's."""

from typing import Any

import pytest

from client_core import DBOSClient
from client_core.records import RateLimit
from tests.contract.matrix.queues import versions_of
from tests.contract.node import TypeScriptClient
from tests.contract.rows import Scene, Sql

pytestmark = pytest.mark.xdist_group("contract")


def test_what_one_refuses_the_other_does(sql: Sql, official: Any, ours: DBOSClient) -> None:
    """The rules between the limits are the same."""
    values = (None, 1, 2)
    refused = 0
    for worker in values:
        for concurrency in values:
            for partition in values:
                limits = {
                    "worker_concurrency": worker,
                    "global_concurrency": concurrency,
                    "partition_worker_concurrency": partition,
                }
                assert accepts(official, limits) == accepts(ours, limits), limits
                refused += not accepts(ours, limits)
    assert refused


def accepts(client: Any, limits: dict[str, int | None]) -> bool:
    try:
        client.register_queue("q", **limits)
    except ValueError:
        return False
    return True


def test_each_reads_what_the_other_wrote(sql: Sql, official: Any, ours: DBOSClient) -> None:
    ours.register_queue("q", worker_concurrency=3, limiter=RateLimit(2, 1.5))
    theirs = official.retrieve_queue("q")
    assert (theirs.worker_concurrency, theirs.limiter) == (3, {"limit": 2, "period": 1.5})
    official.register_queue("p", partition_limiter={"limit": 2, "period": 1.5})
    mine = ours.get_queue("p")
    assert mine is not None
    assert mine.partition_limiter == RateLimit(2, 1.5)
    assert mine.is_partitioned


def test_typescript_reads_what_ours_wrote_and_the_other_way_round(
    sql: Sql, official_typescript: TypeScriptClient, ours: DBOSClient
) -> None:
    ours.register_queue("q", worker_concurrency=3, limiter=RateLimit(2, 1.5))
    theirs = official_typescript.retrieveQueue("q")
    assert (theirs["workerConcurrency"], theirs["minPollingIntervalMs"]) == (3, 1_000)
    assert theirs["rateLimit"] == {"limitPerPeriod": 2, "periodSec": 1.5}
    limit = {"limitPerPeriod": 2, "periodSec": 1.5}
    official_typescript.registerQueue("p", {"partitionRateLimit": limit})
    mine = ours.get_queue("p")
    assert mine is not None
    assert mine.partition_limiter == RateLimit(2, 1.5)


def test_all_see_the_same_latest_version(
    sql: Sql, official: Any, official_typescript: TypeScriptClient, ours: DBOSClient
) -> None:
    versions_of(None)(Scene(ours, "py_pickle", sql))
    ours.set_latest_application_version("v1")
    latest = ours.get_latest_application_version()
    assert latest is not None
    assert latest.version_name == "v1"
    assert official.get_latest_application_version()["version_name"] == "v1"
    assert official_typescript.getLatestApplicationVersion()["versionName"] == "v1"
