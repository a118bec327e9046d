"""The page of what debounces hold back."""

import html
import re
import time
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from client_core import DBOSClient, Dialect, EnqueueOptions
from tests.console.browsing import form_on
from tests.console.conftest import Insert
from tests.console.test_workflows import HTMX, text

PAGE = "/s/main/debounces/"
NOW_MS = time.time_ns() // 1_000_000


def debounce(client: DBOSClient, key: str, dialect: Dialect, class_name: str | None = None) -> str:
    options = EnqueueOptions(
        workflow_name="order",
        workflow_class_name=class_name,
        queue_name="orders",
        dialect=dialect,
    )
    handle = client.debounce_workflow(options, key, 60_000, (1,), debounce_timeout_ms=900_000)
    return handle.workflow_id


@pytest.mark.parametrize(
    ("dialect", "class_name"), [("python", None), ("typescript", None), ("typescript", "Shop")]
)
def test_what_is_held_back_and_the_way_to_put_it_off(
    operator: Client, client: DBOSClient, dialect: Dialect, class_name: str | None
) -> None:
    run = debounce(client, "a-b & <c>", dialect, class_name)
    [held], is_cut = client.list_held_debounces()
    assert (held.workflow_id, held.key, held.dialect, is_cut) == (run, "a-b & <c>", dialect, False)
    assert held.until_ms is not None
    assert held.deadline_ms == held.until_ms + 840_000
    page = operator.get(PAGE).content.decode()
    assert "a-b & <c>" in text(operator.get(PAGE))
    assert f'href="/s/main/workflows/run/{run}/"' in page
    address = re.search(r'href="([^"]+debounce_key[^"]+)"', page)
    assert address
    link = html.unescape(address[1])
    assert dict(parse_qsl(urlsplit(link).query))["debounce_key"] == "a-b & <c>"
    form = form_on(operator.get(link)) | {"args": "[2]", "debounce_period_ms": "120000"}
    said = text(operator.post(urlsplit(link).path, form, follow=True))
    assert "The run that waits is put off" in said
    [after], _ = client.list_held_debounces()
    assert (after.workflow_id, after.deadline_ms) == (run, held.deadline_ms)
    assert after.until_ms is not None
    assert after.until_ms > held.until_ms


def test_of_one_queue(viewer: Client, client: DBOSClient, insert: Insert) -> None:
    debounce(client, "ann", "python")
    insert(status="DELAYED", queue_name="orders", delay_until_epoch_ms=NOW_MS)
    insert(status="ENQUEUED", queue_name="orders", is_debounced=True)
    response = viewer.get(PAGE, {"queue": "orders"}, headers=HTMX)
    assert text(response).count("order ann") == 1
    assert "Put it off" not in text(response)
    assert "Nothing is held back by debounce on mails." in text(
        viewer.get(PAGE, {"queue": "mails"})
    )
    assert (
        f'href="{PAGE}?queue=orders"' in viewer.get("/s/main/queues/queue/orders/").content.decode()
    )


def test_a_key_that_is_spelled_otherwise_is_shown_as_it_is(
    operator: Client, client: DBOSClient, insert: Insert
) -> None:
    insert(status="DELAYED", is_debounced=True, deduplication_id="odd", delay_until_epoch_ms=NOW_MS)
    insert(status="DELAYED", is_debounced=True, name=None, delay_until_epoch_ms=NOW_MS + 1)
    odd, bare = client.list_held_debounces()[0]
    assert (odd.key, odd.dialect, bare.key, bare.dialect) == ("odd", None, "", None)
    response = operator.get(PAGE)
    assert response.status_code == HTTPStatus.OK
    assert "no limit" in text(response)


def test_so_many_are_told(client: DBOSClient, insert: Insert) -> None:
    for number in range(3):
        insert(status="DELAYED", is_debounced=True, delay_until_epoch_ms=NOW_MS + number)
    held, is_cut = client.list_held_debounces(limit=2)
    assert (len(held), is_cut) == (2, True)
    assert client.list_held_debounces(limit=9)[1] is False


def test_nothing_is_held(viewer: Client) -> None:
    assert "Nothing is held back by debounce." in text(viewer.get(PAGE))
