"""Payloads as text."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_core import UNDEFINED, OpaqueObject, RawValue, RecordedError, WorkflowInputs
from console.masking import DOTS, NO_MASKS
from console.payload import MAX_CHARACTERS, WITHHELD, Shown, show

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_json_stays_json(value: object) -> None:
    assert json.loads(show(value, masks=NO_MASKS).text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "datetime(2026-01-02T03:00:00+00:00)"),
        (date(2026, 1, 2), "date(2026-01-02)"),
        (timedelta(hours=1), "timedelta(1:00:00)"),
        (Decimal("1.50"), "Decimal(1.50)"),
        (UUID(int=1), "UUID(00000000-0000-0000-0000-000000000001)"),
        (b"\x00\xff", "bytes(00ff)"),
        ({1}, "set(1)"),
        ((), "tuple()"),
        ([UNDEFINED], "[\n  undefined\n]"),
        ({("a", 1): None}, '{tuple("a", 1): null}'),
        (complex(1, 2), "complex((1+2j))"),
    ],
)
def test_typed_values_are_named_as_what_they_are(value: object, text: str) -> None:
    assert show(value).text == text


def test_an_object_of_the_application_is_an_inert_description() -> None:
    order = OpaqueObject("shop.models", "Order", args=(1,), state={"total": 5})
    assert show(order).text == 'shop.models.Order(\n  1,\n  state: {"total": 5}\n)'
    assert show(OpaqueObject("builtins", "ValueError", args=("no",))).text == 'ValueError("no")'
    assert show(OpaqueObject("os", "system", called=False)).text == "<os.system>"


def test_a_raw_value_says_why() -> None:
    shown = show(RawValue("c29tZXRoaW5n", "acme", "It is encrypted."))
    assert (shown.text, shown.note) == ("c29tZXRoaW5n", "It is encrypted.")


def test_a_raw_value_that_may_hold_a_secret_is_not_shown() -> None:
    value = RawValue('{"password": "hunter2"', None, "The text is no JSON.")
    assert show(value) == Shown("", f"The text is no JSON. {WITHHELD}")
    assert show(value, NO_MASKS).text == value.text


@pytest.mark.parametrize(
    "value",
    [
        {"a": [{"password": "hunter2"}]},
        {"password": {"deep": ["hunter2"]}},
        {("id", "token"): "hunter2"},
        {b"token": b"hunter2"},
        WorkflowInputs((), {"api_key": "hunter2"}),
        RecordedError("E", "m", None, {"password": "hunter2"}),
        OpaqueObject("app", "User", state={"_password": "hunter2"}),
        OpaqueObject("app", "User", kwargs={"secret": "hunter2"}),
        OpaqueObject("", "Map", pairs=(("token", "hunter2"),)),
        OpaqueObject("app", "Header", args=("Authorization", "hunter2")),
        [["authorization", "hunter2"]],
        ({"name": "Cookie", "value": "hunter2"},),
        ["https://ann:hunter2@host/"],
        'a body: {"password": "hunter2"}',
    ],
)
def test_what_stands_under_a_hidden_key_is_dots(value: object) -> None:
    assert "hunter2" not in show(value).text
    assert b"hunter2".hex() not in show(value).text
    assert DOTS in show(value).text
    shown = show(value, NO_MASKS).text
    assert "hunter2" in shown or b"hunter2".hex() in shown


def test_a_hidden_key_without_a_value_hides_nothing() -> None:
    assert show({"password": None}).text == '{"password": null}'


def test_nesting_beyond_any_reader_is_cut() -> None:
    value: object = 1
    for _ in range(10_000):
        value = [value]
    assert "[…]" in show(value).text


def test_arguments_without_names_are_a_list() -> None:
    assert json.loads(show(WorkflowInputs(("ann",), {})).text) == ["ann"]
    assert json.loads(show(WorkflowInputs((), {"a": 1})).text) == {"args": [], "kwargs": {"a": 1}}


def test_an_error_shows_what_is_beyond_its_message() -> None:
    assert show(RecordedError("E", "m", None, None)).text == ""
    assert show(RecordedError("E", "m", None, {"a": 1})).text == '{"a": 1}'


@pytest.mark.parametrize(
    "value", ["x" * 2 * MAX_CHARACTERS, ["x"] * MAX_CHARACTERS, RawValue("x" * 2**20, None, "raw")]
)
def test_a_page_shows_no_more_than_its_budget(value: object) -> None:
    shown = show(value)
    assert len(shown.text) == MAX_CHARACTERS
    assert "Cut after" in shown.note


def test_a_few_plain_values_stay_on_one_line() -> None:
    assert (
        show([{"sku": "mug", "n": 1}, [1, 2]]).text == '[\n  {"sku": "mug", "n": 1},\n  [1, 2]\n]'
    )
    assert show(list(range(7))).text.count("\n") == 8
    assert show(["x" * 80]).text.count("\n") == 2


def test_shared_parts_do_not_explode() -> None:
    """Thirty doublings are a billion leaves, of which no more are made than are shown."""
    value: list[object] = ["leaf"]
    for _ in range(30):
        value = [value, value]
    assert len(show(value).text) == MAX_CHARACTERS
