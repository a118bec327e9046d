"""The rehearsal: what schedules will do, in a chart and in words."""

import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from client_core import DBOSClient, times_between
from client_core.cron import CronDialect
from console.preferences import ZONE_COOKIE
from console.schedules.clock_changes import changes_of, effect
from console.schedules.rehearsal import ROWS
from console.schedules.rehearsal_chart import AXIS, drawn, marks
from console.schedules.starts import FEWEST, MOST, Asked, Window, busy_cells, share, starts_of
from tests.console.conftest import Insert
from tests.console.test_schedules import LIST, create
from tests.console.test_workflows import text

PAGE = f"{LIST}rehearsal/"
BEGIN = {"begin": "2027-01-04T00:00:00"}
START = int(datetime(2027, 1, 4, tzinfo=UTC).timestamp())
DAY = 24 * 3_600


def hour(number: float) -> int:
    return START + round(number * 3_600)


def row(page: Any, name: str) -> str:
    [found] = [
        one for one in re.findall(r"<tr.*?</tr>", page.content.decode(), re.DOTALL) if name in one
    ]
    return str(found)


class TestPage:
    def test_each_schedule_has_a_row(self, viewer: Client, client: DBOSClient) -> None:
        create(client)
        create(client, "hourly", schedule="0 * * * *")
        page = viewer.get(PAGE, BEGIN)
        assert "25 starts of 2 schedules, Mon 4 Jan, 00:00 to Tue 5 Jan, 00:00 UTC" in text(page)
        assert "None is expected to overlap with itself. No minute is crowded." in text(page)
        assert '<td class="number">24</td>' in row(page, "hourly")
        assert '<path class="starts" d="M125 3v18">' in row(page, "nightly")
        week = viewer.get(PAGE, {**BEGIN, "span": "week"})
        assert '<td class="number">168</td>' in row(week, "hourly")
        assert ">Wed 6</text>" in week.content.decode()

    def test_the_clock_of_the_person_is_used(self, viewer: Client, client: DBOSClient) -> None:
        create(client, schedule="30 18 * * *")
        viewer.cookies[ZONE_COOKIE] = "Asia/Kolkata"
        page = viewer.get(PAGE, BEGIN)
        assert "Mon 4 Jan, 00:00 to Tue 5 Jan, 00:00 IST" in text(page)
        assert '<path class="starts" d="M0 3v18">' in row(page, "nightly")

    def test_a_run_longer_than_the_pause_is_told(
        self, viewer: Client, client: DBOSClient, insert: Insert
    ) -> None:
        create(client, "slow", schedule="*/10 * * * *")
        create(client, "quick", schedule="*/10 * * * *")
        for name, minutes in (("slow", 13), ("slow", 12), ("slow", 900), ("quick", 9)):
            ran = {"started_at_epoch_ms": 1, "completed_at": 1 + minutes * 60_000}
            insert(schedule_name=name, status="SUCCESS", **ran)
        insert(schedule_name="quick", status="ERROR", started_at_epoch_ms=1, completed_at=10**9)
        page = viewer.get(PAGE, BEGIN)
        assert (
            "slow : a run takes 13 min 0 s as a rule, and 143 of 144 starts come before the run "
            "before is over." in text(page)
        )
        assert "1 overlaps with itself" in text(page)
        assert 'class="over"' in row(page, "schedule/slow")
        assert "9 min 0 s" in row(page, "schedule/quick")
        assert 'class="over"' not in row(page, "schedule/quick")

    def test_one_that_starts_all_the_time_is_a_band(
        self, viewer: Client, client: DBOSClient, insert: Insert
    ) -> None:
        create(client, "heartbeat", schedule="* * * * * *")
        insert(
            schedule_name="heartbeat", status="SUCCESS", started_at_epoch_ms=1, completed_at=2502
        )
        page = viewer.get(PAGE, {"begin": "2027-01-04T00:30:00"})
        band = f"M0 7h{AXIS}v10h-{AXIS}z"
        assert f'<path class="band" d="{band}">' in row(page, "heartbeat")
        assert "besides those of 1 that starts too often to be counted" in text(page)
        assert "a run takes 2.5 s as a rule, and the next starts after 1.0 s." in text(page)

    def test_crowded_minutes_are_told_with_who_crowds_them(
        self, viewer: Client, client: DBOSClient
    ) -> None:
        for number in range(15):
            create(client, f"of-{number:02}", schedule="0 3 * * *" if number else "0 * * * *")
        page = viewer.get(PAGE, {**BEGIN, "span": "3 days"})
        told = text(page)
        assert "Mon 4 Jan, 03:00 and 2 more times until Wed 6 Jan, 03:00: 15 schedules" in told
        assert "of-03 , of-04 and 10 more." in told
        assert 'class="crowded" d="M' in row(page, "All together")
        closer = re.search(r'href="([^"]+)">Mon 4 Jan, 03:00', page.content.decode())
        assert closer
        near = text(viewer.get(PAGE + closer[1].replace("&amp;", "&")))
        assert "Mon 4 Jan, 03:00 to Mon 4 Jan, 09:00" in near
        # A crowd is everybody's, whichever of them is looked for.
        one = text(viewer.get(PAGE, {**BEGIN, "q": "of-07"}))
        assert "1 start of 1 schedule" in one
        assert "15 schedules start" in one

    def test_a_changed_clock_is_told_with_what_it_does(
        self, viewer: Client, client: DBOSClient
    ) -> None:
        create(client, schedule="30 2 * * *", cron_timezone="Europe/Berlin")
        create(client, "early", schedule="30 1 * * *", cron_timezone="Europe/Berlin")
        page = viewer.get(PAGE, {"begin": "2027-03-27T12:00:00"})
        assert "Europe/Berlin: at 02:00 the clock goes forward to 03:00, Sun 28 Mar." in text(page)
        assert "nightly : 02:30 is not on the clock that day" in text(page)
        assert 'class="clock"' in row(page, "nightly")
        assert "early : " not in text(page)
        back = text(viewer.get(PAGE, {"begin": "2027-10-30T12:00:00"}))
        assert "nightly : 02:30 comes twice, and so does its start." in back

    def test_paused_ones_are_shown_where_somebody_asks_what_if(
        self, viewer: Client, client: DBOSClient
    ) -> None:
        create(client)
        client.pause_schedule("nightly")
        assert "No schedule is active: 1 is paused." in text(viewer.get(PAGE, BEGIN))
        create(client, "hourly", schedule="0 * * * *")
        without = viewer.get(PAGE, BEGIN)
        assert "1 paused one is left out." in text(without)
        assert "schedule/nightly" not in without.content.decode()
        page = viewer.get(PAGE, {**BEGIN, "paused": "on"})
        assert "Paused" in row(page, "nightly")
        assert 'class="as-if"' in row(page, "nightly")

    def test_what_cannot_be_foretold_is_told_with_the_reason(
        self, viewer: Client, client: DBOSClient, sql: Any
    ) -> None:
        create(client, "whose")
        sql.execute("UPDATE dbos.workflow_schedules SET context = 'null'")
        asked = text(viewer.get(PAGE, BEGIN))
        assert "whose : Nothing tells in which language its application is written." in asked
        for name in ("wrong", "nowhere"):
            create(client, name)
        change = "UPDATE dbos.workflow_schedules SET {} WHERE schedule_name = %s"
        sql.execute(change.format("schedule = 'soon'"), ["wrong"])
        sql.execute(change.format("cron_timezone = 'Nowhere'"), ["nowhere"])
        told = text(viewer.get(PAGE, BEGIN))
        assert "wrong : The cron expression 'soon' is not valid" in told
        assert "nowhere : 'Nowhere' is not the name of an IANA time zone" in told

    @pytest.mark.parametrize(
        ("begin", "rule"),
        [
            ("2027-02-30T00:00:00", "valid date"),
            ("9999-12-31T00:00:00", "between the years 2000 and 2100"),
            ("soon", "valid date"),
        ],
    )
    def test_a_moment_that_is_none_is_told(
        self, viewer: Client, client: DBOSClient, begin: str, rule: str
    ) -> None:
        create(client)
        page = viewer.get(PAGE, {"begin": begin, "span": "century"})
        assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert rule in text(page)
        assert "1 start of 1 schedule" in text(page)

    def test_without_schedules(self, viewer: Client) -> None:
        assert "There are no schedules yet." in text(viewer.get(PAGE))

    def test_five_hundred_schedules_have_rows_for_the_busiest(
        self, viewer: Client, client: DBOSClient
    ) -> None:
        client.apply_schedules(
            [
                {
                    "schedule_name": f"of-{number}",
                    "workflow_name": "clean",
                    "schedule": f"{number % 60} {number // 60 or '*'} * * *",
                }
                for number in range(500)
            ],
            dialect="python",
        )
        page = viewer.get(PAGE, BEGIN)
        assert "1,880 starts of 500 schedules" in text(page)
        assert f"{ROWS} of 500 schedules have a row" in text(page)
        assert page.content.decode().count('class="name"') == ROWS
        assert '<td class="number">24</td>' in row(page, "of-1<")

    def test_ways_to_it(self, viewer: Client, client: DBOSClient) -> None:
        create(client)
        assert f'href="{PAGE}"' in viewer.get(LIST).content.decode()
        one = viewer.get(f"{LIST}schedule/nightly/").content.decode()
        assert f'href="{PAGE}?q=nightly"' in one


DIALECTS = st.sampled_from(["python", "typescript"])
EXPRESSIONS = st.sampled_from(
    ["0 3 * * *", "*/7 * * * *", "30 2 * * mon", "0 0 1 1 *", "5 4 * * *"]
)
ZONES = st.sampled_from([None, "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])


@settings(deadline=None, max_examples=50)
@given(EXPRESSIONS, DIALECTS, ZONES, st.integers(0, 365 * DAY), st.integers(1, 7 * DAY))
def test_starts_are_those_of_the_client(
    expression: str, dialect: CronDialect, zone: str | None, after: int, length: int
) -> None:
    window = Window(START + after, START + after + length)
    found = starts_of(Asked(expression, dialect, zone), window)
    wanted = times_between(
        expression,
        dialect=dialect,
        timezone=zone,
        start=datetime.fromtimestamp(window.start, UTC) - timedelta(seconds=1),
        end=datetime.fromtimestamp(window.end, UTC),
        limit=10_000,
    )
    if found.is_dense:
        assert len(wanted) > MOST - 3_600 // 60
        return
    assert list(found.times) == [int(time.timestamp()) for time in wanted]


def test_the_work_is_shared_among_all() -> None:
    assert (share(1), share(100), share(500)) == (MOST, 400, FEWEST)
    few = starts_of(Asked("* * * * *", "python", None), Window(START, START + DAY, FEWEST))
    assert few.is_dense
    assert (len(few.times), few.pause) == (FEWEST + 1, 60)


def test_a_band_is_where_the_starts_are() -> None:
    asked = Asked("* 9-16 * * *", "python", None)
    window = Window(START, START + DAY)
    assert busy_cells(asked, window, 900) == ((hour(9), hour(17)),)
    assert drawn(asked, window._replace(most=FEWEST), 0).band == "M375 7h333v10h-333z"


def test_an_axis_keeps_to_the_clock_when_it_is_changed() -> None:
    [(zone, window)] = [(starts_of(asked, window).zone, window) for asked, window in [_BERLIN]]
    assert zone
    [change] = changes_of(zone, window)
    assert (change.old, change.new, change.minutes) == ("02:00", "03:00", 60)
    labels = [(mark.x, mark.label) for mark in marks(window, zone)]
    assert labels[:4] == [(0, "Sun 28"), (83, "03:00"), (208, "06:00"), (333, "09:00")]


_BERLIN = (
    Asked("0 * * * *", "python", "Europe/Berlin"),
    Window(*(int(datetime(2027, 3, day, 23, tzinfo=UTC).timestamp()) for day in (27, 28))),
)


@pytest.mark.parametrize(
    ("expression", "dialect", "at", "words"),
    [
        ("30 2 * * *", "typescript", 3, "02:30 is not on the clock that day; its next start is at"),
        ("*/15 * * * *", "python", 3, "4 times, 02:00 to 02:45, are not on the clock that day"),
        ("30 3 * * *", "python", 3, ""),
        ("*/15 * * * *", "typescript", 10, "4 times, 02:00 to 02:45, come twice, and so do"),
        ("30 2 * * *", "typescript", 10, "02:30 comes twice, and so does its start"),
        ("30 4 * * *", "typescript", 10, ""),
    ],
)
def test_effects(expression: str, dialect: CronDialect, at: int, words: str) -> None:
    asked = Asked(expression, dialect, "Europe/Berlin")
    first = int(datetime(2027, at, 25, tzinfo=UTC).timestamp())
    window = Window(first, first + 7 * DAY)
    zone = starts_of(asked, window).zone
    assert zone
    [change] = changes_of(zone, window)
    told = effect(asked, change)
    assert told.startswith(words)
    assert bool(told) is bool(words)
