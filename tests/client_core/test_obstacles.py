"""Why a run is not running."""

import time
from typing import Any

import psycopg
import pytest

from client_core import DBOSClient, EnqueueOptions, Obstacle, ObstacleKind, RateLimit
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]
NOW_MS = time.time_ns() // 1_000_000


@pytest.fixture(autouse=True)
def executor(insert: Insert, client: DBOSClient) -> None:
    """An executor of the version v1 started a run a moment ago; there is a queue."""
    insert(application_version="v1", application_name="shop", started_at_epoch_ms=NOW_MS)
    client.register_queue("orders")


def waiting(insert: Insert, **columns: Any) -> str:
    return insert(**{"status": "ENQUEUED", "queue_name": "orders", "created_at": 1_000, **columns})


def kinds(client: DBOSClient, workflow_id: str) -> list[ObstacleKind]:
    return [obstacle.kind for obstacle in client.list_obstacles(workflow_id)]


def test_nothing_holds_it_back(client: DBOSClient, insert: Insert) -> None:
    assert client.list_obstacles(waiting(insert)) == []


@pytest.mark.parametrize("status", ["PENDING", "SUCCESS", "ERROR", "CANCELLED"])
def test_only_what_waits_has_obstacles(client: DBOSClient, insert: Insert, status: str) -> None:
    assert client.list_obstacles(waiting(insert, status=status, queue_name="unknown")) == []
    assert client.list_obstacles("nobody") == []


@pytest.mark.parametrize(
    ("is_debounced", "kind"), [(False, ObstacleKind.DELAYED), (True, ObstacleKind.DEBOUNCED)]
)
def test_a_delay(client: DBOSClient, insert: Insert, is_debounced: bool, kind: str) -> None:
    run = waiting(
        insert, status="DELAYED", delay_until_epoch_ms=NOW_MS + 5, is_debounced=is_debounced
    )
    assert client.list_obstacles(run) == [Obstacle(kind=ObstacleKind(kind), until_ms=NOW_MS + 5)]


def test_a_queue_that_nobody_registered(client: DBOSClient, insert: Insert) -> None:
    [obstacle] = client.list_obstacles(waiting(insert, queue_name="unknown"))
    assert (obstacle.kind, obstacle.name) == (ObstacleKind.QUEUE_NOT_REGISTERED, "unknown")
    assert not obstacle.certain
    assert client.list_obstacles(waiting(insert, queue_name="_dbos_internal_queue")) == []


def test_concurrency_is_taken_by_these_runs(client: DBOSClient, insert: Insert) -> None:
    client.register_queue("orders", global_concurrency=2)
    run = waiting(insert)
    first = waiting(insert, status="PENDING")
    assert client.list_obstacles(run) == []
    second = waiting(insert, status="PENDING")
    waiting(insert, status="PENDING", queue_name="other")
    [obstacle] = client.list_obstacles(run)
    assert (obstacle.kind, obstacle.limit) == (ObstacleKind.CONCURRENCY, 2)
    assert set(obstacle.workflow_ids) == {first, second}


def test_a_partition_is_taken_by_its_own_runs(client: DBOSClient, insert: Insert) -> None:
    client.register_queue("orders", partition_concurrency=1)
    run = waiting(insert, queue_partition_key="eu")
    waiting(insert, status="PENDING", queue_partition_key="us")
    assert client.list_obstacles(run) == []
    beside = waiting(insert, status="PENDING", queue_partition_key="eu")
    [obstacle] = client.list_obstacles(run)
    assert obstacle.kind is ObstacleKind.PARTITION_CONCURRENCY
    assert obstacle.workflow_ids == (beside,)


@pytest.mark.parametrize("partition", [None, "eu"])
def test_a_rate_is_used_up_until(client: DBOSClient, insert: Insert, partition: str | None) -> None:
    limit = {"partition_limiter" if partition else "limiter": RateLimit(2, 3_600)}
    client.register_queue("orders", **limit)  # type: ignore[arg-type]
    run = waiting(insert, queue_partition_key=partition)
    started = {"rate_limited": True, "queue_partition_key": partition, "status": "SUCCESS"}
    waiting(insert, started_at_epoch_ms=NOW_MS - 3_700_000, **started)
    waiting(insert, started_at_epoch_ms=NOW_MS - 3_000, **started)
    assert client.list_obstacles(run) == []
    waiting(insert, started_at_epoch_ms=NOW_MS - 1_000, **started)
    [obstacle] = client.list_obstacles(run)
    assert obstacle.limit == 2
    assert obstacle.until_ms == NOW_MS - 3_000 + 3_600_000
    assert obstacle.kind is (
        ObstacleKind.PARTITION_RATE_LIMIT if partition else ObstacleKind.RATE_LIMIT
    )


def test_those_before_it_are_counted(client: DBOSClient, insert: Insert) -> None:
    run = waiting(insert, priority=5, created_at=2_000)
    waiting(insert, priority=5, created_at=1_000)
    waiting(insert, priority=0, created_at=9_000)
    waiting(insert, priority=5, created_at=3_000)
    waiting(insert, priority=6, created_at=1_000)
    assert client.list_obstacles(run) == [Obstacle(kind=ObstacleKind.BEHIND, count=2)]


def test_executors_may_be_full(client: DBOSClient, insert: Insert) -> None:
    client.register_queue("orders", worker_concurrency=1)
    run = waiting(insert)
    assert client.list_obstacles(run) == []
    waiting(insert, status="PENDING")
    expected = Obstacle(kind=ObstacleKind.WORKER_CONCURRENCY, certain=False, limit=1)
    assert client.list_obstacles(run) == [expected]


def test_nobody_has_its_version(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    assert client.list_obstacles(waiting(insert, application_version="v1")) == []
    [obstacle] = client.list_obstacles(waiting(insert, application_version="v0", priority=0))
    assert (obstacle.kind, obstacle.name) == (ObstacleKind.VERSION_ABSENT, "v0")


def test_nobody_has_the_latest_version(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    version = "INSERT INTO dbos.application_versions VALUES (%(v)s, %(v)s, %(at)s, 1, 'shop')"
    sql.execute(version, {"v": "v1", "at": 1})
    assert client.list_obstacles(waiting(insert, application_name="shop")) == []
    sql.execute(version, {"v": "v2", "at": 2})
    [obstacle] = client.list_obstacles(waiting(insert, application_name="shop", priority=0))
    assert (obstacle.kind, obstacle.name) == (ObstacleKind.LATEST_VERSION_ABSENT, "v2")


def test_its_application_was_not_seen(client: DBOSClient, insert: Insert) -> None:
    [obstacle] = client.list_obstacles(waiting(insert, application_name="bank"))
    assert (obstacle.kind, obstacle.name) == (ObstacleKind.APPLICATION_ABSENT, "bank")


def test_nobody_was_seen_at_all(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    sql.execute("UPDATE dbos.workflow_status SET started_at_epoch_ms = 1")
    assert kinds(client, waiting(insert)) == [ObstacleKind.NO_EXECUTOR]


def test_what_is_certain_comes_first(client: DBOSClient, insert: Insert) -> None:
    run = waiting(insert, status="DELAYED", delay_until_epoch_ms=NOW_MS, queue_name="unknown")
    assert kinds(client, run) == [ObstacleKind.DELAYED, ObstacleKind.QUEUE_NOT_REGISTERED]


def test_it_says_what_a_real_executor_does(client: DBOSClient) -> None:
    """A run enqueued by the client of a queue at rest is held back by the queue alone."""
    client.register_queue("orders", global_concurrency=0)
    run = client.enqueue(EnqueueOptions(workflow_name="order", queue_name="orders"))
    [obstacle] = client.list_obstacles(run.workflow_id)
    assert (obstacle.kind, obstacle.limit) == (ObstacleKind.CONCURRENCY, 0)
