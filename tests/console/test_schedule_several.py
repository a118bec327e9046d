"""Several schedules paused and resumed together, as for a maintenance window."""

from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.test import Client

from client_core import DBOSClient, OutcomeUnknown
from console.models import AuditEntry
from tests.console.browsing import form_on
from tests.console.test_schedules import LIST, create
from tests.console.test_workflows import text

PAUSE, RESUME = f"{LIST}pause/", f"{LIST}resume/"
Sql = psycopg.Connection[Any]


@pytest.fixture(autouse=True)
def three(client: DBOSClient) -> None:
    for name in ("one", "two", "three"):
        create(client, name)
    client.pause_schedule("three")


def states(client: DBOSClient) -> dict[str, str]:
    return {one.schedule_name: one.status for one in client.list_schedules()}


def sent(browser: Client, path: str, names: list[str], **given: Any) -> Any:
    form: dict[str, Any] = {**form_on(browser.get(path)), "schedule_name": names}
    return browser.post(path, form, **given)


def test_what_changes_is_told_and_then_done_together(operator: Client, client: DBOSClient) -> None:
    page = text(operator.get(PAUSE, {"schedule_name": ["one", "three", "gone"]}))
    assert "Pause one schedule?" in page
    assert "1 paused already" in page
    assert "two" not in page
    page = text(operator.get(PAUSE, {"all": "1"}))
    assert "Pause 2 schedules?" in page
    page = text(sent(operator, PAUSE, ["one", "two", "three", "gone"], follow=True))
    assert "2 paused, 1 paused already, 1 not there any more." in page
    assert set(states(client).values()) == {"PAUSED"}
    noted = AuditEntry.objects.order_by("target").values_list("target", "outcome", "parameters")
    wish = {"pause": True, "together": 4}
    assert list(noted) == [(name, "done", wish) for name in ("gone", "one", "three", "two")]
    assert "2 resumed." in text(sent(operator, RESUME, ["one", "two"], follow=True))
    assert states(client) == {"one": "ACTIVE", "two": "ACTIVE", "three": "PAUSED"}


def test_all_shown_are_those_that_the_search_finds(operator: Client, client: DBOSClient) -> None:
    page = operator.get(LIST, {"q": "tw"}).content.decode()
    assert f"{PAUSE}?all=1&amp;q=tw" in page
    response = operator.get(PAUSE, {"all": "1", "q": "tw"})
    assert form_on(response)["schedule_name"] == "two"
    operator.post(PAUSE, form_on(response))
    assert states(client) == {"one": "ACTIVE", "two": "PAUSED", "three": "PAUSED"}


def test_nothing_selected_is_told(operator: Client, client: DBOSClient) -> None:
    assert "No schedule is selected" in text(operator.get(PAUSE))
    assert "Nothing to resume" in text(operator.get(RESUME, {"schedule_name": "one"}))
    assert operator.post(PAUSE).status_code == HTTPStatus.OK
    assert not AuditEntry.objects.exists()


def test_sent_twice_is_done_once(operator: Client, client: DBOSClient) -> None:
    form = {**form_on(operator.get(PAUSE)), "schedule_name": ["one", "two"]}
    operator.post(PAUSE, form)
    client.resume_schedules(["one", "two"])
    assert "sent twice" in text(operator.post(PAUSE, form, follow=True))
    assert states(client)["one"] == "ACTIVE"
    assert AuditEntry.objects.count() == 2


def test_an_end_that_nobody_knows_is_told_and_may_be_repeated(
    operator: Client, client: DBOSClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: DBOSClient, names: Any) -> dict[str, str]:
        raise OutcomeUnknown("It broke.")

    form = {**form_on(operator.get(PAUSE)), "schedule_name": ["one", "two"]}
    with monkeypatch.context() as patch:
        patch.setattr(DBOSClient, "pause_schedules", broken)
        assert "not known whether this was done" in text(operator.post(PAUSE, form))
    assert {one.outcome for one in AuditEntry.objects.all()} == {"unknown"}
    assert "2 paused." in text(operator.post(PAUSE, form, follow=True))


def test_a_viewer_has_no_boxes(viewer: Client) -> None:
    assert 'name="schedule_name"' not in viewer.get(LIST).content.decode()
