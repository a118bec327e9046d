"""Acting on schedules: create, edit, pause, resume, trigger and delete them."""

import html
import json
import re
import uuid
from http import HTTPStatus
from typing import Any, ClassVar

import psycopg
import pytest
from django.test import Client

from client_core import DBOSClient, WorkflowSchedule
from console.masking import DOTS
from console.models import AuditEntry
from tests.console.browsing import form_on
from tests.console.conftest import Insert
from tests.console.test_schedules import LIST, create
from tests.console.test_workflows import HTMX, text

NEW = f"{LIST}create/"
ONE = f"{LIST}schedule/nightly/"
Sql = psycopg.Connection[Any]


def fields(**given: str) -> dict[str, str]:
    return {
        "schedule_name": "nightly",
        "workflow_name": "clean",
        "schedule": "0 3 * * *",
        "cron_timezone": "Europe/Berlin",
        "dialect": "python",
        "form_id": str(uuid.uuid4()),
        **given,
    }


def only(client: DBOSClient) -> WorkflowSchedule:
    [schedule] = client.list_schedules()
    return schedule


def errors(response: Any, field: str) -> str:
    body = response.content.decode()
    found = re.search(rf'id="id_{field}_errors">(.*?)</ul>', body, re.DOTALL)
    assert found, text(response)
    return html.unescape(found[1])


class TestCreate:
    def test_as_the_application_itself_would(self, operator: Client, client: DBOSClient) -> None:
        wanted = fields(context='{"of": ["all"], "password": "mellon"}', automatic_backfill="on")
        page = text(operator.post(NEW, wanted, follow=True))
        assert "Created." in page
        made = only(client)
        assert (made.workflow_name, made.schedule, made.status) == ("clean", "0 3 * * *", "ACTIVE")
        assert made.context == {"of": ["all"], "password": "mellon"}
        assert made.cron_timezone == "Europe/Berlin"
        assert made.automatic_backfill
        assert made.dialect == "python"
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.target, entry.outcome) == ("schedule.edit", "nightly", "done")
        assert "mellon" not in json.dumps(entry.parameters)
        assert "sent twice" in text(operator.post(NEW, wanted, follow=True))

    @pytest.mark.parametrize(
        ("field", "typed", "rule"),
        [
            ("schedule", "61 * * * *", "61"),
            ("schedule", "1--100000000 * * * *", "1--100000000"),
            ("schedule", "", "required"),
            ("schedule", "0 0 30 2 *", "It never fires"),
            ("schedule", "@reboot", "It has 1 fields"),
            ("schedule", "0 0 * * mon#6", "mon#6"),
            ("cron_timezone", "Nowhere", "Nowhere"),
            ("cron_timezone", "../etc/passwd", "is not the name of an IANA time zone"),
            ("context", "{", "This is no JSON"),
            ("schedule_name", " ", "blank"),
            ("workflow_name", "", "required"),
            ("workflow_class_name", "\0", "Null characters"),
        ],
    )
    def test_what_is_wrong_is_told_by_its_field_and_kept(
        self, operator: Client, client: DBOSClient, field: str, typed: str, rule: str
    ) -> None:
        response = operator.post(NEW, fields(**{"queue_name": "kept", field: typed}))
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert rule in errors(response, field)
        assert 'value="kept"' in response.content.decode()
        assert client.list_schedules() == []

    @pytest.mark.parametrize(
        ("field", "typed", "rule"),
        [
            ("schedule", "0 0 30 2 *", "The day '30' never comes in the month '2'."),
            ("schedule", "@reboot", "characters other than letters"),
            ("schedule", "0 0 * * mon#6", "TypeScript does not accept 'mon#6'"),
            ("context", '"\\ud800"', "a lone surrogate cannot be stored"),
        ],
    )
    def test_what_the_language_of_the_owner_does_not_take_is_told(
        self, operator: Client, client: DBOSClient, field: str, typed: str, rule: str
    ) -> None:
        response = operator.post(NEW, fields(**{"dialect": "typescript", field: typed}))
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert rule in errors(response, field)
        assert client.list_schedules() == []

    def test_a_name_that_is_taken(self, operator: Client, client: DBOSClient) -> None:
        create(client)
        response = operator.post(NEW, fields(schedule="1 1 1 1 *"))
        assert "already" in errors(response, "schedule_name")
        assert only(client).schedule == "0 3 * * *"

    def test_a_language_that_nothing_tells_is_asked_for(
        self, operator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        assert errors(operator.post(NEW, fields(dialect="")), "dialect")
        insert(serialization="js_superjson")
        operator.post(NEW, fields(dialect=""))
        assert only(client).workflow_class_name == ""


class TestTimes:
    def test_they_appear_while_somebody_types(self, viewer: Client, insert: Insert) -> None:
        given = {"schedule": "0 3 * * *", "cron_timezone": "Europe/Berlin", "dialect": "python"}
        page = viewer.get(f"{LIST}times/", given, headers=HTMX).content.decode()
        assert len(re.findall(r"03:00:00 CES?T</td>", page)) == 10
        wrong = text(viewer.get(f"{LIST}times/", {**given, "schedule": "0 3 * *"}))
        assert "0 3 * *" in wrong
        unknown = text(viewer.get(f"{LIST}times/", {"schedule": "0 3 * * *"}))
        assert "Nothing in the database tells" in unknown
        insert(serialization="py_pickle")
        assert "03:00:00 UTC" in text(viewer.get(f"{LIST}times/", {"schedule": "0 3 * * *"}))
        assert "appear here" in text(viewer.get(f"{LIST}times/"))

    @pytest.mark.parametrize(
        ("expression", "dialect", "zone", "told"),
        [
            ("0 0 13 * fri", "python", "", "only Python starts a run."),
            ("0 0 13 * fri", "typescript", "", "A Python application would read it otherwise."),
            ("30 2 * * *", "python", "Europe/Berlin", "First at Sun"),
            ("0 3 * * *", "python", "Europe/Berlin", ""),
            ("*/15 * * * *", "typescript", "", ""),
            ("0 0 15W * *", "typescript", "", ""),
            ("0 0 1 1 * 0 2030", "python", "", "A TypeScript application would refuse it."),
            ("0 0 1 1 * 0 2030", "typescript", "", "A Python application would accept it."),
            ("0 0 * * mon#6", "python", "", ""),
            ("0 3 * * *", "python", "Nowhere", ""),
        ],
    )
    def test_what_the_other_language_would_make_of_it(
        self, viewer: Client, expression: str, dialect: str, zone: str, told: str
    ) -> None:
        given = {"schedule": expression, "dialect": dialect, "cron_timezone": zone}
        page = text(viewer.get(f"{LIST}times/", given, headers=HTMX))
        assert told in page
        assert ("application would" in page) is bool(told)

    def test_without_a_script_a_button_shows_them(
        self, operator: Client, client: DBOSClient
    ) -> None:
        page = text(operator.post(NEW, fields(preview="1")))
        assert "03:00:00 CE" in page
        assert client.list_schedules() == []


class TestEdit:
    def test_only_what_is_otherwise_is_written(
        self, operator: Client, client: DBOSClient, sql: Sql
    ) -> None:
        create(client, context={"days": 3, "password": "mellon"}, queue_name="orders")
        sql.execute("UPDATE dbos.workflow_schedules SET last_fired_at = 'then'")
        before = only(client)
        page = operator.get(f"{ONE}edit/")
        assert "mellon" not in page.content.decode()
        form = form_on(page) | {"schedule": "30 4 * * *"}
        assert "Changed." in text(operator.post(f"{ONE}edit/", form, follow=True))
        after = only(client)
        assert (after.schedule, after.last_fired_at) == ("30 4 * * *", "then")
        assert (after.schedule_id, after.context) == (before.schedule_id, before.context)
        assert AuditEntry.objects.get().parameters == {"schedule": "30 4 * * *"}
        form = form_on(operator.get(f"{ONE}edit/"))
        form["context"] = json.dumps({"days": 4, "password": DOTS})
        operator.post(f"{ONE}edit/", form)
        assert only(client).context == {"days": 4, "password": "mellon"}

    def test_nothing_is_written_where_nothing_is_otherwise(
        self, operator: Client, client: DBOSClient
    ) -> None:
        create(client)
        form = form_on(operator.get(f"{ONE}edit/"))
        page = text(operator.post(f"{ONE}edit/", form, follow=True))
        assert "nothing was changed" in page
        assert not AuditEntry.objects.exists()

    def test_the_second_of_two_people_is_told_and_loses_nothing(
        self, operator: Client, client: DBOSClient
    ) -> None:
        create(client)
        form = form_on(operator.get(f"{ONE}edit/"))
        client.update_schedule("nightly", schedule="5 5 * * *", dialect="python")
        response = operator.post(f"{ONE}edit/", form | {"schedule": "9 9 * * *"})
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "Somebody changed it since you looked." in text(response)
        assert "It is 5 5 * * * now." in errors(response, "schedule")
        again = form_on(response)
        assert again["schedule"] == "9 9 * * *"
        assert only(client).schedule == "5 5 * * *"
        operator.post(f"{ONE}edit/", again)
        assert only(client).schedule == "9 9 * * *"

    def test_a_context_that_somebody_else_wrote(self, operator: Client, client: DBOSClient) -> None:
        create(client, context=[1])
        form = form_on(operator.get(f"{ONE}edit/"))
        client.update_schedule("nightly", context=[2], dialect="python")
        response = operator.post(f"{ONE}edit/", form | {"context": "[3]"})
        assert "It is [2] now." in errors(response, "context")
        again = form_on(response)
        assert again["context"] == "[3]"
        operator.post(f"{ONE}edit/", again)
        assert only(client).context == [3]

    def test_the_second_is_told_also_when_both_look_and_write_at_once(
        self, operator: Client, client: DBOSClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create(client)
        form = form_on(operator.get(f"{ONE}edit/"))
        update = DBOSClient.update_schedule

        def overtaken(self: DBOSClient, name: str, **given: Any) -> WorkflowSchedule:
            monkeypatch.setattr(DBOSClient, "update_schedule", update)
            client.update_schedule("nightly", queue_name="q")
            return self.update_schedule(name, **given)

        monkeypatch.setattr(DBOSClient, "update_schedule", overtaken)
        response = operator.post(f"{ONE}edit/", form | {"schedule": "9 9 * * *"})
        assert "It is q now." in errors(response, "queue_name")
        assert only(client).schedule == "0 3 * * *"
        assert AuditEntry.objects.get().outcome == "failed"
        operator.post(f"{ONE}edit/", form_on(response) | {"queue_name": "q"})
        assert (only(client).schedule, only(client).queue_name) == ("9 9 * * *", "q")

    def test_what_is_wrong_is_told(self, operator: Client, client: DBOSClient) -> None:
        create(client)
        form = form_on(operator.get(f"{ONE}edit/")) | {"schedule": "0 0 30 2 *"}
        assert "It never fires" in errors(operator.post(f"{ONE}edit/", form), "schedule")
        form = form_on(operator.get(f"{ONE}edit/")) | {"schedule": "soon"}
        assert "soon" in errors(operator.post(f"{ONE}edit/", form), "schedule")
        assert only(client).schedule == "0 3 * * *"


class TestActs:
    def test_pause_and_resume(self, operator: Client, client: DBOSClient) -> None:
        create(client)
        assert "Pause this schedule?" in text(operator.get(f"{ONE}pause/"))
        form = form_on(operator.get(f"{ONE}pause/"))
        assert "Paused" in text(operator.post(f"{ONE}pause/", form, follow=True))
        assert only(client).status == "PAUSED"
        assert "When it would fire" in text(operator.get(ONE))
        form = form_on(operator.get(f"{ONE}resume/"))
        assert "Resumed" in text(operator.post(f"{ONE}resume/", form, follow=True))
        assert only(client).status == "ACTIVE"

    def test_a_trigger_starts_one_run_however_often_it_is_sent(
        self, operator: Client, client: DBOSClient
    ) -> None:
        create(client)
        form = form_on(operator.get(f"{ONE}trigger/"))
        page = text(operator.post(f"{ONE}trigger/", form, follow=True))
        assert "Started now: this is its run." in page
        operator.post(f"{ONE}trigger/", form)
        [run] = client.list_workflows()
        assert (run.name, run.schedule_name, run.status) == ("clean", "nightly", "ENQUEUED")

    def test_deleting_is_for_administrators(
        self, administrator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        create(client)
        insert(schedule_name="nightly")
        form = form_on(administrator.get(f"{ONE}delete/"))
        page = text(administrator.post(f"{ONE}delete/", form, follow=True))
        assert "The schedule nightly is deleted; its runs stay." in page
        assert client.list_schedules() == []
        assert len(client.list_workflows()) == 1

    @pytest.mark.parametrize("act", ["pause", "resume", "trigger"])
    def test_a_schedule_that_is_gone(self, operator: Client, act: str) -> None:
        assert operator.get(f"{ONE}{act}/").status_code == HTTPStatus.NOT_FOUND
        assert operator.post(f"{ONE}{act}/").status_code == HTTPStatus.NOT_FOUND


class TestBackfill:
    """The window is two days of a schedule at three in the morning."""

    WINDOW: ClassVar = {"start": "2026-01-01T00:00:00", "end": "2026-01-03T00:00:00"}

    def asked(self, operator: Client, **given: str) -> Any:
        form = form_on(operator.get(f"{ONE}backfill/")) | self.WINDOW | given
        return operator.post(f"{ONE}backfill/", form | {"preview": "1"})

    def test_it_shows_what_is_due_and_starts_what_is_not_there(
        self, operator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        create(client)
        there = "sched-nightly-2026-01-01T03:00:00+00:00"
        insert(workflow_uuid=there, schedule_name="nightly")
        page = self.asked(operator)
        assert "1 to start , of 2 that were due: the others are there already" in text(page)
        assert len(client.list_workflows()) == 1
        form = form_on(page) | {"start_runs": "1"}
        said = text(operator.post(f"{ONE}backfill/", form, follow=True))
        assert "1 run enqueued; 1 run existed already." in said
        [_, made] = client.list_workflows(sort_desc=False)
        assert made.workflow_id == "sched-nightly-2026-01-02T03:00:00+00:00"
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.target) == ("schedule.backfill", "nightly")
        # Once more, from a new page: nothing is left to do.
        assert "0 to start" in text(self.asked(operator))

    def test_what_was_not_seen_is_not_started(self, operator: Client, client: DBOSClient) -> None:
        create(client)
        form = form_on(self.asked(operator)) | {"end": "2026-01-09T00:00:00", "start_runs": "1"}
        response = operator.post(f"{ONE}backfill/", form)
        assert "look first" in text(response)
        assert "8 to start" in text(response)
        assert client.list_workflows() == []

    def test_many_are_confirmed_by_their_number(self, operator: Client, client: DBOSClient) -> None:
        create(client, schedule="*/10 * * * *")
        form = form_on(self.asked(operator)) | {"start_runs": "1"}
        response = operator.post(f"{ONE}backfill/", form)
        assert "Type 287 to start so many." in errors(response, "confirmation")
        assert client.list_workflows() == []
        form = form_on(response) | {"confirmation": "287", "start_runs": "1"}
        operator.post(f"{ONE}backfill/", form)
        assert len(client.list_workflows()) == 287

    @pytest.mark.parametrize(
        ("given", "field", "rule"),
        [
            ({"start": "2026-02-30T00:00:00"}, "start", "valid date"),
            ({"end": "2025-12-31T00:00:00"}, "end", "later than the start"),
            ({"end": "2036-01-01T00:00:00"}, "end", "more than 10,000 times"),
            ({"start": ""}, "start", "required"),
        ],
    )
    def test_a_window_that_makes_no_sense(
        self, operator: Client, client: DBOSClient, given: dict[str, str], field: str, rule: str
    ) -> None:
        create(client, schedule="* * * * * *")
        response = self.asked(operator, **given)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert rule in errors(response, field)
        assert client.list_workflows() == []
