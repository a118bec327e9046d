"""Pickles of an application's objects: described, and never built."""

import io
import os
import pickle
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest

from client_core.serialization import OpaqueObject
from tests.client_core.serialization import classes
from tests.client_core.serialization.support import read, reason

PROTOCOLS = range(6)
MODULE = classes.__name__


def opaque(name: str, *args: Any, **fields: Any) -> OpaqueObject:
    return OpaqueObject(MODULE, name, args, **fields)


def reference(name: str, module: str = MODULE) -> OpaqueObject:
    return OpaqueObject(module, name, called=False)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (classes.Colour.RED, opaque("Colour", "red")),
        (classes.Shade.DARK, reference("Shade.DARK")),
        (classes.Order("o", [1]), opaque("Order", state={"id": "o", "lines": [1]})),
        (classes.Order.Line(), opaque("Order.Line")),
        (classes.Titles(["a"]), opaque("Titles", items=("a",))),
        (classes.Recent([1]), opaque("Recent", items=(1,))),
        (classes.Ordered(a=1), opaque("Ordered", pairs=(("a", 1),))),
        (classes.word_counts(), OpaqueObject("collections", "Counter", ({"a": 2, "b": 1},))),
        (
            classes.grouped(),
            OpaqueObject(
                "collections",
                "defaultdict",
                (reference("list", "builtins"),),
                pairs=(("a", [1]),),
            ),
        ),
        (classes.Order, reference("Order")),
        (classes.Order.Line, reference("Order.Line")),
        (len, reference("len", "builtins")),
        (os.path.join, reference("join", "posixpath")),
    ],
    ids=lambda value: getattr(value, "name", type(value).__name__),
)
def test_an_object_is_described(value: Any, shown: OpaqueObject, protocol: int) -> None:
    described = read(pickle.dumps(value, protocol))
    if protocol < 2 and isinstance(value, classes.Titles):
        shown = opaque("Titles", ["a"])  # these protocols give a list its items in one piece

    assert described == shown


@pytest.mark.parametrize("protocol", PROTOCOLS[2:])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (classes.Point(1, 2), opaque("Point", 1, 2)),
        (classes.Settings(a=1), opaque("Settings", pairs=(("a", 1),))),
        (classes.Name("n"), opaque("Name", "n")),
        (classes.SlotsAndDict(), opaque("SlotsAndDict", state={"a": 1, "b": 2})),
        (classes.Stateful(), opaque("Stateful", state=["anything"])),
        (classes.Slotted(1, 2), opaque("Slotted", state={"a": 1, "b": 2})),
        (classes.Tags("t"), opaque("Tags", ["t"])),
        (classes.Access.READ, opaque("Access", 1)),
        (
            classes.PaymentDeclined("o", 3),
            opaque("PaymentDeclined", "order o was declined", state={"order": "o", "code": 3}),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_object_of_a_newer_kind_is_described(
    value: Any, shown: OpaqueObject, protocol: int
) -> None:
    assert read(pickle.dumps(value, protocol)) == shown


@pytest.mark.parametrize("protocol", [4, 5])
def test_keyword_arguments_are_described(protocol: int) -> None:
    assert read(pickle.dumps(classes.Keywords(size=3), protocol)) == opaque(
        "Keywords", kwargs={"size": 3}
    )


def test_a_call_of_what_a_call_gave_is_described() -> None:
    # Protocols 2 and 3 have no keyword arguments: they call a partial.
    shown = read(pickle.dumps(classes.Keywords(size=3), 2))

    assert (shown.module, shown.name) == ("", "call")
    assert shown.args[0].qualified_name == "functools.partial"


@pytest.mark.parametrize("protocol", [0, 1])
@pytest.mark.parametrize(
    ("value", "args"),
    [
        (classes.Settings(a=1), ({"a": 1},)),
        (classes.Point(1, 2), ((1, 2),)),
        (classes.Name("n"), ("n",)),
    ],
)
def test_the_oldest_protocols_give_the_content_of_a_subclass_in_one_piece(
    value: Any, args: tuple[Any, ...], protocol: int
) -> None:
    shown = read(pickle.dumps(value, protocol))

    assert shown.qualified_name == f"{MODULE}.{type(value).__name__}"
    assert shown.args == args


def test_helpers_of_pickle_that_are_not_used_as_pickle_does_are_described() -> None:
    newobj = b"ccopyreg\n__newobj__\n"

    assert read(newobj + b"(cm\nC\nI1\ntR.") == OpaqueObject("m", "C", (1,))
    assert read(newobj + b"(I1\ntR.") == OpaqueObject("copyreg", "__newobj__", (1,))
    assert read(newobj + b"(" + newobj * 50 + b"tR.").name == "__newobj__"


def test_names_of_python_2_are_those_of_python_3_up_to_protocol_2_only() -> None:
    assert read(b"cexceptions\nValueError\n.") == reference("ValueError", "builtins")
    assert read(b"\x80\x03cexceptions\nError\n.") == reference("Error", "exceptions")


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"(I1\nI2\nim\nC\n.", OpaqueObject("m", "C", (1, 2))),
        (b"(cm\nC\nI1\no.", OpaqueObject("m", "C", (1,))),
        (b"Pcustomer-7\n.", OpaqueObject("", "persistent ID", ("customer-7",))),
        (b"(I1\nI2\nlQ.", OpaqueObject("", "persistent ID", ([1, 2],))),
        (b"\x82\x07.", reference("extension 7", "")),
        (b"\x83\x07\x01.", reference("extension 263", "")),
        (b"\x84\x07\x00\x00\x00)R.", OpaqueObject("", "extension 7")),
        (b"\x97\x98.", reference("out-of-band buffer", "")),
    ],
)
def test_what_only_the_writing_process_could_resolve_is_described(
    data: bytes, shown: OpaqueObject
) -> None:
    assert read(data) == shown


def test_persistent_ids_that_a_real_pickler_wrote_are_described() -> None:
    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            return ("order", value.id) if isinstance(value, classes.Order) else None

    for protocol in PROTOCOLS[1:]:
        stream = io.BytesIO()
        Pickler(stream, protocol).dump([classes.Order("7")])
        assert read(stream.getvalue()) == [OpaqueObject("", "persistent ID", (("order", "7"),))]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_keys_and_elements_that_are_objects_keep_their_container_readable(protocol: int) -> None:
    red = opaque("Colour", "red")

    assert read(pickle.dumps({classes.Colour.RED: 1, "b": 2}, protocol)) == OpaqueObject(
        "builtins", "dict", pairs=((red, 1), ("b", 2))
    )
    assert read(pickle.dumps({classes.Colour.RED}, protocol)) == OpaqueObject(
        "builtins", "set", items=(red,)
    )
    assert read(pickle.dumps({(1, frozenset({classes.Colour.RED})): 2}, protocol)).pairs == (
        ((1, OpaqueObject("builtins", "frozenset", items=(red,))), 2),
    )


def test_an_ordered_dict_with_objects_as_keys_is_described() -> None:
    data = b"ccollections\nOrderedDict\n(tR(cm\nC\nI1\nu."

    assert read(data) == OpaqueObject(
        "collections", "OrderedDict", pairs=((OpaqueObject("m", "C", called=False), 1),)
    )


@pytest.mark.parametrize("key", [b"]", b"}", b"]\x85", b"cdecimal\nDecimal\n(VsNaN\ntR"])
def test_keys_that_python_has_no_hash_for_are_kept(key: bytes) -> None:
    shown = read(b"}" + key + b"K\x01s.")

    assert shown.qualified_name == "dict"
    assert shown.pairs[0][1] == 1


def test_an_object_of_cycles_is_shown_as_text() -> None:
    order = classes.Order("o")
    order.lines.append(order)  # type: ignore[arg-type]

    assert reason(read(pickle.dumps(order))) == "The value contains itself."


def test_references_to_what_is_filled_later_are_references_to_the_filled() -> None:
    order = classes.Order("o", [1])
    first, second = read(pickle.dumps([order, order]))

    assert first is second
    assert first.state == {"id": "o", "lines": [1]}


def test_a_description_has_no_hash_because_that_would_visit_shared_parts_again() -> None:
    assert not isinstance(opaque("Order"), Hashable)


def test_the_last_state_counts() -> None:
    assert read(b"cm\nC\n)\x81}b(I1\nI2\nlb.").state == [1, 2]


class Evil:
    def __init__(self, call: Any, *args: Any) -> None:
        self._call = (call, args)

    def __reduce__(self) -> Any:
        return self._call


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_command_is_shown_and_not_run(protocol: int, tmp_path: Path) -> None:
    sentinel = tmp_path / "ran"
    command = f"touch {sentinel}"
    data = pickle.dumps(Evil(os.system, command), protocol)

    shown = read(data)

    assert not sentinel.exists()
    assert (shown.name, shown.args) == ("system", (command,))
    pickle.loads(data)
    assert sentinel.exists(), "the pickle was not armed: this test proves nothing"


@pytest.mark.parametrize("call", [eval, exec])
@pytest.mark.parametrize("disguise", ["plain", "key", "argument", "state", "callee"])
def test_code_is_not_run_wherever_it_hides(call: Any, disguise: str, tmp_path: Path) -> None:
    sentinel = tmp_path / "ran"
    evil = Evil(call, f"open({str(sentinel)!r}, 'w').close()")
    hidden = {
        "plain": evil,
        "key": [{(1, evil): 1}],
        "argument": Evil(set, [evil]),
        "state": classes.Order("o", [evil]),  # type: ignore[list-item]
        "callee": Evil(getattr, evil, "name"),
    }[disguise]

    read(pickle.dumps(hidden))

    assert not sentinel.exists()


@pytest.mark.parametrize(
    "instructions",
    [b"cbooby_trap\nC\n.", b"(ibooby_trap\nC\n.", b"\x8c\x0abooby_trap\x8c\x01C\x93)R."],
)
def test_a_module_that_is_named_is_not_imported(
    instructions: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "booby_trap.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert read(instructions).module == "booby_trap"
