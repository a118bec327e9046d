"""Payloads as they are stored, piece by piece."""

import base64
import random
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from client_core import (
    DBOSClient,
    InvalidOption,
    PayloadKind,
    PayloadPlace,
    RawValue,
    RecordedError,
    WorkflowInputs,
)
from tests.client_core.conftest import Insert
from tests.databases import create_system_database

Sql = psycopg.Connection[Any]

INPUT = PayloadPlace(PayloadKind.INPUT)
#: Characters of one to four bytes, so that cuts fall within some.
TEXT = "aß→🙂" * 5_000


@pytest.fixture
def run(insert: Insert, sql: Sql) -> str:
    """A run with a payload at every place."""
    run = insert(workflow_uuid="run", status="ERROR", serialization="portable_json")
    sql.execute("INSERT INTO dbos.workflow_input VALUES (%s, 'input')", [run])
    sql.execute("INSERT INTO dbos.workflow_output VALUES (%s, 'output', 'error')", [run])
    sql.execute(
        "INSERT INTO dbos.operation_outputs"
        " (workflow_uuid, function_id, function_name, output, error, serialization)"
        " VALUES (%s, 3, 'pay', 'step-output', 'step-error', 'js_superjson')",
        [run],
    )
    sql.execute(
        "INSERT INTO dbos.workflow_events (workflow_uuid, key, value, serialization)"
        " VALUES (%s, 'k', 'event', 'DBOS_JSON')",
        [run],
    )
    sql.execute(
        "INSERT INTO dbos.workflow_events_history"
        " (workflow_uuid, function_id, key, value) VALUES (%s, 3, 'k', 'history')",
        [run],
    )
    sql.execute(
        'INSERT INTO dbos.streams (workflow_uuid, key, value, "offset", function_id)'
        " VALUES (%s, 'k', 'stream', 3, 1)",
        [run],
    )
    sql.execute(
        "INSERT INTO dbos.notifications (destination_uuid, topic, message, message_uuid)"
        " VALUES (%s, 't', 'message', 'k')",
        [run],
    )
    return run


def place_of(kind: PayloadKind) -> PayloadPlace:
    numbered = kind.startswith(("step", "history", "stream"))
    keyed = kind in ("event", "history", "stream", "message")
    return PayloadPlace(kind, 3 if numbered else None, "k" if keyed else None)


@pytest.mark.parametrize("kind", PayloadKind)
def test_every_place_is_found(client: DBOSClient, run: str, kind: PayloadKind) -> None:
    found = client.get_payload_text(run, place_of(kind))
    assert found
    assert (found.piece.decode(), found.size_bytes) == (str(kind), len(kind))


@pytest.mark.parametrize("kind", PayloadKind)
def test_where_nothing_is_stored_is_none(
    client: DBOSClient, insert: Insert, kind: PayloadKind
) -> None:
    assert client.get_payload_text(insert(), place_of(kind)) is None
    assert client.get_payload_text("no such run", place_of(kind)) is None


def test_the_format_is_that_of_the_row(client: DBOSClient, run: str) -> None:
    formats = {
        kind: found.serialization
        for kind in (PayloadKind.INPUT, PayloadKind.STEP_OUTPUT, PayloadKind.EVENT)
        if (found := client.get_payload_text(run, place_of(kind)))
    }
    assert list(formats.values()) == ["portable_json", "js_superjson", "DBOS_JSON"]


def test_payloads_from_before_they_had_tables(client: DBOSClient, insert: Insert) -> None:
    run = insert(inputs="i", output="o", error="e")
    for kind in (PayloadKind.INPUT, PayloadKind.OUTPUT, PayloadKind.ERROR):
        found = client.get_payload_text(run, PayloadPlace(kind))
        assert found
        assert found.piece == kind[0].encode()


@pytest.mark.parametrize("max_bytes", [1_000, 4_096, 1_001])
def test_the_pieces_are_the_whole(client: DBOSClient, insert: Insert, max_bytes: int) -> None:
    run, whole = insert(inputs=TEXT), b""
    while found := client.get_payload_text(
        run, INPUT, offset_bytes=len(whole), max_bytes=max_bytes
    ):
        assert len(found.piece) <= max_bytes
        assert found.size_bytes == len(TEXT.encode())
        if not found.piece:
            break
        whole += found.piece
    assert whole.decode() == TEXT


def test_a_text_kept_out_of_line_and_packed(client: DBOSClient, insert: Insert) -> None:
    """What does not pack is kept as it is, and what does is packed: both are cut alike."""
    noise = base64.b64encode(random.Random(1).randbytes(300_000)).decode()
    for text in (noise, "ab" * 200_000):
        run = insert(inputs=text)
        found = client.get_payload_text(run, INPUT, offset_bytes=150_001, max_bytes=10)
        assert found
        assert found.piece.decode() == text[150_001:150_011]


def test_older_tables_are_read_alike(worker_id: str) -> None:
    """Those of the oldest SDKs have no payload tables, and no formats beside most payloads."""
    url = create_system_database(f"older_{worker_id}")
    with psycopg.connect(url, autocommit=True) as sql, DBOSClient.create(url) as client:
        sql.execute("DROP TABLE dbos.workflow_input, dbos.workflow_output")
        for table in ("workflow_status", "operation_outputs", "workflow_events", "streams"):
            column = SQL("ALTER TABLE dbos.{} DROP COLUMN serialization")
            sql.execute(column.format(Identifier(table)))
        sql.execute("ALTER TABLE dbos.notifications DROP COLUMN serialization")
        sql.execute(
            "INSERT INTO dbos.workflow_status (workflow_uuid, status, inputs, output)"
            " VALUES ('run', 'SUCCESS', 'input', 'output')"
        )
        sql.execute(
            "INSERT INTO dbos.workflow_events (workflow_uuid, key, value)"
            " VALUES ('run', 'k', 'event')"
        )
        found = {kind: client.get_payload_text("run", place_of(kind)) for kind in PayloadKind}
    stored = {kind: text.piece.decode() for kind, text in found.items() if text}
    assert stored == {kind: str(kind) for kind in ("input", "output", "event")}


@pytest.mark.parametrize("given", [{"offset_bytes": -1}, {"max_bytes": -1}, {"max_bytes": 2**31}])
def test_what_no_text_has_is_refused(client: DBOSClient, given: dict[str, int]) -> None:
    with pytest.raises(InvalidOption):
        client.get_payload_text("run", INPUT, **given)


@pytest.mark.parametrize(
    "place",
    [
        ("input", 1, None),
        ("input", None, "k"),
        ("step-output", None, None),
        ("event", None, None),
        ("stream", 1, None),
        ("stream", -1, "k"),
        ("step-error", 2**31, None),
    ],
)
def test_a_place_that_cannot_be_is_refused(place: tuple[str, int | None, str | None]) -> None:
    with pytest.raises(InvalidOption):
        PayloadPlace(PayloadKind(place[0]), *place[1:])


def test_a_whole_text_is_decoded_by_its_place(client: DBOSClient, insert: Insert) -> None:
    run = insert(
        inputs='{"positionalArgs":[1]}',
        output='{"a":1}',
        error='{"name":"Oops","message":"no"}',
        serialization="portable_json",
    )
    decoded = []
    for kind in (PayloadKind.INPUT, PayloadKind.OUTPUT, PayloadKind.ERROR):
        found = client.get_payload_text(run, PayloadPlace(kind))
        assert found
        decoded.append(client.decode_payload(PayloadPlace(kind), found))
    assert decoded == [WorkflowInputs((1,), {}), {"a": 1}, RecordedError("Oops", "no", None, None)]


def test_a_piece_is_not_decoded(client: DBOSClient, insert: Insert) -> None:
    found = client.get_payload_text(insert(inputs="123456"), INPUT, max_bytes=3)
    assert found
    decoded = client.decode_payload(INPUT, found)
    assert isinstance(decoded, RawValue)
    assert decoded.reason == "Not decoded: it has 6 bytes."
