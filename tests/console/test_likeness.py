"""“Start again like this run”: what is filled in, and that secrets neither leave nor get lost."""

import json
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from client_core import DBOSClient, EnqueueOptions
from console.masking import DOTS
from console.models import AuditEntry
from console.workflows.likeness import holds_dots, masked, restored
from tests.console.browsing import form_on
from tests.console.conftest import Insert
from tests.console.test_workflows import ENQUEUE, enqueue_fields, run_url, text


def start(client: DBOSClient, *args: Any, **kwargs: Any) -> str:
    options = EnqueueOptions(
        workflow_name="order",
        queue_name="orders",
        workflow_class_name="Shop",
        app_version="v7",
        priority=4,
        workflow_timeout_ms=9_000,
        attributes={"customer": "ann", "api_key": "attribute-secret"},
        authenticated_user="bob",
        authenticated_roles=["clerk"],
        serialization="portable_json",
    )
    return client.enqueue(options, *args, **kwargs).workflow_id


def test_the_new_run_is_like_the_old_one(operator: Client, client: DBOSClient) -> None:
    old = start(client, "ann", [{"n": 1}], gift=True)
    page = operator.get(run_url(old, "again/"), follow=True)
    assert "A new run like order" in text(page)
    response = operator.post(ENQUEUE, form_on(page))
    assert response.status_code == HTTPStatus.FOUND, text(response)
    runs = client.list_workflows(load_payloads=True)
    assert len(runs) == 2
    first, second = runs
    same = set(first._fields) - {"workflow_id", "created_at", "updated_at"}
    for field in same:
        assert getattr(first, field) == getattr(second, field), field
    assert AuditEntry.objects.get().parameters["like"] == old


def test_secrets_do_not_leave_and_are_put_back(operator: Client, client: DBOSClient) -> None:
    old = start(client, "ann", {"password": "hunter2", "n": 1}, token="abc-secret")
    page = operator.get(ENQUEUE, {"like": old})
    for secret in ("hunter2", "abc-secret", "attribute-secret"):
        assert secret not in page.content.decode()
    assert f"{DOTS} stands for a hidden value" in text(page)
    form = form_on(page)
    args = json.loads(form["args"])
    args[1]["n"] = 2
    operator.post(ENQUEUE, form | {"args": json.dumps([*args, "more"])})
    run = client.list_workflows(load_payloads=True)[-1]
    assert run.input
    assert run.input.args == ("ann", {"password": "hunter2", "n": 2}, "more")  # type: ignore[union-attr]
    assert run.input.kwargs == {"token": "abc-secret"}  # type: ignore[union-attr]
    assert run.attributes == {"customer": "ann", "api_key": "attribute-secret"}
    entry = AuditEntry.objects.get()
    assert "secret" not in json.dumps(entry.parameters)


def test_dots_that_stand_for_nothing_are_refused(operator: Client, client: DBOSClient) -> None:
    old = start(client, {"password": "hunter2"})
    form = form_on(operator.get(ENQUEUE, {"like": old}))
    moved = form | {"args": json.dumps([{"other": DOTS}])}
    response = operator.post(ENQUEUE, moved)
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "type it whole" in text(response)
    assert len(client.list_workflows()) == 1
    # Of no run's: they are what they are.
    assert (
        operator.post(ENQUEUE, enqueue_fields(args=f'["{DOTS}"]')).status_code == HTTPStatus.FOUND
    )


def test_what_json_cannot_carry_is_not_filled_in(operator: Client, insert: Insert) -> None:
    dates = '{"json":["2026-01-01T00:00:00.000Z"],"meta":{"values":{"0":["Date"]}},'
    dates += '"__dbos_serializer":"superjson"}'
    insert(workflow_uuid="r", name="order", inputs=dates, serialization="js_superjson")
    page = text(operator.get(ENQUEUE, {"like": "r"}))
    assert "Its arguments are not filled in: JSON has no datetime." in page
    assert "fork it from its first step" in page


@pytest.mark.parametrize("inputs", [None, "<script>", '{"positionalArgs":["' + "x" * 2**20 + '"]}'])
def test_arguments_that_are_none_unreadable_or_too_long(
    operator: Client, insert: Insert, inputs: str | None
) -> None:
    insert(workflow_uuid="r", name="order", inputs=inputs, serialization="portable_json")
    page = operator.get(ENQUEUE, {"like": "r"})
    assert "arguments" in text(page)
    assert form_on(page)["args"].strip() == ""
    assert form_on(page)["workflow_name"] == "order"


def test_a_run_that_is_gone(operator: Client) -> None:
    assert "is not there any more" in text(operator.get(ENQUEUE, {"like": "none"}))


def test_a_run_on_no_queue_asks_for_one(operator: Client, insert: Insert) -> None:
    insert(workflow_uuid="r", name="order", queue_name="_dbos_internal_queue")
    assert form_on(operator.get(ENQUEUE, {"like": "r"}))["queue_name"] == ""


@pytest.mark.parametrize(
    "original",
    [
        {"password": {"a": [1]}, "b": None},
        [["authorization", "x"], {"name": "cookie", "value": "y"}],
        ["postgres://u:pw@host/db", "token=abc rest", DOTS],
        {"a": {"secret": 1}, "n": 1.5, "t": True, "none": None},
    ],
)
def test_what_is_untouched_is_what_it_was(original: Any) -> None:
    shown = masked(original)
    assert holds_dots(shown)
    assert restored(shown, original) == original
