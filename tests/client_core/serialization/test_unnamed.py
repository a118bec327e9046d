"""Rows that do not name their format."""

from datetime import UTC, datetime
from typing import Any

import pytest

from client_core.serialization import RawValue, RecordedError, Serialization, WorkflowInputs
from tests.client_core.serialization.support import encoded, reason

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PICKLE = encoded(b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x01a\x94.")


class Backwards:
    """A custom serializer."""

    def name(self) -> str:
        return "backwards"

    def serialize(self, value: Any) -> str:
        return str(value)[::-1]

    def deserialize(self, text: str) -> Any:
        return text[::-1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (PICKLE, "a"),
        ('{"json":[1],"__dbos_serializer":"superjson"}', [1]),
        ('{"dbos_type":"dbos_Date","dbos_data":"1970-01-01T00:00:00.000Z"}', EPOCH),
        ('[{"type":"Buffer","data":[0,255]}]', [b"\x00\xff"]),
        ('{"py/tuple": [1]}', (1,)),
        ("8", 8),
        ('{"type": "Buffer", "data": [1]}', {"type": "Buffer", "data": [1]}),
        ("null", None),
    ],
)
def test_the_text_tells_its_format(text: str, value: Any) -> None:
    assert Serialization().decode_value(text, None) == value
    assert Serialization(custom=Backwards()).decode_value(text, "") == (
        text[::-1] if text in ("8", "null", '{"type": "Buffer", "data": [1]}') else value
    )


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ('["ann",3]', WorkflowInputs(("ann", 3), {})),
        ('{"args": ["ann"], "kwargs": {"n": 3}}', WorkflowInputs(("ann",), {"n": 3})),
        ('{"positionalArgs":["ann"],"namedArgs":{}}', WorkflowInputs(("ann",), {})),
    ],
)
def test_the_shape_of_arguments_tells_whose_they_are(text: str, inputs: WorkflowInputs) -> None:
    assert Serialization().decode_arguments(text, None) == inputs


def test_an_error_without_a_mark_is_of_typescript() -> None:
    text = '{"name":"RangeError","message":"no stock","stack":"RangeError: no stock"}'
    error = Serialization().decode_error(text, None)
    assert isinstance(error, RecordedError)
    assert (error.name, error.message) == ("RangeError", "no stock")


@pytest.mark.parametrize("reader", ["decode_value", "decode_arguments", "decode_error"])
def test_a_text_that_tells_nothing_is_shown_as_it_is(reader: str) -> None:
    shown = getattr(Serialization(), reader)("c2VjcmV0", None)
    assert isinstance(shown, RawValue)
    assert reason(shown).startswith("The row does not name its format. The text is no JSON: ")
