"""What is doubted of an enqueue before it is written."""

from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from client_core import DBOSClient, EnqueueOptions
from client_core.enqueue_check import _KNOWN
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]

KNOWN: dict[str, Any] = {"workflow_name": "job", "queue_name": "orders"}


def doubts(client: DBOSClient, *args: Any, **options: Any) -> dict[str, str]:
    kwargs = options.pop("kwargs", {})
    return client.check_enqueue(EnqueueOptions(**KNOWN | options), *args, **kwargs)


@pytest.fixture(autouse=True)
def orders(client: DBOSClient, insert: Insert) -> None:
    client.register_queue("orders")
    insert(serialization="portable_json", application_version="v1", application_name="shop")


def test_an_empty_database_gives_no_reason_to_doubt(client: DBOSClient, sql: Sql) -> None:
    sql.execute("DELETE FROM dbos.workflow_status")
    sql.execute("DELETE FROM dbos.queues")
    given = {"app_version": "v9", "application_name": "any", "serialization": "py_pickle"}
    assert doubts(client, 1, kwargs={"a": 1}, queue_partition_key="k", **given) == {}


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"workflow_name": "jobb"}, "job"),
        ({"queue_name": "order"}, "orders"),
        ({"app_version": "v2"}, None),
        ({"application_name": "shopp"}, "shop"),
    ],
)
def test_a_name_that_nobody_used_is_doubted(
    client: DBOSClient, options: dict[str, str], hint: str | None
) -> None:
    [(field, text)] = doubts(client, **options).items()
    assert [field] == [*options]
    assert "Nothing registered or run lately has this name" in text
    assert hint is None or f"Is it “{hint}”?" in text


def test_what_is_registered_or_ran_is_not_doubted(
    client: DBOSClient, insert: Insert, sql: Sql
) -> None:
    insert(name="other", queue_name="in code alone")
    client.create_schedule(
        schedule_name="nightly", workflow_name="clean", schedule="0 3 * * *", dialect="python"
    )
    sql.execute("INSERT INTO dbos.application_versions VALUES ('1', 'v7', 1, 1, 'new')")
    assert doubts(client) == {}
    assert doubts(client, workflow_name="other", queue_name="in code alone") == {}
    assert doubts(client, workflow_name="clean") == {}
    assert doubts(client, app_version="v7", application_name="new") == {}
    assert doubts(client, queue_name="_dbos_internal_queue") == {}


def test_a_partition_key_that_lacks_and_one_that_is_of_no_use(client: DBOSClient) -> None:
    client.register_queue("parts", partition_concurrency=1)
    assert doubts(client, queue_name="parts", queue_partition_key="a") == {}
    assert "never taken" in doubts(client, queue_name="parts")["queue_partition_key"]
    assert "limits nothing" in doubts(client, queue_partition_key="a")["queue_partition_key"]


def test_a_format_that_the_executors_of_such_runs_cannot_read(
    client: DBOSClient, insert: Insert
) -> None:
    assert doubts(client, serialization="js_superjson") == {}
    insert(name="other", serialization="py_pickle")
    # Where nothing tells of the workflow, its application does.
    text = doubts(client, serialization="js_superjson")["serialization"]
    assert text == ("Only TypeScript reads js_superjson, and such runs are executed by Python.")
    insert(serialization="js_superjson")
    assert doubts(client, serialization="js_superjson") == {}
    text = doubts(client, serialization="py_pickle")["serialization"]
    assert text.endswith("executed by TypeScript.")
    assert doubts(client, serialization="portable_json") == {}
    insert(serialization="py_pickle")
    assert doubts(client, serialization="py_pickle") == {}


def test_typescript_takes_no_named_arguments(client: DBOSClient, insert: Insert) -> None:
    insert(serialization="js_superjson")
    assert set(doubts(client, kwargs={"gift": True})) == {"kwargs"}
    assert doubts(client, 1) == {}
    insert(serialization="py_pickle")
    assert doubts(client, kwargs={"gift": True}) == {}


def test_it_reads_the_newest_runs_alone(client: DBOSClient, sql: Sql) -> None:
    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, created_at) "
        "SELECT g::text, 'SUCCESS', 'w' || g % 20, g FROM generate_series(1, 20000) g"
    )
    sql.execute("ANALYZE dbos.workflow_status")
    statement = SQL("EXPLAIN " + _KNOWN).format(schema=Identifier("dbos"))
    rows = sql.execute(statement, {"newest": 2_000, "queue_name": "orders"}).fetchall()
    plan = "\n".join(row["QUERY PLAN"] for row in rows)
    assert "Seq Scan on workflow_status" not in plan
