"""Run IDs as the live schedulers spell them."""

from datetime import UTC, datetime

import pytest

from client_core.cron import RunIdDialect, scheduled_run_id, triggered_run_id
from client_core.errors import InvalidOption

SUMMER = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dialect", "timezone", "time"),
    [
        ("python", None, "2026-07-01T10:00:00+00:00"),
        ("python", "UTC", "2026-07-01T10:00:00+00:00"),
        ("python", "Europe/Berlin", "2026-07-01T12:00:00+02:00"),
        ("typescript", None, "2026-07-01T10:00:00.000Z"),
        ("typescript", "Europe/Berlin", "2026-07-01T10:00:00.000Z"),
        ("go", "Europe/Berlin", "2026-07-01T10:00:00Z"),
    ],
)
def test_a_scheduled_run(dialect: RunIdDialect, timezone: str | None, time: str) -> None:
    run_id = scheduled_run_id("nightly", SUMMER, dialect=dialect, timezone=timezone)
    assert run_id == f"sched-nightly-{time}"


@pytest.mark.parametrize(
    ("dialect", "microsecond", "time"),
    [
        ("python", 120_300, "2026-07-01T10:00:00.120300+00:00"),
        ("python", 0, "2026-07-01T10:00:00+00:00"),
        ("typescript", 129_999, "2026-07-01T10:00:00.129Z"),
        ("go", 120_300, "2026-07-01T10:00:00.1203Z"),
        ("go", 0, "2026-07-01T10:00:00Z"),
    ],
)
def test_a_triggered_run(dialect: RunIdDialect, microsecond: int, time: str) -> None:
    now = SUMMER.replace(microsecond=microsecond)
    assert triggered_run_id("nightly", now, dialect=dialect) == f"sched-nightly-trigger-{time}"


def test_what_cannot_be_spelled() -> None:
    with pytest.raises(InvalidOption, match="dialect"):
        triggered_run_id("nightly", SUMMER, dialect="cobol")  # type: ignore[arg-type]
    with pytest.raises(InvalidOption, match="now: must have a time zone"):
        triggered_run_id("nightly", SUMMER.replace(tzinfo=None), dialect="python")
    with pytest.raises(InvalidOption, match="Mars"):
        scheduled_run_id("nightly", SUMMER, dialect="python", timezone="Mars/Olympus")
