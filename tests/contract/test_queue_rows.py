"""Queues and versions: the official client and ours leave the same rows and read them alike."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from client_core import DBOSClient
from client_core.records import RateLimit

pytestmark = pytest.mark.xdist_group("contract")

Sql = psycopg.Connection[Any]
Act = Callable[[Any], object]
#: Made anew at every call, by either client.
GENERATED = {"queue_id", "created_at", "updated_at", "version_timestamp"}


def rows(sql: Sql, table: str) -> list[dict[str, Any]]:
    found = sql.execute(f"SELECT * FROM dbos.{table} ORDER BY 2".encode()).fetchall()
    return [
        {name: (value is not None) if name in GENERATED else value for name, value in row.items()}
        for row in found
    ]


def same(sql: Sql, table: str, theirs: tuple[Any, Act], ours: tuple[Any, Act], first: Act) -> None:
    """Do both, each on what ``first`` prepares, and compare the rows that they leave."""
    left = []
    for client, act in (theirs, ours):
        sql.execute(f"DELETE FROM dbos.{table}".encode())
        first(client)
        act(client)
        left.append(rows(sql, table))
    assert left[0]
    assert left[1] == left[0]


#: The official spelling of each option, and ours.
LIMITS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"global_concurrency": 4}, {"global_concurrency": 4}),
    ({"worker_concurrency": 4}, {"worker_concurrency": 4}),
    ({"limiter": {"limit": 5, "period": 1.5}}, {"limiter": RateLimit(5, 1.5)}),
    ({"partition_concurrency": 4}, {"partition_concurrency": 4}),
    ({"partition_worker_concurrency": 4}, {"partition_worker_concurrency": 4}),
    ({"partition_limiter": {"limit": 5, "period": 2}}, {"partition_limiter": RateLimit(5, 2)}),
    ({"polling_interval_sec": 0.5}, {"polling_interval_seconds": 0.5}),
    ({"application_name": "shop"}, {"application_name": "shop"}),
    ({"on_conflict": "never_update"}, {"on_conflict": "never_update"}),
]


@pytest.mark.parametrize(("theirs", "mine"), LIMITS)
@pytest.mark.parametrize("existing", [False, True])
def test_register(
    sql: Sql, official: Any, ours: DBOSClient, theirs: Any, mine: Any, existing: bool
) -> None:
    def prepare(_: object) -> None:
        if existing:
            sql.execute(
                "INSERT INTO dbos.queues (name, concurrency, worker_concurrency, rate_limit_max, "
                "rate_limit_period_sec, partition_concurrency, partition_queue) "
                "VALUES ('q', 9, 8, 7, 6, 5, TRUE)"
            )

    same(
        sql,
        "queues",
        (official, lambda client: client.register_queue("q", **theirs)),
        (ours, lambda client: client.register_queue("q", **mine)),
        prepare,
    )


@pytest.mark.parametrize(
    ("setter", "value", "changes"),
    [
        ("set_global_concurrency", 8, {"global_concurrency": 8}),
        ("set_global_concurrency", None, {"global_concurrency": None}),
        ("set_worker_concurrency", 2, {"worker_concurrency": 2}),
        ("set_limiter", {"limit": 3, "period": 4.0}, {"limiter": RateLimit(3, 4.0)}),
        ("set_limiter", None, {"limiter": None}),
        ("set_partition_concurrency", 2, {"partition_concurrency": 2}),
        ("set_partition_concurrency", None, {"partition_concurrency": None}),
        ("set_partition_worker_concurrency", 1, {"partition_worker_concurrency": 1}),
        (
            "set_partition_limiter",
            {"limit": 3, "period": 4.0},
            {"partition_limiter": RateLimit(3, 4.0)},
        ),
        ("set_polling_interval_sec", 3.0, {"polling_interval_seconds": 3.0}),
    ],
)
def test_update(
    sql: Sql, official: Any, ours: DBOSClient, setter: str, value: Any, changes: Any
) -> None:
    same(
        sql,
        "queues",
        (official, lambda client: getattr(client.retrieve_queue("q"), setter)(value)),
        (ours, lambda client: client.update_queue("q", **changes)),
        lambda _: official.register_queue(
            "q",
            global_concurrency=7,
            worker_concurrency=5,
            partition_concurrency=4,
            limiter={"limit": 9, "period": 9.0},
        ),
    )


def test_delete(sql: Sql, official: Any, ours: DBOSClient) -> None:
    def both(client: Any) -> None:
        client.register_queue("kept")
        client.register_queue("q")
        client.delete_queue("q")

    same(sql, "queues", (official, both), (ours, both), lambda _: None)


@pytest.mark.parametrize("owner", [None, "shop"])
@pytest.mark.parametrize("acting", [None, "shop"])
def test_set_latest_version(
    sql: Sql, official: Any, ours: DBOSClient, owner: str | None, acting: str | None
) -> None:
    def prepare(_: object) -> None:
        for name in ("v1", "v2"):
            sql.execute(
                "INSERT INTO dbos.application_versions VALUES (%s, %s, 5, 5, %s)",
                [name, name, owner],
            )

    def act(client: Any) -> None:
        client.set_latest_application_version("v1", application_name=acting)
        latest = client.get_latest_application_version()
        name = latest["version_name"] if isinstance(latest, dict) else latest.version_name
        assert name == "v1"

    same(sql, "application_versions", (official, act), (ours, act), prepare)


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
