"""Acting on one run: it asks, looks again, acts once, and says what happened."""

import html
import re
import uuid
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.test import Client

from client_core import DBOSClient
from console.audit import acts
from console.models import AuditEntry
from console.workflows.second_look import changed
from tests.console.browsing import form_on
from tests.console.conftest import Insert
from tests.console.tampering import forget_endings
from tests.console.test_workflows import HTMX, run_url, text
from tests.proxy import Proxy

Sql = psycopg.Connection[Any]


def status_of(client: DBOSClient, workflow_id: str) -> str:
    run = client.get_workflow(workflow_id)
    assert run
    return run.status


class TestSecondLook:
    def test_what_changed_meanwhile_is_told_before_anything_is_done(
        self, operator: Client, client: DBOSClient, insert: Insert, sql: Sql
    ) -> None:
        insert(workflow_uuid="r", status="ENQUEUED", queue_name="q")
        form = form_on(operator.get(run_url("r", "cancel/")))
        sql.execute("UPDATE dbos.workflow_status SET status = 'PENDING', recovery_attempts = 1")
        response = operator.post(run_url("r", "cancel/"), form)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        page = text(response)
        assert "it was Enqueued, and is Running now; it was started again, 1 times by now" in page
        assert "Nothing was done" in page
        assert status_of(client, "r") == "PENDING"
        assert not AuditEntry.objects.exists()
        again = operator.post(run_url("r", "cancel/"), form_on(response), follow=True)
        assert "Running code stops at its next step" in text(again)
        assert status_of(client, "r") == "CANCELLED"

    def test_a_page_that_was_stale_when_the_question_came_up(
        self, operator: Client, insert: Insert, sql: Sql
    ) -> None:
        insert(workflow_uuid="r", status="ENQUEUED", queue_name="q", priority=3)
        page = operator.get(run_url("r")).content.decode()
        link = re.search(r'href="([^"]+/cancel/\?seen=[^"]+)"', page)
        assert link
        assert "It changed since you looked" not in text(operator.get(html.unescape(link[1])))
        sql.execute("UPDATE dbos.workflow_status SET priority = 7")
        asked = text(operator.get(html.unescape(link[1])))
        assert "It changed since you looked: its priority was 3, and is 7 now." in asked

    def test_a_run_that_was_acted_on_and_is_as_before(
        self, operator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        insert(workflow_uuid="r", status="ENQUEUED", queue_name="q", updated_at=1)
        form = form_on(operator.get(run_url("r", "resume/")))
        client.resume_workflow("r", queue_name="other")
        page = text(operator.post(run_url("r", "resume/"), {**form, "queue_name": "mine"}))
        assert "somebody acted on it, and it is Enqueued again" in page

    def test_what_was_typed_is_kept(self, operator: Client, insert: Insert, sql: Sql) -> None:
        insert(workflow_uuid="r", status="CANCELLED")
        form = form_on(operator.get(run_url("r", "resume/")))
        sql.execute("UPDATE dbos.workflow_status SET status = 'PENDING'")
        response = operator.post(run_url("r", "resume/"), {**form, "queue_name": "my queue"})
        assert 'value="my queue"' in response.content.decode()

    @pytest.mark.parametrize("made_up", ["nonsense", "....", "SUCCESS.1", "\0"])
    def test_what_no_page_made_is_taken_for_a_change(
        self, operator: Client, client: DBOSClient, insert: Insert, made_up: str
    ) -> None:
        insert(workflow_uuid="r", status="PENDING")
        operator.post(run_url("r", "cancel/"), {"seen": made_up})
        assert status_of(client, "r") == "PENDING"
        [run] = client.list_workflows()
        assert changed(made_up, run)


class TestOnce:
    def test_a_form_that_is_sent_twice_acts_once_and_says_so(
        self, operator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        insert(workflow_uuid="r", status="PENDING")
        form = form_on(operator.get(run_url("r", "cancel/")))
        operator.post(run_url("r", "cancel/"), form)
        client.resume_workflow("r")
        again = operator.post(run_url("r", "cancel/"), form, follow=True)
        assert "This was sent twice, and done once." in text(again)
        assert status_of(client, "r") == "ENQUEUED"
        assert AuditEntry.objects.count() == 1

    def test_one_that_was_interrupted_is_not_repeated_blindly(
        self, operator: Client, client: DBOSClient, insert: Insert, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The console died within the first: how that ended is not known."""
        monkeypatch.setattr(acts, "PATIENCE_SECONDS", 0)
        insert(workflow_uuid="r", status="PENDING")
        form = {"form_id": str(uuid.uuid4())}
        operator.post(run_url("r", "cancel/"), form)
        forget_endings()
        client.resume_workflow("r")
        page = text(operator.post(run_url("r", "cancel/"), form, follow=True))
        assert "The first is under way or was interrupted: look what became of it" in page
        assert status_of(client, "r") == "ENQUEUED"

    def test_what_is_changed_before_it_is_sent_again_is_another_act(
        self, operator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        """Back to the form, and another number typed into it."""
        insert(workflow_uuid="r", status="ENQUEUED", queue_name="q")
        form = {"form_id": str(uuid.uuid4())}
        for priority, times in ((7, 2), (8, 1)):
            for _ in range(times):
                typed = {**form, "priority": str(priority)}
                page = text(operator.post(run_url("r", "priority/"), typed, follow=True))
        assert "Its priority is 8 now." in page
        assert client.list_workflows()[0].priority == 8
        assert AuditEntry.objects.count() == 2

    def test_what_failed_may_be_sent_again(self, operator: Client, insert: Insert) -> None:
        insert(workflow_uuid="r", status="DELAYED", delay_until_epoch_ms=1)
        form = {"form_id": str(uuid.uuid4()), "delay_seconds": "-1"}
        refused = operator.post(run_url("r", "delay/"), form)
        assert "must be from 0 to" in text(refused)
        assert AuditEntry.objects.get().outcome == "failed"
        done = operator.post(run_url("r", "delay/"), {**form, "delay_seconds": "60"}, follow=True)
        assert "Its delay is changed." in text(done)


class TestLostConnections:
    def test_nothing_typed_is_lost_in_a_dialog_when_the_database_is_away(
        self, administrator: Client, proxy: Proxy, insert: Insert
    ) -> None:
        """On its own page every action is cut in test_cuts."""
        insert(workflow_uuid="run-1", status="ENQUEUED", queue_name="orders")
        url = run_url("run-1", "priority/")
        form = form_on(administrator.get(url)) | {"priority": "7"}
        proxy.play("before the request", "refuse")
        response = administrator.post(url, form)
        assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "nothing was written" in text(response)
        in_dialog = administrator.post(url, form, headers=HTMX)
        assert in_dialog.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert not AuditEntry.objects.filter(outcome="done")
        proxy.play()
        done = administrator.post(url, form_on(in_dialog))
        assert done.status_code == HTTPStatus.FOUND
        assert AuditEntry.objects.filter(outcome="done").count() == 1

    def test_a_fork_whose_answer_was_lost(
        self, operator: Client, proxy: Proxy, client: DBOSClient, insert: Insert
    ) -> None:
        insert(workflow_uuid="run-1")
        form = form_on(operator.get(run_url("run-1", "fork/")))
        # The look for the run, that for the ID, and the fork with all its repetitions.
        proxy.play(None, None, "before the answer", "refuse")
        response = operator.post(run_url("run-1", "fork/"), form)
        proxy.play()
        page = text(response)
        assert "It is not known whether that was done" in page
        assert "Send it again: that cannot do it twice." in page
        assert form["new_workflow_id"] in response.content.decode()
        assert status_of(client, form["new_workflow_id"]) == "ENQUEUED"
        assert AuditEntry.objects.get().outcome == "unknown"
        again = operator.post(run_url("run-1", "fork/"), form_on(response), follow=True)
        assert "This fork existed already; nothing new was started." in text(again)
        assert AuditEntry.objects.get().outcome == "done"


class TestCancelWithChildren:
    @pytest.fixture
    def family(self, insert: Insert) -> None:
        insert(workflow_uuid="top", status="PENDING")
        insert(workflow_uuid="child-1", status="ENQUEUED", parent_workflow_id="top")
        insert(workflow_uuid="child-2", status="SUCCESS", parent_workflow_id="top")
        insert(workflow_uuid="below", status="PENDING", parent_workflow_id="child-2")

    @pytest.mark.usefixtures("family")
    def test_what_it_started_is_cancelled_too(self, operator: Client, client: DBOSClient) -> None:
        asked = text(operator.get(run_url("top", "cancel/")))
        assert "and the 2 runs that it started" in asked
        page = text(operator.post(run_url("top", "cancel/"), {"with_children": "on"}, follow=True))
        assert "Of the 3 runs below it 2 were cancelled; 1 were over already." in page
        assert status_of(client, "below") == "CANCELLED"
        assert status_of(client, "child-2") == "SUCCESS"
        assert AuditEntry.objects.get().parameters == {"with_children": True}

    @pytest.mark.usefixtures("family")
    def test_they_stay_where_nobody_said_so(self, operator: Client, client: DBOSClient) -> None:
        operator.post(run_url("top", "cancel/"))
        assert status_of(client, "child-1") == "ENQUEUED"

    def test_a_run_that_is_over_with_children_that_are_not(
        self, operator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        insert(workflow_uuid="top", status="ERROR")
        insert(workflow_uuid="child", status="PENDING", parent_workflow_id="top")
        assert run_url("top", "cancel/") in operator.get(run_url("top")).content.decode()
        page = text(operator.post(run_url("top", "cancel/"), {"with_children": "on"}, follow=True))
        assert "already over (ERROR); nothing was changed. Of the 1 run below it 1 were" in page
        assert status_of(client, "child") == "CANCELLED"


class TestDelete:
    def test_what_is_over_goes_with_a_click(
        self, administrator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        insert(workflow_uuid="run-1")
        asked = administrator.get(run_url("run-1", "delete/"))
        assert "There is no way back" in text(asked)
        assert "confirmation" not in form_on(asked)
        page = administrator.post(run_url("run-1", "delete/"), form_on(asked), follow=True)
        assert "Deleted run-1." in text(page)
        assert client.get_workflow("run-1") is None
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.target, entry.outcome) == ("workflow.delete", "run-1", "done")

    @pytest.mark.parametrize("typed", ["", "other", "run-12345"])
    def test_what_is_not_over_asks_for_the_end_of_its_id(
        self, administrator: Client, client: DBOSClient, insert: Insert, typed: str
    ) -> None:
        insert(workflow_uuid="run-12345", status="PENDING")
        url = run_url("run-12345", "delete/")
        response = administrator.post(url, {"confirmation": typed})
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "Type -12345 to delete" in text(response)
        assert status_of(client, "run-12345") == "PENDING"
        administrator.post(url, {"confirmation": "-12345"})
        assert client.get_workflow("run-12345") is None

    def test_with_what_it_started(
        self, administrator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        insert(workflow_uuid="top")
        insert(workflow_uuid="child", parent_workflow_id="top")
        insert(workflow_uuid="below", parent_workflow_id="child")
        page = administrator.post(run_url("top", "delete/"), {"with_children": "on"}, follow=True)
        assert "Deleted top and 2 runs below it." in text(page)
        assert client.list_workflows() == []

    def test_a_run_that_is_gone(self, administrator: Client, insert: Insert) -> None:
        page = administrator.post(run_url("none", "delete/"), follow=True)
        assert "none was gone already; nothing was deleted." in text(page)

    def test_an_operator_is_told_who_may(self, operator: Client, insert: Insert) -> None:
        insert(workflow_uuid="run-1")
        page = operator.get(run_url("run-1"))
        assert "Delete Your role on main does not include deleting runs." in text(page)
        assert run_url("run-1", "delete/") not in page.content.decode()


class TestWaiting:
    def test_the_delay_is_moved(self, operator: Client, client: DBOSClient, insert: Insert) -> None:
        insert(workflow_uuid="r", status="DELAYED", delay_until_epoch_ms=1, queue_name="q")
        page = operator.post(run_url("r", "delay/"), {"until": "2030-01-02T03:04:05"}, follow=True)
        assert "Its delay is changed." in text(page)
        [run] = client.list_workflows()
        assert run.delay_until_epoch_ms == 1_893_553_445_000
        parameters = {"delay_until_epoch_ms": 1_893_553_445_000}
        assert AuditEntry.objects.get().parameters == parameters

    def test_one_of_two_ways_to_say_it(self, operator: Client, insert: Insert) -> None:
        insert(workflow_uuid="r", status="DELAYED", delay_until_epoch_ms=1)
        for both in ({}, {"delay_seconds": "1", "until": "2030-01-02T03:04"}):
            response = operator.post(run_url("r", "delay/"), both)
            assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
            assert "Give either seconds or a moment." in text(response)

    def test_the_priority_is_changed(
        self, operator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        insert(workflow_uuid="r", status="ENQUEUED", queue_name="q")
        response = operator.post(run_url("r", "priority/"), {"priority": "0"})
        assert "must be a whole number from 1" in text(response)
        page = operator.post(run_url("r", "priority/"), {"priority": "9"}, follow=True)
        assert "Its priority is 9 now." in text(page)
        assert client.list_workflows()[0].priority == 9

    @pytest.mark.parametrize("action", ["delay", "priority"])
    def test_a_run_that_waits_no_more_says_so(
        self, operator: Client, insert: Insert, action: str
    ) -> None:
        insert(workflow_uuid="r", status="PENDING")
        typed = {"delay_seconds": "1", "priority": "1"}
        page = text(operator.post(run_url("r", f"{action}/"), typed, follow=True))
        assert re.search(r"It (is delayed|waits) no more \(PENDING\); nothing was changed", page)
        assert run_url("r", f"{action}/") not in operator.get(run_url("r")).content.decode()
