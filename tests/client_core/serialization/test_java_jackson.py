"""Rows of Java, in the form of DBOSJavaSerializer of dbos-transact-java."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_core.serialization import (
    OpaqueObject,
    RawValue,
    RecordedError,
    Serialization,
    SerializationError,
    WorkflowInputs,
)
from tests.client_core.serialization.support import reason

NAME = "java_jackson"
SERIALIZATION = Serialization()

jsons: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.text() | st.just("java.util.ArrayList"),
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.dictionaries(st.text() | st.sampled_from(["@class", "type"]), parts, max_size=4)
    ),
)


def read(value: Any) -> Any:
    return SERIALIZATION.decode_value(json.dumps(value), NAME)


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        (None, None),
        ("text", "text"),
        ([True, 1, 2.5], [True, 1, 2.5]),
        (["java.lang.Long", 5], 5),
        (["java.math.BigDecimal", 1.5], 1.5),
        (["java.util.ArrayList", ["a", ["java.lang.Long", 1]]], ["a", 1]),
        (["java.util.ImmutableCollections$ListN", []], []),
        (["java.util.Arrays$ArrayList", [1]], [1]),
        (["[Ljava.lang.String;", ["a.b", "c"]], ["a.b", "c"]),
        (["[I", [1, 2]], [1, 2]),
        ({"@class": "java.util.HashMap", "k": ["java.lang.Long", 1]}, {"k": 1}),
        ({"@class": "java.util.ImmutableCollections$MapN"}, {}),
        ({"plain": {"@class": 5}}, {"plain": {}}),
    ],
)
def test_the_standard_library_is_plain_data(stored: Any, value: Any) -> None:
    assert read(stored) == value


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        (
            {"@class": "com.example.Order", "id": 1, "lines": ["java.util.ArrayList", [{}]]},
            OpaqueObject("com.example", "Order", state={"id": 1, "lines": [{}]}),
        ),
        (["java.util.HashSet", [1]], OpaqueObject("java.util", "HashSet", items=(1,))),
        (
            ["java.time.Instant", "2026-01-02T03:04:05Z"],
            OpaqueObject("java.time", "Instant", args=("2026-01-02T03:04:05Z",)),
        ),
        (["com.example.Colour", "RED"], OpaqueObject("com.example", "Colour", args=("RED",))),
        (["java.lang.Long", "5"], OpaqueObject("java.lang", "Long", args=("5",))),
        (["[B", "aGk="], OpaqueObject("", "[B", args=("aGk=",))),
    ],
)
def test_everything_else_keeps_its_class(stored: Any, value: Any) -> None:
    assert read(stored) == value


def test_arguments_are_an_array_of_objects() -> None:
    text = '["[Ljava.lang.Object;",["ann",["java.lang.Long",7]]]'
    assert SERIALIZATION.decode_arguments(text, NAME) == WorkflowInputs(("ann", 7), {})
    assert "an array" in reason(SERIALIZATION.decode_arguments('"ann"', NAME))


def test_an_error_is_read_without_the_java_object_in_it() -> None:
    fields = {
        "@class": "dev.dbos.transact.json.WireThrowable",
        "v": 1,
        "type": "java.lang.IllegalStateException",
        "message": "no stock",
        "causeType": "java.io.IOException",
        "stackPreview": ["java.util.ImmutableCollections$ListN", ["a.B.c(B.java:1)"]],
        "suppressedCount": 0,
        "base64bytes": "rO0ABXNy",
        "node": None,
        "extra": {"@class": "java.util.ImmutableCollections$MapN"},
    }
    assert SERIALIZATION.decode_error(json.dumps(fields), NAME) == RecordedError(
        "java.lang.IllegalStateException",
        "no stock",
        None,
        {"causeType": "java.io.IOException", "stackPreview": ["a.B.c(B.java:1)"]},
    )
    short = SERIALIZATION.decode_error('{"type":"E","message":null}', NAME)
    assert short == RecordedError("E", "", None, None)


@pytest.mark.parametrize("text", ["null", "[]", "{}", '{"type":5}', '"boom"'])
def test_what_is_no_error_is_a_raw_value(text: str) -> None:
    assert "no error" in reason(SERIALIZATION.decode_error(text, NAME))


@given(jsons)
def test_no_json_is_too_strange(value: Any) -> None:
    text = json.dumps(value)
    for decode in (
        SERIALIZATION.decode_value,
        SERIALIZATION.decode_arguments,
        SERIALIZATION.decode_error,
    ):
        shown = decode(text, NAME)
        assert not isinstance(shown, RawValue) or "reader failed" not in shown.reason


def test_it_is_read_only() -> None:
    with pytest.raises(SerializationError, match="java_jackson cannot be written"):
        SERIALIZATION.encode_value(1, NAME)
