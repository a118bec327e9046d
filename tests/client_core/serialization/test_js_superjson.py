"""Reading and writing superjson by hand-made rows; beside the SDK itself in tests/contract."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_core.serialization import (
    UNDEFINED,
    Budget,
    OpaqueObject,
    RawValue,
    RecordedError,
    Serialization,
    SerializationError,
    WorkflowInputs,
)
from tests.client_core.serialization.support import P, reason, shape

NAME = "js_superjson"
SERIALIZATION = Serialization()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZERO = "1970-01-01T00:00:00.000Z"

zones = st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# What superjson cannot read back is refused, and has tests of its own.
names = st.text().filter(
    lambda key: key not in ("__proto__", "constructor", "prototype") and not key.endswith("\\")
)
keys: st.SearchStrategy[Any] = (
    st.none() | st.integers(-(2**70), 2**70) | st.floats(-1e9, 1e9) | names
)
scalars: st.SearchStrategy[Any] = (
    keys
    | st.text()
    | st.booleans()
    | st.just(UNDEFINED)
    | st.binary(max_size=20)
    | st.floats()
    | st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=zones).map(
        lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    )
)
writable: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.dictionaries(names, parts, max_size=4)
        | st.dictionaries(keys, parts, max_size=4)
        | st.sets(keys, max_size=4)
    ),
    max_leaves=15,
)
jsons: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4),
    max_leaves=15,
)
kinds: st.SearchStrategy[Any] = st.sampled_from(
    ["undefined", "bigint", "Date", "Error", "regexp", "set", "map", "number", "URL", "no"]
) | st.tuples(st.sampled_from(["symbol", "class", "custom", "typed-array"]), st.text()).map(list)
paths = st.lists(
    st.sampled_from(["0", "1", "a", "a\\.b", "__proto__", "constructor", "", "\\"]), max_size=3
).map(".".join)
trees: st.SearchStrategy[Any] = st.recursive(
    kinds.map(lambda kind: [kind]) | jsons,
    lambda parts: (
        st.dictionaries(paths, parts, max_size=3)
        | st.tuples(kinds, st.dictionaries(paths, parts, max_size=3)).map(list)
    ),
    max_leaves=8,
)
references = st.dictionaries(paths, st.lists(paths, max_size=3), max_size=3)
small: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, 1, "1", "/a/g", ZERO]),
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "a.b", "", "0"]), parts, max_size=3)
    ),
    max_leaves=10,
)


def normal(value: Any) -> Any:
    """The shape of what JavaScript keeps: one kind of number, UTC, and an order of its own."""
    if isinstance(value, dict):
        return "dict", sorted(repr((normal(key), normal(item))) for key, item in value.items())
    if isinstance(value, list):
        return "list", [normal(item) for item in value]
    if isinstance(value, set):
        return "set", sorted(repr(normal(item)) for item in value)
    if isinstance(value, datetime):
        return shape(value.astimezone(UTC).replace(fold=0))  # In UTC no time comes twice.
    if isinstance(value, float) and value.is_integer() and repr(value) != "-0.0":
        return shape(int(Decimal(repr(value))))
    return shape(value)


def envelope(value: Any, values: Any = None, equalities: Any = None) -> str:
    meta = {"values": values, "referentialEqualities": equalities}
    meta = {key: part for key, part in meta.items() if part is not None}
    return json.dumps({"json": value, "meta": meta, "__dbos_serializer": "superjson"})


def read(value: Any, values: Any = None, equalities: Any = None) -> Any:
    return SERIALIZATION.decode_value(envelope(value, values, equalities), NAME)


def why_refused(value: Any) -> str:
    with pytest.raises(SerializationError) as caught:
        SERIALIZATION.encode_value(value, NAME)
    return str(caught.value)


@given(writable)
def test_what_is_written_can_be_read(value: Any) -> None:
    text, name = SERIALIZATION.encode_value(value, NAME)
    assert normal(SERIALIZATION.decode_value(text, name)) == normal(value)


@given(small, trees, references | st.tuples(st.lists(paths), references).map(list) | jsons)
def test_no_envelope_is_too_strange(value: Any, values: Any, equalities: Any) -> None:
    text = envelope(value, values, equalities)
    for decode in (SERIALIZATION.decode_value, SERIALIZATION.decode_arguments):
        shown = decode(text, NAME)
        assert not isinstance(shown, RawValue) or "reader failed" not in shown.reason
    assert isinstance(SERIALIZATION.decode_error(text, NAME), (RawValue, RecordedError))


@given(jsons, jsons)
def test_no_json_is_too_strange(meta: Any, value: Any) -> None:
    marked = {"json": value, "meta": meta, "__dbos_serializer": "superjson"}
    tagged = {"dbos_type": "dbos_Date", "dbos_data": value, "type": "Buffer", "data": meta}
    for text in map(json.dumps, (meta, marked, [tagged], {"__dbos_serializer": value})):
        shown = SERIALIZATION.decode_value(text, NAME)
        assert not isinstance(shown, RawValue) or "reader failed" not in shown.reason


def test_classes_symbols_and_customs_are_inert() -> None:
    tree = {
        "0": [["class", "Order"], {"when": ["Date"]}],
        "1": [["symbol", "iterator"]],
        "2": [["custom", "Decimal"]],
    }
    assert read([{"when": ZERO}, "Symbol.iterator", "1.50"], tree) == [
        OpaqueObject("", "Order", state={"when": EPOCH}),
        OpaqueObject("", "Symbol", args=("iterator",)),
        OpaqueObject("", "Decimal", args=("1.50",)),
    ]


def test_an_error_keeps_what_else_it_had() -> None:
    fields = {"name": "E", "message": "m", "code": 5, "at": ZERO}
    assert read(fields, ["Error", {"at": ["Date"]}]) == RecordedError("E", "m", 5, {"at": EPOCH})
    assert read({"code": [1]}, ["Error"]) == RecordedError("Error", "", None, {"code": [1]})


@pytest.mark.parametrize("path", ["b", "a.b", "a.0.0", "x\\.y", "0", "", ".", "a.00000000000"])
def test_a_path_that_leads_nowhere_is_a_raw_value(path: str) -> None:
    assert "leads nowhere" in reason(read({"a": [1]}, {path: ["Date"]}))
    assert "leads nowhere" in reason(read({"a": [1]}, None, {"a": [path]}))


@pytest.mark.parametrize("key", ["__proto__", "prototype", "constructor"])
def test_a_path_through_a_prototype_is_a_raw_value(key: str) -> None:
    assert "an object's prototype" in reason(read({key: {"a": ZERO}}, {f"{key}.a": ["Date"]}))
    assert read({key: {"a": 1}}) == {key: {"a": 1}}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, "Date"),
        ("2026-02-31T00:00:00.000Z", "Date"),
        ("today", "Date"),
        ("0x10", "bigint"),
        ("", "bigint"),
        ("9" * 4301, "bigint"),
        (5, "number"),
        ("1e5", "number"),
        ("a", "regexp"),
        ("/", "regexp"),
        (None, "URL"),
        ({}, "set"),
        ([1], "map"),
        ([[1, 2, 3]], "map"),
        ([], "Error"),
        ([256], ["custom", "Buffer"]),
        ([True], ["custom", "Buffer"]),
        ("hi", ["custom", "Buffer"]),
        ({}, ["typed-array", "Uint8Array"]),
        (1, "constructor"),
        (1, ["class"]),
        (1, ["class", 5]),
        (1, 5),
    ],
)
def test_an_annotation_that_does_not_fit_is_a_raw_value(value: Any, kind: Any) -> None:
    assert "reader failed" not in reason(read([value], {"0": [kind]}))


@pytest.mark.parametrize("meta", ["x", 5, [1], {"values": "Date"}, {"values": {"0": 1}}])
def test_meta_of_another_form_is_a_raw_value(meta: Any) -> None:
    row = {"json": [1], "meta": meta, "__dbos_serializer": "superjson"}
    assert reason(SERIALIZATION.decode_value(json.dumps(row), NAME)).startswith("The envelope")


@pytest.mark.parametrize("equalities", ["x", [], [1], {"0": "1"}, {"0": [1]}, [[], {}, {}]])
def test_references_of_another_form_are_a_raw_value(equalities: Any) -> None:
    assert reason(read([1, 2], None, equalities)).startswith("The envelope")


def test_references_lead_through_sets_maps_and_classes() -> None:
    value = {"m": [["k", None]], "s": [None], "c": {"x": None}, "a": [7]}
    tree = {"m": ["map"], "s": ["set"], "c": [["class", "C"]]}
    shared = read(value, tree, {"a": ["m.0.1", "s.0", "c.x"]})
    assert shared["m"] == {"k": [7]}
    assert shared["s"] == OpaqueObject("", "Set", items=([7],))
    assert shared["c"].state["x"] is shared["a"] is shared["m"]["k"]


def test_a_circle_is_a_raw_value() -> None:
    assert "contains itself" in reason(read([None], None, [["0"]]))
    assert "contains itself" in reason(read({"a": {"b": None}}, None, {"a": ["a.b"]}))


def test_shared_parts_are_counted_as_often_as_they_are_shown() -> None:
    value = {str(level): [None, None] for level in range(60)}
    equalities = {str(level): [f"{level + 1}.0", f"{level + 1}.1"] for level in range(59)}
    assert "more than 200,000 parts" in reason(read(value, None, equalities))


def test_a_long_text_that_is_shared_is_counted_as_often_as_it_is_shown() -> None:
    value = ["x" * 1000] + [None] * 100
    equalities = {"0": [str(index) for index in range(1, 101)]}
    row = envelope(value, {"0": ["URL"]}, equalities)
    small = Serialization(budget=Budget(bytes=50_000))
    assert "larger than 50,000 bytes" in reason(small.decode_value(row, NAME))


def test_deep_and_long_meta_costs_no_more_than_its_length() -> None:
    deep: Any = ["Date"]
    for _ in range(200):
        deep = {"a": deep}
    assert "leads nowhere" in reason(read({"a": 1}, deep))
    long = {"a." * 100_000 + str(index): ["Date"] for index in range(20)}
    assert "leads nowhere" in reason(read({"a": {"a": 1}}, long))
    assert "nests deeper" in reason(SERIALIZATION.decode_value("[" * 50_000, NAME))


def test_elements_chosen_to_have_one_hash_are_a_raw_value() -> None:
    items = [str(P * factor) for factor in range(1, 200)]
    tree = ["set", {str(index): ["bigint"] for index in range(len(items))}]
    assert "same hash" in reason(read(items, tree))


def test_the_older_tagged_form() -> None:
    row = {
        "when": {"dbos_type": "dbos_Date", "dbos_data": ZERO},
        "before": {"dbos_type": "dbos_Date", "dbos_data": "Thu, 01 Jan 1970 00:00:00 GMT"},
        "big": [{"dbos_type": "dbos_BigInt", "dbos_data": "-12345678901234567890"}],
        "raw": {"type": "Buffer", "data": [104, 105]},
        "odd": [{"dbos_type": "dbos_Date", "dbos_data": 5}, {"type": "Buffer", "data": [256]}],
    }
    assert SERIALIZATION.decode_value(json.dumps(row), NAME) == {
        "when": EPOCH,
        "before": EPOCH,
        "big": [-12345678901234567890],
        "raw": b"hi",
        "odd": row["odd"],
    }
    assert SERIALIZATION.decode_arguments("[1,null]", NAME) == WorkflowInputs((1, None), {})
    error = SERIALIZATION.decode_error('{"name":"E","message":"m","stack":"s"}', NAME)
    assert error == RecordedError("E", "m", None, {"stack": "s"})


def test_arguments_are_an_array() -> None:
    text, name = SERIALIZATION.encode_arguments(("ann", EPOCH), {}, NAME)
    assert text == (
        '{"json":["ann","1970-01-01T00:00:00.000Z"],"meta":{"values":{"1":["Date"]}},'
        '"__dbos_serializer":"superjson"}'
    )
    assert SERIALIZATION.decode_arguments(text, name) == WorkflowInputs(("ann", EPOCH), {})
    assert "an array" in reason(SERIALIZATION.decode_arguments(envelope({"a": 1}), NAME))
    assert "no value" in reason(
        SERIALIZATION.decode_value('{"__dbos_serializer":"superjson"}', NAME)
    )


def test_named_arguments_are_refused() -> None:
    with pytest.raises(SerializationError, match="no named arguments, and these were given: a, b"):
        SERIALIZATION.encode_arguments((), {"a": 1, "b": 2}, NAME)


def test_a_time_is_cut_to_the_millisecond_of_utc() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678999, timezone(timedelta(hours=2)))
    assert '"2026-01-02T01:04:05.678Z"' in SERIALIZATION.encode_value(moment, NAME)[0]


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (datetime(2026, 1, 2), "needs a time zone"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "years 1 to 9999"),
        ([10**4300], "4,300 digits"),
        ("\ud800", "lone surrogate"),
        ({"\ud800": 1}, "lone surrogate"),
        (Decimal("1.5"), "plain data only"),
        (object(), "plain data only"),
        ({"__proto__": 1}, "refuses to read"),
        ({"constructor": {"a": EPOCH}}, "refuses to read"),
        ({"a\\": {"b": UNDEFINED}}, "backslash"),
    ],
)
def test_what_typescript_would_not_read_as_it_is_meant_is_refused(value: Any, rule: str) -> None:
    assert rule in why_refused([value])


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(SerializationError, match=r"^args\[1\]\.when\[3\]: decimal\.Decimal: "):
        SERIALIZATION.encode_arguments((1, {"when": {3: Decimal(1)}}), {}, NAME)


@pytest.mark.parametrize("nest", [lambda part: [part], lambda part: {1: part}])
def test_the_deepest_value_that_can_be_written_can_be_read(nest: Any) -> None:
    value: Any = b"x"
    for _ in range(99):
        value = nest(value)
    text, _ = SERIALIZATION.encode_value(value, NAME)
    assert shape(SERIALIZATION.decode_value(text, NAME)) == shape(value)
    assert "nests deeper than 100" in why_refused(nest(value))


def test_undefined_is_one_falsy_value() -> None:
    assert read(None, ["undefined"]) is UNDEFINED
    assert not UNDEFINED
    assert repr([UNDEFINED]) == "[UNDEFINED]"
