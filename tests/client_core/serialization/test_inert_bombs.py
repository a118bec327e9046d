"""Pickles made to exhaust whoever reads them."""

import pickle
from collections.abc import Callable

import pytest

from client_core.serialization import Budget, OpaqueObject
from client_core.serialization.inert.hashing import MAX_SAME_HASH
from tests.client_core.serialization.support import P, read, reason

LATIN1 = b"X\x06\x00\x00\x00latin1"


def text(size: int) -> bytes:
    """A string of `size` characters."""
    return b"X" + size.to_bytes(4, "little") + b"a" * size


def repeated(part: bytes, times: int) -> bytes:
    """A list that holds one part many times, at two bytes each."""
    return part + b"q\x00(" + b"h\x00" * times + b"l."


def doubled(times: int, empty: bytes, pair: Callable[[bytes], bytes]) -> bytes:
    """A container that holds the one before it twice, and so on down: 2**times parts."""
    levels = (pair(b"h%c" % level) + b"q%c" % (level + 1) for level in range(times))
    return empty + b"q\x00" + b"".join(levels)


def list_pair(part: bytes) -> bytes:
    return b"](" + part * 2 + b"e"


def tuple_pair(part: bytes) -> bytes:
    return part * 2 + b"\x86"


def called(function: bytes, arguments: bytes, times: int) -> bytes:
    """A list of many calls that share their arguments."""
    return function + b"q\x00" + arguments + b"q\x01(" + b"h\x00h\x01R" * times + b"l."


def multiples_of_p(count: int) -> list[bytes]:
    """As many integers, all with the hash 0."""
    return [b"\x8a\x0b" + (factor * P).to_bytes(11, "little") for factor in range(count)]


@pytest.mark.parametrize(
    "data",
    [
        doubled(45, b"]", list_pair) + b".",
        doubled(45, b")", tuple_pair) + b".",
        doubled(45, b")", tuple_pair) + b"}h\x2dNs.",  # its hash alone would take a century
        doubled(45, b")", tuple_pair) + b"\x8f(h\x2d\x90.",
        doubled(45, b"cm\nC\n)\x81", lambda part: b"cm\nC\n)\x81" + part * 2 + b"\x86b") + b".",
        called(b"cbuiltins\nset\n", b"](" + b"N" * 2_000 + b"e\x85", 2_000),
        repeated(b"cm\nC\n)R", 150_000),
    ],
    ids=["lists", "tuples", "key", "element", "states", "sets", "objects"],
)
def test_what_expands_to_too_many_parts_is_shown_as_text(data: bytes) -> None:
    assert reason(read(b"\x80\x04" + data)) == "The value has more than 200,000 parts."


def test_a_doubling_payload_can_be_tiny() -> None:
    data = doubled(5, b"]", list_pair) + b"."

    assert len(data) == 49
    assert "more than 60 parts" in reason(read(data, Budget(nodes=60)))


@pytest.mark.parametrize(
    "data",
    [
        repeated(text(10_000), 2_000),
        repeated(b"B" + (10_000).to_bytes(4, "little") + b"a" * 10_000, 2_000),
        repeated(b"\x8a\xff" + b"\x01" * 255, 30_000),
        repeated(b"c" + b"m" * 10_000 + b"\nC\n", 2_000),
        called(b"c_codecs\nencode\n", text(10_000) + LATIN1 + b"\x86", 2_000),
    ],
    ids=["strings", "bytes", "integers", "names", "encoded"],
)
def test_what_expands_to_too_many_bytes_is_shown_as_text(data: bytes) -> None:
    assert reason(read(b"\x80\x04" + data)) == "The value is larger than 16,777,216 bytes."


@pytest.mark.parametrize(
    "data",
    [
        b"]" * 100_000 + b"a" * 99_999 + b".",
        b")" + b"\x85" * 100_000 + b".",
        b"cm\nC\n" + b")R" * 100_000 + b".",
        b"(" * 100_000 + b"l" * 100_000 + b".",
    ],
    ids=["lists", "tuples", "calls", "marks"],
)
def test_what_nests_too_deep_is_shown_as_text(data: bytes) -> None:
    assert reason(read(data)) == "The value nests deeper than 100 levels."


@pytest.mark.parametrize(
    "instruction", [b"N", b"N0", b"(", b"]", b"}", b"\x8f", b"N\x94", b")\x85"]
)
def test_instructions_are_counted_before_they_fill_the_memory(instruction: bytes) -> None:
    assert reason(read(instruction * 2_000, Budget(nodes=100))) == (
        "The pickle has more than 600 instructions."
    )


@pytest.mark.parametrize("protocol", range(6))
def test_no_honest_pickle_has_too_many_instructions(protocol: int) -> None:
    empty = [[[], {}, set(), "", b"", 1.0, 2**70] for _ in range(500)]

    assert read(pickle.dumps(empty, protocol), Budget(nodes=9_001)) == empty


def test_a_pickle_larger_than_the_budget_is_not_even_decoded() -> None:
    assert "larger than 100 bytes" in reason(read(b"N" * 103, Budget(bytes=100)))


@pytest.mark.parametrize(
    "data",
    [
        b"\x8b\xff\xff\xff\x7f",
        b"\x8b\xff\xff\xff\xff",
        b"\x8b\x00\x08\x00\x00" + b"\x7f" * 2048,
        b"I" + b"9" * 1_000_000 + b"\n",
        b"L" + b"9" * 1_000_000 + b"L\n",
        b"I0x" + b"f" * 4_000 + b"\n",
        b"F" + b"9" * 1_000_000 + b"\n",
        b"p" + b"9" * 1_000_000 + b"\n",
    ],
    ids=["LONG4", "negative", "2 kB", "INT", "LONG", "hexadecimal", "FLOAT", "PUT"],
)
def test_a_number_of_more_digits_than_python_prints_is_refused(data: bytes) -> None:
    assert reason(read(data + b".")) == "The value has an integer of more than 4,300 digits."


@pytest.mark.parametrize("code", [b"X", b"B", b"T", b"\x8d", b"\x8e", b"\x96"])
def test_a_length_of_gigabytes_costs_nothing(code: bytes) -> None:
    assert (
        reason(read(code + b"\xff\xff\xff\x7f\x00\x00\x00\x00abc.")) == "The pickle is cut short."
    )


@pytest.mark.parametrize("index", [b"-1", b"4294967296", str(P).encode()])
def test_a_memo_index_beyond_any_pickler_is_refused(index: bytes) -> None:
    assert "damaged" in reason(read(b"Np" + index + b"\n."))


def test_a_huge_memo_index_takes_no_room() -> None:
    assert read(b"K\x07r\xff\xff\xff\xff0j\xff\xff\xff\xff.") == 7


@pytest.mark.parametrize("container", ["dict", "set", "frozenset", "reduced", "ordered", "old"])
def test_keys_of_equal_hash_are_refused(container: str) -> None:
    keys = multiples_of_p(MAX_SAME_HASH + 1)
    items, pairs = b"".join(keys), b"".join(key + b"N" for key in keys)
    data = {
        "dict": b"}(" + pairs + b"u.",
        "set": b"\x8f(" + items + b"\x90.",
        "frozenset": b"(" + items + b"\x91.",
        "reduced": b"cbuiltins\nset\n](" + items + b"e\x85R.",
        "ordered": b"ccollections\nOrderedDict\n)R(" + pairs + b"u.",
        "old": b"(" + pairs + b"d.",
    }[container]

    assert "same hash" in reason(read(data))


def test_few_keys_of_equal_hash_among_many_are_read() -> None:
    values = {factor * P: factor for factor in range(50)} | {key: key for key in range(1, 500)}

    assert read(pickle.dumps(values)) == values


def test_a_range_of_a_trillion_is_described() -> None:
    assert read(pickle.dumps(range(10**12))) == OpaqueObject("builtins", "range", (0, 10**12, 1))


def test_a_lone_surrogate_is_refused_wherever_it_is() -> None:
    for data in (
        pickle.dumps("\ud800"),
        pickle.dumps({"\udfff": 1}),
        b"\x8c\x03\xed\xa0\x80)\x93.",
    ):
        assert "surrogate" in reason(read(data)) or "damaged" in reason(read(data))
