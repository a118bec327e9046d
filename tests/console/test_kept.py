"""Nothing typed is lost where a form needs a database that is away, and it can be sent again."""

from http import HTTPStatus

import pytest
from django.test import Client

from client_core import DBOSClient
from console.models import AuditEntry
from tests.console.browsing import form_on
from tests.console.test_workflows import HTMX, text
from tests.proxy import Proxy

SCHEDULE = "/s/main/schedules/schedule/nightly/"
QUEUE = "/s/main/queues/queue/orders/"
FORMS = {
    "a schedule": (
        f"{SCHEDULE}edit/",
        {"schedule": "0 4 * * *", "dialect": "python", "context": '{"a": [1]}'},
    ),
    "a queue": (f"{QUEUE}edit/", {"global_concurrency": "7", "polling_interval_seconds": "2"}),
    "the end of a queue": (f"{QUEUE}delete/", {"confirmation": "orders"}),
}


@pytest.fixture(autouse=True)
def filled(client: DBOSClient) -> None:
    client.create_schedule(
        schedule_name="nightly", workflow_name="clean", schedule="0 3 * * *", dialect="python"
    )
    client.register_queue("orders", global_concurrency=5)


@pytest.mark.parametrize(("url", "typed"), FORMS.values(), ids=FORMS)
def test_a_form_is_kept_and_sent_again(
    administrator: Client, proxy: Proxy, url: str, typed: dict[str, str]
) -> None:
    form = form_on(administrator.get(url)) | typed
    proxy.play("before the request", "refuse")
    page = administrator.post(url, form)
    assert page.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "nothing was written" in text(page)
    in_dialog = administrator.post(url, form, headers=HTMX)
    assert in_dialog.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    for kept in (form_on(page), form_on(in_dialog)):
        assert {name: kept[name] for name in typed} == typed
    assert not AuditEntry.objects.filter(outcome="done")
    proxy.play()
    assert administrator.post(url, form_on(page)).status_code == HTTPStatus.FOUND
    assert AuditEntry.objects.get(outcome="done").username == "administrator"


def test_a_window_is_kept(administrator: Client, proxy: Proxy) -> None:
    url = f"{SCHEDULE}backfill/"
    window = {"start": "2026-11-01T00:00:00", "end": "2026-11-03T00:00:00"}
    form = form_on(administrator.get(url)) | window | {"preview": "1"}
    proxy.play("before the request", "refuse")
    page = administrator.post(url, form)
    assert page.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    kept = form_on(page)
    assert {name: kept[name] for name in window} == window
    proxy.play()
    assert "2 to start" in text(administrator.post(url, kept))
