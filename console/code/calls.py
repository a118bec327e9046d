"""What can be shown as code: an action on a run, and how the official clients call it.

Options have the names that our client gives them; the languages make their own of these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from client_core import EnqueueOptions


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the official Python client; TypeScript writes its name in one word."""

    name: str
    #: The fields of the console's form for it, and the option that each gives.
    fields: Mapping[str, str]
    #: The options that follow the ID without a name, in both languages or in TypeScript alone.
    places: tuple[str, ...] = ()
    typescript_places: tuple[str, ...] = ()
    is_in_python: bool = True


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


#: By the last word of the address of its form.
METHODS = {
    "send": Method(
        "send",
        _same("message", "topic", "idempotency_key", "serialization"),
        places=("message", "topic", "idempotency_key"),
    ),
    "cancel": Method("cancel_workflow", {"with_children": "cancel_children"}),
    "resume": Method("resume_workflow", _same("queue_name")),
    "fork": Method(
        "fork_workflow",
        _same(
            "start_step",
            "queue_name",
            "application_version",
            "new_workflow_id",
            "workflow_timeout_ms",
            "queue_partition_key",
        ),
        places=("start_step",),
    ),
    "delay": Method(
        "set_workflow_delay", _same("delay_seconds") | {"until": "delay_until_epoch_ms"}
    ),
    "priority": Method(
        "set_workflow_priority", _same("priority"), places=("priority",), is_in_python=False
    ),
    "delete": Method(
        "delete_workflow",
        {"with_children": "delete_children"},
        typescript_places=("delete_children",),
    ),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One action on one run, or the start of one."""

    #: “enqueue”, or one of :data:`METHODS`.
    action: str
    workflow_id: str = ""
    #: The options of a method.
    given: Mapping[str, Any] = field(default_factory=dict)
    #: Fields that the console's form wants beside them.
    beside: Mapping[str, str] = field(default_factory=dict)
    #: What is enqueued.
    options: EnqueueOptions | None = None
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)

    @property
    def serialization(self) -> str | None:
        """The format that is asked for."""
        return self.options.serialization if self.options else self.given.get("serialization")

    @property
    def enqueued(self) -> dict[str, Any]:
        """The options of an enqueue that say something, but the format of the arguments."""
        if self.options is None:
            return {}
        usual = {"duplication_policy": "reject", "workflow_id_reuse_policy": "return-existing"}
        every = {name: getattr(self.options, name) for name in EnqueueOptions.__dataclass_fields__}
        return {
            name: value
            for name, value in every.items()
            if value is not None and value != usual.get(name) and name != "serialization"
        }
