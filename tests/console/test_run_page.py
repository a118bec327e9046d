"""The page of one run: what it did, told so that thousands of steps stay readable."""

import html
import re
import time
from typing import Any

import psycopg
import pytest
from django.test import Client

from client_core.database import Database
from tests.console.conftest import Insert
from tests.console.test_workflows import HTMX, run_url, text

Sql = psycopg.Connection[Any]
NOW_MS = time.time_ns() // 1_000_000
RUN = run_url("run")


def step(sql: Sql, number: int, name: str = "work", **given: Any) -> None:
    row = {"output": None, "error": None, "child": None, "at": None, "to": None, **given}
    sql.execute(
        "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, output, "
        "error, child_workflow_id, started_at_epoch_ms, completed_at_epoch_ms, serialization) "
        "VALUES ('run', %(id)s, %(name)s, %(output)s, %(error)s, %(child)s, %(at)s, %(to)s, "
        "'portable_json')",
        {**row, "id": number, "name": name},
    )


def many(sql: Sql, count: int, name: str = "'work'") -> None:
    sql.execute(
        "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, "
        f"started_at_epoch_ms, completed_at_epoch_ms) SELECT 'run', n, {name}, "
        "1000 + n * 10, 1009 + n * 10 FROM generate_series(1, %s) n",
        [count],
    )


def over(insert: Insert, **columns: Any) -> None:
    times = {"created_at": 1_000, "started_at_epoch_ms": 1_000, "completed_at": 11_000}
    insert(**{"workflow_uuid": "run", **times, **columns})


def bars(page: str) -> list[tuple[str, int, int]]:
    """The bars of the table: shape, place and width in thousandths of the run."""
    table = page[page.index("<tbody>") :]
    found = re.findall(r'<rect class="bar-(\w+)" x="(\d+)" y="\d+" width="(\d+)"', table)
    return [(shape, int(x), int(width)) for shape, x, width in found]


def link(page: str, name: str) -> str:
    found = re.search(rf'id="{name}"[^>]* href="([^"]+)"', page)
    assert found, name
    return RUN + html.unescape(found[1])


class TestTimeline:
    def test_each_step_stands_at_its_time(self, viewer: Client, insert: Insert, sql: Sql) -> None:
        over(insert)
        step(sql, 1, at=1_000, to=3_500)
        step(sql, 2, at=6_000, to=11_000, error='{"name":"E","message":"m"}')
        assert bars(viewer.get(RUN).content.decode()) == [("step", 0, 250), ("error", 500, 500)]

    @pytest.mark.parametrize(
        ("name", "word", "shape"),
        [
            ("DBOS.recv", "receive", "wait"),
            ("DBOS.getEvent", "get event", "wait"),
            ("DBOS.setEvent", "event", "tell"),
            ("DBOS.send", "send", "tell"),
            ("DBOS.writeStream", "stream", "tell"),
            ("DBOS.closeStream", "stream", "tell"),
            ("DBOS.getResult", "awaits child", "wait"),
            ("DBOS.patch-v2", "DBOS call", "call"),
            ("plain", "plain", "step"),
        ],
    )
    def test_kinds_are_told_by_word_and_shape(
        self, viewer: Client, insert: Insert, sql: Sql, name: str, word: str, shape: str
    ) -> None:
        over(insert)
        step(sql, 1, name, at=1_000, to=2_000)
        page = viewer.get(RUN)
        assert f"1 {name} {word} +0 ms".replace("plain plain", "plain") in text(page)
        assert bars(page.content.decode())[0][0] == shape

    def test_a_child_has_its_own_state_and_time(
        self, viewer: Client, insert: Insert, sql: Sql
    ) -> None:
        over(insert)
        insert(workflow_uuid="kid", status="ERROR", started_at_epoch_ms=2_000, completed_at=4_000)
        step(sql, 1, "reserve", child="kid", at=1_000, to=1_001)
        page = viewer.get(RUN)
        assert "reserve child +1.0 s 2.0 s Error kid" in text(page)
        assert bars(page.content.decode()) == [("child", 100, 200)]
        assert run_url("kid") in page.content.decode()

    def test_a_sleep_tells_until_when(self, viewer: Client, insert: Insert, sql: Sql) -> None:
        over(insert)
        step(sql, 1, "DBOS.sleep", output="6.0", at=1_000, to=1_001)
        page = viewer.get(RUN)
        assert "Slept until +5.0 s" in text(page)
        assert bars(page.content.decode()) == [("wait", 0, 500)]

    def test_a_wait_that_goes_on(self, viewer: Client, insert: Insert, sql: Sql) -> None:
        """A wait is recorded when it is over; until then its time-out tells of it."""
        insert(workflow_uuid="run", status="PENDING", created_at=NOW_MS - 10_000)
        step(sql, 1, at=NOW_MS - 10_000, to=NOW_MS - 5_000)
        wakes = str(NOW_MS / 1_000 + 3_600)
        step(sql, 3, "DBOS.sleep", output=wakes, at=NOW_MS - 5_000, to=NOW_MS - 5_000)
        assert "time-out +5.0 s running Waits for a message or an event" in text(viewer.get(RUN))

    def test_what_is_over_is_the_time_out_of_the_wait_before(
        self, viewer: Client, insert: Insert, sql: Sql
    ) -> None:
        over(insert)
        step(sql, 1, "DBOS.recv", at=1_000, to=2_000)
        step(sql, 2, "DBOS.sleep", output="99.0", at=1_000, to=1_000)
        assert "time-out +0 ms 0 ms Of the wait before it" in text(viewer.get(RUN))

    def test_without_times_there_are_no_bars(
        self, viewer: Client, insert: Insert, sql: Sql
    ) -> None:
        over(insert)
        step(sql, 1, output="7")
        page = viewer.get(RUN)
        assert bars(page.content.decode()) == []
        assert "1 work – – 7" in text(page)

    def test_names_of_steps_are_text(self, viewer: Client, insert: Insert, sql: Sql) -> None:
        over(insert)
        for number in range(9):
            step(sql, number, "<script>alert(1)</script>", at=1_000, to=2_000)
        assert "<script>alert" not in viewer.get(RUN).content.decode()


class TestThousands:
    def test_alike_ones_are_one_row_that_opens(
        self, viewer: Client, insert: Insert, sql: Sql
    ) -> None:
        over(insert)
        many(sql, 150)
        page = viewer.get(RUN).content.decode()
        assert "1–150 work × 150 +10 ms 1.4 s" in text(viewer.get(RUN))
        opened = viewer.get(link(page, "group-1"), headers=HTMX)
        assert len(re.findall("<tr>", opened.content.decode())) == 101
        assert "Steps 1 to 150" in text(opened)
        assert "The whole run" in text(opened)

    def test_a_page_of_five_thousand_is_of_bounded_size(
        self, viewer: Client, insert: Insert, sql: Sql
    ) -> None:
        over(insert)
        many(sql, 5_000, "'step-' || mod(n, 7)")
        page = viewer.get(RUN)
        assert "Steps 5,000" in text(page)
        assert len(page.content) < 200_000
        assert "More steps" in text(page)

    def test_pages_by_links_reach_every_step_once(
        self, viewer: Client, insert: Insert, sql: Sql
    ) -> None:
        over(insert)
        many(sql, 250, "'step-' || n")
        seen: list[str] = []
        url: str | None = RUN
        while url:
            page = viewer.get(url).content.decode()
            seen += re.findall(r'title="(step-\d+)"', page)
            more = re.search(r'id="steps-more" href="([^"]+)"', page)
            url = RUN + html.unescape(more[1]) if more else None
        assert seen == [f"step-{number}" for number in range(1, 251)]

    def test_more_in_place_keeps_what_is_there(
        self, viewer: Client, insert: Insert, sql: Sql
    ) -> None:
        over(insert)
        many(sql, 1_000, "'step-' || n")
        for shown in (200, 300, 400, 400):
            page = viewer.get(f"{RUN}?shown={shown}", headers=HTMX).content.decode()
            assert page.count("<tr>") == shown + 1
        assert "Next steps" in page

    def test_the_strip_leads_to_the_steps_of_a_part(
        self, viewer: Client, insert: Insert, sql: Sql
    ) -> None:
        over(insert)
        many(sql, 1_000, "'step-' || n")
        page = viewer.get(RUN).content.decode()
        assert page.count('class="part"') == 32
        part = viewer.get(link(page, "part-31"))
        assert re.search(r"Steps \d+ to 1000 ", text(part))
        names = re.findall(r'title="step-(\d+)"', part.content.decode())
        assert names[-1] == "1000"
        assert 25 < len(names) < 40
        assert 'aria-current="true"' in part.content.decode()
        places = [x for _, x, _ in bars(part.content.decode())]
        assert (min(places), max(places) > 900) == (0, True)

    def test_a_search_for_a_name(self, viewer: Client, insert: Insert, sql: Sql) -> None:
        over(insert)
        many(sql, 50, "'step-' || n")
        page = viewer.get(RUN, {"step": "STEP-4"})
        assert re.findall(r'title="(step-\d+)"', page.content.decode()) == [
            "step-4",
            *(f"step-{number}" for number in range(40, 50)),
        ]
        assert 'value="STEP-4"' in page.content.decode()
        nothing = viewer.get(RUN, {"step": "<none>"})
        assert "No step matches" in text(nothing)

    def test_only_errors(self, viewer: Client, insert: Insert, sql: Sql) -> None:
        over(insert)
        for number in range(20):
            step(sql, number, f"step-{number}", error="{}" if number == 7 else None)
        page = viewer.get(RUN).content.decode()
        assert "20 · 1 failed" in text(viewer.get(RUN))
        found = viewer.get(link(page, "steps-errors")).content.decode()
        assert re.findall(r'title="(step-\d+)"', found) == ["step-7"]

    @pytest.mark.parametrize("query", ["after=x", "from=-1&to=²", "shown=9999999999", "after=9"])
    def test_an_address_that_makes_no_sense_is_a_page(
        self, viewer: Client, insert: Insert, sql: Sql, query: str
    ) -> None:
        over(insert)
        many(sql, 5)
        assert viewer.get(f"{RUN}?{query}").status_code == 200


def test_the_refresh_stays_where_the_person_is(viewer: Client, insert: Insert, sql: Sql) -> None:
    over(insert)
    many(sql, 5)
    page = viewer.get(RUN, {"step": "wo", "shown": "200"}).content.decode()
    assert f'id="run" hx-get="{RUN}?step=wo&amp;shown=200"' in page


@pytest.mark.parametrize("status", ["SUCCESS", "PENDING", "ENQUEUED", "DELAYED"])
def test_at_most_four_questions(
    viewer: Client, insert: Insert, sql: Sql, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(workflow_uuid="run", status=status, queue_name="orders")
    if status in ("SUCCESS", "PENDING"):
        many(sql, 20)
        sql.execute("INSERT INTO dbos.workflow_events VALUES ('run', 'k', '1', NULL)")
    viewer.get(RUN)
    asked: list[bytes] = []
    real = Database._read

    def count(self: Database, statement: bytes, params: Any) -> Any:
        asked.append(statement)
        return real(self, statement, params)

    monkeypatch.setattr(Database, "_read", count)
    viewer.get(RUN)
    assert 2 <= len(asked) <= 4
