"""Who waits for an event or a stream is woken by its notification, if there is one."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import psycopg
import pytest

from client_core import DatabaseUnavailable, DBOSClient
from client_core import listener as listener_module
from client_core.polling import LISTENING_PAUSE_SECONDS, Waiting
from client_core.questions import Kind, Question
from demo.waiting import wait_until
from tests.client_core.conftest import Insert, Submit
from tests.client_core.waiting import PATIENCE, never, pause, until_heard
from tests.proxy import Proxy

Sql = psycopg.Connection[Any]
NAME = "listener under test"
CHANNELS = {"event": "dbos_workflow_events_channel", "stream": "dbos_streams_channel"}


@pytest.fixture
def client(system_url: str, sql: Sql) -> Iterator[DBOSClient]:
    """A client that looks again only when it hears of something."""
    with DBOSClient.create(system_url) as client:
        assert isinstance(client._db._pool.kwargs, dict)
        client._db._pool.kwargs["application_name"] = NAME
        client._waiting = Waiting(client._db, pace=never)
        yield client


def wait_for(client: DBOSClient, kind: str, workflow_id: str) -> Callable[[], Any]:
    if kind == "event":
        return partial(client.get_event, workflow_id, "log", PATIENCE)
    return partial(next, client.read_stream(workflow_id, "log", timeout_seconds=PATIENCE))


def write(sql: Sql, kind: str, workflow_id: str) -> None:
    if kind == "event":
        statement = "INSERT INTO dbos.workflow_events VALUES (%s, 'log', '5', 'portable_json')"
    else:
        statement = "INSERT INTO dbos.streams VALUES (%s, 'log', '5', 0, 1, 'portable_json')"
    sql.execute(statement, [workflow_id])


def notify(sql: Sql, kind: str, workflow_id: str, key: str = "log") -> None:
    sql.execute("SELECT pg_notify(%s, %s)", [CHANNELS[kind], f"{workflow_id}::{key}"])


def listening_pids(sql: Sql) -> list[int]:
    rows = sql.execute(
        # Other test workers do the same on databases of their own.
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = %s AND query LIKE 'LISTEN%%'",
        [NAME],
    )
    return [row["pid"] for row in rows]


@pytest.mark.parametrize("kind", CHANNELS)
def test_a_notification_ends_the_wait(
    client: DBOSClient, insert: Insert, sql: Sql, submit: Submit, kind: str
) -> None:
    workflow_id = insert(status="PENDING")
    value = submit(wait_for(client, kind, workflow_id))
    until_heard(client)
    write(sql, kind, workflow_id)
    notify(sql, kind, workflow_id)
    assert value.result(PATIENCE) == 5


@pytest.mark.parametrize("kind", CHANNELS)
def test_a_trigger_of_an_older_schema_ends_the_wait(
    client: DBOSClient, insert: Insert, sql: Sql, submit: Submit, kind: str
) -> None:
    """The trigger is spelled as in the SDK's migrations."""
    table = {"event": "workflow_events", "stream": "streams"}[kind]
    sql.execute(
        f"""CREATE FUNCTION pg_temp.tell() RETURNS TRIGGER AS $$
        DECLARE payload text := NEW.workflow_uuid || '::' || NEW.key;
        BEGIN PERFORM pg_notify('{CHANNELS[kind]}', payload); RETURN NEW; END;
        $$ LANGUAGE plpgsql;
        CREATE TRIGGER tell AFTER INSERT ON dbos.{table}
        FOR EACH ROW EXECUTE FUNCTION pg_temp.tell()"""
    )
    try:
        workflow_id = insert(status="PENDING")
        value = submit(wait_for(client, kind, workflow_id))
        until_heard(client)
        write(sql, kind, workflow_id)
        assert value.result(PATIENCE) == 5
    finally:
        sql.execute(f"DROP TRIGGER tell ON dbos.{table}")


@pytest.mark.parametrize("kind", CHANNELS)
def test_what_came_before_the_listener_is_not_lost(
    client: DBOSClient, insert: Insert, sql: Sql, submit: Submit, kind: str
) -> None:
    """A value is written without a word. The look after the connection is made anew finds it."""
    workflow_id = insert(status="PENDING")
    value = submit(wait_for(client, kind, workflow_id))
    until_heard(client)
    [pid] = listening_pids(sql)
    write(sql, kind, workflow_id)
    sql.execute("SELECT pg_terminate_backend(%s)", [pid])
    assert value.result(PATIENCE) == 5


def test_a_broken_connection_is_made_anew(
    client: DBOSClient, insert: Insert, sql: Sql, submit: Submit
) -> None:
    workflow_id = insert()
    value = submit(wait_for(client, "event", workflow_id))
    until_heard(client)
    [pid] = listening_pids(sql)
    sql.execute("SELECT pg_terminate_backend(%s)", [pid])
    assert wait_until(lambda: listening_pids(sql) not in ([], [pid]), PATIENCE)
    until_heard(client)
    write(sql, "event", workflow_id)
    notify(sql, "event", workflow_id)
    assert value.result(PATIENCE) == 5


def test_one_connection_serves_all_and_only_while_somebody_waits(
    client: DBOSClient,
    insert: Insert,
    sql: Sql,
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener_module, "IDLE_SECONDS", 0)
    workflow_id = insert(status="PENDING")
    assert client.get_event(workflow_id, "never", timeout_seconds=0) is None
    client.wait_all([client.retrieve_workflow(insert())])
    assert listening_pids(sql) == []
    values = [submit(wait_for(client, kind, workflow_id)) for kind in [*CHANNELS] * 3]
    until_heard(client)
    assert len(listening_pids(sql)) == 1
    for kind in CHANNELS:
        write(sql, kind, workflow_id)
        notify(sql, kind, workflow_id)
    assert [value.result(PATIENCE) for value in values] == [5] * 6
    assert wait_until(lambda: listening_pids(sql) == [], PATIENCE)
    # The next one starts it again.
    late = submit(client.get_event, workflow_id, "late", PATIENCE)
    until_heard(client)
    client.destroy()
    assert isinstance(late.exception(PATIENCE), DatabaseUnavailable)


def test_destroying_the_client_ends_the_waits_and_the_connection(
    client: DBOSClient, insert: Insert, sql: Sql, submit: Submit
) -> None:
    workflow_id = insert(status="PENDING")
    waits = [submit(wait_for(client, kind, workflow_id)) for kind in CHANNELS]
    waits.append(submit(client.retrieve_workflow(workflow_id).get_result))
    until_heard(client)
    assert wait_until(lambda: len(client._waiting._waiters) == len(waits), PATIENCE)
    client.destroy()
    for wait in waits:
        assert isinstance(wait.exception(PATIENCE), DatabaseUnavailable)
    assert client._waiting._listener._thread is None
    assert wait_until(lambda: listening_pids(sql) == [], PATIENCE)


@pytest.mark.parametrize("kind", CHANNELS)
def test_without_a_listener_polling_finds_it(
    system_url: str, insert: Insert, sql: Sql, submit: Submit, kind: str
) -> None:
    """A server that accepts no further connection, as one at its limit does."""
    workflow_id = insert(status="PENDING")
    with Proxy(system_url) as proxy, DBOSClient.create(proxy.url, pool_size=1) as client:
        client.get_workflow(workflow_id)
        proxy.refuse()
        value = submit(wait_for(client, kind, workflow_id))
        assert wait_until(lambda: bool(client._waiting._waiters), PATIENCE)
        write(sql, kind, workflow_id)
        assert value.result(PATIENCE) == 5
        assert not client._waiting._listener.proven


def test_only_what_is_waited_for_makes_it_look(
    client: DBOSClient, sql: Sql, submit: Submit
) -> None:
    waiting, question = client._waiting, Question(Kind.EVENT, "run", "key")
    submit(waiting.wait, {question}, PATIENCE, patient=True)
    until_heard(client)
    looked_at = waiting._looked_at
    for topic in [(CHANNELS["stream"], "run::key"), (CHANNELS["event"], "run::other")]:
        waiting._hear(topic)
        assert not waiting._notified
    assert waiting._looked_at == looked_at
    waiting._hear((CHANNELS["event"], "run::key"))
    assert wait_until(lambda: waiting._looked_at > looked_at, PATIENCE)
    client.destroy()


def test_who_listens_need_not_look_as_often_but_a_run_is_polled_for(
    system_url: str, insert: Insert, submit: Submit
) -> None:
    """Notifications have to arrive first: behind some poolers LISTEN succeeds and nothing does."""
    workflow_id = insert(status="PENDING")
    with DBOSClient.create(system_url) as client:
        waiting = client._waiting
        event = submit(client.get_event, workflow_id, "log", PATIENCE)
        assert wait_until(lambda: bool(waiting._waiters), PATIENCE)

        assert wait_until(lambda: pause(waiting) < LISTENING_PAUSE_SECONDS, PATIENCE)
        until_heard(client)
        assert wait_until(lambda: pause(waiting) >= LISTENING_PAUSE_SECONDS * 0.99, PATIENCE)
        run = submit(client.retrieve_workflow(workflow_id).get_result)
        assert wait_until(lambda: len(waiting._waiters) == 2, PATIENCE)
        assert wait_until(lambda: pause(waiting) < LISTENING_PAUSE_SECONDS, PATIENCE)
        client.destroy()
        for wait in (event, run):
            assert isinstance(wait.exception(PATIENCE), DatabaseUnavailable)
