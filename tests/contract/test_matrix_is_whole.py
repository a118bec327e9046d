"""Nothing that writes is silently left out of the matrix: not a method, not an option."""

import inspect
import re
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, get_type_hints

import dbos
import pytest

from client_core import (
    DBOSClient,
    DebouncerClient,
    EnqueueOptions,
    QueueLimits,
    ScheduleChanges,
    ScheduleDefinition,
    SendMessage,
)
from tests.contract.matrix import METHODS, NOT_OFFERED, OURS_ALONE
from tests.contract.matrix.model import Language, camel
from tests.contract.node import require_node, typescript_packages
from tests.test_rules import WRITES

pytestmark = pytest.mark.xdist_group("contract")

NAMES = {method.name for method in METHODS}
#: Public methods that write nothing; all others have to be in the matrix.
READS = re.compile(
    r"(get|list|read|retrieve|wait|preview|check|count|recent|registered|group|compare|step|last|decode)_"
    r"|(create|destroy|changes|reading|suggest_fork_start|schedule_dialects|export_schedules|application_dialect|\w+_sql)$"
)
#: Official names of what is called otherwise here.
RENAMED = {
    "send_bulk": "send_many",
    "enqueue_portable": "enqueue",
    "enqueue_debounced": "debounce_workflow",
    "debounce_delayed_workflow": "debounce_workflow",
}
#: The options that a method takes in an object of their own.
OURS: dict[str, Iterable[str]] = {
    "enqueue": [field.name for field in fields(EnqueueOptions)],
    "enqueue_many": [field.name for field in fields(EnqueueOptions)],
    "send_many": [field.name for field in fields(SendMessage)],
    "debounce_workflow": [
        *(field.name for field in fields(EnqueueOptions)),
        *inspect.signature(DebouncerClient.__init__).parameters,
    ],
    "create_schedule": get_type_hints(ScheduleDefinition),
    "apply_schedules": get_type_hints(ScheduleDefinition),
    "update_schedule": get_type_hints(ScheduleChanges),
    "register_queue": get_type_hints(QueueLimits),
    "update_queue": get_type_hints(QueueLimits),
}
PYTHON: dict[str, Iterable[str]] = {
    "enqueue": get_type_hints(dbos.EnqueueOptions),
    "enqueue_many": get_type_hints(dbos.EnqueueOptions),
    "send_many": [field.name for field in fields(dbos.SendMessage)],
    "debounce_workflow": [
        *get_type_hints(dbos.EnqueueOptions),
        *inspect.signature(dbos.DebouncerClient.__init__).parameters,
    ],
    "apply_schedules": get_type_hints(dbos.ClientScheduleInput),
}
#: The files of the TypeScript SDK, and where in them the options of a method stand.
TYPESCRIPT: dict[str, list[tuple[str, str]]] = {
    "enqueue": [
        ("enqueue_options", "interface EnqueueWorkflowOptions"),
        ("client", "interface ClientEnqueueOptions"),
    ],
    "send": [("client", "interface ClientSendOptions")],
    "fork_workflow": [("client", " forkWorkflow(")],
    "debounce_workflow": [
        ("dbos", "interface StartWorkflowParams"),
        ("debouncer", "interface DebouncerClientConfig"),
    ],
    "create_schedule": [
        ("client", " createSchedule("),
        ("scheduler/scheduler", "interface ScheduleOptions"),
    ],
    "update_schedule": [("client", " updateSchedule(")],
    "apply_schedules": [("client", " applySchedules(")],
    "register_queue": [
        ("wfqueue", "interface QueueParameters"),
        ("wfqueue", "interface RegisterQueueOptions"),
    ],
}
#: What every call says, or what holds the options, in any of the three.
ALWAYS = {
    *("self", "client", "args", "kwargs", "options", "workflow_options", "schedules", "messages"),
    *("destination_id", "message", "start_workflow_params", "schedule_name"),
    *("workflow_name", "workflowName", "queueName", "workflowID", "scheduleName", "schedule"),
    "workflow_id",
    *("startWorkflowParams", "enqueueOptions", "debounceTimeoutMs", "debounce_timeout_sec"),
}


def test_every_method_of_ours_is_compared() -> None:
    public = {name for name, _ in inspect.getmembers(DBOSClient, callable) if name[0] != "_"}
    assert {name for name in public if not READS.match(name)} == NAMES == WRITES


@pytest.mark.parametrize("method", sorted(NAMES))
def test_every_option_of_ours_is_compared(method: str) -> None:
    known = {*keywords(DBOSClient, method), *OURS.get(method, ())}
    compared = {one.name for each in of(method) for one in each.options}
    assert known - ALWAYS <= compared | OURS_ALONE.keys()


def test_every_method_of_python_is_named() -> None:
    public = {name for name, _ in inspect.getmembers(dbos.DBOSClient, callable) if name[0] != "_"}
    writing = {name for name in public if not READS.match(name) and not name.endswith("_async")}
    assert {RENAMED.get(name, name) for name in writing} <= NAMES | NOT_OFFERED.keys()


@pytest.mark.parametrize("method", sorted(NAMES))
def test_every_option_of_python_is_named(method: str) -> None:
    official = {new: old for old, new in RENAMED.items()}.get(method, method)
    given = keywords(dbos.DBOSClient, official) if hasattr(dbos.DBOSClient, official) else set()
    assert {*given, *PYTHON.get(method, ())} - ALWAYS <= named(method, "python")


def test_every_method_of_typescript_is_named() -> None:
    text = declarations("client")
    body = text[text.index("export declare class DBOSClient") :]
    public = set(re.findall(r"^    (\w+)(?:<.*?>)?\(", body, re.M)) - {"constructor"}
    writing = {name for name in map(snake, public) if not READS.match(name)}
    assert "enqueue_portable" in writing
    assert {RENAMED.get(name, name) for name in writing} <= NAMES | NOT_OFFERED.keys()


@pytest.mark.parametrize("method", sorted(TYPESCRIPT))
def test_every_option_of_typescript_is_named(method: str) -> None:
    for file, marker in TYPESCRIPT[method]:
        found = members(declarations(file), marker)
        assert found
        assert found - ALWAYS <= named(method, "typescript")


def of(name: str) -> list[Any]:
    return [method for method in METHODS if method.name == name]


def keywords(kind: type, method: str) -> set[str]:
    """The parameters that may be left out."""
    found = inspect.signature(getattr(kind, method)).parameters.values()
    return {
        one.name
        for one in found
        if one.default is not one.empty and one.kind is not one.VAR_KEYWORD
    }


def named(method: str, language: Language) -> set[str]:
    """What the matrix gives to an official method, and what it says why it does not."""
    found: set[str] = set(NOT_OFFERED)
    for option in (one for each in of(method) for one in each.options):
        given = option.of(language)
        found |= {option.name, camel(option.name)} if isinstance(given, str) else given.keys()
        for call in given.get("each", ()) if isinstance(given, dict) else ():
            found |= call.keys()
    return found


def declarations(file: str) -> str:
    folder = typescript_packages(require_node()) / "node_modules/@dbos-inc/dbos-sdk/dist/src"
    text = (folder / f"{file}.d.ts").read_text()
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def members(text: str, marker: str) -> set[str]:
    """The names between the first braces after a marker, without those of braces within."""
    rest = text[text.index(marker) :]
    depth, body = 0, ""
    for character in rest[rest.index("{") :]:
        depth += (character == "{") - (character == "}")
        if depth == 0:
            break
        body += character if depth == 1 else ""
    return set(re.findall(r"(\w+)\??:", body))


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])[A-Z]", lambda letter: "_" + letter[0].lower(), name)
