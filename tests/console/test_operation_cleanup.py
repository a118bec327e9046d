"""Results of operations that ended long ago go; the operations stay, with their counts."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.test import Client

from console.models import Operation, OperationRun
from console.operations import cleanup
from console.operations.cleanup import clean_up
from console.operations.runner import Runner
from tests.console.test_operations import many, outcomes, planned, start, steer, url, work
from tests.console.test_workflows import text

Sql = psycopg.Connection[Any]
ENDED = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return ENDED + timedelta(days=number)


@pytest.fixture
def ended(operator: Client, sql: Sql) -> Operation:
    """One that ended at :data:`ENDED`, with a result for each of its runs."""
    many(sql, 7)
    operation = planned(operator)
    start(operator, operation)
    work()
    Operation.objects.update(ended_at=ENDED)
    operation.refresh_from_db()
    return operation


def kept(operation: Operation) -> int:
    return OperationRun.objects.filter(operation=operation).count()


def test_they_go_after_the_time_and_the_counts_stay(viewer: Client, ended: Operation) -> None:
    assert not clean_up(day(90))
    assert kept(ended) == 7
    assert clean_up(day(90.01))
    assert not clean_up(day(91))
    assert kept(ended) == 0
    assert outcomes(ended) == {"done": 7}
    page = viewer.get(url(ended))
    assert "7 cancelled" in text(page)
    assert "What became of each run is not kept any more" in text(page)
    assert "export" not in page.content.decode()
    assert viewer.get(url(ended, "export/")).status_code == HTTPStatus.NOT_FOUND


def test_they_go_in_batches_and_no_page_offers_a_part(
    viewer: Client, ended: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "BATCH", 3)
    assert clean_up(day(100))
    assert kept(ended) == 4
    assert viewer.get(url(ended, "export/")).status_code == HTTPStatus.NOT_FOUND
    # What was begun is brought to its end, whatever the time is and the setting says then.
    assert clean_up(day(0))
    assert clean_up(day(0))
    assert kept(ended) == 0
    assert not clean_up(day(100))
    ended.refresh_from_db()
    assert ended.results == Operation.Results.GONE


def test_zero_days_keep_them_for_ever(ended: Operation, settings: Any) -> None:
    settings.CONSOLE_KEEP_RESULTS_DAYS = 0
    assert not clean_up(day(36_500))
    assert kept(ended) == 7


def test_what_is_not_over_stays(operator: Client, sql: Sql) -> None:
    many(sql, 2)
    waits, given_up, paused = (planned(operator) for _ in range(3))
    start(operator, paused)
    steer(operator, paused, "pause")
    assert steer(operator, given_up, "stop") == "stopped"
    assert given_up.ended_at
    late = given_up.ended_at + timedelta(days=91)
    while clean_up(late):
        pass
    assert [kept(one) for one in (waits, given_up, paused)] == [2, 0, 2]
    assert "All of them as a file" not in text(operator.get(url(given_up)))


def test_a_runner_does_it_when_it_has_nothing_else_to_do(ended: Operation) -> None:
    Operation.objects.update(ended_at=datetime(2000, 1, 1, tzinfo=UTC))
    runner = Runner()
    assert runner._tidy()
    assert not runner._tidy()
    assert kept(ended) == 0
    # It does not look again at once.
    Operation.objects.update(results="kept")
    assert not runner._tidy()
