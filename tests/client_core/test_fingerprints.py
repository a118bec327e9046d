"""Which messages are the same but for what varies."""

import pytest

from client_core.fingerprints import (
    MOST_CHARACTERS,
    ErrorShape,
    error_shape,
    fingerprint,
    without_values,
)
from client_core.serialization import RawValue, RecordedError


def recorded(name: str, message: str) -> RecordedError:
    return RecordedError(name, message, None, None)


@pytest.mark.parametrize(
    ("message", "pattern"),
    [
        ("", ""),
        ("the bank closed the connection", "the bank closed the connection"),
        ("order 17 not found", "order <number> not found"),
        ("order-17 not found", "order-<number> not found"),
        ("-3.5 is below 1,000 by 1e-9", "<number> is below <number> by <number>"),
        ("5% of v2 on utf8", "<number>% of v<number> on utf<number>"),
        ("run 550e8400-e29b-41d4-a716-446655440000 is gone", "run <uuid> is gone"),
        ("run 550E8400-E29B-41D4-A716-446655440000-3 is gone", "run <uuid>-<number> is gone"),
        ("at 0x7f3a bad; deadbeef1 bad; facade good", "at <hex> bad; <hex> bad; facade good"),
        ("customer cus_Nf8aK2pQx has none", "customer <id> has none"),
        ("no user ann.b+c@mail.example.org", "no user <email>"),
        ("no user 'ann' in \"north\"", "no user <value> in <value>"),
        ("no user “ann” in `north`", "no user <value> in <value>"),
        ("can't find the user's file 'x'", "can't find the user's file <value>"),
        ("since 2026-11-22T19:13:26.123Z", "since <time>"),
        ("since 2026-11-22 19:13:26+01:00", "since <time>"),
        ("since 2026-11-22, at 19:13:26", "since <time>, at <time>"),
        ("connect to 10.0.0.3:8080 and/or 10.0.0.4", "connect to <address> and/or <address>"),
        ("open /var/lib/x.txt and ../a/b", "open <path> and <path>"),
        (r"open C:\data\b.txt", "open <path>"),
        ("https://a.example/x?y=1 answered 503", "<url> answered <number>"),
        ("two\n  lines\tand 1 tab", "two lines and <number> tab"),
        ("<script>alert(1)</script>", "<script>alert(<number>)</script>"),
    ],
)
def test_what_varies_is_taken_out(message: str, pattern: str) -> None:
    assert without_values(message) == pattern


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Python, TypeScript, Go and Java, each with its own way to name a class.
        (
            recorded("ValueError", "order 17 not found"),
            recorded("ValueError", "order 18 not found"),
        ),
        (recorded("app.errors.NotFound", "no 1"), recorded("NotFound", "no 2")),
        (recorded("java.util.Map$Missing", "no 1"), recorded("Missing", "no 22")),
        (
            recorded("TypeError", "x is not a function"),
            recorded("TypeError", "x is not a function"),
        ),
        (recorded("KeyError", "'order-17'"), recorded("KeyError", "'ann'")),
        (
            RawValue("gANx1", "py_pickle", "It is cut."),
            RawValue("gANy2", "py_pickle", "It is cut."),
        ),
        (
            RawValue('{"py/type": "E", "at": 17}', "jsonpickle", "unknown"),
            RawValue('{"py/type": "E", "at": 18}', "jsonpickle", "unknown"),
        ),
        (None, None),
    ],
)
def test_the_same_error(
    one: RecordedError | RawValue | None, other: RecordedError | RawValue | None
) -> None:
    assert error_shape(one) == error_shape(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (recorded("ValueError", "order 17 not found"), recorded("KeyError", "order 17 not found")),
        (recorded("ValueError", "order 17 not found"), recorded("ValueError", "order 17 is paid")),
        # What a language says of its own code quotes the code.
        (
            recorded("AttributeError", "'Order' object has no attribute 'total'"),
            recorded("AttributeError", "'Order' object has no attribute 'lines'"),
        ),
        (
            RawValue('{"py/type": "E"}', "jsonpickle", "unknown"),
            RawValue('{"py/type": "F"}', "jsonpickle", "unknown"),
        ),
        (recorded("Error", ""), None),
    ],
)
def test_another_error(
    one: RecordedError | RawValue | None, other: RecordedError | RawValue | None
) -> None:
    assert error_shape(one) != error_shape(other)


def test_an_error_without_a_name_has_one() -> None:
    assert error_shape(recorded("app.", "x")) == ErrorShape("Error", "x")


def test_only_the_beginning_of_a_message_counts() -> None:
    start = "x " * (MOST_CHARACTERS // 2)
    assert without_values(start + "one") == without_values(start + "two")


def test_a_fingerprint_tells_every_part() -> None:
    shape = ErrorShape("E", "m")
    of = {
        fingerprint("ERROR", "order", shape),
        fingerprint("MAX_RECOVERY_ATTEMPTS_EXCEEDED", "order", shape),
        fingerprint("ERROR", "refund", shape),
        fingerprint("ERROR", "order", ErrorShape("F", "m")),
        fingerprint("ERROR", "order", ErrorShape("E", "n")),
        fingerprint("ERROR", "orderE", ErrorShape("", "m")),
        fingerprint("ERROR", "order\ud800", shape),
    }
    assert len(of) == 7
    assert {len(one) for one in of} == {16}
    assert fingerprint("ERROR", "order", shape) == fingerprint("ERROR", "order", shape)
