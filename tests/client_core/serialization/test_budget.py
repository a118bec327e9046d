import pytest

from client_core.serialization import Budget, OpaqueObject
from client_core.serialization.budget import measure, utf8_length
from client_core.serialization.errors import UnreadableError


def fits(value: object, **limits: int) -> bool:
    try:
        measure(value, Budget(**limits))
    except UnreadableError:
        return False
    return True


@pytest.mark.parametrize(
    ("value", "nodes"),
    [
        (1, 1),
        ([], 1),
        ([1, 2, 3], 4),
        ({"a": 1, "b": [2]}, 6),
        (({1}, frozenset({2}), (3, 4)), 8),
        ([OpaqueObject("app", "Order")] * 3, 4),
    ],
)
def test_every_value_and_key_counts_as_a_node(value: object, nodes: int) -> None:
    assert fits(value, nodes=nodes)
    assert not fits(value, nodes=nodes - 1)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("abc", 3),
        ("é€😀", 9),
        (b"abcd", 4),
        (bytearray(5), 5),
        ({"key": "value"}, 8),
        (10**300, 332),
        (OpaqueObject("app.models", "Order", called=False), 15),
    ],
)
def test_strings_and_large_numbers_count_in_bytes(value: object, size: int) -> None:
    assert fits(value, bytes=size)
    assert not fits(value, bytes=size - 1)


@pytest.mark.parametrize(("value", "depth"), [(1, 0), ([], 1), ([[], [[]]], 3), ({"a": (1,)}, 2)])
def test_depth_is_the_number_of_containers_around_the_innermost_place(
    value: object, depth: int
) -> None:
    assert fits(value, depth=depth)
    assert depth == 0 or not fits(value, depth=depth - 1)


def test_a_shared_part_counts_each_time_it_is_shown() -> None:
    shared = ["text"] * 10

    assert fits([shared, shared, shared], nodes=34, bytes=120)
    assert not fits([shared, shared, shared], nodes=33)
    assert not fits([shared, shared, shared], bytes=119)


def test_a_shared_part_counts_with_its_height_where_it_is_deepest() -> None:
    shared: list[object] = [[[]]]

    assert fits([shared, [[shared]]], depth=6)
    assert not fits([shared, [[shared]]], depth=5)


def test_a_part_that_is_deepest_through_another_shared_part_is_found() -> None:
    inner: list[object] = [[]]
    outer = [inner, [inner]]

    assert fits([outer, [outer]], depth=6)
    assert not fits([outer, [outer]], depth=5)


def test_a_graph_that_doubles_sixty_times_is_measured_and_refused() -> None:
    value: list[object] = []
    for _ in range(60):
        value = [value, value]

    with pytest.raises(UnreadableError, match="more than 200,000 parts"):
        measure(value, Budget())


def test_nesting_deeper_than_the_recursion_limit_is_refused_without_recursion() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(UnreadableError, match="deeper than 100 levels"):
        measure(value, Budget())


def test_a_cycle_is_refused_however_long_it_is() -> None:
    value: list[object] = []
    value.append({"a": [(value,)]})

    with pytest.raises(UnreadableError, match="contains itself"):
        measure(value, Budget())


def test_parts_come_before_wholes_and_each_once() -> None:
    shared: list[object] = []
    middle = (shared, shared)
    root = {"a": middle, "b": shared}

    assert [id(part) for part in measure(root, Budget())] == [id(shared), id(middle), id(root)]


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(UnreadableError, match="surrogate"):
        measure(["\ud800"], Budget())


def test_a_length_is_that_of_utf8() -> None:
    assert utf8_length("aé€😀") == 10


def test_input_is_admitted_up_to_the_budget() -> None:
    Budget(bytes=5).admit(5)
    with pytest.raises(UnreadableError, match="larger than 5 bytes"):
        Budget(bytes=5).admit(6)
