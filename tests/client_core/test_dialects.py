"""The language of an application, from the traces that it leaves in its database."""

from typing import Any

import psycopg
import pytest

from client_core import DBOSClient, InvalidOption
from client_core.dialects import dialect_of, owner_dialect
from client_core.resource_errors import DialectUnknown
from client_core.serialization.unnamed import own_format
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]

PICKLE = "gASVCwAAAAAAAAB9lIwBYZRLAXMu"
SUPERJSON = '{"json":{"a":1},"__dbos_serializer":"superjson"}'


def find(client: DBOSClient, application: str | None = None, stated: Any = None) -> str:
    return owner_dialect(client._db, application, stated)


def add_schedule(sql: Sql, context: str, owner: str | None = None) -> None:
    sql.execute(
        "INSERT INTO dbos.workflow_schedules (schedule_id, schedule_name, workflow_name, schedule,"
        " context, application_name) VALUES (%(id)s, %(id)s, 'w', '* * * * *', %(text)s, %(app)s)",
        {"id": f"{owner}-{context[:5]}", "text": context, "app": owner},
    )


def test_what_is_stated_is_believed(client: DBOSClient, insert: Insert) -> None:
    insert(serialization="py_pickle")
    assert find(client, stated="typescript") == "typescript"
    with pytest.raises(InvalidOption) as caught:
        find(client, stated="cobol")
    assert set(caught.value.problems) == {"dialect"}


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("py_pickle", "python"),
        ("js_superjson", "typescript"),
        ("DBOS_JSON", "go"),
        ("DBOS_GOB", "go"),
        ("java_jackson", "java"),
    ],
)
def test_the_formats_of_runs_tell(
    client: DBOSClient, insert: Insert, name: str, dialect: str
) -> None:
    insert(serialization=name)
    insert(serialization="portable_json")
    insert(serialization="of-our-own")
    assert find(client) == dialect


def test_the_steps_of_a_portable_run_tell(client: DBOSClient, sql: Sql, insert: Insert) -> None:
    run = insert(serialization="portable_json")
    with pytest.raises(DialectUnknown):
        find(client)
    sql.execute(
        "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, "
        "serialization) VALUES (%s, 1, 'step', 'js_superjson')",
        [run],
    )
    assert find(client) == "typescript"


def test_a_scheduled_run_of_python_names_no_format(
    client: DBOSClient, sql: Sql, insert: Insert
) -> None:
    run = insert(serialization=None, schedule_name="nightly")
    sql.execute("INSERT INTO dbos.workflow_input VALUES (%s, %s)", [run, PICKLE])
    assert find(client) == "python"


@pytest.mark.parametrize(("context", "dialect"), [(PICKLE, "python"), (SUPERJSON, "typescript")])
def test_the_contexts_of_schedules_tell(
    client: DBOSClient, sql: Sql, context: str, dialect: str
) -> None:
    add_schedule(sql, context)
    assert find(client) == dialect


def test_an_application_is_known_by_its_own_rows_and_the_unclaimed(
    client: DBOSClient, sql: Sql, insert: Insert
) -> None:
    insert(serialization="py_pickle", application_name="shop")
    add_schedule(sql, SUPERJSON, "billing")
    assert find(client, "shop") == "python"
    assert find(client, "billing") == "typescript"
    with pytest.raises(DialectUnknown) as caught:
        find(client)
    assert caught.value.found == {"python", "typescript"}
    with pytest.raises(DialectUnknown) as caught:
        find(client, "stock")
    assert caught.value.found == frozenset()
    assert "“python”" in str(caught.value)
    insert(serialization="js_superjson")
    assert find(client, "stock") == "typescript"
    with pytest.raises(DialectUnknown):
        find(client, "shop")


def test_old_runs_of_a_big_table_are_not_searched(
    client: DBOSClient, sql: Sql, insert: Insert
) -> None:
    insert(serialization="py_pickle", created_at=1)
    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, serialization) "
        "SELECT n, 'portable_json' FROM generate_series(1, 500) n"
    )
    with pytest.raises(DialectUnknown):
        find(client)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (PICKLE, "py_pickle"),
        (SUPERJSON, "js_superjson"),
        ('{"json": 1, "__dbos_serializer": "superjson"}', "js_superjson"),
        ('{"when":{"dbos_type":"dbos_Date","dbos_data":"2026"}}', "js_superjson"),
        ('{"type":"Buffer","data":[1]}', "js_superjson"),
        ('{"py/tuple": [1]}', "jsonpickle"),
        ('{"type": "Buffer", "data": [1]}', None),
        ('["py/tuple"]', None),
        ('{"a":1}', None),
        ("null", None),
        ("gAAAAABk", None),
        ("", None),
        (None, None),
    ],
)
def test_a_text_without_the_name_of_its_format(text: str | None, name: str | None) -> None:
    assert own_format(text) == name
    assert (dialect_of(text) is None) == (name is None)
