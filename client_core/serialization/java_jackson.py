"""`java_jackson`: JSON in which every object says its class, the default of Java; read only.

`DBOSJavaSerializer` of dbos-transact-java types all but primitives: an object has its class under
`@class`, and what is written as an array or scalar stands in a pair, `["java.lang.Long",5]`.
Strings, booleans, ints and doubles stand for themselves. Collections, maps and numbers of the
standard library are read as plain data; everything else keeps its class as an `OpaqueObject`.
"""

import re
from typing import Any, Final

from client_core.serialization.budget import Budget
from client_core.serialization.errors import UnreadableError
from client_core.serialization.format import Format
from client_core.serialization.json_text import parse_json
from client_core.serialization.values import OpaqueObject, RecordedError, WorkflowInputs

_CLASS: Final = "@class"
_CLASS_NAME: Final = re.compile(r"\[+(?:[ZBCSIJFD]|L[\w$.]+;)|[\w$]+(?:\.[\w$]+)+")
_ARRAYS: Final = re.compile(
    r"\[|java\.util\.(\w*List|Arrays\$ArrayList|ImmutableCollections\$List)"
)
_MAPS: Final = re.compile(r"java\.util\.(concurrent\.)?(\w*Map$|ImmutableCollections\$Map)")
_NUMBERS: Final = re.compile(r"java\.(lang\.(Byte|Short|Long|Float)|math\.Big(Integer|Decimal))")


class JavaJackson(Format):
    """What the official Java SDK writes unless it is told otherwise."""

    name = "java_jackson"
    writable = False

    def decode_value(self, text: str, budget: Budget) -> Any:
        return _plain(parse_json(text, budget))

    def decode_arguments(self, text: str, budget: Budget) -> WorkflowInputs:
        arguments = self.decode_value(text, budget)
        if isinstance(arguments, list):
            return WorkflowInputs(tuple(arguments), {})
        raise UnreadableError("The JSON is no workflow arguments: an array.")

    def decode_error(self, text: str, budget: Budget) -> RecordedError:
        """A `WireThrowable`; the serialized Java object in it is left out: only Java reads it."""
        fields = parse_json(text, budget)
        if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
            raise UnreadableError("The JSON is no error: an object of type and message.")
        known = {"type", "message", "v", "base64bytes", _CLASS}
        rest = {
            key: plain
            for key, value in fields.items()
            if key not in known and (plain := _plain(value))
        }
        message = fields.get("message")
        return RecordedError(
            fields["type"], message if isinstance(message, str) else "", None, rest or None
        )


def _plain(value: Any) -> Any:
    """`value` at a place where Jackson writes the type; no deeper than the budget let it be."""
    match value:
        case [str(name), content] if _CLASS_NAME.fullmatch(name):
            return _typed(name, content)
        case list():
            return [_plain(part) for part in value]
        case dict():
            fields = {key: _plain(part) for key, part in value.items() if key != _CLASS}
            kind = value.get(_CLASS)
            if not isinstance(kind, str) or _MAPS.match(kind):
                return fields
            return _opaque(kind, state=fields)
    return value


def _typed(name: str, content: Any) -> Any:
    if isinstance(content, list):
        items = [_plain(part) for part in content]
        return items if _ARRAYS.match(name) else _opaque(name, items=tuple(items))
    if _NUMBERS.fullmatch(name) and isinstance(content, (int, float)):
        return content
    return _opaque(name, args=(_plain(content),))


def _opaque(qualified: str, **parts: Any) -> OpaqueObject:
    module, _, name = qualified.rpartition(".")
    return OpaqueObject(module, name, **parts)
