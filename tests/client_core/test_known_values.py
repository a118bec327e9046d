"""Values that filters may be given, as far as a bounded look finds them."""

import json
import re
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from client_core import DBOSClient, InvalidOption, QueryTimeout
from client_core.known_values import _ATTRIBUTE_VALUES, _FIELDS, _KEYS, MOST_VALUES, statement_of
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]


@pytest.mark.parametrize(
    ("field", "column"), [(field, one.column) for field, one in _FIELDS.items()]
)
def test_the_most_frequent_of_late_come_first(
    client: DBOSClient, insert: Insert, field: str, column: str
) -> None:
    insert(**{column: "forgotten"}, created_at=1)
    for value in ("b", "c", "c", "a", "", "x" * 201):
        insert(**{column: value}, created_at=2)
    found = client.list_known_values(field, newest=6)
    assert found[:3] == ["c", "a", "b"]
    # A walk along an index finds what is old as well.
    assert found[3:] == (["forgotten"] if field == "schedule_name" else [])


def test_what_is_registered_is_known(client: DBOSClient, sql: Sql) -> None:
    client.register_queue("orders")
    client.create_schedule(
        schedule_name="nightly", workflow_name="clean", schedule="0 3 * * *", dialect="python"
    )
    sql.execute(
        "INSERT INTO dbos.application_versions VALUES ('1', 'v1', 1, 1, 'shop'), "
        "('2', 'v2', 2, 2, 'shop')"
    )
    assert client.list_known_values("name") == ["clean"]
    assert client.list_known_values("queue_name") == ["orders"]
    assert client.list_known_values("schedule_name") == ["nightly"]
    assert client.list_known_values("app_version") == ["v1", "v2"]
    assert client.list_known_values("application_name") == ["shop"]


def test_queues_on_which_old_runs_wait_are_found(client: DBOSClient, insert: Insert) -> None:
    for queue in ("b", "a", "a"):
        insert(queue_name=queue, status="ENQUEUED", created_at=1)
    insert(queue_name="over", created_at=1)
    assert client.list_known_values("queue_name", newest=0) == ["a", "b"]


def test_of_very_many_those_behind_the_beginning_are_found(client: DBOSClient, sql: Sql) -> None:
    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status, schedule_name) "
        "SELECT n, 'SUCCESS', 'every-' || lpad(n::text, 3, '0') FROM generate_series(1, 300) n"
    )
    assert len(client.list_known_values("schedule_name", newest=0)) == MOST_VALUES
    found = client.list_known_values("schedule_name", beginning="every-29", newest=0)
    assert found == [f"every-{number}" for number in (*range(290, 301),)]


def test_the_keys_and_values_of_attributes(client: DBOSClient, insert: Insert) -> None:
    for attributes in (
        {"customer": 42, "plan": {"name": "gold", "seats": 3}, "beta": True},
        {"customer": 42, "plan": {"name": "a b"}, "tags": ["x"], "none": None},
        {"customer": "42", "plan": {"name": "x" * 300}},
    ):
        insert(attributes=json.dumps(attributes))
    insert()
    keys = client.list_attribute_keys()
    assert keys == ["customer", "plan", "beta", "none", "tags"]
    assert client.list_attribute_keys(["plan"]) == ["name", "seats"]
    assert client.list_attribute_keys(["customer"]) == []
    assert client.list_attribute_values(["customer"]) == ["42", '"42"']
    assert client.list_attribute_values(["plan", "name"]) == ['"a b"', '"gold"']
    assert client.list_attribute_values(["beta"]) == ["true"]
    for path in (["plan"], ["tags"], ["none"], ["nothing"]):
        assert client.list_attribute_values(path) == []


def test_a_filter_without_such_values_is_refused(client: DBOSClient) -> None:
    with pytest.raises(InvalidOption, match="must be one of name"):
        client.list_known_values("workflow_ids")


def test_it_is_given_up_soon(client: DBOSClient, system_url: str) -> None:
    assert client.capabilities.has_tables  # It is looked at once, and not in a hurry.
    with psycopg.connect(system_url) as other:
        other.execute("LOCK TABLE dbos.workflow_status")
        with pytest.raises(QueryTimeout, match=r"longer than 0\.5 s"):
            client.list_known_values("name")


@pytest.mark.parametrize("field", _FIELDS)
def test_no_table_of_runs_is_read_whole(sql: Sql, field: str) -> None:
    many_runs(sql)
    found = plan(sql, SQL(statement_of(field)).format(schema=Identifier("dbos")))
    assert "workflow_status_created_at_index" in found
    assert re.findall(r"Seq Scan on workflow_status", found) == []
    assert ("idx_workflow_status_schedule_name" in found) == (field == "schedule_name")
    assert ("idx_workflow_status_in_flight_v2" in found) == (field == "queue_name")


@pytest.mark.parametrize("statement", [_KEYS, _ATTRIBUTE_VALUES])
def test_attributes_are_those_of_the_newest(sql: Sql, statement: Any) -> None:
    many_runs(sql)
    found = plan(sql, SQL(statement).format(schema=Identifier("dbos")))
    assert "workflow_status_created_at_index" in found
    assert "Seq Scan on workflow_status" not in found


def many_runs(sql: Sql) -> None:
    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, queue_name, schedule_name, "
        "created_at) SELECT n::text, CASE WHEN n %% 50 = 0 THEN 'ENQUEUED' ELSE 'SUCCESS' END, "
        "'job', 'q' || n %% 3, CASE WHEN n %% 20 = 0 THEN 's' || n %% 7 END, %s + n "
        "FROM generate_series(1, 20000) n",
        [1_000],
    )
    sql.execute("ANALYZE dbos.workflow_status")


def plan(sql: Sql, statement: Any) -> str:
    params = {"newest": 500, "limit": 200, "beginning": "", "path": ["a"]}
    rows = sql.execute(SQL("EXPLAIN ") + statement, params).fetchall()
    return "\n".join(row["QUERY PLAN"] for row in rows)
