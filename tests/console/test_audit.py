"""The pages of the audit log."""

import csv
import io
import json
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from client_core import DBOSClient
from console.audit import search
from console.audit.acts import complete
from console.audit.rows import begin
from console.models import AuditEntry, Operation, OperationRun
from tests.console.browsing import form_on
from tests.console.conftest import Insert
from tests.console.test_payloads import received
from tests.console.test_workflows import HTMX, run_url, text


def entry(number: int = 0, **given: Any) -> AuditEntry:
    values = {"username": "ann", "system": "main", "action": "workflow.cancel", **given}
    return begin(**{"target": f"run-{number:03}", **values})


def ended(number: int, outcome: str, **given: Any) -> AuditEntry:
    made = entry(number, **given)
    complete(made, AuditEntry.Outcome(outcome))
    return made


def found(browser: Client, query: str) -> list[str]:
    page = browser.get(f"/audit/?{query}").content.decode()
    return re.findall(r'<code class="target">(.*?)</code>', page)


class TestList:
    def test_an_empty_log_says_what_comes(self, administrator: Client) -> None:
        assert "Nothing was written yet" in text(administrator.get("/audit/"))

    def test_who_did_what_and_how_it_ended(self, administrator: Client) -> None:
        made = entry(7, reason="<i>so</i>")
        complete(made, AuditEntry.Outcome.FAILED, "<b>no</b>")
        response = administrator.get("/audit/")
        for expected in ("ann", "workflow.cancel", "run-007", "failed", "<b>no</b>", "<i>so</i>"):
            assert expected in text(response)
        assert b"<b>no" not in response.content

    def test_pages_reach_everything_once(self, administrator: Client) -> None:
        for number in range(230):
            entry(number)
        seen: list[str] = []
        query: str | None = ""
        while query is not None:
            page = administrator.get(f"/audit/{query}").content.decode()
            seen += re.findall(r'target">(run-\d{3})', page)
            older = re.search(r'href="(\?before=\d+)"', page)
            query = older[1] if older else None
        assert seen == [f"run-{number:03}" for number in reversed(range(230))]

    @pytest.mark.parametrize("given", ["x", "-1", "9" * 30])
    def test_a_page_of_another_make_is_the_first(self, administrator: Client, given: str) -> None:
        entry(1)
        assert "run-001" in text(administrator.get(f"/audit/?before={given}"))


class TestSearch:
    @pytest.fixture(autouse=True)
    def _log(self, db: None) -> None:
        ended(1, "done")
        ended(2, "failed", username="bob")
        entry(3, action="schedule.edit", target="Nightly 50%_x")
        ended(4, "unknown", system="other", target="x" * 5_000)
        entry(5, outcome=AuditEntry.Outcome.REFUSED)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("username=bob", ["run-002"]),
            ("username=bo", []),
            ("action=schedule.edit", ["Nightly 50%_x"]),
            ("target=run-001", ["run-001"]),
            ("target=run", []),
            ("text=nightly", ["Nightly 50%_x"]),
            ("text=50%25_", ["Nightly 50%_x"]),
            ("text=r_n", []),
            ("outcome=done", ["run-001"]),
            ("outcome=failed", ["run-002"]),
            ("outcome=started", ["Nightly 50%_x"]),
            ("outcome=refused", ["run-005"]),
            ("outcome=failed&username=ann", []),
            ("system=main&outcome=refused", ["run-005"]),
            ("since=2001-01-01T00:00&until=2001-01-02T00:00", []),
            ("since=2001-01-01T00:00&text=run-00", ["run-005", "run-002", "run-001"]),
            ("text=%00run-001", ["run-001"]),
        ],
    )
    def test_it_finds(self, administrator: Client, query: str, expected: list[str]) -> None:
        assert found(administrator, query) == expected

    def test_a_long_target_is_found_whole(self, administrator: Client) -> None:
        assert len(found(administrator, f"target={'x' * 5_000}")) == 1
        assert found(administrator, f"target={'x' * 4_999}") == []

    def test_what_is_no_time_is_told(self, administrator: Client) -> None:
        page = text(administrator.get("/audit/?since=yesterday&until=2026-13-45T00:00"))
        assert "“since” is no time" in page
        assert "“until” is no time" in page

    def test_what_is_too_much_to_look_through_is_cut(
        self, administrator: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(search, "MOST_EXAMINED", 2)
        monkeypatch.setattr(search, "_MARGIN", 1)
        page = administrator.get("/audit/?text=run-00").content.decode()
        assert re.findall(r'target">(run-\d{3})', page) == ["run-005"]
        seen = []
        while older := re.search(r'href="(\?text=run-00&amp;before=\d+)" rel="next">Look', page):
            page = administrator.get("/audit/" + older[1].replace("&amp;", "&")).content.decode()
            seen += re.findall(r'target">(run-\d{3})', page)
        assert seen == ["run-002", "run-001"]

    def test_the_form_shows_what_is_searched_for(self, administrator: Client) -> None:
        asked = {"action": "account.sign-in", "since": "2026-11-23T07:04:00Z", "username": "ann"}
        page = administrator.get("/audit/", asked).content.decode()
        assert '<option value="account.sign-in" selected>' in page
        assert 'value="2026-11-23T07:04"' in page
        assert 'value="ann"' in page

    def test_a_part_for_htmx(self, administrator: Client) -> None:
        response = administrator.get("/audit/?username=bob", headers=HTMX)
        assert response.content.lstrip().startswith(b'<div id="found"')

    @pytest.mark.django_db(transaction=True)
    def test_a_file_has_what_the_list_has(self, administrator: Client) -> None:
        response = administrator.get("/audit/export/?username=bob&format=jsonl")
        [line] = received(response).splitlines()
        told = json.loads(line)
        assert (told["username"], told["target"], told["outcome"]) == ("bob", "run-002", "failed")
        assert told["hash"] == AuditEntry.objects.get(username="bob").hash
        kept = AuditEntry.objects.get(action="audit.export")
        assert kept.parameters == {"username": "bob", "format": "jsonl"}

    @pytest.mark.django_db(transaction=True)
    def test_no_spreadsheet_runs_a_cell(self, administrator: Client) -> None:
        evil = ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1")
        for target in evil:
            entry(target=target, reason=target)
        response = administrator.get("/audit/export/?action=workflow.cancel")
        rows = csv.DictReader(io.StringIO(received(response).decode(), newline=""))
        cells = [row["target"] for row in rows]
        assert {f"'{target}" for target in evil} <= set(cells)

    def test_the_command_finds_the_same(self) -> None:
        out = StringIO()
        call_command("audit", "export", "--system", "main", "--limit", "2", stdout=out)
        targets = [json.loads(line)["target"] for line in out.getvalue().splitlines()]
        assert targets == ["run-005", "Nightly 50%_x"]
        assert AuditEntry.objects.latest("pk").username.endswith("(command line)")
        with pytest.raises(CommandError, match="“since” is no time"):
            call_command("audit", "export", "--since", "soon")


class TestEntry:
    def test_it_has_all_that_is_kept(self, administrator: Client, insert: Insert) -> None:
        insert(workflow_uuid="r", status="ENQUEUED", queue_name="q")
        administrator.post(
            run_url("r", "priority/"),
            {"priority": "7", "reason": "the customer <b>asked</b>"},
            headers={"X-Request-ID": "my-request-1"},
        )
        made = AuditEntry.objects.get()
        page = text(administrator.get(f"/audit/{made.position}/"))
        for expected in (
            *("workflow.priority", "administrator", "127.0.0.1", "my-request-1", made.hash[-6:]),
            *("the customer <b>asked</b>", '"priority": 7', "Look at it"),
        ):
            assert expected in page
        # By the position of its ending too.
        assert made.hash[-6:] in text(administrator.get(f"/audit/{made.position + 1}/"))

    def test_one_that_was_never_completed_shows_it(self, administrator: Client) -> None:
        made = entry()
        page = text(administrator.get(f"/audit/{made.position}/"))
        assert "Started – it is not known how it ended" in page

    def test_a_position_without_an_entry(self, administrator: Client) -> None:
        assert administrator.get("/audit/77/").status_code == 404


class TestHistory:
    def test_of_a_run(self, administrator: Client, viewer: Client, insert: Insert) -> None:
        insert(workflow_uuid="r", status="PENDING")
        administrator.post(run_url("r", "cancel/"), {"reason": "a bad release"})
        entry(target="other")
        page = viewer.get(run_url("r", "history/"))
        for expected in ("administrator", "workflow.cancel", "PENDING → CANCELLED", "bad release"):
            assert expected in text(page)
        assert "other" not in text(page)
        assert "/audit/" not in page.content.decode()
        assert 'href="/audit/' in administrator.get(run_url("r", "history/")).content.decode()

    def test_of_a_run_that_was_one_of_many(self, viewer: Client) -> None:
        made = entry(target="operation 1", reason="all of them")
        operation = Operation.objects.create(
            system="main", action="workflow.cancel", filters={}, entry=made
        )
        for position, outcome in enumerate(("done", "skipped", None)):
            OperationRun.objects.create(
                operation=operation,
                position=position,
                workflow_id=f"r{position}",
                status="PENDING",
                outcome=outcome,
            )
        assert "all of them" in text(viewer.get(run_url("r0", "history/")))
        for spared in ("r1", "r2"):
            assert "Nothing through this console." in text(viewer.get(run_url(spared, "history/")))

    def test_of_a_schedule(self, operator: Client, client: DBOSClient) -> None:
        client.create_schedule(
            schedule_name="nightly", workflow_name="clean", schedule="0 3 * * *", dialect="python"
        )
        here = "/s/main/schedules/schedule/nightly/"
        form = form_on(operator.get(f"{here}edit/"))
        operator.post(f"{here}edit/", {**form, "schedule": "30 4 * * *", "dialect": "python"})
        operator.post(f"{here}pause/", {})
        for names in (
            {"created": ["nightly"]},
            {"updated": {"nightly": ["x"]}},
            {"deleted": ["z"]},
        ):
            entry(action="schedule.apply", target="schedules", parameters=names)
        page = text(operator.get(f"{here}history/"))
        assert "schedule: 0 3 * * * → 30 4 * * *" in page
        assert "schedule.edit pause" in page
        assert page.count("schedule.apply") == 2

    def test_of_a_queue(self, operator: Client, client: DBOSClient) -> None:
        client.register_queue("orders", global_concurrency=2)
        here = "/s/main/queues/queue/orders/"
        form = form_on(operator.get(f"{here}edit/"))
        operator.post(f"{here}edit/", {**form, "global_concurrency": "3"})
        page = text(operator.get(f"{here}history/"))
        assert "queue.edit" in page
        assert "2 → 3" in page

    def test_a_page_has_the_way_to_it(self, viewer: Client, insert: Insert) -> None:
        insert(workflow_uuid="r", status="PENDING")
        page = viewer.get(run_url("r")).content.decode()
        assert f'hx-get="{run_url("r", "history/")}" hx-trigger="load' in page
