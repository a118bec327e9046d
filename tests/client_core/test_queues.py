"""Queues: what is kept, who owns it, and the rules for limits."""

from typing import Any

import psycopg
import pytest

from client_core import DBOSClient, InvalidOption
from client_core.database import Database
from client_core.records import Queue, RateLimit
from client_core.resource_errors import NonExistentQueue, OwnedByAnotherApplication

Sql = psycopg.Connection[Any]


@pytest.fixture
def queues(system_url: str, sql: Sql) -> Any:
    with DBOSClient.create(system_url) as client:
        yield client


def row(sql: Sql, name: str) -> dict[str, Any]:
    found: Any = sql.execute("SELECT * FROM dbos.queues WHERE name = %s", [name]).fetchone()
    assert found
    return found  # type: ignore[no-any-return]


def test_what_is_registered_is_had_back(queues: DBOSClient) -> None:
    made = queues.register_queue(
        "orders",
        global_concurrency=10,
        worker_concurrency=5,
        limiter=RateLimit(100, 60.5),
        partition_concurrency=4,
        partition_worker_concurrency=2,
        partition_limiter=RateLimit(7, 1),
        polling_interval_seconds=0.25,
        application_name="shop",
    )
    assert made == queues.get_queue("orders")
    assert made == Queue(
        name="orders",
        global_concurrency=10,
        worker_concurrency=5,
        limiter=RateLimit(100, 60.5),
        partition_concurrency=4,
        partition_worker_concurrency=2,
        partition_limiter=RateLimit(7, 1),
        polling_interval_seconds=0.25,
        created_at=made.created_at,
        updated_at=made.updated_at,
        application_name="shop",
    )
    assert made.is_partitioned


def test_the_least_that_can_be_said_limits_nothing(queues: DBOSClient) -> None:
    made = queues.register_queue("orders")
    assert (made.global_concurrency, made.worker_concurrency, made.limiter) == (None, None, None)
    assert (made.polling_interval_seconds, made.application_name) == (1.0, None)
    assert not made.is_partitioned


def test_no_queue_of_this_name(queues: DBOSClient) -> None:
    assert queues.get_queue("orders") is None
    queues.delete_queue("orders")
    with pytest.raises(NonExistentQueue) as caught:
        queues.update_queue("orders", worker_concurrency=1)
    assert caught.value.name == "orders"


def test_registering_again_replaces_every_limit(queues: DBOSClient, sql: Sql) -> None:
    queues.register_queue("orders", global_concurrency=3, partition_concurrency=1)
    sql.execute("UPDATE dbos.queues SET created_at = 1, updated_at = 1")
    again = queues.register_queue("orders", worker_concurrency=2)
    assert (again.global_concurrency, again.worker_concurrency) == (None, 2)
    assert again.partition_concurrency is None
    assert again.created_at == 1
    assert again.updated_at > 1
    assert row(sql, "orders")["partition_queue"] is False


def test_never_update_leaves_a_queue_as_it_is(queues: DBOSClient, sql: Sql) -> None:
    queues.register_queue("orders", global_concurrency=3)
    before = row(sql, "orders")
    again = queues.register_queue("orders", worker_concurrency=2, on_conflict="never_update")
    assert (again.global_concurrency, again.worker_concurrency) == (3, None)
    assert row(sql, "orders") == before
    assert queues.register_queue("other", on_conflict="never_update").name == "other"


@pytest.mark.parametrize("on_conflict", ["always_update", "never_update"])
def test_a_queue_of_another_application_is_a_conflict(
    queues: DBOSClient, sql: Sql, on_conflict: Any
) -> None:
    queues.register_queue("orders", global_concurrency=3, application_name="shop")
    before = row(sql, "orders")
    with pytest.raises(OwnedByAnotherApplication) as caught:
        queues.register_queue("orders", application_name="billing", on_conflict=on_conflict)
    assert (caught.value.kind, caught.value.name) == ("queue", "orders")
    assert (caught.value.owner, caught.value.application_name) == ("shop", "billing")
    assert row(sql, "orders") == before


def test_an_owner_stays_and_an_unclaimed_queue_is_claimed(queues: DBOSClient) -> None:
    queues.register_queue("orders", application_name="shop")
    assert queues.register_queue("orders", global_concurrency=1).application_name == "shop"
    queues.register_queue("free")
    assert queues.register_queue("free", application_name="shop").application_name == "shop"


def test_a_list_shows_the_own_queues_and_the_unclaimed(system_url: str, queues: DBOSClient) -> None:
    for name, owner in [("c", "shop"), ("a", "billing"), ("b", None)]:
        queues.register_queue(name, application_name=owner)

    def names(client: DBOSClient, *given: Any) -> list[str]:
        return [queue.name for queue in client.list_queues(*given)]

    assert names(queues) == ["a", "b", "c"]
    assert names(queues, "shop") == ["b", "c"]
    assert names(queues, ["shop", "billing"]) == ["a", "b", "c"]
    with DBOSClient.create(system_url, application_name="shop") as shop:
        assert names(shop) == ["b", "c"]
        assert names(shop, "billing") == ["a", "b"]
        assert shop.register_queue("d").application_name == "shop"


def test_an_update_leaves_what_it_does_not_name(queues: DBOSClient, sql: Sql) -> None:
    queues.register_queue("orders", global_concurrency=9, limiter=RateLimit(5, 10))
    sql.execute("UPDATE dbos.queues SET created_at = 1, updated_at = 1")
    changed = queues.update_queue("orders", worker_concurrency=4)
    assert (changed.global_concurrency, changed.worker_concurrency) == (9, 4)
    assert changed.limiter == RateLimit(5, 10)
    assert changed.updated_at > 1
    assert queues.update_queue("orders", limiter=None).limiter is None
    assert queues.update_queue("orders", polling_interval_seconds=5).polling_interval_seconds == 5


def test_the_older_sdks_flag_follows_the_partition_limits_alone(
    queues: DBOSClient, sql: Sql
) -> None:
    queues.register_queue("orders")
    sql.execute("UPDATE dbos.queues SET partition_queue = TRUE")
    queues.update_queue("orders", global_concurrency=4)
    assert row(sql, "orders")["partition_queue"] is True
    queues.update_queue("orders", partition_concurrency=2)
    assert row(sql, "orders")["partition_queue"] is True
    queues.update_queue("orders", partition_concurrency=None)
    assert row(sql, "orders")["partition_queue"] is False


def test_an_update_is_checked_against_the_limits_that_stay(queues: DBOSClient) -> None:
    queues.register_queue("orders", global_concurrency=3)
    with pytest.raises(InvalidOption) as caught:
        queues.update_queue("orders", worker_concurrency=4)
    assert caught.value.problems == {
        "worker_concurrency": "must not be above global_concurrency, which is 3"
    }
    with pytest.raises(InvalidOption, match="concurrency: is no limit"):
        queues.update_queue("orders", concurrency=4)  # type: ignore[call-arg]


def test_a_change_meanwhile_is_seen(
    queues: DBOSClient, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody lowers the limit between our look at the queue and our change of it."""
    queues.register_queue("orders", global_concurrency=9)
    read = Database.read
    lowered: list[Any] = []

    def read_then_lower(*args: Any) -> Any:
        rows = read(*args)
        if not lowered:
            lowered.append(sql.execute("UPDATE dbos.queues SET concurrency = 2"))
        return rows

    monkeypatch.setattr(Database, "read", read_then_lower)
    with pytest.raises(InvalidOption, match="which is 2"):
        queues.update_queue("orders", worker_concurrency=4)
    assert row(sql, "orders")["worker_concurrency"] is None


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"global_concurrency": -1}, "global_concurrency"),
        ({"global_concurrency": 2**31}, "global_concurrency"),
        ({"worker_concurrency": True}, "worker_concurrency"),
        ({"partition_concurrency": 0}, "partition_concurrency"),
        ({"partition_worker_concurrency": 0}, "partition_worker_concurrency"),
        ({"polling_interval_seconds": 0}, "polling_interval_seconds"),
        ({"polling_interval_seconds": float("nan")}, "polling_interval_seconds"),
        ({"limiter": (1, 2)}, "limiter"),
        ({"limiter": RateLimit(0, 2)}, "limiter"),
        ({"partition_limiter": RateLimit(1, 0)}, "partition_limiter"),
        ({"worker_concurrency": 2, "global_concurrency": 1}, "worker_concurrency"),
        ({"partition_concurrency": 2, "global_concurrency": 1}, "partition_concurrency"),
        (
            {"partition_worker_concurrency": 2, "partition_concurrency": 1},
            "partition_worker_concurrency",
        ),
        (
            {"partition_worker_concurrency": 2, "worker_concurrency": 1},
            "partition_worker_concurrency",
        ),
        ({"on_conflict": "update_if_latest_version"}, "on_conflict"),
        ({"application_name": " "}, "application_name"),
    ],
)
def test_rules(queues: DBOSClient, sql: Sql, limits: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        queues.register_queue("orders", **limits)
    assert set(caught.value.problems) == {field}
    assert sql.execute("SELECT 1 FROM dbos.queues").fetchone() is None


@pytest.mark.parametrize("name", ["", " ", "_dbos_internal_queue", "a\0b", 7])
def test_names(queues: DBOSClient, name: Any) -> None:
    with pytest.raises(InvalidOption) as caught:
        queues.register_queue(name)
    assert set(caught.value.problems) == {"name"}


def test_a_queue_at_rest(queues: DBOSClient) -> None:
    assert queues.register_queue("orders", global_concurrency=0).global_concurrency == 0
