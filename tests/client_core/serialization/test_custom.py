import json
from typing import Any

import pytest

from client_core.serialization import (
    Budget,
    RawValue,
    RecordedError,
    Serialization,
    SerializationError,
    WorkflowInputs,
)
from tests.client_core.serialization.support import reason


class Reversed:
    """JSON written backwards: as good as encrypted to anyone else."""

    def name(self) -> str:
        return "reversed"

    def serialize(self, value: Any) -> str:
        return json.dumps(value)[::-1]

    def deserialize(self, text: str) -> Any:
        return json.loads(text[::-1])


class Giving(Reversed):
    """Gives one value, or raises it."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def serialize(self, value: Any) -> Any:
        return self._value

    def deserialize(self, text: str) -> Any:
        return self._value


class Raising(Giving):
    def serialize(self, value: Any) -> Any:
        raise self._value

    def deserialize(self, text: str) -> Any:
        raise self._value


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def test_it_writes_and_reads_in_the_format_of_its_name() -> None:
    serialization = Serialization(custom=Reversed())

    assert serialization.encode_value({"a": 1}) == ('}1 :"a"{', "reversed")
    assert serialization.decode_value('}1 :"a"{', "reversed") == {"a": 1}


def test_arguments_go_through_it_as_the_official_client_gives_them() -> None:
    serialization = Serialization(custom=Reversed())

    text, name = serialization.encode_arguments((1, "b"), {"c": 2})

    assert json.loads(text[::-1]) == {"args": [1, "b"], "kwargs": {"c": 2}}
    assert serialization.decode_arguments(text, name) == WorkflowInputs((1, "b"), {"c": 2})


def test_what_it_gives_for_arguments_must_be_some() -> None:
    serialization = Serialization(custom=Giving([1]))

    assert "The serializer reversed gave no workflow arguments" in reason(
        serialization.decode_arguments("x", "reversed")
    )


def test_it_is_the_default_unless_another_is_named() -> None:
    assert Serialization(custom=Reversed()).default == "reversed"
    assert Serialization(default="py_pickle", custom=Reversed()).default == "py_pickle"


def test_the_other_formats_stay() -> None:
    serialization = Serialization(custom=Reversed())

    assert serialization.readable == (*Serialization().readable, "reversed")
    assert serialization.writable == (*Serialization().writable, "reversed")
    assert serialization.decode_value("[1]", "portable_json") == [1]


def test_what_it_raises_while_reading_becomes_a_reason() -> None:
    serialization = Serialization(custom=Raising(ZeroDivisionError("secret")))

    assert serialization.decode_value("x", "reversed") == RawValue(
        "x", "reversed", "The serializer reversed raised ZeroDivisionError."
    )


def test_what_it_raises_while_writing_is_told() -> None:
    serialization = Serialization(custom=Raising(TypeError("no such key")))

    with pytest.raises(SerializationError, match="reversed raised TypeError: no such key"):
        serialization.encode_value(1)


def test_it_must_write_text() -> None:
    with pytest.raises(SerializationError, match="reversed returned bytes, not a string"):
        Serialization(custom=Giving(b"x")).encode_value(1)


def test_what_it_gives_is_held_to_the_budget() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    serialization = Serialization(custom=Giving(cycle), budget=Budget(bytes=5))

    assert "contains itself" in reason(serialization.decode_value("x", "reversed"))
    assert "larger than 5 bytes" in reason(serialization.decode_value("x" * 6, "reversed"))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (ValueError("no"), RecordedError("ValueError", "no", None, None)),
        (
            json.JSONDecodeError("m", "", 0),
            RecordedError(
                "json.decoder.JSONDecodeError", "m: line 1 column 1 (char 0)", None, None
            ),
        ),
        (Unprintable(), RecordedError(f"{__name__}.Unprintable", "", None, None)),
        ({"name": "E", "message": "m", "code": 3}, RecordedError("E", "m", 3, None)),
    ],
)
def test_an_error_is_an_exception_or_its_fields(given: Any, shown: RecordedError) -> None:
    assert Serialization(custom=Giving(given)).decode_error("x", "reversed") == shown


def test_anything_else_is_no_error() -> None:
    assert "no error" in reason(Serialization(custom=Giving(1)).decode_error("x", "reversed"))


@pytest.mark.parametrize(
    "name", ["py_pickle", "portable_json", "js_superjson", "java_jackson", "DBOS_GOB"]
)
def test_the_name_of_a_format_of_dbos_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reversed, "name", lambda self: name)

    with pytest.raises(SerializationError, match=f"{name} is the name of a format of DBOS"):
        Serialization(custom=Reversed())
