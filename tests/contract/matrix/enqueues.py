"""Methods that start workflows, one or many."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dbos

from client_core import EnqueueOptions
from tests.contract.matrix.model import (
    PLAIN,
    Arrange,
    Difference,
    Given,
    Method,
    Option,
    missing,
    same,
)
from tests.contract.node import Expression
from tests.contract.rows import Scene

NAMES = {"workflow_name": "order", "queue_name": "orders", "workflow_id": "run-1"}
NAMES_TS = {"workflowName": "order", "queueName": "orders", "workflowID": "run-1"}
ARGS = ("ann", [1, None])

PORTABLE = Difference(
    "inputs",
    '{"positionalArgs":["ann",[1,null]]}',
    '{"namedArgs":{},"positionalArgs":["ann",[1,null]]}',
    "One text for all languages, that of Python; its readers go by the names.",
    ("typescript",),
)
AT_ONCE = (
    Difference(
        "status",
        "ENQUEUED",
        "DELAYED",
        "A delay of zero is a delay, as in Python.",
        ("typescript",),
    ),
    Difference(
        "delay_until_epoch_ms",
        None,
        "a time from now",
        "A delay of zero is a delay, as in Python.",
        ("typescript",),
    ),
)


def enqueue(scene: Scene, given: Given) -> object:
    """A run through our client."""
    return scene.client.enqueue(_options(scene, given), *ARGS, **_named(scene))


def enqueue_many(scene: Scene, given: Given) -> object:
    """Two runs through our client."""
    both = (given, {**given, "workflow_id": "run-2"})
    return scene.client.enqueue_many((_options(scene, one), ARGS, _named(scene)) for one in both)


def enqueue_python(client: dbos.DBOSClient, given: Given) -> object:
    """The same run through the official client."""
    options: Any = {**NAMES, **given}
    return client.enqueue(options, *ARGS, gift=True)


def enqueue_typescript(client: Any, given: Given) -> object:
    """The same run through the official client."""
    return client.enqueue({**NAMES_TS, **given}, *ARGS)


def _options(scene: Scene, given: Given) -> EnqueueOptions:
    return EnqueueOptions(**{**NAMES, "serialization": scene.own, **given})


def _named(scene: Scene) -> Given:
    """TypeScript has no named arguments."""
    return {"gift": True} if scene.own == "py_pickle" else {}


def _twice(call: Callable[[Any, Given], object], second: Given) -> Callable[[Any, Given], object]:
    def calls(client: Any, given: Given) -> None:
        call(client, given)
        call(client, {**given, **second})

    return calls


def _holder(scene: Scene) -> None:
    """A run that has the ID already."""
    enqueue(scene, {"workflow_id": "holder", "deduplication_id": "d"})


def of_another(column: str) -> Arrange:
    """The run itself, which is one of another workflow."""

    def arrange(scene: Scene) -> None:
        _existing(scene)
        scene.sql.execute(f"UPDATE dbos.workflow_status SET {column} = 'other'".encode())

    arrange.__name__ = f"another_{column}"
    return arrange


def _existing(scene: Scene) -> None:
    """The run itself."""
    enqueue(scene, {"priority": 9})


COMMON = [
    PLAIN,
    same(workflow_name="ship"),
    same(queue_name="other"),
    same(workflow_id_reuse_policy="reject"),
    same(priority=5),
    same(app_version="v7"),
    Option(
        "workflow_timeout_ms",
        {"workflow_timeout_ms": 1_500},
        {"workflow_timeout": 1.5},
        {"workflowTimeoutMS": 1_500},
    ),
    same(queue_partition_key="p"),
    same(delay_seconds=60),
    same(attributes={"a": [1], "b": {"c": None}}),
    same(authenticated_user="ann"),
    same(authenticated_roles=["clerk", "größer"]),
    same(application_name="shop"),
    Option(
        "workflow_class_name",
        {"workflow_class_name": "Shop"},
        {"class_name": "Shop"},
        {"workflowClassName": "Shop"},
    ),
    Option(
        "workflow_config_name",
        {"workflow_class_name": "Shop", "workflow_config_name": "eu"},
        {"class_name": "Shop", "instance_name": "eu"},
        {"workflowClassName": "Shop", "workflowConfigName": "eu"},
    ),
    Option(
        "serialization",
        {"serialization": "portable_json"},
        {"serialization_type": dbos.WorkflowSerializationFormat.PORTABLE},
        {"serializationType": "portable"},
        differs=(PORTABLE,),
    ),
]

SINGLE = [
    Option(
        "workflow_id",
        {"workflow_id": None},
        {"workflow_id": None},
        {"workflowID": Expression("undefined")},
    ),
    Option("workflow_id", {}, {}, {}, given=_existing),
    same(deduplication_id="d"),
    same(duplication_policy="return-existing").also(deduplication_id="d"),
    Option(
        "duplication_policy",
        {"deduplication_id": "d", "duplication_policy": "return-existing"},
        {"deduplication_id": "d", "duplication_policy": "return-existing"},
        {"deduplicationID": "d", "duplicationPolicy": "return-existing"},
        given=_holder,
    ),
    Option(
        "delay_seconds",
        {"delay_seconds": 0},
        {"delay_seconds": 0},
        {"delaySeconds": 0},
        differs=AT_ONCE,
    ),
]

REFUSED = [
    Option("workflow_id", {}, {}, {}, given=of_another("name"), refused=True),
    Option("workflow_id", {}, {}, {}, given=of_another("class_name"), refused=True),
    Option("workflow_id", {}, {}, {}, given=of_another("config_name"), refused=True),
    replace(same(workflow_id_reuse_policy="reject"), given=_existing, refused=True),
    replace(same(deduplication_id="d"), given=_holder, refused=True),
    replace(same(priority=-1), refused=True),
    replace(same(workflow_id=" "), refused=True),
]

SEVERAL = [
    missing("deduplication_id", "Two runs of one queue cannot hold the same."),
    missing("duplication_policy", "It is for single runs."),
    Option("workflow_id", {}, {}, {}, given=_existing),
]


def _named_arguments(scene: Scene, given: Given) -> object:
    options = _options(scene, {"serialization": "portable_json", **given})
    return scene.client.enqueue(options, *ARGS, gift=True)


METHODS = [
    Method("enqueue", [*COMMON, *SINGLE, *REFUSED], enqueue, enqueue_python, enqueue_typescript),
    Method(
        "enqueue",
        [
            Option(
                "named arguments",
                {},
                "Every other call of Python has them.",
                {},
                differs=(
                    Difference(
                        "inputs",
                        '{"positionalArgs":["ann",[1,null]],"namedArgs":{"gift":true}}',
                        '{"namedArgs":{"gift":true},"positionalArgs":["ann",[1,null]]}',
                        PORTABLE.reason,
                    ),
                ),
            )
        ],
        _named_arguments,
        enqueue_python,
        lambda client, given: client.enqueuePortable({**NAMES_TS, **given}, ARGS, {"gift": True}),
    ),
    # Neither SDK has it: as many single calls are what it is compared with.
    Method(
        "enqueue_many",
        [*COMMON, *SEVERAL],
        enqueue_many,
        _twice(enqueue_python, {"workflow_id": "run-2"}),
        _twice(enqueue_typescript, {"workflowID": "run-2"}),
    ),
]
