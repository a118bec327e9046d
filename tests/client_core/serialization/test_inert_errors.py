"""Recorded exceptions, against what the live ones print."""

import inspect
import pickle
from typing import Any

import pytest
from dbos import _error
from dbos._serialization import PortableWorkflowError

from client_core.serialization import OpaqueObject, RawValue, RecordedError, Serialization
from tests.client_core.serialization import classes
from tests.client_core.serialization.support import encoded, reason

MAX_RETRIES = (
    "gASVgwAAAAAAAACMC2Rib3MuX2Vycm9ylIwaREJPU01heFN0ZXBSZXRyaWVzRXhjZWVkZWSUk5SMBWZsYWt5lEsDXZQo"
    "jAhidWlsdGluc5SMClZhbHVlRXJyb3KUk5SMEmZsYWt5IHN0ZXAgZ2F2ZSB1cJSFlFKUaAdoCIWUUpRoB2gIhZRSlGWH"
    "lFKULg=="
)


def recorded(error: BaseException, protocol: int | None = None) -> RecordedError:
    text = encoded(pickle.dumps(error, protocol))
    shown = Serialization().decode_error(text, "py_pickle")
    assert isinstance(shown, RecordedError)
    return shown


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "error",
    [
        ValueError("no such order"),
        ValueError(),
        ValueError(42),
        KeyError("id"),
        KeyError(("a", 1)),
        FileNotFoundError(2, "No such file or directory"),
        FileNotFoundError(2, "No such file or directory", "/tmp/x"),
        ConnectionError("reset"),
        TimeoutError(),
        classes.PaymentDeclined("o-1", 402),
        PortableWorkflowError("nope bob", "MyError", 42, {"a": 1}),
    ],
    ids=repr,
)
def test_the_message_is_what_the_exception_prints(error: Exception, protocol: int) -> None:
    assert recorded(error, protocol).message == str(error)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ValueError("x"), "ValueError"),
        (classes.PaymentDeclined("o", 1), f"{classes.__name__}.PaymentDeclined"),
        (_error.DBOSNotAuthorizedError("x"), "dbos._error.DBOSNotAuthorizedError"),
    ],
)
def test_the_name_is_qualified_except_for_builtins(error: Exception, name: str) -> None:
    assert recorded(error).name == name


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("x"), None),
        (classes.PaymentDeclined("o", 402), 402),
        (PortableWorkflowError("m", "N", "E42"), "E42"),
        (FileNotFoundError(2, "No such file or directory"), 2),
        (_error.DBOSStepTimeoutError("charge", 3), 18),
        (_error.DBOSWorkflowCancelledError("x"), 10),
    ],
)
def test_the_code_is_found(error: BaseException, code: int | str | None) -> None:
    assert recorded(error).code == code


def test_an_error_of_a_text_alone_has_no_more_data() -> None:
    assert recorded(ValueError("x")) == RecordedError("ValueError", "x", None, None)
    assert recorded(ValueError()) == RecordedError("ValueError", "", None, None)


def test_an_error_of_more_than_a_text_is_described_in_its_data() -> None:
    assert recorded(ValueError("x", 1)).data == OpaqueObject("builtins", "ValueError", ("x", 1))
    assert recorded(classes.PaymentDeclined("o", 402)).data.state == {"order": "o", "code": 402}


def test_notes_are_in_the_data() -> None:
    error = ValueError("x")
    error.add_note("seen at noon")

    assert recorded(error).data.state == {"__notes__": ["seen at noon"]}


def test_the_first_of_several_arguments_is_the_message_when_it_is_a_text() -> None:
    assert recorded(RuntimeError("out of stock", 3)).message == "out of stock"
    assert recorded(KeyError("two", "parts")).message == "two"


def test_arguments_without_a_text_are_joined() -> None:
    assert recorded(ValueError(1, classes.Colour.RED, None)).message == (
        f"1, {classes.__name__}.Colour, None"
    )


def test_a_message_among_the_attributes_serves_where_there_are_no_arguments() -> None:
    data = b"capp\nOddError\n)R}\x8c\x07message\x8c\x04lostsb."

    shown = Serialization().decode_error(encoded(data), "py_pickle")

    assert isinstance(shown, RecordedError)
    assert (shown.name, shown.message) == ("app.OddError", "lost")


def test_the_errors_of_failed_attempts_are_in_the_data() -> None:
    shown = Serialization().decode_error(MAX_RETRIES, "py_pickle")

    assert isinstance(shown, RecordedError)
    assert shown.name == "dbos._error.DBOSMaxStepRetriesExceeded"
    assert shown.message == "DBOS Error 7: Step flaky has exceeded its maximum of 3 retries"
    assert shown.code == 7
    assert shown.data.args[:2] == ("flaky", 3)
    assert (
        shown.data.args[2] == [OpaqueObject("builtins", "ValueError", ("flaky step gave up",))] * 3
    )


def dbos_errors() -> list[BaseException]:
    """One of each error of the official SDK, made from arguments of the right number."""
    bases = (_error.DBOSException, _error.DBOSBaseException)
    kinds = [
        kind
        for _, kind in inspect.getmembers(_error, inspect.isclass)
        if issubclass(kind, bases) and kind not in bases
    ]
    return [kind(*range(7, 7 + len(inspect.signature(kind).parameters))) for kind in kinds]


@pytest.mark.parametrize("error", dbos_errors(), ids=lambda error: type(error).__name__)
def test_an_error_of_dbos_itself_reads_as_it_prints(error: Any) -> None:
    shown = recorded(error)

    assert shown.message == str(error)
    assert shown.code == error.dbos_error_code


@pytest.mark.parametrize(
    "error",
    [
        _error.MaxRecoveryAttemptsExceededError("wf", None),
        _error.DBOSStreamTimeoutError("wf", "log", None),
        _error.DBOSException("no code"),
        _error.DBOSException("some code", 3),
    ],
)
def test_parts_that_may_be_missing_are_told_as_dbos_does(error: BaseException) -> None:
    assert recorded(error).message.removeprefix("DBOS Error: ") == str(error).removeprefix(
        "DBOS Error: "
    )


def test_an_error_of_another_version_of_dbos_falls_back_to_its_parts() -> None:
    data = b"cdbos._error\nDBOSMaxStepRetriesExceeded\n(Vcharge\nI3\ntR."

    shown = Serialization().decode_error(encoded(data), "py_pickle")

    assert isinstance(shown, RecordedError)
    assert shown.message == "charge"


@pytest.mark.parametrize("value", [None, "boom", {"message": "boom"}, ValueError, [ValueError()]])
def test_what_is_no_exception_is_shown_as_it_is(value: Any) -> None:
    text = encoded(pickle.dumps(value))
    shown = Serialization().decode_error(text, "py_pickle")

    assert reason(shown) == "The pickle is no exception."
    assert isinstance(shown, RawValue)
    assert shown.text == text
