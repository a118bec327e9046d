"""Many who wait cost one query a tick, and all of them hear."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg
import pytest

from client_core import (
    DatabaseUnavailable,
    DBOSClient,
    InvalidOption,
    WaitTimeout,
    WorkflowHandle,
)
from client_core.database import Database
from client_core.polling import PAUSES_PER_LOOK, Waiting, pause_seconds
from client_core.questions import Kind, Question, answered, run_over
from demo.waiting import wait_until
from tests.client_core.conftest import Insert, Submit
from tests.client_core.waiting import PATIENCE, all_wait, never, pause, until_heard
from tests.proxy import Proxy

Sql = psycopg.Connection[Any]


def handles(client: DBOSClient, *workflow_ids: str) -> list[WorkflowHandle]:
    return [client.retrieve_workflow(workflow_id) for workflow_id in workflow_ids]


@pytest.fixture
def waiting(client: DBOSClient) -> Iterator[Waiting]:
    waiting = Waiting(client._db)
    yield waiting
    waiting.close()


def test_the_first_that_is_over(client: DBOSClient, insert: Insert) -> None:
    slow, quick = handles(client, insert(status="PENDING"), insert(status="ERROR"))
    assert client.wait_first([slow, quick]) is quick
    assert client.wait_first([quick, *handles(client, insert())]) is quick


def test_all_however_they_end(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    waited = handles(client, insert(status="CANCELLED"), insert(status="PENDING"), insert())
    with ThreadPoolExecutor() as threads:
        done = threads.submit(client.wait_all, waited)
        sql.execute("UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE status = 'PENDING'")
        assert done.result(PATIENCE) == waited
    assert client.wait_all([]) == []


def test_waiting_has_an_end(client: DBOSClient, insert: Insert) -> None:
    waited = handles(client, insert(status="PENDING"), insert())
    with pytest.raises(WaitTimeout):
        client.wait_first(waited[:1], timeout_seconds=0.05)
    with pytest.raises(WaitTimeout) as caught:
        client.wait_all(waited, timeout_seconds=0.05)
    assert caught.value.workflow_id == waited[0].workflow_id


def test_there_must_be_something_to_wait_for(client: DBOSClient) -> None:
    with pytest.raises(InvalidOption):
        client.wait_first([])


@pytest.mark.parametrize("workflow_id", ["a\0b", "\ud800"])
def test_an_impossible_id_is_refused_before_it_spoils_the_question_of_all(
    client: DBOSClient, workflow_id: str
) -> None:
    with pytest.raises(InvalidOption):
        client.retrieve_workflow(workflow_id).get_result(timeout_seconds=0)


@pytest.mark.parametrize(
    ("age", "pause"),
    [(0, 0.01), (0.2, 0.02), (0.5, 0.05), (10, 0.05), (60, 0.3), (200, 1), (86_400, 1)],
)
def test_the_pace(age: float, pause: float) -> None:
    assert pause_seconds(age) == pytest.approx(pause)


def test_the_pace_never_quickens() -> None:
    pauses = [pause_seconds(tenths / 10) for tenths in range(5_000)]
    assert pauses == sorted(pauses)


def test_who_waits_longer_looks_more_rarely(client: DBOSClient, insert: Insert) -> None:
    ages: list[float] = []

    def pace(age: float) -> float:
        ages.append(age)
        return pause_seconds(age)

    workflow_id = insert(status="PENDING")
    assert not Waiting(client._db, pace=pace).wait({run_over(workflow_id)}, 0.3)
    assert ages == sorted(ages)
    assert pause_seconds(ages[0]) < pause_seconds(ages[-1])


def test_a_slow_database_is_asked_more_rarely(
    client: DBOSClient, waiting: Waiting, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Database.read

    def slowly(database: Database, statement: Any, params: Any) -> Any:
        read(database, "SELECT pg_sleep(0.1)")
        return read(database, statement, params)

    monkeypatch.setattr(Database, "read", slowly)
    submit(waiting.wait, {run_over("none")})
    assert wait_until(lambda: waiting._look_seconds > 0, PATIENCE)
    assert pause(waiting) >= 0.1 * PAUSES_PER_LOOK
    waiting.close()


def test_each_question_has_its_own_answer(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    active, over = insert(status="PENDING"), insert()
    sql.execute("INSERT INTO dbos.workflow_events VALUES (%s, 'set', '1')", [active])
    sql.execute("INSERT INTO dbos.streams VALUES (%s, 'log', '1', 0, 1)", [active])
    yes = {
        run_over(over),
        Question(Kind.EVENT, active, "set"),
        Question(Kind.STREAM, active, "log", 0),
        Question(Kind.STREAM, over, "log", 7),
        Question(Kind.STREAM, "none", "log", 0),
    }
    no = {
        run_over(active),
        run_over("none"),
        Question(Kind.EVENT, active, "unset"),
        Question(Kind.EVENT, over, "set"),
        Question(Kind.STREAM, active, "log", 1),
        Question(Kind.STREAM, active, "other", 0),
    }
    assert answered(client._db, yes | no) == yes
    for question in yes | no:
        assert answered(client._db, {question}) == {question} & yes


def waits_of_all_kinds(client: DBOSClient, workflow_id: str) -> Iterator[Callable[[], Any]]:
    """Calls that wait, of each kind in turn and without end."""
    for number in itertools.count():
        yield client.retrieve_workflow(workflow_id).get_result
        yield partial(client.get_event, workflow_id, f"event {number}", PATIENCE)
        yield partial(next, client.read_stream(workflow_id, f"stream {number}"))


def round_trips(system_url: str, workflow_id: str, sql: Sql, *, waiters: int, ticks: int) -> int:
    """What so many looks cost while so many wait; then all of them are sent away."""
    with Proxy(system_url) as proxy, ThreadPoolExecutor(waiters) as threads:
        client = DBOSClient.create(proxy.url)
        waiting = client._waiting = Waiting(client._db, pace=never)
        calls = itertools.islice(waits_of_all_kinds(client, workflow_id), waiters)
        waits = [threads.submit(call) for call in calls]
        assert wait_until(lambda: all_wait(waiting, waiters), PATIENCE)

        def tick() -> None:
            looked_at = waiting._looked_at
            # Only a decoy, so that all go on waiting.
            sql.execute(
                "SELECT pg_notify('dbos_streams_channel', %s)", [f"{workflow_id}::stream 0"]
            )
            assert wait_until(lambda: waiting._looked_at > looked_at, PATIENCE, pause=0.001)

        until_heard(client)
        before = proxy.round_trips
        for _ in range(ticks):
            tick()
        cost = proxy.round_trips - before
        client.destroy()
        assert all(isinstance(wait.exception(PATIENCE), DatabaseUnavailable) for wait in waits)
        return cost


def test_a_tick_costs_the_same_for_few_and_for_many(
    system_url: str, insert: Insert, sql: Sql
) -> None:
    workflow_id = insert(status="PENDING")
    few = round_trips(system_url, workflow_id, sql, waiters=6, ticks=20)
    many = round_trips(system_url, workflow_id, sql, waiters=240, ticks=20)
    # A look may have been under way when the count began, or when it ended.
    assert few >= 18
    assert many < 2 * few


def test_a_thousand_waiters_share_the_questions(
    client: DBOSClient, sql: Sql, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are asked for in one statement by one thread at a time."""
    asked: list[int] = []
    read = Database.read
    everybody = 1_000

    def counting(database: Database, statement: Any, params: Any) -> Any:
        asked.append(len(params["over_ids"]))
        return read(database, statement, params)

    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status) "
        "SELECT 'run-' || n, 'PENDING' FROM generate_series(1, %s) n",
        [everybody],
    )
    monkeypatch.setattr(Database, "read", counting)
    questions = [run_over(f"run-{n}") for n in range(1, everybody + 1)]
    with ThreadPoolExecutor(everybody) as threads:
        waits = [threads.submit(waiting.wait, {question}) for question in questions]
        assert wait_until(lambda: max(asked, default=0) == everybody, PATIENCE)
        before = len(asked)
        sql.execute("UPDATE dbos.workflow_status SET status = 'SUCCESS'")
        assert [wait.result(PATIENCE) for wait in waits] == [{question} for question in questions]
    # One more look told everybody; a few may have been under way.
    assert len(asked) - before < 20


def test_many_who_run_out_of_time_share_their_last_look(
    client: DBOSClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []
    read = Database.read
    waiting, everybody = Waiting(client._db, pace=never), 200
    barrier = threading.Barrier(everybody)

    def counting(database: Database, statement: Any, params: Any) -> Any:
        looks.append(params)
        return read(database, statement, params)

    def wait(number: int) -> object:
        barrier.wait()
        return waiting.wait({run_over(f"none-{number}")}, 0.2, patient=True)

    monkeypatch.setattr(Database, "read", counting)
    with ThreadPoolExecutor(everybody) as threads:
        assert not any(threads.map(wait, range(everybody)))
    assert 0 < len(looks) < everybody / 2


def test_the_task_is_handed_on(insert: Insert, sql: Sql, waiting: Waiting) -> None:
    """Who asks for all goes away first, and the others still hear."""
    first, second = run_over(insert(status="PENDING")), run_over(insert(status="PENDING"))
    with ThreadPoolExecutor() as threads:
        impatient = threads.submit(waiting.wait, {first}, 0.05)
        patient = threads.submit(waiting.wait, {second})
        assert impatient.result(PATIENCE) == frozenset()
        sql.execute("UPDATE dbos.workflow_status SET status = 'ERROR'")
        assert patient.result(PATIENCE) == {second}


def test_every_one_is_waited_for_by_one_waiter(insert: Insert, sql: Sql, waiting: Waiting) -> None:
    """What is over is not asked for again, and the last one ends the wait."""
    questions = {run_over(insert(status="PENDING")) for _ in range(3)}

    def asks_for(questions: frozenset[Question]) -> bool:
        asked = (waiter.questions for waiter in list(waiting._waiters))
        return frozenset().union(*asked) == questions

    with ThreadPoolExecutor() as threads:
        wait = threads.submit(waiting.wait, questions, every=True)
        left = frozenset(questions)
        while left:
            sql.execute(
                "UPDATE dbos.workflow_status SET status = 'ERROR' WHERE workflow_uuid = %s",
                [min(left).workflow_id],
            )
            left -= {min(left)}
            assert wait_until(partial(asks_for, left), PATIENCE)
        assert wait.result(PATIENCE) == questions


def test_an_error_reaches_who_asks_and_frees_the_task(
    client: DBOSClient, insert: Insert, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Database, "read", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            waiting.wait({run_over("run-1")})
    done = run_over(insert())
    assert waiting.wait({done}) == {done}


def test_a_destroyed_client_waits_for_nothing(client: DBOSClient, waiting: Waiting) -> None:
    waiting.close()
    with pytest.raises(DatabaseUnavailable, match="destroyed"):
        waiting.wait({run_over("run")})
