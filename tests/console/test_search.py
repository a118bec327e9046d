"""The search language."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from console.masking import Masks
from console.workflows.search import exact_term, parse, typed_term

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MS = timedelta(milliseconds=1)


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", {}),
        ("  ", {}),
        ("abc-123", {"workflow_id_prefix": "abc-123"}),
        ("order:2026:7", {"workflow_id_prefix": "order:2026:7"}),
        ('"my id"', {"workflow_id_prefix": "my id"}),
        ("an id with spaces", {"workflow_id_prefix": "an id with spaces"}),
        ("status:error", {"status": ["ERROR"]}),
        ("status:failed,running", {"status": ["ERROR", "PENDING"]}),
        ("status:gave-up", {"status": ["MAX_RECOVERY_ATTEMPTS_EXCEEDED"]}),
        ("name:checkout", {"name": ["checkout"]}),
        ('name:"a b",c', {"name": ["a b", "c"]}),
        ('name:"a,b \\"c\\""', {"name": ['a,b "c"']}),
        ("name:https://x", {"name": ["https://x"]}),
        (
            "queue:q user:u version:v app:a schedule:s executor:e parent:p fork-of:f id:1,2",
            {
                "queue_name": ["q"],
                "user": ["u"],
                "app_version": ["v"],
                "application_name": ["a"],
                "schedule_name": ["s"],
                "executor_id": ["e"],
                "parent_workflow_id": ["p"],
                "forked_from": ["f"],
                "workflow_ids": ["1", "2"],
            },
        ),
        ("attr.customer=42", {"attributes": {"customer": 42}}),
        ('attr.customer="42"', {"attributes": {"customer": "42"}}),
        ("attr.a.b=x attr.a.c=true", {"attributes": {"a": {"b": "x", "c": True}}}),
        ('attr.note="two words"', {"attributes": {"note": "two words"}}),
        ("has:parent is:fork", {"has_parent": True, "is_fork": True}),
        ("-has:parent -is:forked", {"has_parent": False, "was_forked_from": False}),
        ("is:queued", {"queues_only": True}),
        ("created:<2h", {"start_time": NOW - timedelta(hours=2)}),
        ("created:>15min", {"end_time": NOW - timedelta(minutes=15)}),
        ("started:<1w", {"dequeued_after": NOW - timedelta(weeks=1)}),
        ("created:2026-11-20", {"start_time": day(20), "end_time": day(21) - MS}),
        (
            "completed:2026-11-20..21",
            {"completed_after": day(20), "completed_before": day(22) - MS},
        ),
        ("completed:2026-11-20..", {"completed_after": day(20)}),
        ("completed:..2026-11-20", {"completed_before": day(21) - MS}),
        ("created:<2026-11-20", {"end_time": day(20)}),
        ("created:>2026-11-20", {"start_time": day(21) - MS}),
        (
            "created:2026-11-20T08:30..09:00",
            {
                "start_time": day(20) + timedelta(hours=8, minutes=30),
                "end_time": day(20) + timedelta(hours=9),
            },
        ),
    ],
)
def test_what_a_line_means(line: str, expected: dict[str, Any]) -> None:
    search = parse(line, now=NOW)
    assert search.problems == []
    assert search.filters == expected


def test_days_are_those_of_the_zone() -> None:
    search = parse("created:2026-11-20", zone=ZoneInfo("Europe/Berlin"), now=NOW)
    assert search.filters["start_time"] == day(20) - timedelta(hours=1)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("status:nonsense", "nonsense is no status"),
        ("name:", "a value is missing"),
        ("abc name:x def", "this is said twice"),
        ("is:odd", "there are has:parent"),
        ("created:yesterday", "a time is"),
        ("created:..", "a time is"),
        ("created:2026-13-01", "a time is"),
        ("created:>9999999h", "a time is"),
        ("name:a name:b", "this is said twice"),
        ("created:<1h created:<2h", "this is said twice"),
        ("attr.a=1 attr.a=2", "asked for twice"),
        ("attr.a=1 attr.a.b=2", "asked for twice"),
    ],
)
def test_what_means_nothing_is_told(line: str, problem: str) -> None:
    search = parse(line, now=NOW)
    assert len(search.problems) == 1
    assert search.problems[0].startswith(f"{line.split()[-1]}: ")
    assert problem in search.problems[0]


@pytest.mark.parametrize(
    "term",
    [
        "attr.password=guess",
        'attr.password="guess"',
        "attr.user.password=guess",
        "attr.password.a=1",
        'attr.user={"name":"ann","api_key":"guess"}',
        'attr.users=[[{"api-key":null}]]',
        "attr.X-API-Key=1",
        'attr.note="the password: guess"',
        "attr.address=postgresql://ann:guess@db/app",
    ],
)
def test_what_is_hidden_cannot_be_guessed(term: str) -> None:
    search = parse(f"name:x {term}", masks=Masks(("*password*", "*api_key*")))
    [problem] = search.problems
    assert "only people who may reveal payloads can search for it" in problem
    assert "attributes" not in search.filters
    assert parse(f"name:x {term}").problems == []


def test_other_attributes_are_searched_as_ever() -> None:
    search = parse('attr.user={"name":"ann"} attr.n=1', masks=Masks(("*password*",)))
    assert search.filters == {"attributes": {"user": {"name": "ann"}, "n": 1}}


def test_an_attribute_of_endless_brackets_is_text() -> None:
    brackets = "[" * 100_000
    assert parse(f"attr.a={brackets}").filters == {"attributes": {"a": brackets}}


def test_a_pasted_id_is_told_from_a_search() -> None:
    assert parse("abc").pasted == "abc"
    assert parse("abc name:x").pasted is None
    assert parse("name:x").pasted is None


def test_a_term_can_be_taken_away() -> None:
    search = parse('status:error name:"a b" xyz')
    assert search.terms == ["status:error", 'name:"a b"', "xyz"]
    assert search.without('name:"a b"') == "status:error xyz"


@pytest.mark.parametrize("value", ["a", "a b", "a,b", 'say "x"', "back\\slash", "x:y", "", "ä"])
def test_an_exact_term_finds_its_value(value: str) -> None:
    search = parse(exact_term("name", value))
    assert search.filters.get("name") == ([value] if value else None)


def test_what_is_typed_with_spaces_is_quoted() -> None:
    assert typed_term("name", "a b") == 'name:"a b"'
    assert typed_term("name", '"a b",c') == 'name:"a b",c'
