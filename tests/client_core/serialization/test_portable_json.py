from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from dbos._serialization import (
    DBOSPortableJSON,
    PortableWorkflowError,
    WorkflowSerializationFormat,
    exception_to_workflow_error_data,
    serialize_args,
)
from hypothesis import given
from hypothesis import strategies as st

from client_core.serialization import (
    Budget,
    RecordedError,
    Serialization,
    SerializationError,
    WorkflowInputs,
)
from tests.client_core.serialization.strategies import zones
from tests.client_core.serialization.support import reason

SERIALIZATION = Serialization()

portable: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.decimals()
    | st.dates()
    | st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=zones),
    lambda parts: (
        st.lists(parts)
        | st.lists(parts).map(tuple)
        | st.sets(st.text() | st.integers())
        | st.dictionaries(st.text(), parts)
        | st.dictionaries(st.text(), parts, dict_class=OrderedDict)
    ),
    max_leaves=20,
)


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Plain(Enum):
    ONE = 1


def why_refused(value: Any) -> str:
    with pytest.raises(SerializationError) as caught:
        SERIALIZATION.encode_value(value)
    return str(caught.value)


@given(portable)
def test_a_value_is_written_as_the_official_client_writes_it(value: Any) -> None:
    assert SERIALIZATION.encode_value(value) == (DBOSPortableJSON.serialize(value), "portable_json")


@given(st.lists(portable).map(tuple), st.dictionaries(st.text(), portable))
def test_arguments_are_written_as_the_official_client_writes_them(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    official = serialize_args(args, kwargs, WorkflowSerializationFormat.PORTABLE, DBOSPortableJSON)

    assert SERIALIZATION.encode_arguments(args, kwargs) == official


@pytest.mark.parametrize("value", [[Colour.RED, Level.HIGH], {Colour.RED: Level.HIGH}, "\0\x7f"])
def test_members_of_enums_that_are_strings_or_numbers_are_written_as_such(value: Any) -> None:
    assert SERIALIZATION.encode_value(value)[0] == DBOSPortableJSON.serialize(value)


def test_times_are_utc_to_the_millisecond() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678999, tzinfo=timezone(timedelta(hours=2)))

    assert SERIALIZATION.encode_value(moment)[0] == '"2026-01-02T01:04:05.678Z"'
    assert SERIALIZATION.encode_value(datetime(2026, 1, 2))[0] == '"2026-01-02T00:00:00.000Z"'
    assert SERIALIZATION.encode_value(date(2026, 1, 2))[0] == '"2026-01-02"'


@pytest.mark.parametrize(
    "value",
    [b"x", time(1), timedelta(1), UUID(int=1), frozenset({1}), 1j, object(), Plain.ONE, range(3)],
)
def test_a_type_without_a_portable_form_is_refused_as_the_official_client_does(value: Any) -> None:
    with pytest.raises(TypeError):
        DBOSPortableJSON.serialize(value)
    assert "portable JSON has no form for this type" in why_refused(value)


def test_a_refusal_names_place_type_and_rule() -> None:
    with pytest.raises(SerializationError) as caught:
        SERIALIZATION.encode_arguments((1, {"when": {"two words": [0, {b"x"}]}}), {})

    assert str(caught.value) == (
        "args[1].when['two words'][1][0]: bytes: portable JSON has no form for this type."
    )


def test_a_refusal_names_keyword_arguments_and_qualified_types() -> None:
    with pytest.raises(SerializationError, match=r"^kwargs\.id: uuid\.UUID: "):
        SERIALIZATION.encode_arguments((), {"id": UUID(int=1)})


@pytest.mark.parametrize("key", [1, None, b"a", (1,), date(2026, 1, 1)])
def test_keys_that_are_no_strings_are_refused(key: Any) -> None:
    assert "keys of a JSON object are strings" in why_refused([{"a": 1, key: 2}])


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_does_not_have_are_refused_with_the_reason(number: float) -> None:
    assert why_refused({"a": number}) == (
        f"value.a: float: JSON has no {number}, and readers in other languages would refuse the"
        " row."
    )


@pytest.mark.parametrize("text", ["1e4300", "-1e4300", "1e-4300"])
def test_numbers_of_more_digits_than_python_prints_are_refused(text: str) -> None:
    assert "more than 4,300 digits" in why_refused([Decimal(text)])


def test_integers_that_python_does_not_print_are_refused_as_value_and_as_key() -> None:
    assert "more than 4,300 digits" in why_refused([10**4300])
    assert why_refused({10**4300: 1}).startswith("value[int]: int: keys of")


def test_a_long_key_is_cut_in_the_message() -> None:
    assert why_refused({"k" * 500: b"x"}).startswith("value['" + "k" * 79 + "…]: bytes: ")


def test_a_decimal_of_a_gigabyte_of_zeroes_is_refused_unwritten() -> None:
    assert "more than 4,300 digits" in why_refused(Decimal("1e1000000000"))


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, ["a", "b\ud83d"]])
def test_lone_surrogates_are_refused_because_the_database_would(value: Any) -> None:
    assert "lone surrogate" in why_refused(value)


def test_a_time_that_has_no_utc_is_refused() -> None:
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))

    assert "outside of the years 1 to 9999" in why_refused(first)


def test_a_value_that_contains_itself_is_refused_with_a_short_path() -> None:
    value: dict[str, Any] = {}
    value["me"] = [value]

    assert why_refused(value) == (
        "value.me[0].me: dict: a value here nests deeper than 100 levels."
    )


def test_the_deepest_value_that_can_be_written_can_be_read() -> None:
    value: list[Any] = []
    for _ in range(99):
        value = [value]

    text, name = SERIALIZATION.encode_value(value)
    assert SERIALIZATION.decode_value(text, name) == value
    assert "deeper than 100" in why_refused([value])


def test_the_deepest_arguments_that_can_be_written_can_be_read() -> None:
    serialization = Serialization(budget=Budget(depth=4))

    text, name = serialization.encode_arguments(([[]],), {"a": {"b": {}}})
    assert serialization.decode_arguments(text, name) == WorkflowInputs(([[]],), {"a": {"b": {}}})
    with pytest.raises(SerializationError, match=r"^args\[0\]\[0\]\[0\]: list: "):
        serialization.encode_arguments(([[[]]],), {})
    with pytest.raises(SerializationError, match=r"^kwargs\.a\.b\.c: dict: "):
        serialization.encode_arguments((), {"a": {"b": {"c": {}}}})


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ('{"namedArgs":{"a":1},"positionalArgs":["x",2]}', WorkflowInputs(("x", 2), {"a": 1})),
        ('{"positionalArgs":["bob"]}', WorkflowInputs(("bob",), {})),
        ('{"namedArgs":{"a":1}}', WorkflowInputs((), {"a": 1})),
        ('{"positionalArgs":null,"namedArgs":null}', WorkflowInputs((), {})),
        ("{}", WorkflowInputs((), {})),
        ('{"positionalArgs":[1],"unknown":true}', WorkflowInputs((1,), {})),
    ],
)
def test_arguments_are_read_with_either_part_missing(text: str, inputs: WorkflowInputs) -> None:
    assert SERIALIZATION.decode_arguments(text, "portable_json") == inputs


@pytest.mark.parametrize(
    "text", ["null", "[]", "[1]", '"x"', '{"positionalArgs":{"a":1}}', '{"namedArgs":[1]}', "1"]
)
def test_what_is_no_arguments_is_shown_as_it_is(text: str) -> None:
    assert "no workflow arguments" in reason(SERIALIZATION.decode_arguments(text, "portable_json"))


@given(portable)
def test_what_is_written_can_be_read(value: Any) -> None:
    text, name = SERIALIZATION.encode_value(value)

    assert SERIALIZATION.decode_value(text, name) == DBOSPortableJSON.deserialize(text)


@pytest.mark.parametrize(
    "error",
    [PortableWorkflowError("nope bob", "MyError", 42, {"a": 1}), ValueError("no"), KeyError()],
)
def test_an_error_that_the_official_client_recorded_is_read(error: Exception) -> None:
    fields = exception_to_workflow_error_data(error)
    text = DBOSPortableJSON.serialize(fields)

    assert SERIALIZATION.decode_error(text, "portable_json") == RecordedError(
        fields["name"], fields["message"], fields["code"], fields.get("data")
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{}", RecordedError("Error", "", None, None)),
        ('{"message":"m"}', RecordedError("Error", "m", None, None)),
        ('{"name":null,"message":null,"code":"E1"}', RecordedError("Error", "", "E1", None)),
        ('{"name":5,"message":6,"code":7.5}', RecordedError("5", "6", "7.5", None)),
        ('{"name":"E","data":[0]}', RecordedError("E", "", None, [0])),
    ],
)
def test_an_error_is_read_whatever_it_lacks(text: str, error: RecordedError) -> None:
    assert SERIALIZATION.decode_error(text, "portable_json") == error


@pytest.mark.parametrize("text", ["null", "[]", '"boom"', "1"])
def test_what_is_no_error_is_shown_as_it_is(text: str) -> None:
    assert "no error" in reason(SERIALIZATION.decode_error(text, "portable_json"))


def test_utc_of_the_standard_library_is_z() -> None:
    assert SERIALIZATION.encode_value(datetime(2026, 1, 1, tzinfo=UTC))[0].endswith('.000Z"')
