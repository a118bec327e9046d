"""Plain data, as pickles of the standard library carry it."""

from collections import OrderedDict, deque
from datetime import timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

offsets = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
names = st.timezone_keys(allow_prefix=False).map(ZoneInfo)
zones: st.SearchStrategy[Any] = st.none() | offsets | names

# What can be the key of a dict or part of a set. NaN can be neither twice.
keys: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.uuids()
    | st.dates()
    | st.datetimes()
    | st.tuples(st.text(), st.integers())
    | st.frozensets(st.integers())
)

writable_scalars: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**300), 2**300)
    | st.floats()
    | st.text()
    | st.binary(max_size=300)
    | st.decimals()
    | st.uuids()
    | st.dates()
    | st.times(timezones=st.none() | offsets)
    | st.datetimes(timezones=zones)
    | st.timedeltas()
    | offsets
    | names
)

readable_scalars: st.SearchStrategy[Any] = (
    writable_scalars
    | st.complex_numbers()
    | st.binary(max_size=300).map(bytearray)
    | st.builds(range, st.integers(-200, 200), st.integers(-200, 200), st.integers(1, 5))
)


def containers(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One more level of list, tuple, dict, set or frozenset."""
    return (
        st.lists(parts, max_size=5)
        | st.lists(parts, max_size=5).map(tuple)
        | st.dictionaries(keys, parts, max_size=5)
        | st.sets(keys, max_size=5)
        | st.frozensets(keys, max_size=5)
    )


def more_containers(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Those, and the containers of `collections`."""
    return (
        containers(parts)
        | st.builds(deque, st.lists(parts, max_size=5), st.none() | st.integers(0, 4))
        | st.dictionaries(keys, parts, max_size=5, dict_class=OrderedDict)
    )


writable = st.recursive(writable_scalars, containers, max_leaves=20)
readable = st.recursive(readable_scalars, more_containers, max_leaves=20)
