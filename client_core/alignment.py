"""Two sequences side by side: what stands in both, in order, and what in one alone."""

from collections.abc import Hashable, Sequence

#: Above this many cells the middle is put side by side by place.
MOST_CELLS = 250_000

#: The places of a pair; None where one has nothing to stand beside the other's.
Pair = tuple[int | None, int | None]


def aligned(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[Pair]:
    """All places of both, in order; equal elements are pairs, as many as can be.

    Time and memory are bounded. Where the sequences differ over a long stretch, their elements
    are paired by place there, whether equal or not.
    """
    start = _common(left, right, range(min(len(left), len(right))))
    rest = min(len(left), len(right)) - start
    end = _common(left, right, range(-1, -rest - 1, -1))
    middle = _middle(left[start : len(left) - end], right[start : len(right) - end])
    return [
        *((place, place) for place in range(start)),
        *(
            (None if one is None else one + start, None if other is None else other + start)
            for one, other in middle
        ),
        *((len(left) - place, len(right) - place) for place in range(end, 0, -1)),
    ]


def _common(left: Sequence[Hashable], right: Sequence[Hashable], places: range) -> int:
    """At how many of these places, from the first on, both are equal."""
    for count, place in enumerate(places):
        if left[place] != right[place]:
            return count
    return len(places)


def _middle(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[Pair]:
    if len(left) * len(right) > MOST_CELLS:
        longest = max(len(left), len(right))
        return [
            (place if place < len(left) else None, place if place < len(right) else None)
            for place in range(longest)
        ]
    lengths = _lengths(left, right)
    pairs: list[Pair] = []
    one = other = 0
    while one < len(left) and other < len(right):
        if left[one] == right[other]:
            pairs.append((one, other))
            one, other = one + 1, other + 1
        elif lengths[one + 1][other] >= lengths[one][other + 1]:
            pairs.append((one, None))
            one += 1
        else:
            pairs.append((None, other))
            other += 1
    pairs += ((place, None) for place in range(one, len(left)))
    pairs += ((None, place) for place in range(other, len(right)))
    return pairs


def _lengths(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[list[int]]:
    """How many pairs the rests of both have in common, from each two places on."""
    lengths = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for one in range(len(left) - 1, -1, -1):
        row, below = lengths[one], lengths[one + 1]
        for other in range(len(right) - 1, -1, -1):
            if left[one] == right[other]:
                row[other] = below[other + 1] + 1
            else:
                row[other] = max(below[other], row[other + 1])
    return lengths
