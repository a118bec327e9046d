"""The tagged JSON that TypeScript applications wrote before superjson, up to SDK 4.

Dates and bigints are `{"dbos_type": "dbos_Date" | "dbos_BigInt", "dbos_data": text}`, and a Buffer
is what Node.js itself makes of it: `{"type": "Buffer", "data": [bytes]}`.
"""

from email.utils import parsedate_to_datetime
from typing import Any

from client_core.serialization.budget import Budget, measure
from client_core.serialization.errors import UnreadableError
from client_core.serialization.superjson.annotations import read_bigint
from client_core.serialization.superjson.dates import read_date


def revive(root: Any, budget: Budget) -> Any:
    """`root` with its tagged objects replaced; one that is tagged and malformed stays as it is."""
    built: dict[int, Any] = {}
    for container in measure(root, budget):
        if isinstance(container, dict):
            made = {key: built.get(id(part), part) for key, part in container.items()}
            built[id(container)] = _untagged(made)
        else:
            built[id(container)] = [built.get(id(part), part) for part in container]
    return built.get(id(root), root)


def _untagged(value: dict[str, Any]) -> Any:
    try:
        match value:
            case {"dbos_type": "dbos_Date", "dbos_data": str(text)}:
                # The first SDKs wrote `Thu, 01 Jan 1970 00:00:00 GMT`.
                return parsedate_to_datetime(text) if text.endswith("GMT") else read_date(text)
            case {"dbos_type": "dbos_BigInt", "dbos_data": text}:
                return read_bigint(text)
            case {"type": "Buffer", "data": list(data)}:
                return bytes(data)
    except (UnreadableError, ValueError, TypeError):
        pass
    return value
