"""Our reader and writer beside the serializer of the official TypeScript SDK itself."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from client_core.serialization import UNDEFINED, OpaqueObject, RecordedError, Serialization
from tests.client_core.serialization.support import reason, shape
from tests.contract.node import HERE, TypeScriptProcess

pytestmark = pytest.mark.xdist_group("contract")

SERIALIZATION = Serialization()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAN, INF = float("nan"), float("inf")

#: Equal values of both languages: what the SDK writes for the left, we write for the right.
EQUAL: list[tuple[str, Any]] = [
    ("null", None),
    ("true", True),
    ("undefined", UNDEFINED),
    ("[undefined, [undefined]]", [UNDEFINED, [UNDEFINED]]),
    ("0", 0),
    ("-7", -7),
    ("2**53 - 1", 2**53 - 1),
    ("2n**53n", 2**53),
    ("-(10n**40n)", -(10**40)),
    ("0.1", 0.1),
    ("1e21", 1e21),
    ("1.5e300", 1.5e300),
    ("1e-5", 1e-5),
    ("1.25e-6", 1.25e-6),
    ("1e-7", 1e-7),
    ("5e-324", 5e-324),
    ("[NaN, Infinity, -Infinity, -0]", [NAN, INF, -INF, -0.0]),
    ("''", ""),
    (r"'\u0000\b\t\n\f\r\u001f\u007f\"\\/\u2028é😀'", '\0\b\t\n\f\r\x1f\x7f"\\/\u2028é😀'),
    ("[]", []),
    ("({})", {}),
    ("[[[]], {a: {b: []}}]", [[[]], {"a": {"b": []}}]),
    ("new Date(0)", EPOCH),
    ("new Date('0001-01-01T00:00:00Z')", datetime(1, 1, 1, tzinfo=UTC)),
    ("new Date('9999-12-31T23:59:59.999Z')", datetime(9999, 12, 31, 23, 59, 59, 999000, UTC)),
    ("({a: new Date(0), b: [1, 2n**60n]})", {"a": EPOCH, "b": [1, 2**60]}),
    ("({'': new Date(0), x: {'': undefined}})", {"": EPOCH, "x": {"": UNDEFINED}}),
    ("({'a.b': {c: undefined}, 'd.': [new Date(0)]})", {"a.b": {"c": UNDEFINED}, "d.": [EPOCH]}),
    (
        "({'e\\\\.f': {g: undefined}, 'h\\\\': undefined})",
        {"e\\.f": {"g": UNDEFINED}, "h\\": UNDEFINED},
    ),
    ("({constructor: 1, prototype: 2})", {"constructor": 1, "prototype": 2}),
    ("({b: 1, 10: 2, 9: undefined, '01': 3})", {"9": UNDEFINED, "10": 2, "b": 1, "01": 3}),
    ("[{a: undefined}, undefined]", [{"a": UNDEFINED}, UNDEFINED]),
    ("new Map([[1, 'a'], [2.5, new Date(0)]])", {1: "a", 2.5: EPOCH}),
    ("new Map([[new Date(0), new Map([[null, 1]])]])", {EPOCH: {None: 1}}),
    ("({m: new Map([['k', 1], [2n**60n, [undefined]]])})", {"m": {"k": 1, 2**60: [UNDEFINED]}}),
    ("new Set()", set()),
    ("new Set(['a'])", {"a"}),
    ("[new Set([2n**60n])]", [{2**60}]),
    ("Buffer.from('hi')", b"hi"),
    ("({raw: Buffer.from([])})", {"raw": b""}),
]

SHARED = "(() => { const s = {a: 1}; return "

#: What only they write; the value is what we read.
THEIRS: list[tuple[str, Any]] = [
    ("({'a.b': new Date(0)})", {"a.b": EPOCH}),
    ("({x: {'a.b': 1n}})", {"x": {"a.b": 1}}),
    ("12n", 12),
    ("[1n, 1n]", [1, 1]),
    ("123456789012345680000", 123456789012345680000),
    ("new Map([['a', 1]])", {"a": 1}),
    ("new Map()", {}),
    ("new Map([[1, 'a'], [true, 'b']])", OpaqueObject("", "Map", pairs=((1, "a"), (True, "b")))),
    ("new Map([[[1], 'a']])", OpaqueObject("", "Map", pairs=(([1], "a"),))),
    ("new Set([[1], new Set([2n])])", OpaqueObject("", "Set", items=([1], {2}))),
    ("new Set([new Date(0), new Date(0)])", OpaqueObject("", "Set", items=(EPOCH, EPOCH))),
    ("/a\\/b/gi", OpaqueObject("", "RegExp", args=("a\\/b", "gi"))),
    ("new URL('http://x/y?z=1')", OpaqueObject("", "URL", args=("http://x/y?z=1",))),
    ("new TypeError('no')", RecordedError("TypeError", "no", None, None)),
    ("new Uint8Array([1, 2])", OpaqueObject("", "Uint8Array", items=(1, 2))),
    ("new Float64Array([NaN])", OpaqueObject("", "Float64Array", items=(None,))),
    ("new Date(NaN)", None),
    ("new Date(-1e15)", OpaqueObject("", "Date", args=("-029719-04-05T22:13:20.000Z",))),
    (SHARED + "[s, s]; })()", [{"a": 1}, {"a": 1}]),
    (SHARED + "{a: new Set([s]), b: s}; })()", {
        "a": OpaqueObject("", "Set", items=({"a": 1},)), "b": {"a": 1}}),
    (SHARED + "[new Map([[1, s], [2, [s]]]), s]; })()", [{1: {"a": 1}, 2: [{"a": 1}]}, {"a": 1}]),
    (SHARED + "{'x.y': s, z: s}; })()", {"x.y": {"a": 1}, "z": {"a": 1}}),
    ("(() => { const d = new Date(0); return [d, d]; })()", [EPOCH, EPOCH]),
]  # fmt: skip


@pytest.fixture(scope="module")
def written(typescript: TypeScriptProcess) -> dict[str, str]:
    """What the SDK writes for each expression."""
    expressions = [expression for expression, _ in EQUAL + THEIRS]
    answers = typescript.ask_serializer([{"expression": expression} for expression in expressions])
    return {
        expression: answer["text"] for expression, answer in zip(expressions, answers, strict=True)
    }


@pytest.mark.parametrize(("expression", "value"), EQUAL, ids=[name for name, _ in EQUAL])
def test_we_write_what_the_sdk_writes(written: dict[str, str], expression: str, value: Any) -> None:
    assert SERIALIZATION.encode_value(value, "js_superjson")[0] == written[expression]


@pytest.mark.parametrize(("expression", "value"), EQUAL + THEIRS)
def test_we_read_what_the_sdk_writes(written: dict[str, str], expression: str, value: Any) -> None:
    read = SERIALIZATION.decode_value(written[expression], "js_superjson")
    assert shape(read) == shape(value)


def test_the_sdk_reads_what_we_write(typescript: TypeScriptProcess) -> None:
    values = [value for _, value in EQUAL]
    ours = [SERIALIZATION.encode_value(value, "js_superjson")[0] for value in values]
    read = typescript.ask_serializer([{"text": text} for text in ours])
    meant = typescript.ask_serializer([{"expression": expression} for expression, _ in EQUAL])
    for (expression, _), theirs, expected in zip(EQUAL, read, meant, strict=True):
        assert theirs["shown"] == expected["shown"], expression


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"a.b": EPOCH}, "{ 'a.b': 1970-01-01T00:00:00.000Z }"),
        ({"x": {"a.b": UNDEFINED}}, "{ x: { 'a.b': undefined } }"),
        ([2**60, 2**60], "[ 1152921504606846976n, 1152921504606846976n ]"),
        ((1, [2]), "[ 1, [ 2 ] ]"),
        ({(1, 2): frozenset({3})}, "Map(1) { [ 1, 2 ] => Set(1) { 3 } }"),
        ([1.0, 1e20, 1e16 + 2], "[ 1, 100000000000000000000, 10000000000000002 ]"),
    ],
)
def test_the_sdk_reads_what_it_would_write_otherwise(
    typescript: TypeScriptProcess, value: Any, shown: str
) -> None:
    text, _ = SERIALIZATION.encode_value(value, "js_superjson")
    [answer] = typescript.ask_serializer([{"text": text}])
    assert answer["shown"] == shown


def test_a_reference_that_goes_in_a_circle_is_shown_as_it_is(
    typescript: TypeScriptProcess,
) -> None:
    circle = "(() => { const a = []; a.push(a); return a; })()"
    [answer] = typescript.ask_serializer([{"expression": circle}])
    assert "contains itself" in reason(SERIALIZATION.decode_value(answer["text"], "js_superjson"))


def test_what_was_shared_is_shared(typescript: TypeScriptProcess) -> None:
    [answer] = typescript.ask_serializer([{"expression": SHARED + "[s, {k: s}]; })()"}])
    first, second = SERIALIZATION.decode_value(answer["text"], "js_superjson")
    assert first is second["k"]


@pytest.mark.parametrize(
    ("thrown", "name", "message", "code"),
    [
        ("new RangeError('far')", "RangeError", "far", None),
        ("Object.assign(new Error('no'), {code: 'E1', when: new Date(0)})", "Error", "no", "E1"),
        ("new AggregateError([new Error('a')], 'all')", "AggregateError", "all", None),
        ("'text'", "NonError", "text", None),
        ("null", "NonError", "", None),
    ],
)
def test_we_read_the_errors_that_the_sdk_records(
    typescript: TypeScriptProcess, thrown: str, name: str, message: str, code: str | None
) -> None:
    [answer] = typescript.ask_serializer([{"thrown": thrown}])
    error = SERIALIZATION.decode_error(answer["text"], "js_superjson")
    assert isinstance(error, RecordedError)
    assert (error.name, error.message, error.code) == (name, message, code)
    if name != "NonError":
        assert error.data["stack"].startswith(f"{name}: {message}")


def test_the_lock_file_names_no_registry() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
