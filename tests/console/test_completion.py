"""What the search box offers."""

import html
import re
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from django.test import Client

from console.masking import NO_MASKS, Masks
from console.systems import System
from console.workflows.completion import MOST_OPTIONS, Option, complete
from console.workflows.search import STATUSES, parse
from tests.console.conftest import Insert

COMPLETE = "/s/main/workflows/complete/"


class Holds:
    """A database that holds this."""

    def values(self, field: str, beginning: str) -> Sequence[str]:
        return {"name": ["checkout", "my check", "refund"], "queue_name": ["a,b", "orders"]}.get(
            field, []
        )

    def attribute_keys(self, path: Sequence[str]) -> Sequence[str]:
        return ["customer", "password", "two words", "plan"] if not path else ["name", "secret"]

    def attribute_values(self, path: Sequence[str]) -> Sequence[str]:
        return ["42", '"42"', '"gold"', '"a b"', "true", '"true"', '"line\\nbreak"', '""']


def options(line: str, caret: int | None = None, masks: Masks = NO_MASKS) -> list[Option]:
    return complete(line, len(line) if caret is None else caret, Holds(), masks)


def texts(line: str, caret: int | None = None, masks: Masks = NO_MASKS) -> list[str]:
    return [option.text for option in options(line, caret, masks)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sta", ["status:", "started:"]),
        ("-is", ["-is:fork", "-is:forked", "-is:queued"]),
        ("-sta", []),
        ("is:f", ["is:fork", "is:forked"]),
        ("is:forked", []),
        ("fai", ["status:failed"]),
        ("err", ["status:error"]),
        ("che", ["name:checkout"]),
        ("MY", ['name:"my check"']),
        ("c", ["created:", "completed:"]),
        ("name:", ["name:checkout", 'name:"my check"', "name:refund"]),
        ("name:che", ["name:checkout", 'name:"my check"']),
        ("name:CHE", ["name:checkout", 'name:"my check"']),
        ("name:checkout", []),
        ('name:"my', ['name:"my check"']),
        ("name:refund,ch", ["name:refund,checkout", 'name:refund,"my check"']),
        ("queue:o", ["queue:orders"]),
        ("queue:a", ['queue:"a,b"']),
        ("user:", []),
        ("parent:abc", []),
        ("status:err", ["status:error"]),
        ("status:error,ca", ["status:error,cancelled"]),
        ("created:", ["created:<15min", "created:<1h", "created:<1d", "created:<7d"]),
        ("created:<1", ["created:<15min", "created:<1h", "created:<1d"]),
        ("created:2026-", []),
        ("nothing:", []),
        ("attr", ["attr."]),
        ("attr.", ["attr.customer=", "attr.password=", "attr.plan="]),
        ("attr.plan.n", ["attr.plan.name="]),
        (
            "attr.customer=",
            [
                "attr.customer=42",
                'attr.customer="42"',
                "attr.customer=gold",
                'attr.customer="a b"',
                "attr.customer=true",
                'attr.customer="true"',
            ],
        ),
        ("attr.customer=4", ["attr.customer=42", 'attr.customer="42"']),
        ("0b9d3c", []),
    ],
)
def test_what_is_offered(line: str, expected: list[str]) -> None:
    assert texts(line) == expected


def test_all_terms_are_there_to_choose_from() -> None:
    assert len(texts("")) == MOST_OPTIONS
    assert texts("status:") == [f"status:{word}" for word in STATUSES]


def test_every_offer_means_what_it_says() -> None:
    for line in ("name:", "queue:", "attr.customer=", "created:", "status:", "-is", "has"):
        for option in options(line):
            search = parse(option.line)
            assert search.problems == []
            assert search.terms == [option.text]
            assert "workflow_id_prefix" not in search.filters


def test_the_rest_of_the_line_stays() -> None:
    option = options("status:er name:x", caret=9)[0]
    assert (option.line, option.caret) == ("status:error name:x", 13)
    [option] = options("a status:error,ca b", caret=17)
    assert (option.line, option.caret) == ("a status:error,cancelled b", 25)
    [option] = options("que")
    assert (option.line, option.caret) == ("queue:", 6)


@pytest.mark.parametrize("caret", [-5, 99])
def test_a_caret_beside_the_line(caret: int) -> None:
    assert options("status:err", caret) == options("status:err", 0 if caret < 0 else 10)


def test_what_is_masked_is_not_offered() -> None:
    masks = Masks(("password", "*secret*"))
    assert texts("attr.", masks=masks) == ["attr.customer=", "attr.plan="]
    assert texts("attr.plan.", masks=masks) == ["attr.plan.name="]
    assert texts("attr.password=", masks=masks) == []
    assert texts("attr.secrets.a", masks=masks) == []
    assert texts("attr.secrets.a=", masks=masks) == []


@pytest.mark.parametrize(
    "line",
    ['"' * 300, "a" * 3_000, 'name:"' + "\\" * 999, "name:" + '",' * 500, "attr.=", "attr..="],
)
def test_a_line_that_nobody_means(line: str) -> None:
    assert len(options(line)) <= MOST_OPTIONS


def offered(response: Any) -> list[str]:
    return [
        html.unescape(one) for one in re.findall(r"<code>(.*?)</code>", response.content.decode())
    ]


def test_the_database_is_asked(viewer: Client, insert: Insert) -> None:
    insert(name="checkout", attributes='{"customer": 42, "password": "hunter2"}')
    page = viewer.get(COMPLETE, {"q": "name:che status:error", "at": "8"})
    assert offered(page) == ["name:checkout"]
    assert 'data-line="name:checkout status:error" data-caret="14"' in page.content.decode()
    assert offered(viewer.get(COMPLETE, {"q": "attr.", "at": "x"})) == ["attr.customer="]
    assert offered(viewer.get(COMPLETE, {"q": "attr.customer="})) == ["attr.customer=42"]
    assert offered(viewer.get(COMPLETE, {"q": "attr.password="})) == []


def test_a_hostile_name_stays_text(viewer: Client, insert: Insert) -> None:
    script = '"><script>alert(1)</script>'
    insert(name=script)
    page = viewer.get(COMPLETE, {"q": "name:"})
    assert b"<script" not in page.content
    assert parse(offered(page)[0]).filters == {"name": [script]}


def test_a_database_that_does_not_answer_in_time_offers_the_terms(
    viewer: Client, system: System, monkeypatch: pytest.MonkeyPatch, insert: Insert
) -> None:
    insert(name="status-check")
    assert "name:status-check" in offered(viewer.get(COMPLETE, {"q": "sta"}))
    with psycopg.connect(system.url) as other:
        other.execute("LOCK TABLE dbos.workflow_status")
        monkeypatch.setattr(system.watching._db, "statement_timeout_ms", 50)
        assert offered(viewer.get(COMPLETE, {"q": "sta"})) == ["status:", "started:"]
