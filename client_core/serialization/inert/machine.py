"""The state of pickle's stack machine: a stack cut by marks, and a memo."""

from typing import Any, Final

from client_core.serialization.errors import UnreadableError
from client_core.serialization.inert.drafts import reference
from client_core.serialization.inert.scalars import Reader

DAMAGED: Final = "The pickle is damaged: an instruction lacks what it works on."

_MEMO_SIZE: Final = 2**32

# Up to protocol 2 these modules and names are spelled as in Python 2.
_PYTHON2_MODULES: Final = {
    "__builtin__": "builtins",
    "exceptions": "builtins",
    "copy_reg": "copyreg",
}
_PYTHON2_NAMES: Final = {("__builtin__", "xrange"): "range", ("__builtin__", "unicode"): "str"}


class Machine:
    """The stack, cut into one list per open MARK, and the memo."""

    __slots__ = ("_below", "_stack", "memo", "protocol", "reader")

    def __init__(self, data: bytes) -> None:
        self.reader = Reader(data)
        self.protocol = 0
        self.memo: dict[int, Any] = {}
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []

    def push(self, draft: Any) -> None:
        """Put a draft on top."""
        self._stack.append(draft)

    def pop(self) -> Any:
        """Take the top draft. Raises `UnreadableError` where a stack is empty, as all do."""
        if not self._stack:
            raise UnreadableError(DAMAGED)
        return self._stack.pop()

    def top(self) -> Any:
        """The top draft, left in place."""
        if not self._stack:
            raise UnreadableError(DAMAGED)
        return self._stack[-1]

    def mark(self) -> None:
        """Start a new stack on top of this one."""
        self._below.append(self._stack)
        self._stack = []

    def pop_mark(self) -> list[Any]:
        """Take all that was pushed since the last `mark`."""
        if not self._below:
            raise UnreadableError(DAMAGED)
        items, self._stack = self._stack, self._below.pop()
        return items

    def discard(self) -> None:
        """Drop the top draft, or the mark itself where nothing was pushed after it."""
        if self._stack:
            self._stack.pop()
        else:
            self.pop_mark()

    def memoize(self, index: int) -> None:
        """Remember the top draft as number `index`."""
        # Larger ones could be chosen so that all their hashes are equal.
        if not 0 <= index < _MEMO_SIZE:
            raise UnreadableError(DAMAGED)
        self.memo[index] = self.top()

    def recall(self, index: int) -> None:
        """Push draft number `index` once more."""
        if index not in self.memo:
            raise UnreadableError(DAMAGED)
        self.push(self.memo[index])

    def name(self, module: str, name: str) -> None:
        """Push a reference to a class or function."""
        if self.protocol < 3:
            name = _PYTHON2_NAMES.get((module, name), name)
            module = _PYTHON2_MODULES.get(module, module)
        self.push(reference(module, name))
