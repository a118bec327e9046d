"""Clients that may only look: PostgreSQL itself refuses what they are asked to write."""

from collections.abc import Callable, Iterator
from functools import partial

import psycopg
import pytest

from client_core import DatabaseRefused, DBOSClient, EnqueueOptions
from tests.client_core.conftest import Insert, insert_run
from tests.replica import Replica

Sql = psycopg.Connection[dict[str, object]]
Act = Callable[[DBOSClient], object]

WRITES: dict[str, Act] = {
    "enqueue": lambda client: client.enqueue(EnqueueOptions(workflow_name="a", queue_name="q")),
    "send": lambda client: client.send("run-1", "hello"),
    "cancel": lambda client: client.cancel_workflow("run-1"),
    "delete": lambda client: client.delete_workflow("run-1"),
    "fork": lambda client: client.fork_workflow("run-1", 0),
    "schedule": lambda client: client.create_schedule(
        schedule_name="s", workflow_name="w", schedule="0 3 * * *", dialect="python"
    ),
    "queue": lambda client: client.register_queue("orders"),
}


@pytest.fixture(params=["reading", "read_only"])
def looking(request: pytest.FixtureRequest, system_url: str) -> Iterator[DBOSClient]:
    """A client that may look: of one that may write, or with connections of its own."""
    if request.param == "read_only":
        with DBOSClient.create(system_url, read_only=True) as client:
            yield client
    else:
        with DBOSClient.create(system_url) as client:
            yield client.reading()


@pytest.mark.parametrize("write", WRITES)
def test_postgresql_refuses_every_write(
    looking: DBOSClient, insert: Insert, sql: Sql, write: str
) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    assert looking.get_workflow("run-1")
    before = sql.execute("SELECT t::text FROM dbos.workflow_status t").fetchall()
    with pytest.raises(DatabaseRefused, match="read-only transaction"):
        WRITES[write](looking)
    assert sql.execute("SELECT t::text FROM dbos.workflow_status t").fetchall() == before


def test_the_connections_themselves_are_read_only(system_url: str) -> None:
    """What is sent past the client's transactions is refused too; given options stay."""
    url = f"{system_url}?options=-c%20geqo%3Doff"
    with DBOSClient.create(url, read_only=True) as client:
        client.list_workflows()
        with client._db._pool.connection() as conn:
            assert conn.execute("SHOW geqo").fetchone() == ("off",)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                conn.execute("DELETE FROM dbos.workflow_status")


def test_the_client_it_was_made_of_writes_on(client: DBOSClient, insert: Insert) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    reading = client.reading()
    assert client.cancel_workflow("run-1").changed
    run = reading.get_workflow("run-1")
    assert run
    assert run.status == "CANCELLED"


def test_a_primary_is_behind_nobody(client: DBOSClient) -> None:
    assert client.get_replica_lag_seconds() is None


@pytest.fixture
def insert_there(replica: Replica) -> Iterator[Insert]:
    """Inserts a run on the primary of the replica."""
    with psycopg.connect(replica.primary_url, autocommit=True) as conn:
        yield partial(insert_run, conn)


def test_a_replica_serves_reads_and_tells_how_far_it_is_behind(
    replica: Replica, insert_there: Insert
) -> None:
    insert_there(workflow_uuid="old")
    replica.catch_up()
    with DBOSClient.create(replica.url, read_only=True) as client:
        assert client.get_workflow("old")
        assert client.get_replica_lag_seconds() == 0
        with replica.behind():
            insert_there(workflow_uuid="new")
            replica.catch_up(replayed=False)
            assert client.get_workflow("new") is None
            assert (client.get_replica_lag_seconds() or 0) > 0
        replica.catch_up()
        assert client.get_workflow("new")
        with pytest.raises(DatabaseRefused):
            client.cancel_workflow("old")


def test_waiting_goes_on_where_nothing_can_be_listened_to(
    replica: Replica, insert_there: Insert
) -> None:
    insert_there(workflow_uuid="over", output="1", serialization="portable_json")
    replica.catch_up()
    with DBOSClient.create(replica.url, read_only=True) as client:
        assert client.retrieve_workflow("over").get_result(timeout_seconds=60) == 1
