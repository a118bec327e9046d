"""Sets of schedules: exported as a file, compared with what is there, and applied as shown."""

import html
import json
import re
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from client_core import DBOSClient, ScheduleDifference
from console.masking import DOTS
from console.models import AuditEntry
from console.schedules.sets import MOST_BYTES, MOST_SCHEDULES
from tests.console.browsing import form_on
from tests.console.test_schedules import LIST, create
from tests.console.test_workflows import HTMX, text

APPLY = f"{LIST}apply/"
EXPORT = f"{LIST}export/"
Sql = psycopg.Connection[Any]


def entry(name: str, **given: Any) -> dict[str, Any]:
    return {"schedule_name": name, "workflow_name": "clean", "schedule": "0 3 * * *", **given}


def typed(*entries: Any, **whole: Any) -> str:
    return json.dumps({**whole, "schedules": entries})


def fields(document: str, **given: str) -> dict[str, str]:
    return {
        "document": document,
        "dialect": "python",
        "preview": "1",
        "form_id": str(uuid.uuid4()),
        **given,
    }


def previewed(browser: Client, document: str, **given: str) -> dict[str, str]:
    """What the browser would send of the page that shows what a set changes."""
    form = form_on(browser.post(APPLY, fields(document, **given)))
    assert form["previewed"]
    return {**form, "apply": "1"}


def problems(response: Any) -> list[str]:
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    body = response.content.decode()
    found = re.search(r'id="id_document_errors">(.*?)</ul>', body, re.DOTALL)
    assert found, text(response)
    return [html.unescape(one) for one in re.findall(r"<li>(.*?)</li>", found[1], re.DOTALL)]


def there(client: DBOSClient) -> dict[str, str]:
    return {one.schedule_name: one.schedule for one in client.list_schedules()}


class TestApply:
    def test_it_shows_what_changes_and_then_does_that(
        self, administrator: Client, client: DBOSClient
    ) -> None:
        for name in ("changed", "gone", "kept"):
            create(client, name, context={"days": 3})
        client.pause_schedule("changed")
        document = typed(
            entry("changed", schedule="30 4 * * *", queue_name="<b>", context={"days": 4}),
            entry("kept", context={"days": 3}),
            entry("new", cron_timezone="Europe/Berlin"),
        )
        before = client.list_schedules()
        response = administrator.post(APPLY, fields(document, prune="on"))
        page = text(response)
        assert "1 deleted, 1 changed, 1 created, 1 unchanged" in page
        assert "paused" in page
        assert '{"days": 3} → becomes {"days": 4}' in page
        assert "queue_name nothing → becomes <b>" in page
        assert re.search(r"next, before.*03:00:00 UTC.*next, then.*04:30:00 UTC", page)
        assert client.list_schedules() == before
        assert not AuditEntry.objects.exists()
        page = text(
            administrator.post(APPLY, previewed(administrator, document, prune="on"), follow=True)
        )
        assert "Applied: 1 created, 1 changed, 1 deleted, 1 left as they were." in page
        found = {one.schedule_name: one for one in client.list_schedules()}
        assert sorted(found) == ["changed", "kept", "new"]
        assert (found["changed"].status, found["changed"].queue_name) == ("PAUSED", "<b>")
        [noted] = AuditEntry.objects.all()
        assert (noted.action, noted.target, noted.outcome) == (
            *("schedule.apply", "schedules", "done"),
        )
        assert noted.parameters == {
            "created": ["new"],
            "updated": {"changed": ["schedule", "queue_name", "context"]},
            "deleted": ["gone"],
        }

    def test_a_file_is_as_good(self, operator: Client, client: DBOSClient) -> None:
        upload = SimpleUploadedFile("set.json", b"\xef\xbb\xbf" + typed(entry("ö")).encode())
        response = operator.post(APPLY, {**fields("what was typed"), "upload": upload})
        form = form_on(response)
        assert json.loads(form["document"]) == {"schedules": [entry("ö")]}
        operator.post(APPLY, {**form, "apply": "1"})
        assert there(client) == {"ö": "0 3 * * *"}

    def test_nothing_is_applied_that_nobody_saw(self, operator: Client, client: DBOSClient) -> None:
        response = operator.post(APPLY, fields(typed(entry("a")), apply="1"), headers=HTMX)
        assert "look first" in text(response)
        form = form_on(response) | {"document": typed(entry("b")), "apply": "1"}
        response = operator.post(APPLY, form)
        assert "were changed since you looked" in text(response)
        assert there(client) == {}
        operator.post(APPLY, {**form_on(response), "apply": "1"})
        assert list(there(client)) == ["b"]
        assert "sent twice" in text(
            operator.post(APPLY, {**form_on(response), "apply": "1"}, follow=True)
        )

    def test_the_second_of_two_is_told_and_loses_nothing(
        self, operator: Client, client: DBOSClient
    ) -> None:
        create(client, "a")
        form = previewed(operator, typed(entry("a", schedule="1 1 * * *")))
        client.update_schedule("a", schedule="2 2 * * *", dialect="python")
        response = operator.post(APPLY, form)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "Nothing was applied" in text(response)
        assert "2 2 * * * → becomes 1 1 * * *" in text(response)
        assert form_on(response)["document"] == form["document"]
        assert there(client) == {"a": "2 2 * * *"}
        operator.post(APPLY, {**form_on(response), "apply": "1"})
        assert there(client) == {"a": "1 1 * * *"}

    def test_it_is_told_also_when_both_look_and_apply_at_once(
        self, operator: Client, client: DBOSClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create(client, "a")
        form = previewed(operator, typed(entry("a", schedule="1 1 * * *")))
        apply = DBOSClient.apply_schedules

        def overtaken(self: DBOSClient, *args: Any, **given: Any) -> ScheduleDifference:
            if not given.get("dry_run"):
                client.update_schedule("a", schedule="2 2 * * *", dialect="python")
            return apply(self, *args, **given)

        monkeypatch.setattr(DBOSClient, "apply_schedules", overtaken)
        response = operator.post(APPLY, form)
        assert "2 2 * * * → becomes 1 1 * * *" in text(response)
        assert there(client) == {"a": "2 2 * * *"}
        assert AuditEntry.objects.get().outcome == "failed"

    def test_only_administrators_delete(self, operator: Client, client: DBOSClient) -> None:
        create(client, "a")
        response = operator.post(APPLY, fields(typed(entry("b")), prune="on"))
        assert "Only administrators delete" in text(response)
        operator.post(APPLY, {**form_on(response), "apply": "1", "prune": "on"})
        assert sorted(there(client)) == ["a", "b"]

    def test_an_application_has_its_own(self, administrator: Client, client: DBOSClient) -> None:
        create(client, "theirs", application_name="billing")
        create(client, "ours", application_name="shop")
        document = typed(entry("new"), application_name="shop")
        wrong = administrator.post(APPLY, fields(document, application_name="billing"))
        assert "The set is of the application shop." in text(wrong)
        administrator.post(APPLY, previewed(administrator, document, prune="on"))
        owners = {one.schedule_name: one.application_name for one in client.list_schedules()}
        assert owners == {"theirs": "billing", "new": "shop"}
        refused = administrator.post(APPLY, fields(typed(entry("theirs")), application_name="shop"))
        assert "belongs to the application" in text(refused)


class TestWrongSets:
    @pytest.mark.parametrize(
        ("document", "told"),
        [
            ("", "Paste a set of schedules"),
            ("{", "This is no JSON"),
            ("3", "It must be an object"),
            ("{}", "schedules: must be an array"),
            ('{"schedules": [], "also": 1}', "also: is not known"),
            ('{"schedules": [], "application_name": 3}', "application_name: must be text"),
            ('{"schedules": [NaN]}', "NaN"),
            ("[" * 100_000, "nested too deeply"),
            (typed(*[entry("a")] * (MOST_SCHEDULES + 1)), "at most 1,000"),
            ('"' + "x" * MOST_BYTES + '"', "at most 2,097,152 bytes"),
            (typed(3), "schedules[0]: must be an object."),
            (typed(entry("a", context=1, context_kept="")), "schedules[0].context_kept: excludes"),
            (typed(entry("a", context_kept="")), "schedules[0].context: is to be the one"),
            (typed(entry("a", context={"password": DOTS})), "schedules[0].context: •••• stands"),
            (
                typed(entry("a", context=f"{'9' * 5000}"))
                .replace('"999', "999")
                .replace('9"', "9"),
                "4,300",
            ),
            (typed(entry("a\0")), "schedules[0].schedule_name: must not contain a NUL"),
        ],
    )
    def test_each_is_a_sentence(
        self, operator: Client, client: DBOSClient, document: str, told: str
    ) -> None:
        [problem, *_] = problems(operator.post(APPLY, fields(document)))
        assert told in problem
        assert there(client) == {}

    def test_all_are_told_at_once_with_their_places(
        self, operator: Client, client: DBOSClient
    ) -> None:
        document = typed(
            entry("a", schedule="61 * * * *", cron_timezone="Nowhere"),
            {"schedule_name": "b", "workflow_name": 3, "scheduleName": "x"},
            entry("c", application_name=[1], automatic_backfill="yes"),
            entry("c"),
        )
        found = problems(operator.post(APPLY, fields(document)))
        assert {one.partition(":")[0] for one in found} == {
            *("schedules[0].schedule", "schedules[0].cron_timezone", "schedules[1].schedule"),
            *("schedules[1].workflow_name", "schedules[1].scheduleName"),
            *("schedules[2].application_name", "schedules[2].automatic_backfill"),
            "schedules[3].schedule_name",
        }
        many = problems(operator.post(APPLY, fields(typed(*[{}] * 500))))
        assert len(many) == 101
        assert "more" in many[-1]

    def test_a_file_that_is_none(self, operator: Client, client: DBOSClient) -> None:
        for content, told in ((b"\xff\xfe", "UTF-8"), (b"x" * (MOST_BYTES + 1), "2,097,152")):
            upload = SimpleUploadedFile("set.json", content)
            response = operator.post(APPLY, {**fields("typed"), "upload": upload})
            assert told in problems(response)[0]
            assert form_on(response)["document"] == "typed"

    def test_a_language_that_nothing_tells(self, operator: Client, client: DBOSClient) -> None:
        response = operator.post(APPLY, fields(typed(entry("a")), dialect=""))
        assert "language of the application is unknown" in text(response)


class TestExport:
    def test_applied_where_it_comes_from_it_changes_nothing(
        self, administrator: Client, client: DBOSClient
    ) -> None:
        create(client, "plain")
        create(client, "full", context={"password": "mellon", "of": [1]}, queue_name="q")
        create(client, "odd", context=datetime(2026, 1, 1, tzinfo=UTC), automatic_backfill=True)
        client.pause_schedule("odd")
        page = text(administrator.get(EXPORT))
        assert "One of them is paused" in page
        assert "It holds a value that JSON does not have: datetime." in page
        file = administrator.get(EXPORT, {"download": "1"})
        assert file.headers["Content-Disposition"] == 'attachment; filename="schedules-main.json"'
        assert b"mellon" not in file.content
        assert json.loads(file.content)["schedules"][0]["context"] == {"password": DOTS, "of": [1]}
        assert AuditEntry.objects.get().action == "workflow.export"
        response = administrator.post(APPLY, fields(file.content.decode(), prune="on"))
        assert "Nothing to do: 3 unchanged" in text(response)
        assert "Apply these" not in text(response)

    def test_what_is_hidden_stays_what_it_is(self, operator: Client, client: DBOSClient) -> None:
        create(client, "a", context={"password": "mellon", "of": [1]})
        document = typed(entry("a", context={"password": DOTS, "of": [2]}))
        form = previewed(operator, document)
        response = operator.post(APPLY, fields(document))
        assert "mellon" not in response.content.decode()
        operator.post(APPLY, form)
        assert client.list_schedules()[0].context == {"password": "mellon", "of": [2]}

    def test_it_is_narrowed_as_the_list_is(self, viewer: Client, client: DBOSClient) -> None:
        create(client, "nightly", application_name="shop")
        create(client, "weekly", application_name="shop", workflow_name="report")
        create(client, "other")
        assert "export/?q=week" in viewer.get(LIST, {"q": "week"}).content.decode()
        file = json.loads(viewer.get(EXPORT, {"q": "report", "download": "1"}).content)
        assert [one["schedule_name"] for one in file["schedules"]] == ["weekly"]
        assert file["schedules"][0]["application_name"] == "shop"
        given = {"application_name": "shop", "download": "1"}
        file = json.loads(viewer.get(EXPORT, given).content)
        assert file["application_name"] == "shop"
        assert [one["schedule_name"] for one in file["schedules"]] == ["nightly", "weekly"]
        assert "application_name" not in file["schedules"][0]
