"""Debounces: the first call with a key starts a run, the next puts it off."""

from dataclasses import replace
from typing import Any

import dbos

from client_core import DebouncerClient
from tests.contract.matrix.enqueues import PORTABLE
from tests.contract.matrix.model import PLAIN, Given, Method, Option, same
from tests.contract.rows import Scene

HOUR_MS = 3_600_000


def ours(scene: Scene, given: Given) -> None:
    """Debounce once for each of the calls."""
    for number, options, timeout_ms in _calls(given):
        mine = {"queue_name": "orders", "serialization": scene.own, **options}
        class_name = mine.pop("workflow_class_name", None)
        named = {"deep": True} if scene.own == "py_pickle" else {}
        DebouncerClient(
            scene.client,
            workflow_name="index",
            workflow_class_name=class_name,
            start_workflow_params=mine,
            debounce_timeout_ms=timeout_ms,
        ).debounce("ann", HOUR_MS, number, **named)


def python(client: Any, given: Given) -> None:
    """The same with the official debouncer."""
    for number, options, timeout_ms in _calls(given):
        theirs: Any = {"workflow_name": "index", "queue_name": "orders", **options}
        debouncer = dbos.DebouncerClient(
            client, theirs, debounce_timeout_sec=timeout_ms and timeout_ms / 1_000
        )
        debouncer.debounce("ann", HOUR_MS / 1_000, number, deep=True)


def typescript(client: Any, given: Given) -> None:
    """The same with the official debouncer, which keeps some options apart."""
    for number, options, timeout_ms in _calls(given):
        theirs = dict(options)
        config = {name: theirs.pop(name) for name in _OF_DEBOUNCER if name in theirs}
        if timeout_ms:
            config["debounceTimeoutMs"] = timeout_ms
        apart = {name: theirs.pop(name) for name in _APART if name in theirs}
        params = {"queueName": "orders", **theirs, "enqueueOptions": apart}
        config |= {"workflowName": "index", "startWorkflowParams": params}
        client.debounce(config, "ann", HOUR_MS, number)


def _calls(given: Given) -> list[tuple[int, Given, int | None]]:
    """Each call with its options, all the same or those of each, and the time-out."""
    options = {name: value for name, value in given.items() if name not in _OF_CALLS}
    each = given.get("each", [options] * given.get("calls", 1))
    return [(number, one, given.get("within")) for number, one in enumerate(each)]


#: What TypeScript takes beside the parameters of the run, and in an object within them.
_OF_DEBOUNCER = ("workflowClassName", "serializationType", "applicationName")
_APART = ("applicationVersion", "deduplicationID", "delaySeconds", "priority", "queuePartitionKey")
#: What is said of the calls here, and is no option of a client.
_OF_CALLS = ("each", "calls", "within")


#: What belongs to the debounce, so that all of them refuse it.
OWNED = [
    same(deduplication_id="d"),
    same(delay_seconds=1),
    same(duplication_policy="return-existing"),
    same(workflow_id_reuse_policy="reject"),
    same(priority=1),
    same(queue_partition_key="p"),
]

SINGLE = [
    PLAIN,
    same(queue_name="other"),
    same(workflow_id="run-1"),
    Option(
        "app_version",
        {"app_version": "v7"},
        {"app_version": "v7"},
        {"applicationVersion": "v7"},
    ),
    Option(
        "workflow_timeout_ms",
        {"workflow_timeout_ms": 1_500},
        {"workflow_timeout": 1.5},
        {"timeoutMS": 1_500},
    ),
    Option(
        "attributes",
        {"attributes": {"a": [1]}},
        {"attributes": {"a": [1]}},
        {"workflowAttributes": {"a": [1]}},
    ),
    same(application_name="shop"),
    same(authenticated_user="ann"),
    same(authenticated_roles=["clerk"]),
    Option(
        "workflow_class_name",
        {"workflow_class_name": "Shop"},
        {"class_name": "Shop"},
        {"workflowClassName": "Shop"},
    ),
    Option(
        "workflow_config_name",
        {"workflow_config_name": "eu"},
        {"instance_name": "eu"},
        "The debouncer of the SDK has no such option.",
    ),
]


def portable(calls: int) -> Option:
    """The portable format, and how our text of the last call's arguments differs."""
    last = f'"positionalArgs":[{calls - 1}]'
    return Option(
        "serialization",
        {"serialization": "portable_json"},
        {"serialization_type": dbos.WorkflowSerializationFormat.PORTABLE},
        {"serializationType": "portable"},
        differs=(replace(PORTABLE, theirs=f"{{{last}}}", ours=f'{{"namedArgs":{{}},{last}}}'),),
    ).also(calls=calls)


METHODS = [
    Method(
        "debounce_workflow",
        [
            Option("debounce_timeout_ms", {"within": 1}, {"within": 1}, {"within": 1}),
            portable(1),
            portable(2),
            *(
                option.also(calls=calls, **within)
                for option in SINGLE
                for calls in (1, 2)
                for within in ({}, {"within": 60_000})
            ),
            Option(
                "application_name",
                {"each": [{}, {"application_name": "shop"}]},
                {"each": [{}, {"application_name": "shop"}]},
                {"each": [{}, {"applicationName": "shop"}]},
            ),
            *(replace(option, refused=True) for option in OWNED),
        ],
        ours,
        python,
        typescript,
    ),
]
