"""What stands in the log: one JSON object a line, led to by the request's ID."""

import json
import logging
from typing import Any

import pytest
from django.test import Client

from client_core import DBOSClient
from console.logs import JsonLine, NotQuiet, OfRequest
from console.models import AuditEntry
from tests.console.conftest import Insert
from tests.console.test_workflows import LIST


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """The objects that were logged so far, as the console's handler writes them."""
    caplog.set_level("INFO", "console.access")
    caplog.handler.addFilter(OfRequest())
    caplog.handler.addFilter(NotQuiet())
    formatter = JsonLine()
    return lambda: [json.loads(formatter.format(record)) for record in caplog.records]


def test_a_request_is_one_line_with_its_id_and_without_its_query(
    viewer: Client, lines: Any
) -> None:
    response = viewer.get(LIST, {"q": "attr.customer=42"}, headers={"X-Request-ID": "from-proxy-1"})
    assert response.headers["X-Request-ID"] == "from-proxy-1"
    [line] = lines()
    assert line.pop("milliseconds") > 0
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "console.access",
        "message": f"GET {LIST} 200",
        "method": "GET",
        "path": LIST,
        "status": 200,
        "username": "viewer",
        "request_id": "from-proxy-1",
        "address": "127.0.0.1",
    }


def test_a_line_leads_to_the_audit_entry(
    operator: Client, insert: Insert, lines: Any, client: DBOSClient
) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    operator.post(f"{LIST}run/run-1/cancel/")
    [line] = [line for line in lines() if line["method"] == "POST"]
    assert AuditEntry.objects.get(request_id=line["request_id"]).target == "run-1"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_what_machines_ask_every_second_is_not_logged(path: str, lines: Any, db: None) -> None:
    Client().get(path)
    assert lines() == []


def test_an_exception_is_one_line_too(lines: Any) -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        logging.getLogger("console").exception("It failed: %s", "so")
    [line] = lines()
    assert line["message"] == "It failed: so"
    assert "second" in line["exc_info"]
    assert "request_id" not in line


def test_a_line_break_in_a_path_makes_no_second_line(viewer: Client, lines: Any) -> None:
    viewer.get("/nowhere%0a{}")
    [line] = lines()
    assert line["path"] == "/nowhere\n{}"
    assert "\n" not in JsonLine().format(
        logging.LogRecord("x", logging.INFO, "", 0, "%s", ("a\nb",), None)
    )
