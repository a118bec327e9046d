"""Rows that do not name their format: those of SDKs before it had a column, and contexts.

Each SDK wrote its language's own format then, and most texts tell which one that is.
"""

import re
from typing import Any, Final

from client_core.serialization.budget import Budget
from client_core.serialization.errors import UnreadableError
from client_core.serialization.format import Format, inputs_from_fields
from client_core.serialization.js_superjson import JSSuperJSON
from client_core.serialization.json_text import parse_json
from client_core.serialization.jsonpickle import JSONPickle
from client_core.serialization.portable_json import PortableJSON
from client_core.serialization.py_pickle import PyPickle
from client_core.serialization.values import RecordedError, WorkflowInputs

#: Base64 of what every pickle of protocol 2 to 5 starts with.
_PICKLE: Final = re.compile("gA[I-X]")
_SUPERJSON: Final = re.compile(r'"__dbos_serializer"\s*:\s*"superjson"\s*\}\s*\Z')
#: The older format of TypeScript; a Buffer is spelled as Node.js does, and nobody else.
_TAGGED_JSON: Final = re.compile(r'"dbos_type"|\{"type":"Buffer","data":\[')
_JSONPICKLE: Final = re.compile(
    r'"py/(?:b64|b85|function|id|iterator|mod|object|reduce|repr|set|tuple|type)"\s*:'
)


def own_format(text: str | None) -> str | None:
    """The language's own format of a text whose row does not name it; None if it does not tell.

    The first 24 characters and the last 64 are enough for the arguments of a workflow, but for the
    older format of TypeScript.
    """
    if not text:
        return None
    if _PICKLE.match(text):
        return PyPickle.name
    if _SUPERJSON.search(text, max(0, len(text) - 64)) or _TAGGED_JSON.search(text):
        return JSSuperJSON.name
    return JSONPickle.name if _JSONPICKLE.search(text) else None


class PlainJSON(Format):
    """JSON without a mark, which is what plain data are in several formats."""

    name = ""
    writable = False

    def decode_value(self, text: str, budget: Budget) -> Any:
        try:
            return parse_json(text, budget)
        except UnreadableError as error:
            raise UnreadableError(f"The row does not name its format. {error}") from None

    def decode_arguments(self, text: str, budget: Budget) -> WorkflowInputs:
        """An array is of TypeScript; `args` and `kwargs` are of Python."""
        match self.decode_value(text, budget):
            case list(arguments):
                return WorkflowInputs(tuple(arguments), {})
            case {"args": _, "kwargs": _} as fields:
                return inputs_from_fields(fields, "The JSON holds")
        return PortableJSON().decode_arguments(text, budget)

    def decode_error(self, text: str, budget: Budget) -> RecordedError:
        """As TypeScript recorded it: Python always left a mark."""
        self.decode_value(text, budget)
        return JSSuperJSON().decode_error(text, budget)
