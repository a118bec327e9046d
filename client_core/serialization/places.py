"""Where inside a value something is, and the refusal of what cannot be written."""

from typing import Any, Final, NoReturn

from client_core.serialization.errors import SerializationError

_MAX_STEP: Final = 80
"""Characters of one key in a message."""


class Place:
    """A path into the value that is being written: `args[1].when`.

    A walker calls `descend` for each container, and `push` and `pop` around each of its parts.
    """

    def __init__(self, root: str, depth: int) -> None:
        self._root = root
        self._depth = depth
        self._steps: list[Any] = []

    def __str__(self) -> str:
        return self._root + "".join(map(_step, self._steps))

    def descend(self, container: Any) -> None:
        """Raise `SerializationError` when `container` is deeper than any reader would follow.

        This also ends the walk through a container that contains itself.
        """
        if len(self._steps) >= self._depth:
            # The whole path would be a hundred steps of noise.
            self._steps = self._steps[:3]
            self.refuse(container, f"a value here nests deeper than {self._depth} levels")

    def push(self, step: Any) -> None:
        """Enter the part at index or key `step`."""
        self._steps.append(step)

    def pop(self) -> None:
        """Leave the part entered last."""
        self._steps.pop()

    def refuse(self, value: Any, rule: str) -> NoReturn:
        """Raise `SerializationError` for `value` at this place."""
        kind = type(value)
        name = kind.__qualname__
        if kind.__module__ != "builtins":
            name = f"{kind.__module__}.{name}"
        raise SerializationError(f"{self}: {name}: {rule}.")


def _step(step: Any) -> str:
    if isinstance(step, str) and step.isidentifier() and len(step) <= _MAX_STEP:
        return f".{step}"
    try:
        shown = repr(step)
    except Exception:  # an object of the caller, or an integer that Python will not print
        shown = type(step).__qualname__
    return f"[{shown if len(shown) <= _MAX_STEP else shown[:_MAX_STEP] + '…'}]"
