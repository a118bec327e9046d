"""The page of two runs side by side."""

import html
import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.test import Client

from console.views import comparison
from tests.client_core.test_workflows import step
from tests.console.conftest import Insert

COMPARE = "/s/main/workflows/compare/"
Sql = psycopg.Connection[Any]
Record = Callable[..., str]


def text(response: Any) -> str:
    """What a person reads: the page without its tags."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def story(response: Any) -> str:
    """The sentence at the top."""
    [found] = re.findall(r'<p class="story.*?</p>', response.content.decode(), re.DOTALL)
    words = " ".join(re.sub(r"<[^>]+>", " ", found).split())
    return re.sub(r" ([.:,])", r"\1", html.unescape(words))


@pytest.fixture
def record(insert: Insert, sql: Sql) -> Record:
    """Insert a run with this ID and these steps: names, or names with columns."""

    def insert_run(
        workflow_id: str, *steps: str | tuple[str, dict[str, Any]], **columns: Any
    ) -> str:
        insert(
            **{"workflow_uuid": workflow_id, "serialization": "portable_json", **columns},
        )
        for number, one in enumerate(steps, start=1):
            name, given = (one, {}) if isinstance(one, str) else one
            step(sql, workflow_id, number, **{"function_name": name, "output": '"x"', **given})
        return workflow_id

    return insert_run


def compare(viewer: Client, **options: str) -> Any:
    response = viewer.get(COMPARE, {"a": "one", "b": "two", **options})
    assert response.status_code == HTTPStatus.OK
    return response


FAILED = {"output": None, "error": '{"name":"Declined","message":"no money"}'}


@pytest.mark.parametrize(
    ("one", "two", "told"),
    [
        ((), (), "Neither run has recorded a step."),
        (("a", "b"), ("a", "b"), "Both took the same 2 steps, with the same results."),
        (
            ("a",),
            (("a", {"output": "1"}),),
            "Both took the same 1 step. Results first differ at step 1, a.",
        ),
        (
            ("a", "pay"),
            ("a", ("pay", FAILED)),
            "Both went the same way until step 2, pay: it failed in B alone.",
        ),
        (
            (("pay", FAILED), "b"),
            ("pay", "b"),
            "They went different ways from the start, at step 1, pay: it failed in A alone.",
        ),
        (("a", "b"), ("a",), "Both went the same way until step 2, b: B recorded no further step."),
        (("a",), ("a", "b"), "Both went the same way until step 2, b: A recorded no further step."),
        (("a", "b", "c"), ("a", "c"), "Both went the same way until step 2, b: A alone took it."),
        (("a", "c"), ("a", "b", "c"), "Both went the same way until step 2, b: B alone took it."),
        (
            (("a", {"output": "1"}), "b"),
            ("a",),
            "Both went the same way until step 2, b: B recorded no further step. "
            "Before they parted, results first differ at step 1, a.",
        ),
        (
            ("a", "b", "pay"),
            ("a", ("pay", FAILED)),
            "Both went the same way until step 2, b: A alone took it. "
            "Then step 2, pay, failed in B alone.",
        ),
        (
            ("a",),
            (("a", {"serialization": "py_pickle"}),),
            "Both took the same 1 step. Some results cannot be compared.",
        ),
    ],
)
def test_the_sentence(viewer: Client, record: Record, one: Any, two: Any, told: str) -> None:
    record("one", *one)
    record("two", *two)
    assert story(compare(viewer)) == told


def test_the_same_run(viewer: Client, record: Record) -> None:
    record("one", "a")
    assert story(compare(viewer, b="one")) == "A and B are the same run."


def test_what_is_known_of_both(viewer: Client, record: Record) -> None:
    record("one", application_version="v1", executor_id="here", queue_name="orders")
    record("two", application_version="v2", executor_id="here", status="ERROR", forked_from="one")
    page = text(compare(viewer))
    assert "Version differs v1 v2" in page
    assert "Status differs Success Error" in page
    assert "Executor here here" in page
    assert "Queue differs orders None" in page or "Queue differs orders –" in page
    assert "a fork of A" in page


def test_input_and_output(viewer: Client, record: Record) -> None:
    given = {"inputs": '{"positionalArgs":["ann",{"items":[1,2]}]}'}
    record("one", output='{"total": 3}', **given)
    record("two", output='{"total": 4, "gift": true}', **given)
    page = text(compare(viewer))
    assert "Input The same in both." in page
    assert 'total {"total": 3} {"total": 4}' in page
    assert 'gift not there {"gift": true}' in page
    assert "Output of both in full" in page


def test_a_failure_beside_a_success(viewer: Client, record: Record) -> None:
    record("one", output='"shipped"')
    record("two", status="ERROR", error='{"name":"Declined","message":"no money"}')
    page = text(compare(viewer))
    assert 'A succeeded with "shipped"' in page
    assert "B: Declined : no money" in page


def test_two_failures(viewer: Client, record: Record) -> None:
    for workflow_id, message in (("one", "no 1"), ("two", "no 2")):
        error = json.dumps({"name": "E", "message": message})
        record(workflow_id, status="ERROR", error=error)
    assert 'message {"message": "no 1"} {"message": "no 2"}' in text(compare(viewer))


def test_what_is_too_large_is_not_compared(viewer: Client, record: Record) -> None:
    for workflow_id in ("one", "two"):
        record(workflow_id, inputs=json.dumps({"positionalArgs": ["x" * 300_000]}))
    page = compare(viewer)
    assert "It cannot be compared. Not fetched: it has 300,0" in text(page)
    assert len(page.content) < 50_000


def test_steps(viewer: Client, record: Record) -> None:
    spent = {"started_at_epoch_ms": 0, "completed_at_epoch_ms": 100}
    long = {"started_at_epoch_ms": 0, "completed_at_epoch_ms": 320}
    record("one", ("a", spent), ("b", {"output": "1"}), ("c", {"output": '"' + "y" * 3_000 + '"'}))
    record("two", ("a", long), ("b", {"output": "2"}), "c", ("pay", FAILED))
    page = text(compare(viewer))
    assert "1 a 100 ms 320 ms 3.2 × same" in page
    assert "2 b first other result – – A 1 B 2" in page
    assert 'A 2.9 KB, not shown B "x"' in page.replace("\xa0", " ")
    assert "– / 4 pay first difference – – only in B" in page


def test_a_step_that_failed_in_one(viewer: Client, record: Record) -> None:
    record("one", "pay")
    record("two", ("pay", FAILED))
    assert 'first difference – – A "x" B Declined: no money' in text(compare(viewer))


class TestPages:
    @pytest.fixture(autouse=True)
    def small(self, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two runs of 25 steps that differ at the last, of which a page shows 10."""
        monkeypatch.setattr(comparison, "PAGE_SIZE", 10)
        names = [f"step-{number:02}" for number in range(24)]
        record("one", *names, "pay")
        record("two", *names, ("pay", FAILED))

    def test_they_reach_every_step_once_and_back(self, viewer: Client) -> None:
        seen: list[str] = []
        query = "?a=one&b=two"
        while query:
            page = viewer.get(COMPARE + query).content.decode()
            seen += re.findall(r'id="pair-(\d+)"', page)
            later = re.search(r'href="([^"#]+)[^"]*" rel="next"', page)
            query = html.unescape(later[1]) if later else ""
        assert seen == [str(number) for number in range(25)]
        earlier = re.search(r'href="([^"#]+)[^"]*" rel="prev"', page)
        assert earlier
        page = viewer.get(COMPARE + html.unescape(earlier[1])).content.decode()
        assert re.findall(r'id="pair-(\d+)"', page) == [str(number) for number in range(10, 20)]

    def test_the_first_difference_is_a_link_to_its_page(self, viewer: Client) -> None:
        [link] = re.findall(r'href="([^"]+)#pair-24"', compare(viewer).content.decode())
        assert 'id="pair-24"' in viewer.get(COMPARE + html.unescape(link)).content.decode()

    def test_only_what_differs(self, viewer: Client) -> None:
        page = compare(viewer, show="differences").content.decode()
        assert re.findall(r'id="pair-(\d+)"', page) == ["24"]

    @pytest.mark.parametrize("start", ["-1", "x", "9" * 30, "²", "99"])
    def test_a_place_that_is_none(self, viewer: Client, start: str) -> None:
        compare(viewer, **{"from": start})


class TestPick:
    def test_without_ids_it_asks(self, viewer: Client) -> None:
        page = viewer.get(COMPARE)
        assert page.status_code == HTTPStatus.OK
        assert "Compare two runs" in text(page)

    def test_one_is_kept(self, viewer: Client, record: Record) -> None:
        record("one")
        assert 'value="one"' in viewer.get(COMPARE, {"a": "one"}).content.decode()

    def test_an_unknown_id_is_told_beside_its_field(self, viewer: Client, record: Record) -> None:
        record("one")
        response = viewer.get(COMPARE, {"a": "one", "b": "nobody"})
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert text(response).count("There is no run with this ID.") == 1
        assert 'value="nobody"' in response.content.decode()

    def test_the_last_success(self, viewer: Client, record: Record) -> None:
        record("one", created_at=1)
        record("two", created_at=2, status="ERROR")
        response = viewer.get(COMPARE, {"b": "two", "with": "last-success"})
        assert response.headers["Location"] == f"{COMPARE}?a=one&b=two"

    def test_no_success(self, viewer: Client, record: Record) -> None:
        record("two", status="ERROR")
        response = viewer.get(COMPARE, {"b": "two", "with": "last-success"})
        assert "No earlier success of job was found" in text(response)

    def test_its_only_fork(self, viewer: Client, record: Record) -> None:
        record("one")
        record("two", forked_from="one")
        response = viewer.get(COMPARE, {"a": "one", "with": "fork"})
        assert response.headers["Location"] == f"{COMPARE}?a=one&b=two"

    def test_its_forks(self, viewer: Client, record: Record) -> None:
        record("one")
        record("two", forked_from="one")
        record("three", forked_from="one")
        page = viewer.get(COMPARE, {"a": "one", "with": "fork"}).content.decode()
        assert 'href="?a=one&amp;b=two"' in page
        assert 'href="?a=one&amp;b=three"' in page

    def test_no_fork(self, viewer: Client, record: Record) -> None:
        record("one")
        response = viewer.get(COMPARE, {"a": "one", "with": "fork"})
        assert "no forks any more" in text(response)

    @pytest.mark.parametrize("wanted", ["last-success", "fork", "nonsense"])
    def test_an_unknown_run_has_no_partner(self, viewer: Client, wanted: str) -> None:
        assert "Compare two runs" in text(viewer.get(COMPARE, {"a": "nobody", "with": wanted}))


@pytest.mark.parametrize(
    ("columns", "link"),
    [
        ({"forked_from": "one"}, "?a=one&b=two"),
        ({"was_forked_from": True}, "?a=two&with=fork"),
        ({"status": "ERROR"}, "?b=two&with=last-success"),
        ({"status": "MAX_RECOVERY_ATTEMPTS_EXCEEDED"}, "?b=two&with=last-success"),
        ({}, "?a=two"),
    ],
)
def test_a_run_offers_its_comparisons(
    viewer: Client, record: Record, columns: dict[str, Any], link: str
) -> None:
    record("two", **columns)
    page = html.unescape(viewer.get("/s/main/workflows/run/two/").content.decode())
    assert f'href="{COMPARE}{link}"' in page
    if not columns:
        assert page.count(COMPARE) == 1


def test_hostile_rows_stay_text(viewer: Client, record: Record) -> None:
    script = "<script>alert(1)</script>"
    hostile = json.dumps(script)
    fields = {"inputs": f'{{"positionalArgs":[{hostile}]}}', "name": script}
    error = {"output": None, "error": json.dumps({"name": script, "message": script})}
    record(script, (script, {"output": hostile}), "b", output=hostile, **fields)
    record(
        f"{script}2",
        (script, error),
        ("b", {"output": "1"}),
        error=error["error"],
        status="ERROR",
        **{**fields, "inputs": f'{{"positionalArgs":[{{{hostile}: 1}}]}}'},
    )
    response = viewer.get(COMPARE, {"a": script, "b": f"{script}2"})
    assert response.status_code == HTTPStatus.OK
    assert "alert(1)" in text(response)
    assert b"<script>alert" not in response.content
    assert b"<script>alert" not in viewer.get(COMPARE, {"a": script}).content


def test_thousands_of_steps(viewer: Client, record: Record, sql: Sql) -> None:
    """However many there are, a page of them is shown, and the first difference told."""
    for workflow_id in ("one", "two"):
        record(workflow_id)
        sql.execute(
            "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, output)"
            " SELECT %s, g, 'step', CASE WHEN g > 100 THEN repeat(%s, 100) ELSE 'x' END"
            " FROM generate_series(1, 4000) g",
            [workflow_id, workflow_id],
        )
    page = compare(viewer)
    assert "Results first differ at step 101, step." in story(page)
    assert page.content.count(b'id="pair-') == comparison.PAGE_SIZE
