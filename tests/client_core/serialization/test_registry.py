import logging
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
from client_core.serialization import registry as registry_module
from client_core.serialization.format import Format
from client_core.serialization.registry import FORMATS

READERS = ["decode_value", "decode_arguments", "decode_error"]


class ReadOnly(Format):
    """A format of the kind that another language writes."""

    name = "upper"
    writable = False

    def decode_value(self, text: str, budget: Budget) -> Any:
        return text.upper()

    def decode_arguments(self, text: str, budget: Budget) -> WorkflowInputs:
        return WorkflowInputs((text.upper(),), {})

    def decode_error(self, text: str, budget: Budget) -> RecordedError:
        return RecordedError(text.upper(), "", None, None)


class Broken(ReadOnly):
    """A format whose author overlooked something."""

    def decode_value(self, text: str, budget: Budget) -> Any:
        raise LookupError(text)


@pytest.fixture
def with_format(monkeypatch: pytest.MonkeyPatch) -> Any:
    def register(kind: type[Format]) -> Serialization:
        monkeypatch.setattr(registry_module, "FORMATS", (*FORMATS, kind))
        return Serialization()

    return register


def test_portable_json_is_the_default() -> None:
    assert Serialization().default == "portable_json"
    assert Serialization().encode_value([1]) == ("[1]", "portable_json")


def test_another_default_can_be_named() -> None:
    assert Serialization("py_pickle").encode_arguments((), {})[1] == "py_pickle"


def test_each_call_can_name_a_format() -> None:
    serialization = Serialization("py_pickle")

    assert serialization.encode_value([1], "portable_json") == ("[1]", "portable_json")
    assert serialization.encode_arguments((), {}, "portable_json") == (
        '{"namedArgs":{},"positionalArgs":[]}',
        "portable_json",
    )


@pytest.mark.parametrize("name", ["DBOS_JSON", "java_jackson", "DBOS_GOB", "unknown", ""])
def test_a_format_that_cannot_be_written_is_refused(name: str) -> None:
    with pytest.raises(
        SerializationError, match="these can: portable_json, py_pickle, js_superjson"
    ):
        Serialization().encode_value(1, name)
    with pytest.raises(
        SerializationError, match="these can: portable_json, py_pickle, js_superjson"
    ):
        Serialization().encode_arguments((), {}, name)


def test_a_default_that_cannot_be_written_is_refused_at_once() -> None:
    with pytest.raises(SerializationError, match="DBOS_JSON cannot be written"):
        Serialization(default="DBOS_JSON")


def test_what_can_be_read_and_written_can_be_asked() -> None:
    writable = ("portable_json", "py_pickle", "js_superjson")
    assert Serialization().readable == (*writable, "DBOS_JSON", "java_jackson")
    assert Serialization().writable == writable


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["portable_json", "py_pickle", "unknown", None])
def test_nothing_is_read_as_nothing(reader: str, name: str | None) -> None:
    assert getattr(Serialization(), reader)(None, name) is None


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("DBOS_GOB", "DBOS_GOB, the format of Go applications, is not read yet."),
        ("aes", "aes is not a known format: its application has a serializer of its own."),
    ],
)
def test_other_formats_are_shown_as_they_are(reader: str, name: str | None, why: str) -> None:
    assert getattr(Serialization(), reader)("text", name) == RawValue("text", name, why)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["portable_json", "py_pickle"])
@pytest.mark.parametrize("text", ["", "\0", "{", "%%%", "gASV", "é\ud800"])
def test_damaged_text_is_shown_as_it_is(reader: str, name: str, text: str) -> None:
    shown = getattr(Serialization(), reader)(text, name)

    assert isinstance(shown, RawValue)
    assert (shown.text, shown.serialization) == (text, name)
    assert shown.reason.endswith(".")


def test_the_budget_is_that_of_the_client() -> None:
    small = Serialization(budget=Budget(nodes=2))

    assert small.decode_value("[1]", "portable_json") == [1]
    assert isinstance(small.decode_value("[1,2]", "portable_json"), RawValue)


def test_a_new_format_is_a_class_in_the_list(with_format: Any) -> None:
    serialization = with_format(ReadOnly)

    assert serialization.decode_value("a", "upper") == "A"
    assert serialization.decode_arguments("a", "upper") == WorkflowInputs(("A",), {})
    assert serialization.decode_error("a", "upper") == RecordedError("A", "", None, None)


def test_a_format_may_be_read_only(with_format: Any) -> None:
    serialization = with_format(ReadOnly)

    assert "upper" in serialization.readable
    assert "upper" not in serialization.writable
    with pytest.raises(SerializationError, match="upper cannot be written"):
        serialization.encode_value(1, "upper")


def test_a_read_only_format_refuses_to_write_by_itself() -> None:
    with pytest.raises(SerializationError, match="upper is read and never written"):
        ReadOnly().encode_value(1, Budget())
    with pytest.raises(SerializationError, match="upper is read and never written"):
        ReadOnly().encode_arguments((), {}, Budget())


def test_a_reader_that_fails_costs_one_value_and_is_logged(
    with_format: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        shown = with_format(Broken).decode_value("a", "upper")

    assert shown == RawValue("a", "upper", "Its reader failed with LookupError.")
    assert "in the format upper failed" in caplog.text


def test_formats_have_names_of_their_own() -> None:
    names = [kind.name for kind in FORMATS]

    assert len(names) == len(set(names))
