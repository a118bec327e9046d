"""Operations on many runs: planned, confirmed, carried out, and told truly."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from console import actions
from console.models import AuditEntry, Grant, Operation, OperationRun
from console.operations import chunks, plans
from console.operations.forms import StartForm
from console.operations.kinds import KINDS, Outcome
from console.operations.runner import Runner
from console.systems import System, all_systems
from tests.console.conftest import Insert, SignIn
from tests.console.test_workflows import HTMX, LIST, text

OPERATIONS = "/s/main/operations/"
PLAN = f"{OPERATIONS}plan/"
Sql = psycopg.Connection[Any]
Plan = Callable[..., Operation]


def many(sql: Sql, count: int, status: str = "ENQUEUED", name: str = "job") -> None:
    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, queue_name, created_at) "
        "SELECT %s || '-' || n, %s, %s, 'orders', n FROM generate_series(1, %s) n",
        [f"{name}-{status.lower()}", status, name, count],
    )


def statuses(sql: Sql) -> dict[str, int]:
    query = "SELECT status, count(*) AS runs FROM dbos.workflow_status GROUP BY status"
    return {row["status"]: row["runs"] for row in sql.execute(query)}


def plan(browser: Client, q: str = "", *, action: str = "workflow.cancel", **fields: Any) -> Any:
    form = {"scope": "all", "q": q, "action": action, "form_id": str(uuid.uuid4()), **fields}
    return browser.post(PLAN, form)


def planned(browser: Client, q: str = "", **fields: Any) -> Operation:
    response = plan(browser, q, **fields)
    assert response.status_code == HTTPStatus.FOUND, text(response)
    work()
    operation = Operation.objects.get(pk=response.headers["Location"].split("/")[-2])
    assert operation.state == "planned"
    return operation


def url(operation: Operation, step: str = "") -> str:
    return f"{OPERATIONS}{operation.pk}/{step}"


def start(browser: Client, operation: Operation, **fields: str) -> Any:
    fields = {"number": str(chunks.to_act(operation)), **fields}
    return browser.post(url(operation, "start/"), fields)


def work(runner: Runner | None = None) -> None:
    """Carry on until nothing is due."""
    runner = runner or Runner()
    while runner.turn():
        pass


def outcomes(operation: Operation) -> dict[str, int]:
    operation.refresh_from_db()
    return dict(operation.outcomes)


class TestPlan:
    def test_it_counts_what_the_rows_are(self, operator: Client, sql: Sql) -> None:
        many(sql, 700)
        many(sql, 20, "SUCCESS")
        many(sql, 30, "PENDING", name="other")
        operation = planned(operator, "name:job")
        assert operation.statuses == {"ENQUEUED": 700, "SUCCESS": 20}
        assert OperationRun.objects.filter(operation=operation).count() == operation.total == 720
        page = text(operator.get(url(operation)))
        assert "Enqueued 700 will be cancelled" in page
        assert "Success 20 left alone: over already" in page
        assert "Cancel 700 runs of main" in page
        assert statuses(sql) == {"ENQUEUED": 700, "SUCCESS": 20, "PENDING": 30}

    def test_what_is_selected(self, operator: Client, insert: Insert) -> None:
        one = insert(status="PENDING")
        insert(status="PENDING")
        operation = planned(operator, scope="selected", workflow_id=[one, one, "gone"])
        assert operation.total == 1
        assert "1 of the selected runs is not there any more" in text(operator.get(url(operation)))

    def test_a_time_ago_stays_the_moment_that_it_was(self, operator: Client) -> None:
        operation = planned(operator, "created:<2h attr.a=1")
        assert operation.search == "created:<2h attr.a=1"
        assert operation.filters["start_time"][:2] == "20"
        assert plans.thawed(operation.filters)["start_time"] < timezone.now()
        assert "No run matches." in text(operator.get(url(operation)))

    def test_the_same_form_twice_is_one_plan(self, operator: Client, insert: Insert) -> None:
        insert(status="PENDING")
        form_id = str(uuid.uuid4())
        answers = [plan(operator, form_id=form_id).headers["Location"] for _ in range(2)]
        assert len(set(answers)) == Operation.objects.count() == 1
        assert Operation.objects.get().total == 1

    def test_a_huge_search_is_cut_and_says_so(
        self, operator: Client, sql: Sql, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(plans, "MOST_RUNS", 30)
        many(sql, 31)
        operation = planned(operator)
        assert (operation.total, operation.is_cut) == (30, True)
        assert not OperationRun.objects.filter(workflow_id="job-enqueued-1").exists()
        assert "More than 30 runs match" in text(operator.get(url(operation)))

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"q": "created:tomorrow"}, "created:tomorrow: a time is"),
            ({"scope": "selected"}, "No run is selected"),
            ({"action": ""}, "This field is required"),
            ({"action": "workflow.delete"}, "not one of the available choices"),
            ({"q": 'attr.a=["\\u0000"]'}, "PostgreSQL cannot store this"),
            ({"q": "attr.a=NaN"}, "PostgreSQL cannot store this"),
            ({"scope": "selected", "workflow_id": "\0"}, "PostgreSQL cannot store this"),
        ],
    )
    def test_what_cannot_be_planned_is_told_and_kept(
        self, operator: Client, fields: dict[str, str], sentence: str
    ) -> None:
        response = plan(operator, **{"reason": "because of it", **fields})
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert sentence in text(response)
        assert "because of it" in response.content.decode()
        assert not Operation.objects.exists()

    def test_a_search_that_takes_too_long_is_given_up(
        self, operator: Client, sql: Sql, system: System, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each look at the table waits for a lock that nobody gives back."""
        monkeypatch.setattr(system.client._db, "statement_timeout_ms", 20)
        with sql.transaction():
            sql.execute("LOCK TABLE dbos.workflow_status")
            plan(operator)
            for _ in range(6):
                Operation.objects.update(due_at=timezone.now())
                work()
        operation = Operation.objects.get()
        assert operation.state == "failed"
        assert "Narrow the search" in operation.note

    def test_the_list_offers_it(self, operator: Client, viewer: Client, insert: Insert) -> None:
        run = insert(name="<b>")
        page = operator.get(LIST, {"q": "status:success"}).content.decode()
        assert f'name="workflow_id" value="{run}" form="bulk"' in page
        form = operator.get(PLAN, {"scope": "selected", "workflow_id": run, "q": "x"})
        assert "Act on 1 selected run" in text(form)
        assert "Act on all that match status:error" in text(
            operator.get(PLAN, {"scope": "all", "q": "status:error"})
        )
        reason = "Your role on main does not include acting on many runs."
        assert reason in text(viewer.get(LIST))
        assert 'id="bulk"' not in viewer.get(LIST).content.decode()


class TestConfirmation:
    def test_few_need_a_button(self, operator: Client, insert: Insert, sql: Sql) -> None:
        insert(status="ENQUEUED")
        operation = planned(operator)
        assert operator.post(url(operation, "start/")).status_code == HTTPStatus.FOUND
        work()
        assert statuses(sql) == {"CANCELLED": 1}

    @pytest.mark.parametrize("number", ["", "100", "all"])
    def test_many_need_their_number(self, operator: Client, sql: Sql, number: str) -> None:
        many(sql, 101)
        operation = planned(operator)
        response = start(operator, operation, number=number, reason="we must")
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "we must" in response.content.decode()
        work()
        assert statuses(sql) == {"ENQUEUED": 101}
        assert start(operator, operation, number="1 01").status_code == HTTPStatus.FOUND

    def test_in_production_there_is_a_reason(self, operator: Client, insert: Insert) -> None:
        form = operations_form(1, is_production=True)
        assert set(form.errors) == {"reason", "number"}
        assert not operations_form(100, is_production=False).errors

    def test_it_starts_once(self, operator: Client, insert: Insert) -> None:
        insert(status="ENQUEUED")
        operation = planned(operator)
        start(operator, operation)
        response = operator.post(url(operation, "start/"), follow=True)
        assert "It was started or given up already" in text(response)
        assert AuditEntry.objects.filter(action="workflow.cancel").count() == 1


def operations_form(runs: int, *, is_production: bool) -> Any:
    return StartForm({}, runs=runs, is_production=is_production)


class TestCarriedOut:
    def test_each_run_has_what_became_of_it(self, operator: Client, sql: Sql) -> None:
        for status in ("ENQUEUED", "PENDING", "DELAYED", "SUCCESS", "CANCELLED"):
            many(sql, 3, status)
        operation = planned(operator, reason="a bad release")
        sql.execute(
            "UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE workflow_uuid LIKE '%g-1'"
        )
        sql.execute("DELETE FROM dbos.workflow_status WHERE workflow_uuid = 'job-delayed-3'")
        start(operator, operation, reason="a bad release")
        work()
        assert outcomes(operation) == {
            "done": 5,
            "stops": 2,
            "finished": 1,
            "gone": 1,
            "skipped": 6,
        }
        assert operation.state == "done"
        page = text(operator.get(url(operation)))
        assert "2 cancelled: its code stops at its next step" in page
        assert "1 had ended by then" in page
        entry = AuditEntry.objects.get(action="workflow.cancel")
        assert entry.outcome == "done"
        assert entry.reason == "a bad release"
        assert entry.parameters["runs"] == 9
        assert "5 done" in entry.detail

    def test_what_arrives_later_is_not_touched(self, operator: Client, sql: Sql) -> None:
        many(sql, 5)
        operation = planned(operator, "name:job")
        many(sql, 7, "PENDING")
        start(operator, operation)
        work()
        assert statuses(sql) == {"CANCELLED": 5, "PENDING": 7}

    def test_children_go_too(self, operator: Client, insert: Insert, sql: Sql) -> None:
        insert(workflow_uuid="parent", status="PENDING", name="parent")
        insert(workflow_uuid="child", status="PENDING", parent_workflow_id="parent")
        insert(workflow_uuid="grandchild", status="ENQUEUED", parent_workflow_id="child")
        operation = planned(operator, "name:parent", children="on")
        start(operator, operation)
        work()
        assert statuses(sql) == {"CANCELLED": 3}
        assert (outcomes(operation), operation.added) == ({"stops": 2, "done": 1}, 2)
        assert "2 of them were not in the plan" in text(operator.get(url(operation)))

    def test_resume(self, operator: Client, sql: Sql) -> None:
        for status in ("CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "PENDING", "SUCCESS"):
            many(sql, 2, status)
        operation = planned(operator, action="workflow.resume", queue_name="again")
        assert chunks.to_act(operation) == 4
        sql.execute("DELETE FROM dbos.workflow_status WHERE workflow_uuid = 'job-cancelled-1'")
        start(operator, operation)
        work()
        assert statuses(sql) == {"ENQUEUED": 3, "PENDING": 2, "SUCCESS": 2}
        assert outcomes(operation) == {"done": 3, "gone": 1, "skipped": 4}
        rows = sql.execute(
            "SELECT DISTINCT queue_name FROM dbos.workflow_status WHERE status='ENQUEUED'"
        )
        assert [row["queue_name"] for row in rows] == ["again"]

    def test_delete_is_for_administrators(self, administrator: Client, sql: Sql) -> None:
        many(sql, 2, "SUCCESS")
        many(sql, 2, "PENDING")
        operation = planned(administrator, action="workflow.delete")
        start(administrator, operation)
        work()
        assert statuses(sql) == {"PENDING": 2}
        assert outcomes(operation) == {"done": 2, "skipped": 2}

    def test_run_again(self, operator: Client, sql: Sql) -> None:
        many(sql, 3, "ERROR")
        operation = planned(operator, action="workflow.fork")
        start(operator, operation)
        work()
        assert statuses(sql) == {"ERROR": 3, "ENQUEUED": 3}
        runs = OperationRun.objects.filter(operation=operation)
        found = sql.execute(
            "SELECT workflow_uuid AS id FROM dbos.workflow_status WHERE forked_from IS NOT NULL"
        )
        assert {row["id"] for row in found} == {run.detail for run in runs}

    def test_run_again_from_the_failed_step(
        self, operator: Client, sql: Sql, system: System
    ) -> None:
        many(sql, 2, "ERROR")
        sql.execute(
            "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, error) "
            "SELECT 'job-error-1', n, 'step', CASE WHEN n = 3 THEN 'x' END "
            "FROM generate_series(1, 3) n"
        )
        operation = planned(operator, action="workflow.fork", from_failure="on")
        start(operator, operation)
        work()
        assert outcomes(operation) == {"done": 1, "refused": 1}
        [fork] = system.client.list_workflows(forked_from="job-error-1")
        steps = system.client.list_workflow_steps(fork.workflow_id)
        assert steps
        assert [step.function_id for step in steps] == [1, 2]
        refused = OperationRun.objects.get(outcome="refused")
        assert refused.detail == "no failed step is recorded"


class TestSteering:
    def test_pause_and_go_on(self, operator: Client, sql: Sql) -> None:
        many(sql, 3)
        operation = planned(operator)
        start(operator, operation)
        assert steer(operator, operation, "pause") == "paused"
        work()
        assert statuses(sql) == {"ENQUEUED": 3}
        assert steer(operator, operation, "go-on") == "running"
        work()
        assert statuses(sql) == {"CANCELLED": 3}
        entries = AuditEntry.objects.filter(action="workflow.bulk").order_by("id")
        assert [entry.parameters["step"] for entry in entries] == ["pause", "go-on"]

    def test_stop_between_chunks(
        self, operator: Client, sql: Sql, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        many(sql, 30)
        operation = planned(operator)
        start(operator, operation)
        halfway(operation, 10)
        assert steer(operator, operation, "stop") == "stopping"
        work()
        assert statuses(sql) == {"CANCELLED": 10, "ENQUEUED": 20}
        operation.refresh_from_db()
        assert operation.state == "stopped"
        assert "Stopped after 10 of 30: the other 20 were not touched" in text(
            operator.get(url(operation))
        )
        assert "20 not touched" in AuditEntry.objects.get(action="workflow.cancel").detail

    def test_what_was_begun_and_is_not_looked_at_again_is_unknown(
        self, operator: Client, sql: Sql
    ) -> None:
        many(sql, 3)
        operation = planned(operator)
        start(operator, operation)
        begun(operation, 2)
        steer(operator, operation, "stop")
        work()
        assert outcomes(operation) == {"unknown": 2}

    def test_a_plan_is_given_up(self, operator: Client, insert: Insert) -> None:
        insert(status="PENDING")
        operation = planned(operator)
        assert steer(operator, operation, "stop") == "stopped"
        assert operator.get(url(operation)).status_code == HTTPStatus.OK
        start(operator, operation)
        operation.refresh_from_db()
        assert operation.state == "stopped"

    def test_what_is_over_stays_so(self, operator: Client, insert: Insert) -> None:
        operation = Operation.objects.create(
            system="main", action="workflow.cancel", filters={}, state="done"
        )
        assert steer(operator, operation, "go-on") == "done"


def steer(browser: Client, operation: Operation, step: str) -> str:
    browser.post(url(operation, "steer/"), {"step": step})
    operation.refresh_from_db()
    return operation.state


def claimed(operation: Operation) -> Operation:
    mine = chunks.claim(uuid.uuid4())
    assert mine
    assert mine.pk == operation.pk
    return mine


def halfway(operation: Operation, count: int) -> None:
    """A runner did one chunk of so many."""
    mine = claimed(operation)
    chunk = chunks.begin(mine, count)
    assert chunk
    acted = actions.act_on_runs(mine.user, all_systems()["main"], mine, list(chunk.runs))
    chunks.complete(mine, chunk, acted)
    chunks.release(mine)


def begun(operation: Operation, count: int, *, acts: bool = False) -> Operation:
    """A runner began a chunk, perhaps did it, and died before it could say so."""
    mine = claimed(operation)
    chunk = chunks.begin(mine, count)
    assert chunk
    if acts:
        actions.act_on_runs(mine.user, all_systems()["main"], mine, list(chunk.runs))
    Operation.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    return mine


class TestInterruptions:
    def test_a_chunk_that_was_begun_is_looked_at_again(self, operator: Client, sql: Sql) -> None:
        many(sql, 10)
        operation = planned(operator)
        start(operator, operation)
        begun(operation, 4, acts=True)
        work()
        assert statuses(sql) == {"CANCELLED": 10}
        assert outcomes(operation) == {"again": 4, "done": 6}
        assert "already when looked at again after an interruption" in text(
            operator.get(url(operation))
        )

    def test_a_fork_is_made_once(self, operator: Client, sql: Sql) -> None:
        many(sql, 4, "ERROR")
        operation = planned(operator, action="workflow.fork")
        start(operator, operation)
        begun(operation, 3, acts=True)
        work()
        assert statuses(sql) == {"ERROR": 4, "ENQUEUED": 4}
        assert outcomes(operation) == {"done": 4}

    def test_a_runner_whose_lease_ran_out_writes_nothing(self, operator: Client, sql: Sql) -> None:
        many(sql, 2)
        operation = planned(operator)
        start(operator, operation)
        dead = begun(operation, 1)
        work()
        chunk = chunks.Chunk({"job-enqueued-2": (1, "ENQUEUED")}, 1, again=False)
        with pytest.raises(chunks.LeaseLost):
            chunks.complete(dead, chunk, [])
        assert outcomes(operation) == {"done": 2}

    def test_a_live_lease_is_respected(self, operator: Client, insert: Insert) -> None:
        insert(status="ENQUEUED")
        operation = planned(operator)
        start(operator, operation)
        claimed(operation)
        assert chunks.claim(uuid.uuid4()) is None

    def test_a_database_that_is_away_is_waited_for(
        self, operator: Client, sql: Sql, system: System, settings: Any
    ) -> None:
        many(sql, 3)
        operation = planned(operator)
        start(operator, operation)
        there = settings.DBOS_SYSTEM_DATABASE_URL
        settings.DBOS_SYSTEM_DATABASE_URL = "postgresql://127.0.0.1:1/nothing?connect_timeout=1"
        work()
        operation.refresh_from_db()
        assert (operation.state, operation.done_to, operation.begun_to) == ("running", 0, 0)
        assert "It waits and tries again" in text(operator.get(url(operation)))
        settings.DBOS_SYSTEM_DATABASE_URL = there
        Operation.objects.update(due_at=timezone.now())
        work()
        assert outcomes(operation) == {"done": 3}
        assert operation.note == ""

    def test_what_the_database_refuses_ends_it(self, operator: Client, sql: Sql) -> None:
        many(sql, 3)
        operation = planned(operator)
        start(operator, operation)
        sql.execute("ALTER TABLE dbos.workflow_status RENAME COLUMN deduplication_id TO gone")
        try:
            work()
        finally:
            sql.execute("ALTER TABLE dbos.workflow_status RENAME COLUMN gone TO deduplication_id")
        operation.refresh_from_db()
        assert operation.state == "failed"
        assert operation.note
        assert AuditEntry.objects.get(action="workflow.cancel").outcome == "failed"


class TestPermission:
    def test_one_that_is_taken_away_stops_it(self, operator: Client, sql: Sql) -> None:
        many(sql, 4)
        operation = planned(operator)
        start(operator, operation)
        halfway(operation, 2)
        Grant.objects.all().delete()
        work()
        assert statuses(sql) == {"CANCELLED": 2, "ENQUEUED": 2}
        operation.refresh_from_db()
        assert (operation.state, operation.begun_to) == ("stopped", 2)
        assert "operator may not do this any more" in operation.note
        assert AuditEntry.objects.filter(outcome="refused").exists()

    def test_nobody_acts_for_an_account_that_is_gone(self, operator: Client, sql: Sql) -> None:
        many(sql, 1)
        operation = planned(operator)
        start(operator, operation)
        User.objects.all().delete()
        work()
        assert statuses(sql) == {"ENQUEUED": 1}

    def test_the_action_itself_must_be_allowed(
        self, administrator: Client, sign_in: SignIn, sql: Sql
    ) -> None:
        many(sql, 1, "SUCCESS")
        operation = planned(administrator, action="workflow.delete")
        operator = sign_in("operator")
        assert start(operator, operation).status_code == HTTPStatus.FORBIDDEN
        steering = operator.post(url(operation, "steer/"), {"step": "stop"})
        assert steering.status_code == HTTPStatus.FORBIDDEN
        reason = "Your role on main does not include deleting runs."
        assert reason in text(operator.get(url(operation)))


class TestTwo:
    def test_overlapping_ones_lose_nothing(self, operator: Client, sql: Sql) -> None:
        many(sql, 20)
        first, second = planned(operator), planned(operator, "job-enqueued-1")
        start(operator, first)
        start(operator, second)
        work()
        assert statuses(sql) == {"CANCELLED": 20}
        assert outcomes(first) == {"done": 20}
        assert outcomes(second) == {"already": 11}

    def test_they_are_listed(self, viewer: Client, operator: Client, insert: Insert) -> None:
        assert "No operation yet" in text(viewer.get(OPERATIONS))
        planned(operator, "name:a<b")
        page = viewer.get(OPERATIONS)
        assert "name:a<b" in text(page)
        assert "<!doctype" not in viewer.get(OPERATIONS, headers=HTMX).content.decode()
        older = viewer.get(OPERATIONS, {"before": "1"})
        assert "No operation before that" in text(older)
        assert viewer.get(OPERATIONS, {"before": "x"}).status_code == HTTPStatus.OK


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_outcome_has_words(kind: Any) -> None:
    words = [kind.words(outcome) for outcome in (None, *Outcome)]
    assert len(set(words)) == len(words)
    assert None not in words
