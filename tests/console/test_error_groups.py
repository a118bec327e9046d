"""The pages of failures in groups."""

import html
import json
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.test import Client

from console.systems import System
from console.views import error_groups
from tests.console.conftest import Insert

ERRORS = "/s/main/errors/"
HTMX = {"HX-Request": "true"}
HOUR_MS = 3_600_000
Fail = Callable[..., str]


def text(response: Any) -> str:
    """What a person reads: the page without its tags."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def group_url(response: Any) -> str:
    """Where the first group leads."""
    [url, *_] = re.findall(r'href="(/s/main/errors/[0-9a-f]{16}/[^"]*)"', response.content.decode())
    return html.unescape(url)


@pytest.fixture
def fail(insert: Insert) -> Fail:
    """Insert a run that failed some hours ago with this message; returns its ID."""

    def insert_failure(message: str, hours_ago: float = 0, **columns: Any) -> str:
        moment = time.time_ns() // 1_000_000 - round(hours_ago * HOUR_MS)
        row = {
            "status": "ERROR",
            "error": json.dumps({"name": "NotFound", "message": message}),
            "serialization": "portable_json",
            "created_at": moment,
            "completed_at": moment,
        }
        return insert(**{**row, **columns})

    return insert_failure


class TestList:
    def test_nothing_failed(self, viewer: Client, insert: Insert) -> None:
        insert()
        page = viewer.get(ERRORS)
        assert "Nothing failed." in text(page)
        assert "Look at the last week" in text(page)
        assert "Look at the last week" not in text(viewer.get(ERRORS, {"period": "week"}))

    def test_a_group_with_what_matters(self, viewer: Client, fail: Fail) -> None:
        fail("order 17 not found", 2, name="checkout", application_version="v1")
        newest = fail("order 18 not found", 1, name="checkout", application_version="v2")
        page = viewer.get(ERRORS)
        example = 'checkout · newest: "order 18 not found"'
        assert re.search(rf"2 NotFound : order <number> not found {example} .* v1 v2", text(page))
        assert page.content.count(b"<rect") == 2
        assert f'href="/s/main/workflows/run/{newest}/"'.encode() in page.content

    def test_a_run_that_took_days_to_fail_failed_today(self, viewer: Client, fail: Fail) -> None:
        now = time.time_ns() // 1_000_000
        fail("at last", 72, completed_at=now, workflow_uuid="slow")
        fail("long ago", 72)
        page = text(viewer.get(ERRORS))
        assert "at last" in page
        assert "long ago" not in page
        assert "Runs that failed in the last day, of those created since" in page
        assert "slow" in text(viewer.get(group_url(viewer.get(ERRORS))))

    def test_the_language_is_told(self, viewer: Client, fail: Fail) -> None:
        fail("m", serialization="js_superjson")
        assert "TypeScript" in text(viewer.get(ERRORS))

    def test_what_was_given_up_and_what_left_no_error(self, viewer: Client, fail: Fail) -> None:
        fail("", error=None, status="MAX_RECOVERY_ATTEMPTS_EXCEEDED")
        fail("", error=None)
        page = text(viewer.get(ERRORS))
        assert "Given up : its executor died too often" in page
        assert "No error was recorded" in page

    @pytest.mark.parametrize(
        ("period", "count"), [("hour", 1), ("day", 2), ("week", 3), ("century", 2)]
    )
    def test_the_time_is_chosen(self, viewer: Client, fail: Fail, period: str, count: int) -> None:
        for hours_ago in (0.5, 23, 160, 200):
            fail("m", hours_ago)
        page = viewer.get(ERRORS, {"period": period})
        assert f"Versions {count} NotFound" in text(page)

    @pytest.mark.parametrize(
        ("query", "column", "value"),
        [
            ("name:order", "name", "order"),
            ("queue:orders", "queue_name", "orders"),
            ("app:shop", "application_name", "shop"),
            ("version:v3", "application_version", "v3"),
        ],
    )
    def test_terms_narrow(
        self, viewer: Client, fail: Fail, query: str, column: str, value: str
    ) -> None:
        fail("wanted", **{column: value})
        fail("unwanted", application_name="other")
        page = viewer.get(ERRORS, {"q": query})
        assert "NotFound : wanted" in text(page)
        assert "unwanted" not in text(page)
        assert "NotFound : wanted" in text(viewer.get(group_url(page)))

    @pytest.mark.parametrize("query", ["status:error", "created:<2h", "name:", "is:queued"])
    def test_terms_that_make_no_sense(self, viewer: Client, fail: Fail, query: str) -> None:
        fail("m")
        for url in (ERRORS, f"{ERRORS}0123456789abcdef/"):
            response = viewer.get(url, {"q": query})
            assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
            assert b'role="alert"' in response.content
            assert "NotFound" not in text(response)

    def test_too_many_failures_are_said_to_be(
        self, viewer: Client, fail: Fail, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(error_groups, "MOST_FAILURES", 2)
        monkeypatch.setattr(error_groups, "GROUPS_SHOWN", 1)
        for word in ("one", "two", "three"):
            fail(word)
        page = viewer.get(ERRORS)
        assert "Only the newest 2 failures of this time are counted" in text(page)
        assert "1 + NotFound" in text(page)
        assert "1 more groups" in text(page)
        assert "1, or more" in text(viewer.get(group_url(page)))

    def test_htmx_gets_the_groups_alone(self, viewer: Client, fail: Fail) -> None:
        fail("m")
        page = viewer.get(ERRORS, headers=HTMX)
        assert page.content.strip().startswith(b'<div id="found"')
        assert "NotFound" in text(page)

    def test_hostile_errors_stay_text(self, viewer: Client, fail: Fail) -> None:
        script = "<script>alert(document.cookie)</script>"
        error = json.dumps({"name": script, "message": script})
        fail("", error=error, name=script, application_version=script)
        page = viewer.get(ERRORS)
        assert b"<script>alert" not in page.content
        assert b"<script>alert" not in viewer.get(group_url(page)).content

    def test_a_question_that_takes_too_long(
        self, viewer: Client, fail: Fail, system: System, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fail("m")
        with psycopg.connect(system.url) as other:
            other.execute("LOCK TABLE dbos.workflow_status")
            monkeypatch.setattr(system.watching._db, "statement_timeout_ms", 50)
            response = viewer.get(ERRORS)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "take a shorter time" in text(response)


class TestGroup:
    def test_its_runs(self, viewer: Client, fail: Fail) -> None:
        wanted = [fail(f"order {number} not found", 2 - number) for number in range(2)]
        unwanted = fail("order 3 is paid")
        response = viewer.get(group_url(viewer.get(ERRORS)))
        assert all(f"/run/{one}/".encode() in response.content for one in wanted)
        assert f"/run/{unwanted}/".encode() not in response.content
        assert '"order 1 not found"' in text(response)

    def test_pages_reach_every_run_once(self, viewer: Client, fail: Fail) -> None:
        moment = time.time_ns() // 1_000_000
        for number in range(120):
            fail("m", created_at=moment - number // 7, executor_id=f"run-{number:03}")
        viewer.cookies["console_columns"] = "executor"
        seen: list[str] = []
        url: str | None = group_url(viewer.get(ERRORS))
        while url:
            page = viewer.get(url).content.decode()
            seen += re.findall(r"run-\d{3}", page)
            older = re.search(r'href="([^"]+)" rel="next"', page)
            url = url.partition("?")[0] + html.unescape(older[1]) if older else None
        assert len(seen) == len(set(seen)) == 120

    def test_a_group_of_another_time(self, viewer: Client, fail: Fail) -> None:
        fail("m", 30)
        url = group_url(viewer.get(ERRORS, {"period": "week"}))
        page = viewer.get(url.replace("week", "hour"))
        assert "No run of the last hour failed with this error." in text(page)
        assert "period=week" in page.content.decode()

    @pytest.mark.parametrize("after", ["", "x", "1", "-1.x", "9" * 30 + ".x", "²." + "y"])
    def test_a_place_that_is_none(self, viewer: Client, fail: Fail, after: str) -> None:
        fail("m")
        url = group_url(viewer.get(ERRORS))
        assert viewer.get(f"{url}&after={after}").status_code == HTTPStatus.OK
