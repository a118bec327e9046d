"""Rows of every language's format, and of formats that nobody knows, on every page."""

import base64
import json
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.test import Client

from tests.console.conftest import Insert
from tests.console.crawl import crawl

Sql = psycopg.Connection[Any]
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def pickled(value: Any) -> str:
    return base64.b64encode(pickle.dumps(value)).decode()


def coded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def superjson(value: Any, **types: list[str]) -> str:
    return json.dumps({"json": value, "meta": {"values": types}, "__dbos_serializer": "superjson"})


#: A format; an input, a value and an error in it; what the pages say of the last two.
ROWS = [
    (
        "portable_json",
        json.dumps({"positionalArgs": ["ann"], "namedArgs": {"gift": True}}),
        json.dumps({"price": 1.5}),
        json.dumps({"name": "Declined", "message": "by the bank"}),
        '"price": 1.5',
        "by the bank",
    ),
    (
        "js_superjson",
        superjson(["ann", "2026-01-02T03:04:05.000Z"], **{"1": ["Date"]}),
        superjson({"big": "1152921504606846976"}, big=["bigint"]),
        superjson({"name": "Declined", "message": "by the bank"}),
        '"big": 1152921504606846976',
        "by the bank",
    ),
    (
        "py_pickle",
        pickled({"args": ("ann", WHEN), "kwargs": {"gift": True}}),
        pickled({"price": Decimal("1.50")}),
        pickled(ValueError("by the bank")),
        '"price": Decimal(1.50)',
        "by the bank",
    ),
    (
        "java_jackson",
        json.dumps(["[Ljava.lang.Object;", ["ann", ["java.lang.Long", 5]]]),
        json.dumps({"@class": "java.util.HashMap", "price": ["java.math.BigDecimal", 1.5]}),
        json.dumps({"className": "app.Declined", "message": "by the bank"}),
        '"price": 1.5',
        "by the bank",
    ),
    (
        "DBOS_JSON",
        coded("ann"),
        coded({"Price": 1.5}),
        "by the bank",
        '"Price": 1.5',
        "by the bank",
    ),
    ("DBOS_GOB", "GOBann", "GOBvalue", "GOBerror", "GOBvalue", "GOBerror"),
    ("of_ones_own", "<ann>", "<value>", "<error>", "<value>", "<error>"),
    (None, "?ann", "?value", "?error", "?value", "?error"),
]


@pytest.fixture(params=ROWS, ids=[str(row[0]) for row in ROWS])
def shown(request: pytest.FixtureRequest, insert: Insert, sql: Sql) -> tuple[str, str]:
    """What the pages say of the values of two runs, of which one failed."""
    name, given, value, error, *words = request.param
    run = {"serialization": name, "inputs": given}
    insert(workflow_uuid="well", output=value, **run)
    insert(workflow_uuid="ill", status="ERROR", error=error, **run)
    for statement in (
        "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, output, "
        "serialization) VALUES ('well', 1, 'pay', %(value)s, %(name)s)",
        "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, error, "
        "serialization) VALUES ('ill', 1, 'pay', %(error)s, %(name)s)",
        "INSERT INTO dbos.workflow_events (workflow_uuid, key, value, serialization) "
        "VALUES ('well', 'state', %(value)s, %(name)s)",
        "INSERT INTO dbos.workflow_events_history (workflow_uuid, function_id, key, value, "
        "serialization) SELECT 'well', n, 'state', %(value)s, %(name)s FROM "
        "generate_series(1, 2) n",
        'INSERT INTO dbos.streams (workflow_uuid, key, value, "offset", serialization) '
        "VALUES ('well', 'log', %(value)s, 0, %(name)s)",
        "INSERT INTO dbos.notifications (message_uuid, destination_uuid, topic, message, "
        "serialization) VALUES ('m', 'well', 't', %(value)s, %(name)s)",
    ):
        sql.execute(statement.encode(), {"name": name, "value": value, "error": error})
    return words[0], words[1]


def test_its_values_stand_on_every_page(operator: Client, shown: tuple[str, str]) -> None:
    value, failure = shown
    compare = "/s/main/workflows/compare/?a=well&b=ill"
    told = crawl(operator, "/s/main/workflows/", "/s/main/errors/?period=week", compare)
    run = "/s/main/workflows/run/well"
    for place in ("output", "step-output:1", "event:state", "stream:0:log", "message:m"):
        assert value in told[f"{run}/payload/{place}/"], place
    for address in (f"{run}/", f"{run}/event/?key=state", f"{run}/stream/?key=log", compare):
        assert value in told[address], address
    ill = "/s/main/workflows/run/ill"
    for address in (f"{ill}/", f"{ill}/payload/error/", f"{ill}/payload/step-error:1/"):
        assert failure in told[address], address
    assert "ann" in told[f"{run}/payload/input/"]
