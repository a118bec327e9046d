"""JSON text read within a budget; shared by every format that is JSON underneath."""

import json
import re
from typing import Any, Final

from client_core.serialization.budget import Budget, measure
from client_core.serialization.errors import UnreadableError
from client_core.serialization.limits import MAX_DIGITS

# Possessive, and matching whatever follows a quote, so that no text makes it go back and forth.
_STRING: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


def parse_json(text: str, budget: Budget) -> Any:
    """The value of `text`.

    NaN and infinities are read, because the official Python client writes them; of a key that
    is there twice the last one counts, as for every reader of JSON.

    Raises `UnreadableError` when it is no JSON or over the budget.
    """
    budget.admit(len(text))
    _refuse_crowd(text, budget)
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise UnreadableError(f"The value nests deeper than {budget.depth} levels.") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(f"The text is no JSON: {error}.") from None
    if not _is_small(text, budget):
        measure(value, budget)
    return value


def _is_small(text: str, budget: Budget) -> bool:
    """Whether the text alone shows that its value is within the budget, as most texts do.

    JSON shares no parts: each container has a bracket of its own, each part but the first a
    separator, and each character of a string or number at least one in the text.
    """
    return (
        2 * len(text) <= budget.bytes
        and text.count("[") + text.count("{") <= budget.depth
        and _separators(text) < budget.nodes
        and text.isascii()
        and "\\u" not in text  # which may spell half a character
    )


def _refuse_crowd(text: str, budget: Budget) -> None:
    """Refuse text of far too many parts unparsed: a list takes 2 characters here, 56 bytes there.

    Each part follows one of `[ { , :` or starts the text, and an empty container follows one and
    has one: at most two of these characters a part.
    """
    if _separators(text) > 2 * budget.nodes and (
        _separators(_STRING.sub("", text)) > 2 * budget.nodes
    ):
        raise UnreadableError(f"The value has more than {budget.nodes:,} parts.")


def _separators(text: str) -> int:
    return sum(text.count(separator) for separator in "[{,:")


def _integer(literal: str) -> int:
    if len(literal.lstrip("-")) > MAX_DIGITS:
        raise UnreadableError(f"The value has an integer of more than {MAX_DIGITS:,} digits.")
    return int(literal)


_DECODER: Final = json.JSONDecoder(parse_int=_integer)
