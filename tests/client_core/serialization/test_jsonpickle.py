"""jsonpickle's text is read as data; nothing that it names is imported or called."""

from collections import OrderedDict, deque
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from client_core.serialization import (
    Budget,
    OpaqueObject,
    RawValue,
    RecordedError,
    Serialization,
    WorkflowInputs,
)
from tests.client_core.serialization.support import reason, shape

UTC_TEXT = (
    '{"py/reduce": [{"py/type": "datetime.timezone"}, {"py/tuple": ['
    '{"py/reduce": [{"py/type": "datetime.timedelta"}, {"py/tuple": [0, 0, 0]}]}]}]}'
)
ZONE_TEXT = (
    '{"py/reduce": [{"py/function": "zoneinfo.ZoneInfo._unpickle"}, '
    '{"py/tuple": ["Europe/Berlin", 1]}]}'
)
DATETIME = (
    '{"py/object": "datetime.datetime", "__reduce__": [{"py/type": "datetime.datetime"}, %s]}'
)

DATE = '{"py/object": "datetime.date", "__reduce__": [{"py/type": "datetime.date"}, %s]}'
TIME = '{"py/object": "datetime.time", "__reduce__": [{"py/type": "datetime.time"}, %s]}'

#: As jsonpickle 4 writes them; the contract tests ask it itself.
PLAIN: list[tuple[str, Any]] = [
    ('{"py/tuple": [1, [2], {"a": null}]}', (1, [2], {"a": None})),
    ('{"py/set": ["a"]}', {"a"}),
    ('{"py/b64": "AP8="}', b"\x00\xff"),
    ('{"py/b85": "0f"}', b"\x01"),
    ('{"py/reduce": [{"py/type": "builtins.frozenset"}, {"py/tuple": [[1]]}]}', frozenset({1})),
    ('{"py/reduce": [{"py/type": "decimal.Decimal"}, {"py/tuple": ["1.50"]}]}', Decimal("1.50")),
    ('{"py/object": "uuid.UUID", "hex": "00000000000000000000000000000007"}', UUID(int=7)),
    (DATETIME % '["B+oBAgMEBQpYcA=="]', datetime(2026, 1, 2, 3, 4, 5, 678000)),
    (DATETIME % f'["B+oBAgMEBQpYcA==", {UTC_TEXT}]', datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)),
    (
        DATETIME % f'["B+oBAQAAAAAAAA==", {ZONE_TEXT}]',
        datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")),
    ),
    (DATE % '["B+oBAQ=="]', date(2026, 1, 1)),
    (TIME % '["AQIAAAAA"]', time(1, 2)),
    (
        '{"py/reduce": [{"py/type": "datetime.timedelta"}, {"py/tuple": [1, 0, 0]}]}',
        timedelta(days=1),
    ),
    ('{"py/object": "builtins.complex", "py/newargs": {"py/tuple": [1.0, 2.0]}}', 1 + 2j),
    (
        '{"py/reduce": [{"py/type": "collections.OrderedDict"}, {"py/tuple": []}, null, null, '
        '{"py/tuple": [{"py/tuple": ["a", 1]}]}]}',
        OrderedDict(a=1),
    ),
    (
        '{"py/reduce": [{"py/type": "collections.deque"}, {"py/tuple": [{"py/tuple": []}, 3]}, '
        'null, {"py/tuple": [1, 2]}]}',
        deque([1, 2], 3),
    ),
]

OBJECTS: list[tuple[str, OpaqueObject]] = [
    (
        '{"py/object": "app.Order", "id": 1, "lines": [2]}',
        OpaqueObject("app", "Order", state={"id": 1, "lines": [2]}),
    ),
    (
        '{"py/object": "app.Outer.Inner", "py/state": {"a": 1}}',
        OpaqueObject("app", "Outer.Inner", state={"a": 1}),
    ),
    (
        '{"py/object": "app.Point", "py/newargs": {"py/tuple": [1, 2]}, "py/seq": [1, 2]}',
        OpaqueObject("app", "Point", args=(1, 2)),
    ),
    (
        '{"py/object": "app.Words", "py/seq": ["a", "b"]}',
        OpaqueObject("app", "Words", items=("a", "b")),
    ),
    (
        '{"py/object": "app.Named", "py/newargsex": [{"py/tuple": [1]}, {"size": 2}]}',
        OpaqueObject("app", "Named", args=(1,), kwargs={"size": 2}),
    ),
    (
        '{"py/reduce": [{"py/type": "app.Color"}, {"py/tuple": [1]}]}',
        OpaqueObject("app", "Color", args=(1,)),
    ),
    (
        '{"py/reduce": ["py/newobj", {"py/tuple": [{"py/type": "app.Color"}, 1]}, {"a": 2}]}',
        OpaqueObject("app", "Color", args=(1,), state={"a": 2}),
    ),
    ('{"py/type": "app.Color"}', OpaqueObject("app", "Color", called=False)),
    ('{"py/function": "builtins.len"}', OpaqueObject("builtins", "len", called=False)),
    ('{"py/repr": "os/os.system"}', OpaqueObject("os", "system", called=False)),
]


def read(text: str, budget: Budget | None = None) -> Any:
    """What a row shows that holds this text and does not name its format."""
    return Serialization(budget=budget or Budget()).decode_value(text, None)


@pytest.mark.parametrize(("text", "value"), PLAIN)
def test_plain_data(text: str, value: Any) -> None:
    assert shape(read(text)) == shape(value)


@pytest.mark.parametrize(("text", "value"), OBJECTS)
def test_what_needs_an_application_stays_a_description(text: str, value: OpaqueObject) -> None:
    assert read(text) == value


def test_nothing_is_called() -> None:
    shown = read('{"py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["exit 1"]}]}')
    assert shown == OpaqueObject("os", "system", args=("exit 1",))


def test_what_was_shared_is_shared() -> None:
    first, second, last = read('[{"py/tuple": [[1]]}, {"a": {"py/id": 1}}, {"py/id": 2}]')
    assert first[0] is second["a"]
    assert second is last


def test_objects_are_counted_as_jsonpickle_counts_them() -> None:
    text = f'[{DATETIME % f"""["B+oBAgMEBQpYcA==", {UTC_TEXT}]"""}, {{"py/id": 2}}, {{"py/id": 1}}]'
    moment, zone, again = read(text)
    assert (zone, again) == (UTC, moment)


def test_arguments() -> None:
    text = '{"args": {"py/tuple": ["ann", {"py/set": [1]}]}, "kwargs": {"urgent": true}}'
    assert Serialization().decode_arguments(text, None) == WorkflowInputs(
        ("ann", {1}), {"urgent": True}
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            '{"py/reduce": [{"py/type": "builtins.ValueError"}, {"py/tuple": ["no stock"]}, {}]}',
            RecordedError("ValueError", "no stock", None, None),
        ),
        (
            '{"py/reduce": [{"py/type": "app.Declined"}, {"py/tuple": ["no"]}, {"code": 42}]}',
            RecordedError(
                "app.Declined",
                "no",
                42,
                OpaqueObject("app", "Declined", ("no",), state={"code": 42}),
            ),
        ),
    ],
)
def test_an_error(text: str, error: RecordedError) -> None:
    assert Serialization().decode_error(text, None) == error


@pytest.mark.parametrize(
    "text",
    [
        '{"py/tuple": 1}',
        '{"py/set": {"a": 1}}',
        '{"py/b64": "%"}',
        '{"py/b85": 5}',
        '{"py/id": 9}',
        '{"py/id": -1}',
        '{"py/id": "a"}',
        '{"py/reduce": 5}',
        '{"py/reduce": [{"py/type": "a.B"}, 5]}',
        '{"py/reduce": [{"py/type": "a.B"}, [], null, null, [1]]}',
        '{"py/object": "datetime.date", "__reduce__": [], "a": {"py/tuple": []}}',
        '{"py/reduce": [{"py/type": "a.B"}, [], null, 5]}',
        '{"py/object": "a.B", "py/newargsex": []}',
        '{"py/object": "a.B", "py/newargsex": [[], [1]]}',
        '{"py/object": "a.B", "py/seq": 7}',
    ],
)
def test_a_damaged_text_is_shown_as_it_is(text: str) -> None:
    shown = read(text)
    assert isinstance(shown, RawValue)
    assert shown == RawValue(
        text, None, "The jsonpickle text is damaged: a tag does not hold what belongs to it."
    )


def test_a_value_that_contains_itself_is_shown_as_it_is() -> None:
    assert reason(read('[{"py/id": 0}]')) == "The value contains itself."


def test_the_budget_counts_what_is_repeated() -> None:
    parts = ", ".join(f'[{{"py/id": {n}}}, {{"py/id": {n}}}]' for n in range(1, 31))
    assert reason(read(f"[[1], {parts}]")) == "The value has more than 200,000 parts."


def test_a_text_that_nests_too_deep_is_shown_as_it_is() -> None:
    tuples = '{"py/tuple": [' * 150 + "]}" * 150
    assert reason(read(tuples)) == "The value nests deeper than 100 levels."
    bottomless = '{"py/tuple": [' * 50_000 + "]}" * 50_000
    assert reason(read(bottomless)).startswith("The value nests deeper")


def test_a_value_of_the_whole_depth_is_read() -> None:
    shown = read('{"py/tuple": [' * 100 + "]}" * 100)
    assert isinstance(shown, tuple)
