"""Forks: the preview, the fork, and what is said afterwards."""

from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.test import Client

from client_core import DBOSClient
from console.models import AuditEntry
from tests.console.browsing import form_on
from tests.console.conftest import Insert
from tests.console.test_workflows import HTMX, run_url, text

Sql = psycopg.Connection[Any]
FORK = run_url("run-1", "fork/")


@pytest.fixture
def original(insert: Insert, sql: Sql) -> str:
    """A run that failed at its fifth step."""
    insert(workflow_uuid="run-1", status="ERROR", name="order", application_version="v<1>")
    for number, name in enumerate(["<b>validate</b>", "note", "note", "start", "charge"], start=1):
        sql.execute(
            "INSERT INTO dbos.operation_outputs "
            "(workflow_uuid, function_id, function_name, error, child_workflow_id) "
            "VALUES ('run-1', %s, %s, %s, %s)",
            [
                number,
                name,
                '{"name":"Declined"}' if name == "charge" else None,
                "child-1" if name == "start" else None,
            ],
        )
    return "run-1"


def steps(sql: Sql, workflow_id: str) -> list[int]:
    rows = sql.execute(
        "SELECT function_id FROM dbos.operation_outputs WHERE workflow_uuid = %s ORDER BY 1",
        [workflow_id],
    ).fetchall()
    return [row["function_id"] for row in rows]


@pytest.mark.usefixtures("original")
class TestPreview:
    def test_it_begins_with_the_step_that_failed(self, operator: Client) -> None:
        page = operator.get(FORK)
        assert form_on(page)["start_step"] == "5"
        shown = text(page)
        assert "Copied 4 steps, not run again" in shown
        assert "Runs again from step 5 on: 1 recorded 5 charge" in shown
        assert "2–3 note × 2" in shown
        assert "<b>validate</b>" in shown
        assert b"<b>validate" not in page.content
        assert "the 1 run that they started stays as it is" in shown

    def test_a_row_of_the_run_page_leads_to_it(self, operator: Client) -> None:
        page = operator.get(run_url("run-1")).content.decode()
        assert f'href="{FORK}?start_step=3&amp;seen=' in page
        shown = text(operator.get(FORK, {"start_step": "3"}))
        assert "Copied 2 steps" in shown
        assert "from step 3 on: 3 recorded" in shown
        assert "the 1 run that they started is started anew" in shown

    def test_it_follows_what_is_typed(self, operator: Client) -> None:
        headers = {**HTMX, "HX-Target": "fork-preview"}
        piece = operator.get(FORK, {"start_step": "9"}, headers=headers)
        assert piece.content.decode().strip().startswith('<div id="fork-preview"')
        assert "the code goes on after the last one" in text(piece)
        wrong = operator.get(FORK, {"start_step": "x"}, headers=headers)
        assert "Type the number of a step" in text(wrong)

    def test_it_is_asked_for_without_javascript_and_nothing_typed_is_lost(
        self, operator: Client
    ) -> None:
        form = form_on(operator.get(FORK)) | {"start_step": "2", "queue_name": "orders"}
        page = operator.post(FORK, {**form, "preview": "1"})
        assert page.status_code == HTTPStatus.OK
        assert "from step 2 on: 4 recorded" in text(page)
        again = form_on(page)
        for name in ("start_step", "queue_name", "new_workflow_id"):
            assert again[name] == form[name]
        assert again["previewed"] == "2"
        assert not AuditEntry.objects.exists()

    def test_many_names_are_counted(self, operator: Client, sql: Sql) -> None:
        sql.execute(
            "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) "
            "SELECT 'run-1', n, 'step-' || n FROM generate_series(6, 12000) n"
        )
        shown = text(operator.get(FORK, {"start_step": "11999"}))
        assert "Copied 10,000 or more steps" in shown
        assert "step-11998" in shown
        assert "names in all" in shown
        assert "step-11000" not in shown


@pytest.mark.usefixtures("original")
class TestFork:
    def test_the_new_run_goes_on_and_can_be_compared(
        self, operator: Client, client: DBOSClient, sql: Sql
    ) -> None:
        form = form_on(operator.get(FORK, {"start_step": "3"}))
        options = {"queue_name": "orders", "application_version": "v2", "workflow_timeout_ms": "9"}
        page = operator.post(FORK, {**form, **options}, follow=True)
        new_id = form["new_workflow_id"]
        assert page.redirect_chain[-1][0] == run_url(new_id)
        assert "Forked: this is the new run, from step 3 on." in text(page)
        assert f"?a=run-1&amp;b={new_id}" in page.content.decode()
        run = client.get_workflow(new_id)
        assert run
        assert (run.status, run.queue_name, run.app_version) == ("ENQUEUED", "orders", "v2")
        assert (run.forked_from, run.workflow_timeout_ms) == ("run-1", 9)
        assert steps(sql, new_id) == [1, 2]
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.target, entry.outcome) == ("workflow.fork", "run-1", "done")
        assert entry.parameters["start_step"] == 3
        assert entry.parameters["new_workflow_id"] == new_id

    def test_sent_twice_it_is_one_fork(self, operator: Client, client: DBOSClient) -> None:
        form = form_on(operator.get(FORK))
        operator.post(FORK, form)
        assert "sent twice" in text(operator.post(FORK, form, follow=True))
        without = {name: value for name, value in form.items() if name not in ("form_id", "seen")}
        assert "This fork existed already" in text(operator.post(FORK, without, follow=True))
        assert len(client.list_workflows()) == 2

    def test_a_start_whose_preview_nobody_saw_is_shown_first(
        self, operator: Client, client: DBOSClient
    ) -> None:
        form = form_on(operator.get(FORK)) | {"start_step": "2"}
        response = operator.post(FORK, form)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "Below is now what a fork from 2 does: look first." in text(response)
        assert "from step 2 on: 4 recorded" in text(response)
        assert len(client.list_workflows()) == 1
        assert operator.post(FORK, form_on(response)).status_code == HTTPStatus.FOUND

    @pytest.mark.parametrize(
        ("field", "typed", "rule"),
        [
            ("start_step", "-1", "greater than or equal to 0"),
            ("start_step", "99999999999", "less than or equal to"),
            ("start_step", "", "This field is required."),
            ("new_workflow_id", " ", "must not be empty or blank"),
            ("new_workflow_id", "x" * 2_601, "must have at most 2,600 bytes"),
            ("new_workflow_id", "taken", "exists already"),
            ("workflow_timeout_ms", "0", "must be a whole number from 1"),
        ],
    )
    def test_what_is_wrong_is_told_by_the_field(
        self, operator: Client, insert: Insert, field: str, typed: str, rule: str
    ) -> None:
        insert(workflow_uuid="taken")
        form = form_on(operator.get(FORK)) | {"queue_name": "my queue", field: typed}
        if field == "start_step":
            form.pop("previewed")
        response = operator.post(FORK, form)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert rule in text(response)
        assert 'value="my queue"' in response.content.decode()
        assert not AuditEntry.objects.filter(outcome="done")

    def test_an_original_that_is_gone(self, operator: Client) -> None:
        response = operator.post(
            run_url("none", "fork/"), {"start_step": "1", "new_workflow_id": "x"}
        )
        assert response.status_code == HTTPStatus.NOT_FOUND
