"""Methods that talk with workflows and change their course."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import dbos

from client_core import SendMessage
from tests.contract.matrix.model import PLAIN, Difference, Given, Method, Option, same
from tests.contract.rows import Scene, existing, nothing, of_typescript, recorded, versioned

STATUSES = tuple(map(existing, ("PENDING", "ENQUEUED", "DELAYED", "SUCCESS", "ERROR", "CANCELLED")))
FORMAT = Option(
    "serialization",
    {"serialization": "portable_json"},
    {"serialization_type": dbos.WorkflowSerializationFormat.PORTABLE},
    {"serializationType": "portable"},
)
#: Two runs of those that are there, and one that is not.
FAMILY = ["run-1", "grandchild-1"]


def send(scene: Scene, given: Given) -> None:
    """A message through our client."""
    scene.client.send("run-1", {"a": [1, None]}, **{"serialization": scene.own, **given})


def send_python(client: dbos.DBOSClient, given: Given) -> None:
    """The same message through the official client."""
    client.send("run-1", {"a": [1, None]}, **given)


def send_typescript(client: Any, given: Given) -> None:
    """The same message through the official client, which takes two options by position."""
    rest = {name: value for name, value in given.items() if name == "serializationType"}
    client.send("run-1", {"a": [1, None]}, given.get("topic"), given.get("idempotencyKey"), rest)


def send_many(scene: Scene, given: Given) -> None:
    """Two messages through our client."""
    one = {name: value for name, value in given.items() if name != "serialization"}
    format_name = given.get("serialization", scene.own)
    both = [SendMessage("run-1", 1, **one), SendMessage("child-1", [2], **one)]
    scene.client.send_many(both, serialization=format_name)


def send_many_python(client: dbos.DBOSClient, given: Given) -> None:
    """The same messages; their keys have to differ, which they do by the destination anyhow."""
    own = {name: value for name, value in given.items() if name in ("topic", "idempotency_key")}
    rest = {name: value for name, value in given.items() if name not in own}
    for destination, message in (("run-1", 1), ("child-1", [2])):
        client.send_bulk([dbos.SendMessage(destination, message, **own)], **rest)


def send_many_typescript(client: Any, given: Given) -> None:
    """The same messages, one by one."""
    for destination, message in (("run-1", 1), ("child-1", [2])):
        rest = {name: value for name, value in given.items() if name == "serializationType"}
        client.send(destination, message, given.get("topic"), given.get("idempotencyKey"), rest)


def fork_python(client: dbos.DBOSClient, given: Given) -> object:
    """A fork by the official client, which takes the new ID from its context."""
    rest = {name: value for name, value in given.items() if name != "new_workflow_id"}
    fixed = given.get("new_workflow_id")
    with dbos.SetWorkflowID(fixed) if fixed else nullcontext():
        return client.fork_workflow("run-1", **rest)


def fork_typescript(client: Any, given: Given) -> object:
    """A fork by the official client."""
    rest = {name: value for name, value in given.items() if name != "startStep"}
    return client.forkWorkflow("run-1", given["startStep"], rest)


_FORKED = [
    PLAIN,
    same(new_workflow_id="fork-1"),
    same(queue_name="orders"),
    same(queue_partition_key="p"),
    same(application_version="v2"),
    same(replacement_children={"child-1": "child-2", "x": "y"}),
    Option(
        "workflow_timeout_ms",
        {"workflow_timeout_ms": 1_500},
        {"timeout_seconds": 1.5},
        {"timeoutMS": 1_500},
    ),
]
_LATEST = Difference(
    "application_version",
    "v1",
    None,
    "A fork is for the latest version unless one is named, as in Python: the old one may be gone.",
    ("typescript",),
)
FORK = [
    replace(same(start_step=1), given=nothing, refused=True),
    *(option.also(start_step=step) for step in (1, 2, 3) for option in _FORKED),
    *(
        Option(
            "start_step",
            {"start_step": step},
            "Steps of Python count from 1.",
            {"startStep": step},
            given=of_typescript,
        )
        for step in (0, 1, 2)
    ),
    Option(
        "start_step",
        {"start_step": 2},
        {"start_step": 2},
        {"startStep": 2},
        given=versioned,
        differs=(_LATEST,),
    ),
]

METHODS = [
    Method(
        "send",
        [
            PLAIN,
            same(topic="approval"),
            same(idempotency_key="k"),
            same(topic="approval").also(idempotency_key="k"),
            FORMAT,
        ],
        send,
        send_python,
        send_typescript,
        given=(recorded,),
    ),
    Method(
        "send_many",
        [
            PLAIN,
            same(topic="approval"),
            same(idempotency_key="k"),
            same(topic="approval").also(idempotency_key="k"),
            FORMAT,
        ],
        send_many,
        send_many_python,
        send_many_typescript,
        given=(recorded,),
    ),
    Method(
        "send",
        [replace(PLAIN, refused=True)],
        send,
        send_python,
        send_typescript,
    ),
    Method(
        "cancel_workflow",
        [PLAIN],
        lambda scene, given: scene.client.cancel_workflow("run-1", **given),
        lambda client, given: client.cancel_workflow("run-1", **given),
        lambda client, given: client.cancelWorkflow("run-1", given),
        given=STATUSES,
    ),
    Method(
        "cancel_workflow",
        [same(cancel_children=True), same(cancel_children=False)],
        lambda scene, given: scene.client.cancel_workflow("run-1", **given),
        lambda client, given: client.cancel_workflow("run-1", **given),
        lambda client, given: client.cancelWorkflow("run-1", given),
        given=(recorded,),
    ),
    Method(
        "cancel_workflows",
        [PLAIN, same(cancel_children=True), same(cancel_children=False)],
        lambda scene, given: scene.client.cancel_workflows([*FAMILY, "unknown"], **given),
        lambda client, given: client.cancel_workflows([*FAMILY, "unknown"], **given),
        lambda client, given: client.cancelWorkflows([*FAMILY, "unknown"], given),
        given=(recorded,),
    ),
    Method(
        "resume_workflow",
        [PLAIN, same(queue_name="orders")],
        lambda scene, given: scene.client.resume_workflow("run-1", **given),
        lambda client, given: client.resume_workflow("run-1", **given),
        lambda client, given: client.resumeWorkflow("run-1", given),
        given=STATUSES,
    ),
    Method(
        "resume_workflows",
        [PLAIN, same(queue_name="orders")],
        lambda scene, given: scene.client.resume_workflows(FAMILY, **given),
        lambda client, given: client.resume_workflows(FAMILY, **given),
        lambda client, given: client.resumeWorkflows(FAMILY, given),
        given=(recorded,),
    ),
    Method(
        "resume_workflows",
        [replace(PLAIN, refused=True)],
        lambda scene, _: scene.client.resume_workflows([*FAMILY, "unknown"]),
        lambda client, _: client.resume_workflows([*FAMILY, "unknown"]),
        lambda client, _: client.resumeWorkflows([*FAMILY, "unknown"]),
        given=(recorded,),
    ),
    Method(
        "delete_workflow",
        [PLAIN, same(delete_children=True), same(delete_children=False)],
        lambda scene, given: scene.client.delete_workflow("run-1", **given),
        lambda client, given: client.delete_workflow("run-1", **given),
        lambda client, given: client.deleteWorkflow("run-1", given.get("deleteChildren", False)),
        given=(recorded,),
    ),
    Method(
        "delete_workflows",
        [PLAIN, same(delete_children=True), same(delete_children=False)],
        lambda scene, given: scene.client.delete_workflows(FAMILY, **given),
        lambda client, given: client.delete_workflows(FAMILY, **given),
        lambda client, given: client.deleteWorkflows(FAMILY, given.get("deleteChildren", False)),
        given=(recorded,),
    ),
    Method(
        "fork_workflow",
        FORK,
        lambda scene, given: scene.client.fork_workflow("run-1", **given),
        fork_python,
        fork_typescript,
        given=(recorded,),
    ),
    Method(
        "set_workflow_delay",
        [same(delay_seconds=60), same(delay_until_epoch_ms=7)],
        lambda scene, given: scene.client.set_workflow_delay("run-1", **given),
        lambda client, given: client.set_workflow_delay("run-1", **given),
        lambda client, given: client.setWorkflowDelay("run-1", given),
        given=STATUSES,
    ),
    Method(
        "set_workflow_priority",
        [same(priority=7)],
        lambda scene, given: scene.client.set_workflow_priority("run-1", **given),
        "The client of the SDK has no such method.",
        lambda client, given: client.setWorkflowPriority("run-1", given["priority"]),
        given=STATUSES,
    ),
]
