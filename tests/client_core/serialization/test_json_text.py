import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from client_core.serialization import Budget
from client_core.serialization.budget import measure
from client_core.serialization.errors import UnreadableError
from client_core.serialization.json_text import parse_json
from tests.client_core.serialization.support import shape

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
    max_leaves=20,
)


def why_not(text: str, budget: Budget | None = None) -> str:
    with pytest.raises(UnreadableError) as caught:
        parse_json(text, budget or Budget())
    return str(caught.value)


@given(json_values, st.booleans())
def test_it_reads_what_the_standard_library_reads(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)

    assert shape(parse_json(text, Budget())) == shape(json.loads(text))


@given(st.text() | st.text(alphabet='[]{}",:\\1aeN-. \n') | json_values.map(json.dumps))
@example('"\\')
@example("")
def test_no_text_makes_it_fail_in_another_way(text: str) -> None:
    budget = Budget(bytes=500, depth=5, nodes=10)
    try:
        value = parse_json(text, budget)
    except UnreadableError:
        return
    measure(value, budget)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_nesting_beyond_the_recursion_limit_is_refused(opening: str) -> None:
    assert why_not(opening * 100_000) == "The value nests deeper than 100 levels."


def test_nesting_is_allowed_up_to_the_limit() -> None:
    assert parse_json("[" * 100 + "]" * 100, Budget())
    assert "deeper" in why_not("[" * 101 + "]" * 101)


def test_an_integer_that_python_would_not_print_is_refused() -> None:
    assert parse_json("-" + "9" * 4300, Budget()) == -(10**4300) + 1
    assert "more than 4,300 digits" in why_not("[-" + "9" * 4301 + "]")
    assert "more than 4,300 digits" in why_not("1" * 1_000_000)


def test_text_of_too_many_parts_is_refused_before_it_is_parsed() -> None:
    # It is no JSON at its end: who says "parts" has not parsed it.
    assert "more than 10 parts" in why_not("[" + "[]," * 50, Budget(nodes=10))


def test_separators_inside_strings_are_no_parts() -> None:
    text = json.dumps([",:[{" * 100, 'quote " and \\', "\\"])

    assert len(parse_json(text, Budget(nodes=10))) == 3


def test_a_text_that_is_one_endless_string_is_scanned_once() -> None:
    # A scanner that starts again at each of these quotes would need 10**12 steps.
    assert "no JSON" in why_not('["' + ',\\"' * 1_000_000, Budget(nodes=1))


def test_parts_are_counted_exactly_after_parsing() -> None:
    assert parse_json("[1,2,3]", Budget(nodes=4)) == [1, 2, 3]
    assert "more than 3 parts" in why_not("[1,2,3]", Budget(nodes=3))


def test_text_larger_than_the_budget_is_refused() -> None:
    assert "larger than 9 bytes" in why_not('"12345678"', Budget(bytes=9))


def test_the_last_of_two_equal_keys_counts() -> None:
    assert parse_json('{"a":1,"a":2}', Budget()) == {"a": 2}


def test_numbers_that_json_does_not_have_are_read_because_python_writes_them() -> None:
    assert shape(parse_json("[NaN,Infinity,-Infinity]", Budget())) == shape(
        [float("nan"), float("inf"), float("-inf")]
    )


@pytest.mark.parametrize("text", [r'"\ud800"', r'{"\udc00":1}', r'["x","\ud83d"]'])
def test_a_lone_surrogate_is_refused_because_no_page_could_hold_it(text: str) -> None:
    assert "lone surrogate" in why_not(text)


def test_an_escaped_pair_of_surrogates_is_one_character() -> None:
    assert parse_json(r'"\ud83d\ude00"', Budget()) == "😀"


@pytest.mark.parametrize("text", ["", "undefined", "{'a':1}", "[1,]", '"open', "1 2", "\ufeff1"])
def test_what_is_no_json_is_named_so(text: str) -> None:
    assert why_not(text).startswith("The text is no JSON: ")
