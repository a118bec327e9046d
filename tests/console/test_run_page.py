"""The page of one run: what it did, told so that thousands of steps stay readable."""

import html
import re
import time
from contextvars import ContextVar
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


def test_a_run_that_is_over_is_looked_at_for_little(
    viewer: Client, insert: Insert, sql: Sql, asked: list[bytes]
) -> None:
    over(insert)
    seen = re.search(r'data-seen="([^"]+)"', viewer.get(RUN).content.decode())
    assert seen
    again = {**HTMX, "X-Seen": seen[1]}
    asked.clear()
    assert viewer.get(RUN, headers=again).status_code == 204
    assert len(asked) == 1
    sql.execute("UPDATE dbos.workflow_status SET status = 'PENDING'")
    assert "Running" in text(viewer.get(RUN, headers=again))
    assert "data-seen" not in viewer.get(RUN).content.decode()


def test_children_that_run_keep_the_page_awake(viewer: Client, insert: Insert) -> None:
    over(insert)
    insert(parent_workflow_id="run", status="PENDING")
    assert "data-seen" not in viewer.get(RUN).content.decode()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the system database is asked."""
    questions: list[bytes] = []
    # It goes with a request into whatever thread serves it, not into those that follow others.
    mine: ContextVar[bool] = ContextVar("mine", default=False)
    mine.set(True)
    real = Database._read

    def read(self: Database, statement: bytes, *args: Any, **options: Any) -> Any:
        if mine.get():
            questions.append(statement)
        return real(self, statement, *args, **options)

    monkeypatch.setattr(Database, "_read", read)
    return questions


@pytest.mark.parametrize("status", ["SUCCESS", "PENDING", "ENQUEUED", "DELAYED"])
def test_at_most_four_questions(
    viewer: Client, insert: Insert, sql: Sql, status: str, asked: list[bytes]
) -> None:
    insert(workflow_uuid="run", status=status, queue_name="orders")
    if status in ("SUCCESS", "PENDING"):
        many(sql, 20)
        sql.execute("INSERT INTO dbos.workflow_events VALUES ('run', 'k', '1', NULL)")
    viewer.get(RUN)
    asked.clear()
    viewer.get(RUN)
    assert len(asked) == 4


class TestFamily:
    def test_parent_children_and_forks(self, viewer: Client, insert: Insert) -> None:
        over(insert, parent_workflow_id="mother", forked_from="twin")
        times = {"started_at_epoch_ms": 2_000, "completed_at": 5_000}
        insert(workflow_uuid="kid", name="reserve", parent_workflow_id="run", **times)
        insert(workflow_uuid="again", name="order", forked_from="run", status="ENQUEUED")
        page = viewer.get(RUN)
        for told in (
            "Family 1 child",
            "Parent mother",
            "Forked from twin",
            "Child Success reserve kid 3.0 s",
            "Fork Enqueued order again",
        ):
            assert told in text(page)
        for other in ("mother", "twin", "kid", "again"):
            assert f'href="{run_url(other)}"' in page.content.decode()

    def test_of_many_children_the_failed_are_shown_and_the_rest_counted(
        self, viewer: Client, insert: Insert, sql: Sql
    ) -> None:
        over(insert)
        sql.execute(
            "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, parent_workflow_id) "
            "SELECT 'kid-' || n, CASE n WHEN 400 THEN 'ERROR' ELSE 'SUCCESS' END, 'kid', 'run' "
            "FROM generate_series(1, 500) n"
        )
        page = viewer.get(RUN)
        assert "Family 500 children" in text(page)
        assert "This run Success job Child Error kid kid-400" in text(page)
        assert page.content.decode().count(">Child<") == 10
        everyone = re.search(r'href="(\S+)">All 500 children', page.content.decode())
        assert everyone
        listed = viewer.get(html.unescape(everyone[1]))
        assert listed.content.decode().count("<tr>") == 51
        failed = re.search(r'href="(\S+status%3Aerror)"', page.content.decode())
        assert failed
        assert "kid-400" in text(viewer.get(html.unescape(failed[1]), headers=HTMX))

    def test_without_relatives_there_is_none(self, viewer: Client, insert: Insert) -> None:
        over(insert)
        assert "Family" not in text(viewer.get(RUN))


class TestExchange:
    def test_events_messages_and_streams(self, viewer: Client, insert: Insert, sql: Sql) -> None:
        over(insert)
        sql.execute("INSERT INTO dbos.workflow_events VALUES ('run', 'a b', '2', 'portable_json')")
        sql.execute(
            "INSERT INTO dbos.workflow_events_history "
            "(workflow_uuid, function_id, key, value, serialization) VALUES "
            "('run', 1, 'a b', '1', 'portable_json'), ('run', 5, 'a b', '2', 'portable_json')"
        )
        sql.execute(
            "INSERT INTO dbos.notifications (destination_uuid, topic, message, serialization, "
            "consumed, consumed_by_function_id) VALUES "
            "('run', 'yes', '7', 'portable_json', TRUE, 4), "
            "('run', '__null__topic__', '8', 'portable_json', FALSE, NULL)"
        )
        write(sql, range(5))
        page = viewer.get(RUN)
        told = text(page).replace(" Open Copy Download", "")  # What each payload offers.
        assert "a b 2 2 set 2 times" in told
        assert "2 sent to it, 1 not yet taken" in told
        assert re.search(r"yes 7 7 \S+ \S+ UTC · taken by step 4", told)
        assert re.search(r"no topic 8 8 \S+ \S+ UTC · not taken", told)
        assert 'log 2 "value-2" 3 "value-3" 4 "value-4" 5 values, open' in told
        history = viewer.get(found_link(page, "set 2 times"))
        assert "Step Value 5 2 2 Open Copy Download 1 1 1 Open" in text(history)

    def test_a_stream_in_pages(self, viewer: Client, insert: Insert, sql: Sql) -> None:
        over(insert)
        write(sql, range(120))
        sql.execute(
            'UPDATE dbos.streams SET value = \'"__DBOS_STREAM_CLOSED__"\' WHERE "offset" = 119'
        )
        page = viewer.get(found_link(viewer.get(RUN), "log"))
        assert "The end of the stream" in text(page)
        seen: list[int] = []
        while True:
            body = page.content.decode()
            seen = [int(number) for number in re.findall(r'id="value-(\d+)"', body)] + seen
            earlier = re.search(r'href="([^"]+)" rel="prev"', body)
            if not earlier:
                break
            page = viewer.get(run_url("run", "stream/") + html.unescape(earlier[1]))
        assert seen == list(range(119))
        assert "Earlier values" in text(page)

    def test_a_stream_is_followed_while_it_may_go_on(
        self, viewer: Client, insert: Insert, sql: Sql
    ) -> None:
        insert(workflow_uuid="run", status="PENDING")
        address = run_url("run", "stream/?key=log")
        assert "Nothing yet" in text(viewer.get(address))
        write(sql, range(3))
        page = viewer.get(address, headers=HTMX).content.decode()
        assert page.strip().startswith('<div id="values"')
        assert "data-refresh" in page
        sql.execute("UPDATE dbos.workflow_status SET status = 'SUCCESS'")
        assert "data-refresh" not in viewer.get(address).content.decode()

    def test_values_and_keys_are_text(self, viewer: Client, insert: Insert, sql: Sql) -> None:
        over(insert)
        evil = "<script>alert(1)</script>"
        sql.execute("INSERT INTO dbos.workflow_events VALUES ('run', %s, %s, NULL)", [evil, evil])
        sql.execute(
            "INSERT INTO dbos.notifications (destination_uuid, topic, message) "
            "VALUES ('run', %s, %s)",
            [evil, evil],
        )
        sql.execute(
            'INSERT INTO dbos.streams (workflow_uuid, key, value, "offset", function_id) '
            "VALUES ('run', %s, %s, 0, 1)",
            [evil, evil],
        )
        page = viewer.get(RUN)
        assert "<script>alert" not in page.content.decode()
        assert text(page).count(evil) > 5
        stream = viewer.get(run_url("run", "stream/"), {"key": evil})
        assert "<script>alert" not in stream.content.decode()
        assert f"Stream {evil}" in text(stream)

    @pytest.mark.parametrize("kind", ["event", "stream"])
    def test_nothing_there(self, viewer: Client, insert: Insert, kind: str) -> None:
        over(insert)
        assert "There is nothing here" in text(viewer.get(run_url("run", f"{kind}/?key=x")))
        unnamed = viewer.get(run_url("run", f"{kind}/"))
        assert unnamed.status_code == (200 if kind == "event" else 302)
        assert viewer.get(run_url("none", f"{kind}/?key=x")).status_code == 404


def write(sql: Sql, offsets: range) -> None:
    for offset in offsets:
        sql.execute(
            'INSERT INTO dbos.streams (workflow_uuid, key, value, "offset", function_id, '
            "serialization) VALUES ('run', 'log', %s, %s, 1, 'portable_json')",
            [f'"value-{offset}"', offset],
        )


def found_link(page: Any, words: str) -> str:
    found = re.search(rf'<a href="([^"]+)">{words}</a>', page.content.decode())
    assert found, words
    return html.unescape(found[1])


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (
            {"executor_id": "local", "application_version": "v1"},
            "It ran for 10.0 s on executor local , version v1 ; it ended well",
        ),
        (
            {
                "status": "ERROR",
                "error": '{"name":"ValueError","message":"m"}',
                "queue_name": "q",
                "started_at_epoch_ms": 7_800,
                "serialization": "portable_json",
            },
            "It waited for 6.8 s on q, then ran for 3.2 s ; it ended with ValueError",
        ),
        (
            {"status": "CANCELLED", "queue_name": "q", "started_at_epoch_ms": None},
            "It did not run; it was cancelled",
        ),
        (
            {"status": "CANCELLED", "workflow_deadline_epoch_ms": 10_500},
            "That was at its deadline.",
        ),
        (
            {"status": "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "recovery_attempts": 51},
            "gave it up, as its executor died each time",
        ),
        ({"status": "NEW_ONE"}, "it is NEW_ONE"),
        (
            {
                "status": "PENDING",
                "completed_at": None,
                "recovery_attempts": 3,
                "workflow_deadline_epoch_ms": 99_000,
            },
            "It was recovered 2 times. Unless it is over by then, it is cancelled",
        ),
        (
            {
                "status": "ENQUEUED",
                "queue_name": "q",
                "completed_at": None,
                "priority": 4,
                "workflow_timeout_ms": 300_000,
            },
            "and waits on q with priority 4. Once it has started it may run for 5 min 0 s.",
        ),
        (
            {"status": "DELAYED", "queue_name": "q", "delay_until_epoch_ms": 7_201_000},
            "on q with a delay of 2 h 0 min; it is due",
        ),
    ],
)
def test_its_story(viewer: Client, insert: Insert, columns: dict[str, Any], told: str) -> None:
    over(insert, **columns)
    story = re.sub(r" (?=[,;.])", "", text(viewer.get(RUN)))
    assert re.sub(r" (?=[,;.])", "", told) in story


def test_what_a_running_one_waits_for(viewer: Client, insert: Insert, sql: Sql) -> None:
    insert(workflow_uuid="run", status="PENDING", created_at=NOW_MS - 1_000)
    step(sql, 1, "DBOS.sleep", output=str(time.time() + 600))
    assert "It sleeps; it wakes" in text(viewer.get(RUN))
    sql.execute("UPDATE dbos.operation_outputs SET function_id = 2")
    assert "It waits for a message or an event; it gives up" in text(viewer.get(RUN))


def test_an_event_can_be_asked_for_before_it_is_set(
    viewer: Client, insert: Insert, sql: Sql
) -> None:
    insert(workflow_uuid="run", status="PENDING")
    sql.execute(
        "INSERT INTO dbos.workflow_events (workflow_uuid, key, value, serialization) "
        "VALUES ('run', 'state <1>', '1', 'portable_json')"
    )
    asked = viewer.get(f"{RUN}event/").content.decode()
    assert '<option value="state &lt;1&gt;">' in asked
    assert "Nothing yet." in text(viewer.get(f"{RUN}event/", {"key": "later"}))
    assert viewer.get(run_url("nobody", "event/")).status_code == 404
