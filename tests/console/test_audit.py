"""The audit page."""

import re
from typing import Any

from django.test import Client

from console.audit_rows import begin
from console.models import AuditEntry
from tests.console.test_workflows import text


def entry(number: int = 0, **given: Any) -> AuditEntry:
    values = {"username": "ann", "system": "main", "action": "workflow.cancel", **given}
    return begin(target=f"run-{number:03}", **values)


def test_an_empty_log_says_what_comes(administrator: Client) -> None:
    assert "Nothing was written yet" in text(administrator.get("/audit/"))


def test_who_did_what_and_how_it_ended(administrator: Client) -> None:
    entry(7, outcome="failed", detail="<b>no</b>")
    response = administrator.get("/audit/")
    for expected in ("ann", "workflow.cancel", "run-007", "failed", "<b>no</b>"):
        assert expected in text(response)
    assert b"<b>no" not in response.content


def test_an_entry_that_was_never_completed_shows_it(administrator: Client) -> None:
    entry()
    assert "started" in text(administrator.get("/audit/"))


def test_pages_reach_everything_once(administrator: Client) -> None:
    for number in range(230):
        entry(number)
    seen: list[str] = []
    query: str | None = ""
    while query is not None:
        page = administrator.get(f"/audit/{query}").content.decode()
        seen += re.findall(r"run-\d{3}", page)
        older = re.search(r'href="(\?before=\d+)"', page)
        query = older[1] if older else None
    assert seen == [f"run-{number:03}" for number in reversed(range(230))]


def test_a_page_of_another_make_is_the_first(administrator: Client) -> None:
    entry(1)
    assert "run-001" in text(administrator.get("/audit/?before=x"))
