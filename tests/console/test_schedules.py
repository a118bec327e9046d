"""The pages of schedules: what fires when, and what came of it."""

import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.test import Client

from client_core import DBOSClient, ScheduledRun, next_times
from client_core.cron import CronDialect
from console.schedules.cron_words import in_words
from console.schedules.times import Fire, next_fires
from tests.console.conftest import Insert
from tests.console.test_workflows import text

LIST = "/s/main/schedules/"
Sql = psycopg.Connection[Any]


def create(client: DBOSClient, name: str = "nightly", **given: Any) -> None:
    wanted = {"workflow_name": "clean", "schedule": "0 3 * * *", "dialect": "python", **given}
    client.create_schedule(schedule_name=name, **wanted)


def test_the_list_tells_when_each_fires_and_what_it_did(
    viewer: Client, client: DBOSClient, insert: Insert
) -> None:
    create(client, cron_timezone="Europe/Berlin")
    create(client, "hourly", schedule="0 * * * *", workflow_name="report")
    client.pause_schedule("hourly")
    for status in ("SUCCESS", "ERROR", "PENDING"):
        insert(schedule_name="nightly", status=status)
    page = text(viewer.get(LIST))
    for told in ("Active", "At 03:00", "Europe/Berlin", "3 1 failed", "Paused", "Every hour"):
        assert told in page
    [next_ms] = re.findall(r'<td><time datetime="([^"]+)"', viewer.get(LIST).content.decode())
    [wanted] = next_times(
        "0 3 * * *",
        dialect="python",
        timezone="Europe/Berlin",
        after=datetime.now(UTC),
        count=1,
    )
    assert datetime.fromisoformat(next_ms) == wanted
    found = text(viewer.get(LIST, {"q": "REPORT"}))
    assert "hourly" in found
    assert "nightly" not in found
    assert "No schedule matches" in text(viewer.get(LIST, {"q": "zzz"}))


def test_a_schedule_shows_its_times_its_context_and_its_runs(
    viewer: Client, client: DBOSClient, insert: Insert
) -> None:
    create(client, "a/b ä", context={"of": "all", "password": "mellon"}, queue_name="orders")
    insert(workflow_uuid="run-1", schedule_name="a/b ä")
    address = re.search(r'href="([^"]+)">a/b ä</a>', viewer.get(LIST).content.decode())
    assert address
    response = viewer.get(address[1])
    page = text(response)
    for told in ("When it fires", "UTC", "orders", "Python", '"of": "all"', "run-1"):
        assert told in page
    assert "mellon" not in page
    assert len(re.findall(r"<td>\w{3} \d{4}-\d\d-\d\d 03:00:00 UTC</td>", page_of(response))) == 10
    run = viewer.get("/s/main/workflows/run/run-1/").content.decode()
    assert f'href="{address[1]}"' in run


class TestMissed:
    URL = f"{LIST}schedule/nightly/missed/"

    def due(self, client: DBOSClient) -> list[ScheduledRun]:
        """What was due in the last day, the last minutes left out."""
        end = datetime.now(UTC) - timedelta(minutes=2)
        return client.preview_backfill("nightly", end - timedelta(days=1), end)

    def test_times_without_a_run_are_told(
        self, viewer: Client, operator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        create(client, schedule="30 */6 * * *")
        first, second, *others = self.due(client)
        for run in others:
            insert(workflow_uuid=run.workflow_id)
        page = text(viewer.get(self.URL))
        assert f"{2} of {2 + len(others)} that were due in the last day have no run" in page
        for run in (first, second):
            assert Fire(run.scheduled_at).local in page
        assert "Backfill Your role on main does not include backfilling." in page
        assert "Backfill" in text(operator.get(self.URL))
        insert(workflow_uuid=first.workflow_id)
        page = text(viewer.get(self.URL))
        assert f"has no run: {Fire(second.scheduled_at).local}" in page
        insert(workflow_uuid=second.workflow_id)
        assert "and started" in text(viewer.get(self.URL))

    def test_one_that_starts_too_often_is_looked_at_for_a_shorter_time(
        self, viewer: Client, client: DBOSClient
    ) -> None:
        create(client, schedule="* * * * * *")
        assert "599 of 599 that were due in the last ten minutes" in text(viewer.get(self.URL))
        client.update_schedule("nightly", schedule="*/10 * * * * *", dialect="python")
        assert "359 of 359 that were due in the last hour" in text(viewer.get(self.URL))

    def test_what_cannot_be_told_is_said(
        self, viewer: Client, client: DBOSClient, sql: Sql
    ) -> None:
        create(client, schedule="0 3 29 2 *")
        assert "Nothing was due in the last day" in text(viewer.get(self.URL))
        sql.execute("UPDATE dbos.workflow_schedules SET schedule = 'never'")
        assert "never" in text(viewer.get(self.URL))

    def test_the_page_of_the_schedule_asks_for_it(self, viewer: Client, client: DBOSClient) -> None:
        create(client)
        page = viewer.get(f"{LIST}schedule/nightly/").content.decode()
        assert f'hx-get="{self.URL}"' in page
        part = viewer.get(self.URL, headers={"HX-Request": "true"}).content.decode()
        assert part.lstrip().startswith("<section")


def test_many_are_shown_in_pages(viewer: Client, client: DBOSClient) -> None:
    names = [f"of-{number:03}" for number in range(120)]
    wanted = {"workflow_name": "clean", "schedule": "0 3 * * *"}
    client.apply_schedules(
        [{"schedule_name": name, **wanted} for name in names],  # type: ignore[typeddict-item]
        dialect="python",
    )
    address, seen = LIST, []
    for more in (70, 20, None):
        page = viewer.get(address).content.decode()
        seen += re.findall(r">(of-\d+)</a>", page)

        if more:
            assert f"Next, of {more} more" in page
            [following] = re.findall(r'href="(\?after=[^"]+)">Next', page)
            address = LIST + following
    assert seen == names
    assert ">First</a>" in page


def test_no_such_schedule(viewer: Client) -> None:
    assert viewer.get(f"{LIST}schedule/nobody/").status_code == HTTPStatus.NOT_FOUND


def test_an_expression_and_a_zone_that_make_no_sense_are_told(
    viewer: Client, client: DBOSClient, sql: Sql
) -> None:
    create(client)
    sql.execute("UPDATE dbos.workflow_schedules SET schedule = 'soon'")
    assert "soon" in text(viewer.get(f"{LIST}schedule/nightly/"))
    assert viewer.get(LIST).status_code == HTTPStatus.OK
    sql.execute(
        "UPDATE dbos.workflow_schedules SET schedule = '0 3 * * *', cron_timezone = 'Nowhere'"
    )
    assert "Nowhere" in text(viewer.get(f"{LIST}schedule/nightly/"))
    assert viewer.get(LIST).status_code == HTTPStatus.OK


def test_without_a_trace_of_the_language_no_time_is_guessed(
    viewer: Client, client: DBOSClient, sql: Sql
) -> None:
    create(client)
    sql.execute("UPDATE dbos.workflow_schedules SET context = 'null'")
    assert "Nothing in the database tells in which language" in text(
        viewer.get(f"{LIST}schedule/nightly/")
    )


def page_of(response: Any) -> str:
    return str(response.content.decode())


@pytest.mark.parametrize(
    ("dialect", "notes"),
    [
        ("python", ["", "the clock went forward by 60 minutes before", ""]),
        ("typescript", ["", "the clock went forward by 60 minutes before", ""]),
    ],
)
def test_a_clock_that_goes_forward_is_told(dialect: CronDialect, notes: list[str]) -> None:
    after = datetime(2026, 3, 27, 12, tzinfo=UTC)
    fires = next_fires("30 3 * * *", dialect, "Europe/Berlin", after=after, count=3)
    assert [fire.note for fire in fires] == notes


def test_a_time_that_comes_twice_is_told() -> None:
    after = datetime(2026, 10, 24, 12, tzinfo=UTC)
    fires = next_fires("30 2 * * *", "python", "Europe/Berlin", after=after, count=3)
    assert [fire.note for fire in fires] == ["", "once more, for the clock was set back", ""]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 3 * * *", "At 03:00"),
        ("*/10 * * * * *", "Every 10 seconds"),
        ("0 9 * * mon-fri", "At 09:00, Monday through Friday"),
        ("0 0 1,15 * *", "At 00:00, on day 1 and 15 of the month"),
        # What languages read differently, or what is only nearly so.
        ("0 0 13 * fri", None),
        ("*/7 * * * *", None),
        ("0 22-2 * * *", None),
        ("5/15 * * * *", None),
        ("0 0 L * *", None),
        ("* * * *", None),
        ("soon", None),
        ("0 0 * * 0-7", None),
    ],
)
def test_words_where_they_are_sure(expression: str, words: str | None) -> None:
    assert in_words(expression) == words
