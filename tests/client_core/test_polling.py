"""Many who wait cost one query a tick, and all of them hear."""

import threading
from typing import Any

import psycopg
import pytest

from client_core import DBOSClient, InvalidOption, WaitTimeout, WorkflowHandle
from client_core.polling import Waiting
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]


def handles(client: DBOSClient, *workflow_ids: str) -> list[WorkflowHandle]:
    return [client.retrieve_workflow(workflow_id) for workflow_id in workflow_ids]


def test_the_first_that_is_over(client: DBOSClient, insert: Insert) -> None:
    slow, quick = handles(client, insert(status="PENDING"), insert(status="ERROR"))
    assert client.wait_first([slow, quick]) is quick


def test_all_however_they_end(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    waited = handles(client, insert(status="CANCELLED"), insert(status="PENDING"), insert())
    done: list[object] = []
    thread = threading.Thread(target=lambda: done.extend(client.wait_all(waited)))
    thread.start()
    sql.execute("UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE status = 'PENDING'")
    thread.join()
    assert done == waited
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


def test_a_thousand_waiters_share_the_questions(
    client: DBOSClient, insert: Insert, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are asked for in one statement by one thread at a time."""
    asked: list[int] = []
    read = client._db.read
    everybody = 1_000

    def counting(statement: Any, params: Any) -> Any:
        asked.append(len(params["workflow_ids"]))
        return read(statement, params)

    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status) "
        "SELECT 'run-' || n, 'PENDING' FROM generate_series(1, %s) n",
        [everybody],
    )
    monkeypatch.setattr(client._db, "read", counting)
    waiting, over = Waiting(client._db), []
    threads = [
        threading.Thread(target=lambda n=n: over.append(waiting.first_over({f"run-{n}"})))
        for n in range(1, everybody + 1)
    ]
    for thread in threads:
        thread.start()
    while max(asked, default=0) < everybody:
        pass
    before = len(asked)
    sql.execute("UPDATE dbos.workflow_status SET status = 'SUCCESS'")
    for thread in threads:
        thread.join()
    assert sorted(filter(None, over)) == sorted(f"run-{n}" for n in range(1, everybody + 1))
    # One more look told everybody; a few may have been under way.
    assert len(asked) - before < 20


def test_the_task_is_handed_on(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    """Who asks for all goes away first, and the others still hear."""
    first, second = insert(status="PENDING"), insert(status="PENDING")
    waiting, over = Waiting(client._db), []
    impatient = threading.Thread(target=lambda: over.append(waiting.first_over({first}, 0.05)))
    impatient.start()
    patient = threading.Thread(target=lambda: over.append(waiting.first_over({second})))
    patient.start()
    impatient.join()
    sql.execute("UPDATE dbos.workflow_status SET status = 'ERROR'")
    patient.join()
    assert over == [None, second]


def test_an_error_reaches_who_asks_and_frees_the_task(
    client: DBOSClient, insert: Insert, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = Waiting(client._db)
    with monkeypatch.context() as patch:
        patch.setattr(client._db, "read", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            waiting.first_over({"run-1"})
    done = insert()
    assert waiting.first_over({done}) == done
