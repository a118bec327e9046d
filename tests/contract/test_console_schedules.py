"""Real applications run what was created, edited, triggered and backfilled on our pages."""

import html
import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from client_core import WorkflowStatus
from console import systems
from console.permissions import Role
from tests.console.browsing import form_on
from tests.console.conftest import SignIn, sign_in
from tests.contract.matrix.model import LANGUAGES
from tests.contract.workers import Worker, until

__all__ = ["sign_in"]

pytestmark = pytest.mark.xdist_group("contract")

LIST = "/s/main/schedules/"
SECOND = timedelta(seconds=1)
CONTEXT = {"days": [30, None, 1.5], "where": {"city": "Köln"}}
#: Python spells its offset in the ID of each run.
ZONE = "Europe/Berlin"


@pytest.fixture(params=LANGUAGES)
def worker(request: pytest.FixtureRequest) -> Worker:
    application: Worker = request.getfixturevalue(f"{request.param}_application")
    return application


@pytest.fixture
def operator(worker: Worker, settings: Settings, sign_in: SignIn) -> Iterator[Client]:
    """Somebody who acts on the database of the application."""
    settings.DBOS_SYSTEM_DATABASE_URL = worker.url
    yield sign_in(Role.OPERATOR)
    systems.all_systems()["main"].client.destroy()
    systems._client.cache_clear()


def sent(operator: Client, address: str, **given: str) -> str:
    """Fill in the form at an address; the page that it leads to."""
    form = form_on(operator.get(address)) | given
    response = operator.post(address, form, follow=True)
    assert response.status_code == 200, response.content.decode()
    return response.content.decode()


@pytest.fixture
def name(worker: Worker, operator: Client) -> Iterator[str]:
    """A schedule that the console created, which rests until new year."""
    name = f"of-{uuid.uuid4()}"
    page = sent(
        operator,
        f"{LIST}create/",
        schedule_name=name,
        workflow_name="scheduled",
        schedule="0 0 1 1 *",
        cron_timezone=ZONE,
        context=json.dumps(CONTEXT),
        queue_name="work",
        dialect=worker.language,
    )
    assert "Created." in page
    yield name
    worker.ours.delete_schedule(name)


def one(name: str, end: str = "") -> str:
    return f"{LIST}schedule/{name}/{end}"


def foretold(page: str) -> list[datetime]:
    """The times that a page says are next."""
    return [datetime.fromisoformat(at) for at in re.findall(r'<td><time datetime="([^"]+)"', page)]


def runs_of(worker: Worker, name: str) -> list[WorkflowStatus]:
    return worker.ours.list_workflows(schedule_name=name)


def finished(worker: Worker, name: str) -> dict[datetime, WorkflowStatus]:
    """The runs of a schedule that ended well, by the time that they were given."""
    runs = worker.ours.list_workflows(schedule_name=name, status="SUCCESS", load_payloads=True)
    found = {run.output["at"].astimezone(UTC): run for run in runs}
    assert len(found) == len(runs), "a time ran twice"
    assert all(run.output["context"] == CONTEXT for run in runs)
    return found


def local(moment: datetime) -> str:
    """As a person types it, whose zone is UTC."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def test_what_was_edited_here_runs_at_the_foretold_seconds_and_a_backfill_adds_nothing(
    worker: Worker, operator: Client, name: str
) -> None:
    assert "Changed." in sent(operator, one(name, "edit/"), schedule="* * * * * *")
    times = foretold(operator.get(one(name)).content.decode())
    assert len(times) == 10
    until(lambda: finished(worker, name).keys() >= {*times[3:5]})
    assert "Paused" in sent(operator, one(name, "pause/"))
    until(lambda: all(run.status == "SUCCESS" for run in runs_of(worker, name)))
    ran = {at: run for at, run in finished(worker, name).items() if times[0] <= at <= times[4]}
    # The application may have found the change after the first of them.
    assert sorted(ran) == times[times.index(min(ran)) : 5]
    ids = {run.workflow_id for run in ran.values()}

    window = {"start": local(min(ran) - SECOND), "end": local(max(ran) + SECOND)}
    page = sent(operator, one(name, "backfill/"), **window, preview="1")
    assert f"<strong>0 to start</strong>, of {len(ran)} that were due" in page
    due = {html.unescape(run) for run in re.findall(r"<code>(sched-[^<]+)</code>", page)}
    assert due == ids
    everything = len(runs_of(worker, name))
    form = form_on(operator.post(one(name, "backfill/"), {**window, "preview": "1"}))
    said = operator.post(one(name, "backfill/"), form | {"start_runs": "1"}, follow=True)
    assert f"0 runs enqueued; {len(ran)} runs existed already." in said.content.decode()
    assert len(runs_of(worker, name)) == everything


def test_what_was_triggered_here_runs_once(worker: Worker, operator: Client, name: str) -> None:
    assert "Started now: this is its run." in sent(operator, one(name, "trigger/"))
    [(at, run)] = until(lambda: finished(worker, name)).items()
    assert run.workflow_id.startswith(f"sched-{name}-trigger-{at:%Y-%m-%dT%H:%M:%S}")
    assert run.queue_name == "work"


def test_what_was_backfilled_here_runs_once_with_the_ids_of_the_preview(
    worker: Worker, operator: Client, name: str
) -> None:
    """Over the hour that comes twice, which each language reads in its own way."""
    sent(operator, one(name, "edit/"), schedule="30 2 * * *")
    window = {"start": "2026-10-23T00:00:00", "end": "2026-10-28T00:00:00"}
    asked = form_on(operator.get(one(name, "backfill/"))) | window
    preview = operator.post(one(name, "backfill/"), asked | {"preview": "1"})
    shown = re.findall(r"<code>(sched-[^<]+)</code>", html.unescape(preview.content.decode()))
    form = form_on(preview) | {"start_runs": "1"}
    said = operator.post(one(name, "backfill/"), form, follow=True).content.decode()
    assert f"{len(shown)} runs enqueued." in said
    until(lambda: len(finished(worker, name)) == len(shown))
    ran = [run.workflow_id for run in finished(worker, name).values()]
    assert sorted(ran) == sorted(shown)
    start, end = (datetime.fromisoformat(window[edge]).replace(tzinfo=UTC) for edge in window)
    assert worker.backfill(name, start, end) == shown  # The SDK's own names the same, once each.
    assert len(runs_of(worker, name)) == len(shown)
