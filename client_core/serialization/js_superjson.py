"""`js_superjson`: the default of TypeScript applications, superjson in a marked envelope.

`{"json": …, "meta": {"values": …, "referentialEqualities": …}, "__dbos_serializer": "superjson"}`;
rows of older SDKs have the name and no marker, see `superjson.legacy`. As this client reads them:

- a Date is an aware `datetime`, a bigint an `int`, `undefined` is `UNDEFINED`, a Buffer `bytes`;
- a Set is a `set` and a Map a `dict` in its order; where Python cannot have the element or key,
  or takes two of them for equal, they are an `OpaqueObject` with `items` or `pairs`;
- an Error is a `RecordedError`; RegExp, URL, Symbol, typed arrays, and objects of the
  application's classes are each an `OpaqueObject`.

Written are plain data and the types of the first two lines. A dict whose keys are all strings is
an object and any other a Map. References are not written: they change no value.
"""

from typing import Any, Final

from client_core.serialization.budget import Budget
from client_core.serialization.errors import SerializationError, UnreadableError
from client_core.serialization.format import Format
from client_core.serialization.json_text import parse_json
from client_core.serialization.places import Place
from client_core.serialization.superjson.annotations import apply_meta
from client_core.serialization.superjson.build import build, error_of
from client_core.serialization.superjson.legacy import revive
from client_core.serialization.superjson.text import stringify
from client_core.serialization.superjson.write import annotated
from client_core.serialization.values import RecordedError, WorkflowInputs

_MARKER: Final = "__dbos_serializer"
_SUPERJSON: Final = "superjson"


class JSSuperJSON(Format):
    """What the official TypeScript SDK writes unless it is told otherwise."""

    name = "js_superjson"

    def decode_value(self, text: str, budget: Budget) -> Any:
        envelope = parse_json(text, _of_envelope(budget))
        if not isinstance(envelope, dict) or envelope.get(_MARKER) != _SUPERJSON:
            return revive(envelope, budget)
        if "json" not in envelope:  # of a function or symbol nothing is left
            raise UnreadableError("The envelope holds no value.")
        root = envelope["json"]
        if envelope.get("meta") is not None:
            root = apply_meta(root, envelope["meta"])
        return build(root, budget)

    def decode_arguments(self, text: str, budget: Budget) -> WorkflowInputs:
        arguments = self.decode_value(text, budget)
        if isinstance(arguments, list):
            return WorkflowInputs(tuple(arguments), {})
        raise UnreadableError("The value is no workflow arguments: an array.")

    def decode_error(self, text: str, budget: Budget) -> RecordedError:
        """Whatever was thrown: JavaScript throws any value, and the SDK records it."""
        error = self.decode_value(text, budget)
        if isinstance(error, RecordedError):
            return error
        if isinstance(error, dict):
            return error_of(error)
        if isinstance(error, str):
            return RecordedError("NonError", error, None, None)
        return RecordedError("NonError", "", None, error)

    def encode_value(self, value: Any, budget: Budget) -> str:
        return _enveloped(value, Place("value", budget.depth))

    def encode_arguments(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], budget: Budget
    ) -> str:
        if kwargs:
            raise SerializationError(
                f"TypeScript has no named arguments, and these were given: {', '.join(kwargs)}."
            )
        return _enveloped(args, Place("args", budget.depth))


def _enveloped(value: Any, place: Place) -> str:
    json, annotations = annotated(value, place)
    meta = {} if annotations is None else {"meta": {"values": annotations}}
    return stringify({"json": json, **meta, _MARKER: _SUPERJSON})


def _of_envelope(budget: Budget) -> Budget:
    """What the text may have, so that each value within `budget` fits in with its annotations.

    A Map takes two levels of JSON and one of ours; an annotated part takes a path, a list and a
    type beside it.
    """
    return Budget(budget.bytes, 2 * budget.depth + 10, 4 * budget.nodes + 10)
