"""How two payloads differ: the places where one has something else, as paths."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from client_core.serialization import OpaqueObject, RawValue, RecordedError, WorkflowInputs

#: More differences than these are not looked for, nor in more than these parts.
MOST_DIFFERENCES: Final = 50
MOST_PARTS: Final = 20_000


class Absent(Enum):
    """The type of :data:`ABSENT`."""

    ABSENT = "absent"


#: What stands for a part that one of two payloads does not have.
ABSENT: Final = Absent.ABSENT

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where two payloads differ; :data:`ABSENT` where one has nothing there."""

    path: Path
    left: Any
    right: Any

    @property
    def place(self) -> str:
        """The path as people write it: ``items[0].price``; empty for the whole."""
        text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.path)
        return text.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Differences:
    """The places where two payloads differ."""

    found: tuple[Difference, ...]
    #: Whether there may be more, which were not looked for.
    is_cut: bool = False
    #: Why the two cannot be compared; empty if they can.
    unknown: str = ""

    @property
    def equal(self) -> bool | None:
        """Whether the payloads are the same; None where that cannot be told."""
        if self.found:
            return False
        return None if self.unknown or self.is_cut else True


def differences(left: Any, right: Any) -> Differences:
    """Where two decoded payloads differ, in order, within bounds of number and work."""
    for value in (left, right):
        if isinstance(value, RawValue) and not value.text:
            return Differences((), unknown=value.reason)
    found: list[Difference] = []
    waiting: list[tuple[Path, Any, Any]] = [((), left, right)]
    for _ in range(MOST_PARTS):
        if not waiting:
            return Differences(tuple(found))
        if len(found) == MOST_DIFFERENCES:
            break
        path, one, other = waiting.pop()
        mine, yours = _parts(one), _parts(other)
        if mine is not None and yours is not None and _kind(one) == _kind(other):
            waiting.extend(reversed(list(_beside(path, mine, yours))))
        elif not _alike(one, other):
            found.append(Difference(path, one, other))
    return Differences(tuple(found), is_cut=True)


def _beside(
    path: Path, left: Mapping[Any, Any], right: Mapping[Any, Any]
) -> Iterator[tuple[Path, Any, Any]]:
    for key in [*left, *(key for key in right if key not in left)]:
        step = key if isinstance(key, int) and not isinstance(key, bool) else str(key)
        yield (*path, step), left.get(key, ABSENT), right.get(key, ABSENT)


def _parts(value: Any) -> Mapping[Any, Any] | None:
    """The named or numbered parts of a value; None if it is compared as a whole."""
    match value:
        case Mapping():
            return value
        case list() | tuple():
            return dict(enumerate(value))
        case WorkflowInputs():
            return {**dict(enumerate(value.args)), **value.kwargs}
        case RecordedError():
            return {"name": value.name, "message": value.message, "code": value.code} | (
                {} if value.data is None else {"data": value.data}
            )
        case OpaqueObject():
            state = value.state if isinstance(value.state, dict) else {"state": value.state}
            return {**dict(enumerate((*value.args, *value.items))), **value.kwargs, **state}
    return None


def _kind(value: Any) -> Any:
    """What must be equal for two values to be compared part by part."""
    if isinstance(value, OpaqueObject):
        # What is a set or a dict of the application's own has no names for its parts.
        whole = value if value.pairs else None
        return value.qualified_name, value.called, whole
    return "mapping" if isinstance(value, Mapping) else type(value)


def _alike(left: Any, right: Any) -> bool:
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    # NaN is not equal to itself, and yet the same.
    return bool(left == right) or (left != left and right != right)
