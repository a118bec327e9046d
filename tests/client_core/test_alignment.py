"""Two sequences side by side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_core import alignment
from client_core.alignment import aligned

words = st.lists(st.sampled_from("abc"), max_size=12)


def shown(left: str, right: str) -> str:
    """Both in columns: “a=a”, “a-”, “-b”, and “a/b” for what is unequal and beside each other."""
    columns = []
    for one, other in aligned(left, right):
        if one is None:
            columns.append(f"-{right[other]}" if other is not None else "--")
        elif other is None:
            columns.append(f"{left[one]}-")
        else:
            columns.append(left[one] + ("=" if left[one] == right[other] else "/") + right[other])
    return " ".join(columns)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("", "", ""),
        ("a", "", "a-"),
        ("", "a", "-a"),
        ("abc", "abc", "a=a b=b c=c"),
        ("abc", "ab", "a=a b=b c-"),
        ("ab", "abc", "a=a b=b -c"),
        ("axc", "ayc", "a=a x- -y c=c"),
        ("abcd", "acd", "a=a b- c=c d=d"),
        ("bcd", "abcd", "-a b=b c=c d=d"),
        ("aaaa", "aa", "a=a a=a a- a-"),
        ("abcabx", "abxabc", "a=a b=b c- -x a=a b=b x- -c"),
    ],
)
def test_side_by_side(left: str, right: str, expected: str) -> None:
    assert shown(left, right) == expected


@given(words, words)
def test_each_place_stands_once_and_in_order(left: list[str], right: list[str]) -> None:
    pairs = aligned(left, right)
    assert [one for one, _ in pairs if one is not None] == list(range(len(left)))
    assert [other for _, other in pairs if other is not None] == list(range(len(right)))
    assert all(left[i] == right[j] for i, j in pairs if i is not None and j is not None)
    assert len([1 for i, j in pairs if i is not None and j is not None]) == _most(left, right)


def test_a_long_stretch_of_others_is_put_side_by_side_by_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alignment, "MOST_CELLS", 3)
    assert shown("axyc", "azwvc") == "a=a x/z y/w -v c=c"
    assert shown("axyc", "azc") == "a=a x- y- -z c=c"


def _most(left: list[str], right: list[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(right) + 1)
    for one in left:
        before = row[:]
        for place, other in enumerate(right):
            row[place + 1] = (
                before[place] + 1 if one == other else max(before[place + 1], row[place])
            )
    return row[-1]
