"""“Start again like this run”: its arguments as JSON to begin with, and its secrets put back.

Secrets leave the server as dots alone. Where these still stand when the form comes back, what they
stand for is taken from the run again.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from client_core import RawValue, WorkflowInputs, WorkflowStatus
from console.masking import DOTS, HIDDEN, Masks, configured
from console.payload import members, pair

_FORMATS = ("portable_json", "py_pickle", "js_superjson")


@dataclass(frozen=True, slots=True)
class Original:
    """What of a run JSON can carry."""

    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    #: Why its arguments are not there, where they are not.
    note: str = ""


def original_of(run: WorkflowStatus) -> Original:
    """The arguments and attributes of a run, where JSON can carry them."""
    attributes = _object(run.attributes)
    match run.input:
        case None:
            return Original(attributes=attributes, note="Its arguments were not recorded.")
        case RawValue(reason=reason):
            note = f"Its arguments are not filled in. {reason}"
            return Original(attributes=attributes, note=note)
        case WorkflowInputs(args=args, kwargs=kwargs):
            try:
                found = Original(plain(list(args)), plain(kwargs), attributes)
            except (ValueError, RecursionError) as error:
                note = f"Its arguments are not filled in: JSON has no {error}."
                return Original(attributes=attributes, note=note)
            return found


def masked(value: Any, masks: Masks | None = None) -> Any:
    """A value of JSON with dots for its secrets."""
    masks = configured() if masks is None else masks
    match value:
        case _ if value is HIDDEN:
            return DOTS
        case dict():
            return {key: masked(item, masks) for key, item in members(value, masks)}
        case list():
            return [masked(item, masks) for item in pair(value, masks)]
        case str():
            return masks.text(value)
    return value


def restored(typed: Any, original: Any) -> Any:
    """What was typed, with secrets for the dots that were left; LookupError for any others."""
    return _restored(typed, original, masked(original))


def holds_dots(value: Any) -> bool:
    """Whether dots that stand for a secret are anywhere in it."""
    left = [value]
    while left:
        match left.pop():
            case str() as text if DOTS in text:
                return True
            case dict() as members_of:
                left += [*members_of, *members_of.values()]
            case list() as items:
                left += items
    return False


def prefilled(run: WorkflowStatus, original: Original) -> dict[str, Any]:
    """What the form to enqueue begins with."""
    named = {"args": original.args, "kwargs": original.kwargs, "attributes": original.attributes}
    typed = {name: as_typed(masked(value)) for name, value in named.items() if value}
    queue = run.queue_name if run.queue_name and not run.queue_name.startswith("_dbos_") else None
    roles = run.authenticated_roles
    rest = {
        "like": run.workflow_id,
        "workflow_name": run.name,
        "workflow_class_name": run.class_name,
        "workflow_config_name": run.config_name,
        "queue_name": queue,
        "queue_partition_key": run.queue_partition_key,
        "app_version": run.app_version,
        "application_name": run.application_name,
        "priority": run.priority or None,
        "workflow_timeout_ms": run.workflow_timeout_ms,
        "authenticated_user": run.authenticated_user,
        "authenticated_roles": roles if roles not in ("[]", "null") else None,
        "serialization": run.serialization if run.serialization in _FORMATS else None,
    }
    return typed | {name: value for name, value in rest.items() if value}


def as_typed(value: Any) -> str:
    """JSON as people write it."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else json.dumps(value, ensure_ascii=False, indent=2)


def _restored(typed: Any, original: Any, shown: Any) -> Any:
    if typed == shown:
        return original
    if isinstance(typed, dict) and isinstance(original, dict):
        return {
            key: _restored(item, original.get(key), shown.get(key)) for key, item in typed.items()
        }
    if isinstance(typed, list) and isinstance(original, list):
        known = [*zip(original, shown, strict=True)]
        known += [(None, None)] * (len(typed) - len(known))
        return [_restored(item, *of) for item, of in zip(typed, known, strict=False)]
    if holds_dots(typed):
        raise LookupError(DOTS)
    return typed


def _object(value: Any) -> dict[str, Any]:
    try:
        return dict(plain(value)) if isinstance(value, Mapping) else {}
    except (ValueError, RecursionError):
        return {}


def plain(value: Any) -> Any:
    """The value where JSON can carry it; ValueError names what it cannot."""
    match value:
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case list() | tuple():
            return [plain(item) for item in value]
        case Mapping() if all(isinstance(key, str) for key in value):
            return {key: plain(item) for key, item in value.items()}
        case Mapping():
            raise ValueError("keys that are no text")
    raise ValueError(f"{type(value).__name__.lower()}")
