"""Pickles that are cut, damaged or noise."""

import pickle
import pickletools
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from client_core.serialization import Budget
from client_core.serialization.budget import measure
from client_core.serialization.errors import UnreadableError
from client_core.serialization.inert.instructions import INSTRUCTIONS
from client_core.serialization.inert.load import load
from tests.client_core.serialization import classes
from tests.client_core.serialization.strategies import readable
from tests.client_core.serialization.support import read, reason

SMALL = Budget(bytes=2_000, depth=8, nodes=60)

SAMPLE = {
    "order": classes.Order("o", [1, 2]),
    "error": classes.PaymentDeclined("o", 402),
    "set": {1, (2, "x")},
    "point": classes.Point(1, 2),
    "settings": classes.Settings(a=1),
    "bytes": bytearray(b"abc"),
}

fragments = st.sampled_from([
    *(bytes([code]) for code in INSTRUCTIONS),
    b"K\x01", b"\x8c\x01a", b"C\x01b", b"I7\n", b"cm\nC\n", b"cbuiltins\nset\n", b"h\x00", b"q\x00",
    b"ccollections\ndeque\n", b"cdatetime\ntimezone\n", b"ccopyreg\n_reconstructor\n",
    b"cbuiltins\ngetattr\n", b"ccopyreg\n__newobj__\n", b"cuuid\nUUID\n", b")\x81", b"}b", b")R",
])  # fmt: skip


def survives(data: bytes) -> None:
    """What is read is within the budget and can be printed; all else is refused in one way."""
    try:
        value = load(data, SMALL)
    except UnreadableError:
        return
    measure(value, SMALL)
    assert repr(value)


def test_every_instruction_of_pickle_is_known() -> None:
    known = {chr(code) for code in INSTRUCTIONS} | {"."}

    assert {opcode.code for opcode in pickletools.opcodes if opcode.proto <= 5} == known


@given(st.binary())
@example(b"")
def test_noise_is_read_or_refused(data: bytes) -> None:
    survives(data)


@given(st.lists(fragments, max_size=40).map(b"".join))
def test_instructions_in_any_order_are_read_or_refused(data: bytes) -> None:
    survives(data + b".")


@given(st.data(), st.sampled_from(range(6)))
def test_a_real_pickle_with_bytes_changed_is_read_or_refused(
    data: st.DataObject, protocol: int
) -> None:
    damaged = bytearray(pickle.dumps(SAMPLE, protocol))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))

    survives(bytes(damaged))


@given(readable, st.sampled_from(range(6)), st.data())
def test_a_pickle_that_is_cut_short_is_refused(
    value: Any, protocol: int, data: st.DataObject
) -> None:
    whole = pickle.dumps(value, protocol)
    length = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(UnreadableError):
        load(whole[:length], Budget())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cut short"),
        (b"N", "cut short"),
        (b"I7", "cut short"),
        (b"\x80", "cut short"),
        (b"\x80\x06N.", "of protocol 6"),
        (b"\xffN.", "unknown instruction, 255"),
        (b".", "damaged"),
        (b"0.", "damaged"),
        (b"2.", "damaged"),
        (b"t.", "damaged"),
        (b"q\x00.", "damaged"),
        (b"h\x00.", "damaged"),
        (b"NNa.", "damaged"),
        (b"NNNs.", "damaged"),
        (b"N(N\x90.", "damaged"),
        (b"N}b.", "damaged"),
        (b"cm\nC\n}b.", "damaged"),
        (b"cm\nC\n]R.", "damaged"),
        (b"cm\nC\n)N\x92.", "damaged"),
        (b"cm\nC\n)}K\x01K\x02s\x92.", "keyword that is no name"),
        (b"K\x01\x8c\x01a\x93.", "damaged"),
        (b"(o.", "damaged"),
        (b"(Nd.", "key without a value"),
        (b"}(Nu.", "key without a value"),
        (b"cm\nC\n)R(Nu.", "key without a value"),
        (b"Ix\n.", "damaged number or string"),
        (b"Fx\n.", "damaged number or string"),
        (b"\x8c\x01\xff.", "damaged number or string"),
        (b"V\\ud\n.", "damaged number or string"),
        (b"c\xff\nC\n.", "damaged number or string"),
        (b"Sabc\n.", "without quotes"),
        (b"S'\n.", "without quotes"),
        (b"S'abc\"\n.", "without quotes"),
        (b"S\n.", "without quotes"),
    ],
)
def test_damage_is_named(data: bytes, why: str) -> None:
    assert why in reason(read(data))
