"""Classes of an application, for pickles that no reader here may unpickle."""

from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import Enum, Flag
from typing import Any, NamedTuple


class ByValue:
    """Pickled as the call that makes it, on every Python: 3.11.0 to 3.11.3 pickled by name."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.value,)  # type: ignore[attr-defined]


class Colour(ByValue, Enum):
    RED = "red"


class Access(ByValue, Flag):
    READ = 1
    WRITE = 2


class Shade(Enum):
    DARK = 1

    def __reduce_ex__(self, protocol: Any) -> Any:
        return getattr, (type(self), self.name)


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Order:
    id: str
    lines: list[int] = field(default_factory=list)

    class Line:
        """Nested: pickled by its dotted name."""


@dataclass(slots=True)
class Slotted:
    a: int
    b: int


class SlotsAndDict:
    __slots__ = ("__dict__", "a")

    def __init__(self) -> None:
        self.a = 1
        self.b = 2


class Stateful:
    def __getstate__(self) -> Any:
        return ["anything"]

    def __setstate__(self, state: Any) -> None:
        raise AssertionError("this ran")


class Keywords:
    def __new__(cls, *, size: int) -> "Keywords":
        return super().__new__(cls)

    def __getnewargs_ex__(self) -> Any:
        return (), {"size": 3}


class Titles(list[str]):
    pass


class Settings(dict[str, int]):
    pass


class Name(str):
    __slots__ = ()


class Ordered(OrderedDict[str, int]):
    pass


class Recent(deque[int]):
    pass


class Tags(set[str]):
    pass


class Zone(tzinfo):
    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=1)

    def dst(self, moment: datetime | None) -> None:
        return None

    def tzname(self, moment: datetime | None) -> str:
        return "application"


class PaymentDeclined(Exception):
    def __init__(self, order: str, code: int) -> None:
        super().__init__(f"order {order} was declined")
        self.order = order
        self.code = code

    def __reduce__(self) -> Any:
        return type(self), self.args, self.__dict__


def word_counts() -> Counter[str]:
    return Counter("aab")


def grouped() -> defaultdict[str, list[int]]:
    groups: defaultdict[str, list[int]] = defaultdict(list)
    groups["a"].append(1)
    return groups
