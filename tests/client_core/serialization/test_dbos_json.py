"""Rows of Go, in the form of dbos/serialization.go of dbos-transact-golang."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_core.serialization import (
    Budget,
    RawValue,
    RecordedError,
    Serialization,
    SerializationError,
    WorkflowInputs,
)
from tests.client_core.serialization.support import reason

NAME = "DBOS_JSON"
SERIALIZATION = Serialization()
# What gob.NewEncoder writes: the type of a struct, then an interface that holds one.
GOB = b"\x06\xff\x81\x03\x01\x01\x01" + b"\x0f\x10\x00\x0a*dbos.Error" + b"\x00"


def row(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("__DBOS_NIL", None),
        (row("null"), None),
        (row('{"Name":"grüß","Items":[1,2.5,true]}'), {"Name": "grüß", "Items": [1, 2.5, True]}),
        (row('"2026-01-02T03:04:05.123456789Z"'), "2026-01-02T03:04:05.123456789Z"),
        (row("12345678901234567890"), 12345678901234567890),
    ],
)
def test_a_value_is_base64_of_json(text: str, value: Any) -> None:
    assert SERIALIZATION.decode_value(text, NAME) == value
    assert SERIALIZATION.decode_arguments(text, NAME) == WorkflowInputs((value,), {})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "no base64."),
        ("é", "no base64."),
        ("", "no JSON"),
        (base64.b64encode(b"\xff\xfe").decode(), "no base64 of UTF-8"),
        (row("{"), "no JSON"),
        (row("[" * 101 + "]" * 101), "nests deeper"),
    ],
)
def test_what_go_does_not_write_is_a_raw_value(text: str, why: str) -> None:
    assert why in reason(SERIALIZATION.decode_value(text, NAME))
    assert why in reason(SERIALIZATION.decode_arguments(text, NAME))


def test_a_long_text_is_refused_undecoded() -> None:
    small = Serialization(budget=Budget(bytes=100))
    assert "larger than 100 bytes" in reason(small.decode_value("A" * 400, NAME))
    assert "larger than 100 bytes" in reason(small.decode_error("A" * 400, NAME))


@pytest.mark.parametrize("text", ["boom", "", "no stock: item 5", "abcd" * 10, "ÿ", "AAAA", "BBAA"])
def test_an_error_of_no_known_type_is_its_text(text: str) -> None:
    assert SERIALIZATION.decode_error(text, NAME) == RecordedError("error", text, None, None)


@pytest.mark.parametrize("data", [GOB, b"\xff\x0f" + GOB[8:]])
def test_an_error_of_a_known_type_is_a_gob(data: bytes) -> None:
    shown = SERIALIZATION.decode_error(base64.b64encode(data).decode(), NAME)
    assert reason(shown) == "The error is a gob, which only Go reads."


@given(st.text() | st.binary().map(base64.b64encode).map(bytes.decode))
def test_no_text_is_too_strange(text: str) -> None:
    for decode in (SERIALIZATION.decode_value, SERIALIZATION.decode_error):
        shown = decode(text, NAME)
        assert not isinstance(shown, RawValue) or "reader failed" not in shown.reason


def test_it_is_read_only() -> None:
    with pytest.raises(SerializationError, match="DBOS_JSON cannot be written"):
        SERIALIZATION.encode_value(1, NAME)


def test_a_gob_is_shown_as_it_is_under_its_own_name() -> None:
    assert "format of Go" in reason(SERIALIZATION.decode_value("x", "DBOS_GOB"))
