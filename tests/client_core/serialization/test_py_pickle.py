import io
import pickle
from collections import OrderedDict, deque
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dbos._serialization import (
    DBOSDefaultSerializer,
    WorkflowSerializationFormat,
    serialize_args,
)
from hypothesis import given
from hypothesis import strategies as st

from client_core.serialization import (
    Budget,
    OpaqueObject,
    RawValue,
    Serialization,
    SerializationError,
    WorkflowInputs,
)
from tests.client_core.serialization import classes
from tests.client_core.serialization.strategies import writable
from tests.client_core.serialization.support import encoded, reason, shape

SERIALIZATION = Serialization(default="py_pickle")


def why_refused(value: Any) -> str:
    with pytest.raises(SerializationError) as caught:
        SERIALIZATION.encode_value(value)
    return str(caught.value)


@given(writable)
def test_plain_data_is_written_as_the_official_client_writes_it(value: Any) -> None:
    assert SERIALIZATION.encode_value(value) == (
        DBOSDefaultSerializer.serialize(value),
        "py_pickle",
    )


@given(st.lists(writable).map(tuple), st.dictionaries(st.text(), writable))
def test_arguments_are_written_as_the_official_client_writes_them(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    official = serialize_args(
        args, kwargs, WorkflowSerializationFormat.NATIVE, DBOSDefaultSerializer
    )

    assert SERIALIZATION.encode_arguments(args, kwargs) == official


@given(writable)
def test_what_is_written_reads_as_it_was(value: Any) -> None:
    assert shape(SERIALIZATION.decode_value(*SERIALIZATION.encode_value(value))) == shape(value)


@pytest.mark.parametrize(
    "value",
    [
        classes.Colour.RED,
        classes.Order("o"),
        classes.Point(1, 2),
        classes.Name("n"),
        classes.Titles(),
        classes.Settings(),
        OrderedDict(a=1),
        deque([1]),
        bytearray(b"x"),
        1j,
        range(3),
        len,
        classes.Order,
        ValueError("x"),
        lambda: None,
        iter([1]),
        OpaqueObject("app", "Order"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_plain_data_is_refused(value: Any) -> None:
    kind = type(value).__qualname__

    message = why_refused({"a": [1, value]})

    assert message.startswith("value.a[1]: ")
    assert f"{kind}: a pickle for an unknown application carries plain data only." in message


def test_a_refusal_names_the_argument() -> None:
    with pytest.raises(SerializationError, match=r"^args\[1\]\.when: .*classes\.Order: "):
        SERIALIZATION.encode_arguments((0, {"when": classes.Order("o")}), {})
    with pytest.raises(SerializationError, match=r"^kwargs\.order\[0\]: .*classes\.Order: "):
        SERIALIZATION.encode_arguments((), {"order": [classes.Order("o")]})


@pytest.mark.parametrize("container", [{classes.Colour.RED: 1}, {classes.Colour.RED}])
def test_keys_and_elements_are_held_to_the_same_rule(container: Any) -> None:
    assert "plain data only" in why_refused(container)


@pytest.mark.parametrize("moment", [datetime(2026, 1, 1), time(1)])
def test_a_zone_of_the_application_is_refused(moment: Any) -> None:
    assert "classes.Zone: a pickle carries the zones" in why_refused(
        moment.replace(tzinfo=classes.Zone())
    )
    utc_plus_1 = timezone(timedelta(hours=1))
    assert SERIALIZATION.encode_value(moment.replace(tzinfo=utc_plus_1))


def test_a_zone_that_was_read_from_a_file_is_refused() -> None:
    header = b"TZif" + bytes(32) + b"\0\0\0\1" + b"\0\0\0\1"
    zone = ZoneInfo.from_file(io.BytesIO(header + bytes(6) + b"\0"))

    with pytest.raises(SerializationError, match="cannot be pickled"):
        SERIALIZATION.encode_value(zone)


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)

    assert "nests deeper than 100 levels" in why_refused(value)


def test_the_samples_of_a_real_worker_are_read() -> None:
    arguments = "gASVGwAAAAAAAAB9lCiMBGFyZ3OUSwWFlIwGa3dhcmdzlH2UdS4="
    output = "gASVCAAAAAAAAACMBHdva2WULg=="
    order = (
        "gASVXgAAAAAAAAB9lCiMCGN1c3RvbWVylIwDYW5ulIwFdG90YWyUSwaMBHdoZW6UjAhkYXRldGltZZSMCGRhdGV0"
        "aW1llJOUQwoH6gECAAAAAAAAlIWUUpSMA3NldJSPlChLAUsCkHUu"
    )

    assert SERIALIZATION.decode_arguments(arguments, "py_pickle") == WorkflowInputs((5,), {})
    assert SERIALIZATION.decode_value(output, "py_pickle") == "woke"
    assert SERIALIZATION.decode_value(order, "py_pickle") == {
        "customer": "ann",
        "total": 6,
        "when": datetime(2026, 1, 2),
        "set": {1, 2},
    }


def test_arguments_may_hold_what_only_the_application_can_build() -> None:
    text = encoded(pickle.dumps({"args": (classes.Colour.RED,), "kwargs": {"price": Decimal(3)}}))

    assert SERIALIZATION.decode_arguments(text, "py_pickle") == WorkflowInputs(
        (OpaqueObject(classes.__name__, "Colour", ("red",)),), {"price": Decimal(3)}
    )


@pytest.mark.parametrize(
    "value",
    [
        None,
        [1],
        {},
        {"args": ()},
        {"args": 1, "kwargs": {}},
        {"args": (), "kwargs": []},
        {"args": (), "kwargs": {classes.Colour.RED: 1}},
        {"args": (), "kwargs": {1: 1}},
        {"args": (), "kwargs": {}, "more": 1},
        classes.Settings(args=1, kwargs=2),
    ],
)
def test_what_is_no_arguments_is_shown_as_it_is(value: Any) -> None:
    text = encoded(pickle.dumps(value))

    shown = SERIALIZATION.decode_arguments(text, "py_pickle")

    assert shown == RawValue(
        text, "py_pickle", "The pickle holds no workflow arguments: a dict of args and kwargs."
    )


@pytest.mark.parametrize("text", ["gAROLg", "gARO.Lg==", "gAROLg==x", "é", "{}", "gARO\nLg==", "="])
def test_text_that_is_no_base64_is_shown_as_it_is(text: str) -> None:
    assert reason(SERIALIZATION.decode_value(text, "py_pickle")) == "The text is no base64."


def test_text_larger_than_the_budget_is_not_decoded() -> None:
    small = Serialization(budget=Budget(bytes=30))

    assert "larger than 30 bytes" in reason(small.decode_value("A" * 44, "py_pickle"))
    assert small.decode_value(encoded(pickle.dumps("a" * 8)), "py_pickle") == "a" * 8


def test_base64_is_that_of_the_standard_alphabet() -> None:
    text = encoded(pickle.dumps(b"\xff\xef\xbe\xfb" * 6))

    assert "+" in text
    assert "/" in text
    assert SERIALIZATION.decode_value(text, "py_pickle") == b"\xff\xef\xbe\xfb" * 6
