"""The JSON of jsonpickle, which Python applications wrote up to SDK 1; read only.

jsonpickle imports and calls what a text names. Here that becomes an inert description, as in
`py_pickle`, and plain data become what they were.
"""

from typing import Any, Final

from client_core.serialization.budget import Budget, measure
from client_core.serialization.errors import UnreadableError
from client_core.serialization.format import Format, inputs_from_fields
from client_core.serialization.inert.build import build
from client_core.serialization.inert.drafts import draft_children
from client_core.serialization.inert.exceptions import recorded_error
from client_core.serialization.inert.from_jsonpickle import Restorer
from client_core.serialization.json_text import parse_json
from client_core.serialization.values import RecordedError, WorkflowInputs

#: A time with its zone takes this many levels of JSON to one of ours, and fewer parts.
_JSON_PER_PART: Final = 4


class JSONPickle(Format):
    """What rows of SDK 1 hold, which do not name it: no row has this name in a column."""

    name = "jsonpickle"
    writable = False

    def decode_value(self, text: str, budget: Budget) -> Any:
        node = parse_json(text, _of_text(budget))
        try:
            draft = Restorer().draft(node)
        except RecursionError:
            raise UnreadableError(f"The value nests deeper than {budget.depth} levels.") from None
        return build(draft, measure(draft, budget, draft_children))

    def decode_arguments(self, text: str, budget: Budget) -> WorkflowInputs:
        return inputs_from_fields(self.decode_value(text, budget), "The JSON holds")

    def decode_error(self, text: str, budget: Budget) -> RecordedError:
        return recorded_error(self.decode_value(text, budget))


def _of_text(budget: Budget) -> Budget:
    """What the text may have, so that each value within `budget` fits in with its tags."""
    return Budget(
        budget.bytes, _JSON_PER_PART * budget.depth + 10, _JSON_PER_PART * budget.nodes + 10
    )
