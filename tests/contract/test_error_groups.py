"""Errors as the real SDKs of both languages record them meet in one group."""

import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from dbos._serialization import DefaultSerializer

from client_core import DBOSClient
from tests.client_core.conftest import Insert, insert
from tests.contract.node import TypeScriptProcess

__all__ = ["insert"]

pytestmark = pytest.mark.xdist_group("contract")


def test_an_error_of_both_languages_is_one_group(
    client: DBOSClient,
    insert: Insert,
    sql: psycopg.Connection[object],
    typescript: TypeScriptProcess,
) -> None:
    recorded = [
        (DefaultSerializer().serialize(TypeError("order 17 has no total")), "py_pickle"),
        *(
            (answer["text"], "js_superjson")
            for answer in typescript.ask_serializer(
                [
                    {"thrown": "new TypeError('order 18 has no total')"},
                    {"thrown": "new RangeError('order 18 has no total')"},
                ]
            )
        ),
    ]
    for text, serialization in recorded:
        moment = time.time_ns() // 1_000_000
        run = insert(status="ERROR", serialization=serialization, created_at=moment)
        sql.execute(
            "INSERT INTO dbos.workflow_output (workflow_uuid, error) VALUES (%s, %s)", [run, text]
        )
    both, alone = client.group_errors(since=datetime.now(UTC) - timedelta(hours=1)).groups
    assert (both.error_type, both.pattern, both.count) == (
        "TypeError",
        "order <number> has no total",
        2,
    )
    assert both.dialects == ["python", "typescript"]
    assert (alone.error_type, alone.count) == ("RangeError", 1)
