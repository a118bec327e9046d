"""Pickles of plain data: what `pickle.loads` gives is what is shown."""

import pickle
from collections import OrderedDict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_core.serialization import OpaqueObject
from tests.client_core.serialization.classes import Zone
from tests.client_core.serialization.strategies import readable
from tests.client_core.serialization.support import read, shape

PROTOCOLS = range(6)


@given(readable, st.sampled_from(PROTOCOLS))
def test_plain_data_of_every_protocol_reads_as_python_reads_it(value: Any, protocol: int) -> None:
    data = pickle.dumps(value, protocol)

    assert shape(read(data)) == shape(pickle.loads(data))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "value",
    [
        "line\nbreak \\ backslash \u20ac \U0001f600 \x00 \x1a",
        "x" * 300,
        "é" * 70_000,
        b"",
        b"\x00\xff" * 70_000,
        bytearray(),
        bytearray(b"\xff" * 300),
        [2**31 - 1, -(2**31), 2**31, 255, 256, 65535, 65536, -1, 2**2040, -(2**2040), 0],
        10**4299,
        [True, False, None, 0.0, -0.0, 1e300, float("inf"), float("-inf")],
        [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        [set(), {1}, frozenset(), frozenset({1, (2, frozenset({3}))})],
        {(1, "a"): 1, frozenset({2}): 2, None: 3, b"k": 4, 1.5: 5},
        list(range(2_500)),
        {str(number): number for number in range(2_500)},
        set(range(2_500)),
        datetime(2026, 10, 25, 2, 30, 15, 123456, fold=1),
        datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime.max,
        date(2024, 2, 29),
        [time(23, 59, 59, 999999, fold=1), time(1, tzinfo=timezone(timedelta(hours=-3), "X"))],
        [timedelta.min, timedelta.max, timedelta(-1, 1, 1)],
        [Decimal("1.10"), Decimal("-0"), Decimal("1E+400"), Decimal("NaN"), Decimal("-Infinity")],
        UUID("12345678-1234-5678-1234-567812345678"),
        complex(1, -0.0),
        [range(5), range(0), range(10, 0, -3), range(5_000, 0), range(10**30, 10**30 + 5)],
        [OrderedDict(b=1, a=2), OrderedDict()],
        [deque([1, 2]), deque([1, 2], 3), deque(maxlen=0)],
        ZoneInfo("America/Argentina/Buenos_Aires"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_spelling_of_plain_data_reads_as_python_reads_it(value: Any, protocol: int) -> None:
    data = pickle.dumps(value, protocol)

    assert shape(read(data)) == shape(pickle.loads(data))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_shared_parts_stay_shared(protocol: int) -> None:
    shared = [1]
    first, second = read(pickle.dumps([shared, shared], protocol))

    assert first is second


@pytest.mark.parametrize(
    "data",
    [
        b"I01\n.",
        b"I00\n.",
        b"I-7\n.",
        b"I0x1f\n.",
        b"L123456789012345678901234567890L\n.",
        b"F-1.5e3\n.",
        b"S'it\\'s \\x41\\n\\t\\\\'\n.",
        b'S"two"\n.',
        b"T\x03\x00\x00\x00abc.",
        b"U\x03abc.",
        b"Vraw \\u20ac\n.",
        b"(I1\nI2\nl.",
        b"(S'a'\nI1\nd.",
        b"(I1\nI2\n1N.",
        b"NN0.",
        b"N(0.",
        b"I1\n2\x86.",
        b"I7\np5\ng5\n\x86.",
        b"I7\nr\x00\x01\x00\x00j\x00\x01\x00\x00\x86.",
        b"\x8d\x02\x00\x00\x00\x00\x00\x00\x00ab.",
        b"\x8e\x02\x00\x00\x00\x00\x00\x00\x00ab.",
        b"c__builtin__\nbytearray\n(Va\xe9\nVlatin-1\ntR.",
        b"N.what follows is ignored",
    ],
)
def test_instructions_that_no_pickler_of_today_writes_read_as_python_reads_them(
    data: bytes,
) -> None:
    assert shape(read(data)) == shape(pickle.loads(data))


def test_text_of_python_2_beyond_ascii_reads_as_latin_1_where_python_gives_up() -> None:
    assert read(b"U\x01\xe9.") == "é"
    assert read(b"S'\\xe9'\n.") == "é"


def test_a_frame_that_lies_about_its_length_changes_nothing() -> None:
    assert read(b"\x80\x04\x95" + b"\xff" * 8 + b"K\x07.") == 7


@pytest.mark.parametrize(
    "raw",
    [
        b"\x07\xea\x02\x1f\x00\x00\x00\x00\x00\x00",  # 31 February
        b"\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00",  # year 0
        b"\x07\xea\x01\x01\x18\x00\x00\x00\x00\x00",  # 24 o'clock
        b"\x07\xea\x01\x01\x00\x00\x00\xff\xff\xff",  # 16 million microseconds
        b"\x07\xea\x01",
        b"",
    ],
)
def test_a_datetime_of_bad_bytes_is_described(raw: bytes) -> None:
    data = b"\x80\x04cdatetime\ndatetime\nC" + bytes([len(raw)]) + raw + b"\x85R."

    assert read(data) == OpaqueObject("datetime", "datetime", (raw,))


@pytest.mark.parametrize(
    ("call", "described"),
    [
        (b"cdatetime\ndate\nC\x04\x07\xea\x0d\x01\x85R", ("datetime", "date")),
        (b"cdatetime\ndate\nC\x03\x07\xea\x01\x85R", ("datetime", "date")),
        (b"cdatetime\ntime\nC\x01\x01\x85R", ("datetime", "time")),
        (b"cdatetime\ntime\nC\x06\x01\x00\x00\x00\x00\x00K\x01\x86R", ("datetime", "time")),
        (b"cdatetime\ntimedelta\nK\x01\x85R", ("datetime", "timedelta")),
        (b"cdatetime\ntime\nC\x06\x7f\x00\x00\x00\x00\x00\x85R", ("datetime", "time")),
        (b"cdatetime\ntimedelta\nJ\xff\xff\xff\x7fK\x00K\x00\x87R", ("datetime", "timedelta")),
        (b"cdatetime\ntimezone\nK\x01\x85R", ("datetime", "timezone")),
        (b"cdecimal\nDecimal\n\x8c\x0a1E+1000000\x85R", ("decimal", "Decimal")),
        (b"cdecimal\nDecimal\n\x8c\x03abc\x85R", ("decimal", "Decimal")),
        (b"cdecimal\nDecimal\nK\x01\x85R", ("decimal", "Decimal")),
        (b"cbuiltins\nrange\nK\x00J\x00\x00\x00\x7fK\x01\x87R", ("builtins", "range")),
        (b"cbuiltins\nrange\nK\x00K\x05K\x00\x87R", ("builtins", "range")),
        (b"cbuiltins\nbytearray\nJ\x00\x00\x00\x7f\x85R", ("builtins", "bytearray")),
        (b"cbuiltins\nbytes\nJ\x00\x00\x00\x7f\x85R", ("builtins", "bytes")),
        (b"cbuiltins\ncomplex\n\x8c\x021j\x85R", ("builtins", "complex")),
        (b"cbuiltins\nset\nK\x01\x85R", ("builtins", "set")),
        (b"ccollections\ndeque\nK\x01\x85R", ("collections", "deque")),
        (b"ccollections\ndeque\n)J\xff\xff\xff\xff\x86R", ("collections", "deque")),
        (b"ccollections\nOrderedDict\nK\x01\x85R", ("collections", "OrderedDict")),
        (b"c_codecs\nencode\n\x8c\x03abc\x8c\x03hex\x86R", ("_codecs", "encode")),
        (b"c_codecs\nencode\n\x8c\x03\xe2\x82\xac\x8c\x06latin1\x86R", ("_codecs", "encode")),
        (b"cuuid\nUUID\n)\x81", ("uuid", "UUID")),
        (b"cuuid\nUUID\n)\x81}\x8c\x03intJ\xff\xff\xff\xffsb", ("uuid", "UUID")),
        (b"cuuid\nUUID\n)\x81}\x8c\x03int\x8c\x011sb", ("uuid", "UUID")),
        (b"cbuiltins\ngetattr\nK\x01\x8c\x01a\x86R", ("builtins", "getattr")),
        (b"czoneinfo\nZoneInfo._unpickle\n\x8c\x06../etcK\x01\x86R", ("zoneinfo", None)),
        (b"czoneinfo\nZoneInfo._unpickle\n\x8c\x0dtzdata.EuropeK\x01\x86R", ("zoneinfo", None)),
    ],
)
def test_arguments_that_no_such_object_was_pickled_with_are_described(
    call: bytes, described: tuple[str, str | None]
) -> None:
    shown = read(b"\x80\x04" + call + b".")

    assert isinstance(shown, OpaqueObject)
    assert (shown.module, shown.name) == (described[0], described[1] or "ZoneInfo._unpickle")


def test_plain_data_with_attributes_of_its_own_is_described() -> None:
    shown = read(b"\x80\x04ccollections\ndeque\n)R}\x8c\x01aK\x01sb.")

    assert shown == OpaqueObject("collections", "deque", state={"a": 1})


def test_a_time_in_a_zone_of_the_application_keeps_what_is_known() -> None:
    moment = datetime(2026, 1, 2, 3, 4, tzinfo=Zone())

    shown = read(pickle.dumps(moment))

    assert shown.qualified_name == "datetime.datetime"
    assert shown.args[0] == datetime(2026, 1, 2, 3, 4)
    assert shown.args[1].qualified_name.endswith("classes.Zone")
