"""Numbers in addresses: anything may stand there, and no page breaks of it."""

from http import HTTPStatus

import pytest
from django.test import Client

from console.digits import whole_number
from tests.console.conftest import Insert
from tests.console.test_workflows import run_url

LONG = "9" * 5_000


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), ("2147483647", 2**31 - 1), ("2147483648", None), (LONG, None)]
    + [(text, None) for text in ("", "-1", "+1", "1.5", " 1", "1_0", "²", "١", "1e3", "x")],
)
def test_only_short_digits_are_a_number(text: str, number: int | None) -> None:
    assert whole_number(text) == number


def test_a_number_may_be_larger_where_that_is_said() -> None:
    assert whole_number("9223372036854775807", most=2**63 - 1) == 2**63 - 1
    assert whole_number("9223372036854775808", most=2**63 - 1) is None


def test_no_page_breaks_of_a_long_one(administrator: Client, insert: Insert) -> None:
    run = insert(status="SUCCESS", inputs='{"positionalArgs": [1]}', serialization="portable_json")
    for path in (
        f"/audit/?before={LONG}",
        f"/s/main/workflows/complete/?q=x&at={LONG}",
        f"{run_url(run)}?from={LONG}",
        f"{run_url(run, 'payload/input/')}?from={LONG}",
        f"{run_url(run, 'payload/input/')}?view=text&offset={LONG}",
        f"{run_url(run, 'fork/')}?start_step={LONG}",
        f"/s/main/workflows/compare/?a={run}&b={run}&from={LONG}",
    ):
        assert administrator.get(path).status_code == HTTPStatus.OK, path[:60]
    lost = administrator.get(f"{run_url(run, 'payload/input/')}?at=0.{LONG}")
    assert lost.status_code == HTTPStatus.NOT_FOUND
