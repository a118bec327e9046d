"""The times on the console's pages are those of both languages' own schedulers."""

import re
import time
from datetime import UTC, datetime
from itertools import accumulate

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from console.permissions import Role
from tests.client_core.cron.grid import COMMON, PYTHON, TYPESCRIPT, Grid, listed
from tests.client_core.cron.test_python_times import fired, sdk_accepts
from tests.client_core.cron.test_typescript_times import answered_by_the_sdk
from tests.console.conftest import SignIn, sign_in

__all__ = ["sign_in"]

pytestmark = pytest.mark.xdist_group("contract")

TIMES = "/s/main/schedules/times/"
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns")
SHOWN = 10
#: Within one minute these have the same next times.
EXPRESSIONS = [text for text in listed(COMMON + TYPESCRIPT + PYTHON) if len(text.split()) == 5]


@pytest.fixture
def viewer(settings: Settings, system_url: str, sign_in: SignIn) -> Client:
    settings.DBOS_SYSTEM_DATABASE_URL = system_url
    return sign_in(Role.VIEWER)


def shown(viewer: Client, expression: str, zone: str, dialect: str) -> tuple[int, list[int]]:
    """The times that the page shows, after which minute."""
    given = {"schedule": expression, "cron_timezone": zone, "dialect": dialect}
    while True:
        minute = int(time.time()) // 60 * 60
        page = viewer.get(TIMES, given).content.decode()
        if int(time.time()) // 60 * 60 == minute:
            break
    at = re.findall(r'<td><time datetime="([^"]+)"', page)
    return minute, [int(datetime.fromisoformat(one).timestamp()) for one in at]


@pytest.mark.parametrize("zone", ZONES)
def test_the_page_shows_when_python_would_fire(viewer: Client, zone: str) -> None:
    compared = 0
    for expression in filter(sdk_accepts, EXPRESSIONS):
        minute, mine = shown(viewer, expression, zone, "python")
        theirs = [datetime.fromisoformat(at) for at in fired(expression, zone, minute, SHOWN)]
        assert mine == [int(at.astimezone(UTC).timestamp()) for at in theirs], expression
        compared += 1
    assert compared > 80


def test_the_page_shows_when_typescript_would_fire(viewer: Client) -> None:
    pages = {
        (expression, zone): shown(viewer, expression, zone, "typescript")
        for expression in EXPRESSIONS
        for zone in ZONES
    }
    minutes = sorted({minute for minute, _ in pages.values()})
    zones = dict.fromkeys(ZONES, minutes)
    question = Grid(expressions=EXPRESSIONS, zones=zones, count=SHOWN)
    answers = answered_by_the_sdk(question)["answers"]
    assert sum(answer is not None for answer in answers.values()) > 80
    for (expression, zone), (minute, mine) in pages.items():
        answer = answers[expression]
        theirs: list[int] = []
        if answer is not None:
            deltas = answer[ZONES.index(zone)][minutes.index(minute)]
            theirs = list(accumulate(deltas, initial=minute))[1:]
        assert mine == theirs, (expression, zone)
