"""An action as code to copy: Python, TypeScript and curl. SQL comes from the client itself.

Names and payloads are hostile text: each language gets literals in its own quoting, and nothing
that is not a literal.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from client_core import EnqueueOptions

#: Our options by the names of the official clients.
_PYTHON = {
    "workflow_class_name": "class_name",
    "workflow_config_name": "instance_name",
    "workflow_timeout_ms": "workflow_timeout",
}
_TYPESCRIPT = {
    "workflow_id": "workflowID",
    "workflow_timeout_ms": "workflowTimeoutMS",
    "deduplication_id": "deduplicationID",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One action on one run, or the start of one."""

    #: “enqueue”, “cancel”, “resume” or “fork”.
    action: str
    workflow_id: str = ""
    start_step: int = 0
    queue_name: str | None = None
    options: EnqueueOptions | None = None
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)

    @property
    def given(self) -> dict[str, Any]:
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


def python(call: Call, schema: str = "dbos") -> str:
    """For the official Python client."""
    imports, serialization = "DBOSClient", call.options and call.options.serialization
    native = serialization in (None, "py_pickle")
    if call.action == "enqueue" and not native:
        imports += ", WorkflowSerializationFormat"
    named = "" if schema == "dbos" else f", dbos_system_schema={schema!r}"
    lines = [
        "import os",
        "",
        f"from dbos import {imports}",
        "",
        'url = os.environ["DBOS_SYSTEM_DATABASE_URL"]',
        f"client = DBOSClient(system_database_url=url{named})",
    ]
    match call.action:
        case "enqueue":
            lines += _python_enqueue(call, native=native)
        case "fork":
            lines.append(f"handle = client.fork_workflow({call.workflow_id!r}, {call.start_step})")
            lines.append("print(handle.workflow_id)")
        case "resume":
            queue = f", queue_name={call.queue_name!r}" if call.queue_name else ""
            lines.append(f"client.resume_workflow({call.workflow_id!r}{queue})")
        case _:
            lines.append(f"client.cancel_workflow({call.workflow_id!r})")
    return "\n".join(lines) + "\n"


def _python_enqueue(call: Call, *, native: bool) -> list[str]:
    given = dict(call.given)
    if "workflow_timeout_ms" in given:
        given["workflow_timeout_ms"] /= 1_000
    lines = [
        f"    {_PYTHON.get(name, name)!r}: {_plain(value)!r}," for name, value in given.items()
    ]
    if not native:
        lines.append('    "serialization_type": WorkflowSerializationFormat.PORTABLE,')
    named = [f"    **{call.kwargs!r},"] if call.kwargs else []
    return [
        "options = {",
        *lines,
        "}",
        "handle = client.enqueue(",
        "    options,",
        *(f"    {arg!r}," for arg in call.args),
        *named,
        ")",
        "print(handle.workflow_id)",
    ]


def typescript(call: Call, schema: str = "dbos") -> str:
    """For the official TypeScript client; plain JavaScript as well."""
    named = "" if schema == "dbos" else f", systemDatabaseSchemaName: {_js(schema)}"
    workflow_id = _js(call.workflow_id)
    match call.action:
        case "enqueue":
            lines = _typescript_enqueue(call)
        case "fork":
            lines = [
                f"const id = await client.forkWorkflow({workflow_id}, {call.start_step});",
                "console.log(id);",
            ]
        case "resume":
            queue = f", {{ queueName: {_js(call.queue_name)} }}" if call.queue_name else ""
            lines = [f"await client.resumeWorkflow({workflow_id}{queue});"]
        case _:
            lines = [f"await client.cancelWorkflow({workflow_id});"]
    return "\n".join(
        [
            'import { DBOSClient } from "@dbos-inc/dbos-sdk";',
            "",
            'const systemDatabaseUrl = process.env.DBOS_SYSTEM_DATABASE_URL ?? "";',
            f"const client = await DBOSClient.create({{ systemDatabaseUrl{named} }});",
            *lines,
            "await client.destroy();",
            "",
        ]
    )


def _typescript_enqueue(call: Call) -> list[str]:
    lines = [
        f"  {_TYPESCRIPT.get(name) or _camel(name)}: {_js(_plain(value))},"
        for name, value in call.given.items()
    ]
    options = ["const options = {", *lines, "};"]
    superjson = bool(call.options and call.options.serialization == "js_superjson")
    if superjson and not call.kwargs:
        given = "".join(f", {_js(arg)}" for arg in call.args)
        started = f"const handle = await client.enqueue(options{given});"
    else:
        named = f", {_js(call.kwargs)}" if call.kwargs else ""
        given = f"[{', '.join(map(_js, call.args))}]"
        started = f"const handle = await client.enqueuePortable(options, {given}{named});"
    return [*options, started, "console.log(handle.workflowID);"]


def curl(call: Call, console: str, path: str) -> str:
    """Through this console, which checks the role and keeps an audit entry."""
    fields: dict[str, Any] = {}
    match call.action:
        case "enqueue":
            fields = {name: _typed(value) for name, value in call.given.items()}
            fields |= {"args": _typed(call.args), "kwargs": _typed(call.kwargs)}
            fields["anyway"] = "yes"
            if call.options and call.options.serialization:
                fields["serialization"] = call.options.serialization
        case "fork":
            fields = {"start_step": str(call.start_step)}
        case "resume" if call.queue_name:
            fields = {"queue_name": call.queue_name}
    url = shlex.quote(console.rstrip("/"))
    data = [f"  --data-urlencode {shlex.quote(f'{name}={v}')} \\" for name, v in fields.items()]
    # The console answers a form that it does not take with 422 and the page.
    return "\n".join(
        [
            f"console={url}",
            "jar=$(mktemp)",
            'token() { awk \'$6 == "console_csrf" { print $7 }\' "$jar"; }',
            'ask() { curl --silent --show-error --fail --cookie "$jar" --cookie-jar "$jar" \\',
            '  --referer "$console/" --output /dev/null "$@"; }',
            'ask "$console/login/" &&',
            'ask --data-urlencode "csrfmiddlewaretoken=$(token)" \\',
            '  --data-urlencode "username=$CONSOLE_USER" \\',
            '  --data-urlencode "password=$CONSOLE_PASSWORD" "$console/login/" &&',
            'page=$(ask --data-urlencode "csrfmiddlewaretoken=$(token)" \\',
            *data,
            f"  --write-out '%{{redirect_url}}' \"$console\"{shlex.quote(path)}) &&",
            'case $page in "$console/login/"*) echo "not signed in"; false ;;',
            '  *) echo "$page" ;; esac',
            'done=$?; rm "$jar"; (exit "$done")',
            "",
        ]
    )


def _plain(value: Any) -> Any:
    """Mappings and sequences of options as what literals are written of."""
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _typed(value: Any) -> str:
    """A value as the console's forms take it."""
    return value if isinstance(value, str) else json.dumps(_plain(value))


def _js(value: Any) -> str:
    """A JavaScript literal. In one, `__proto__` would be no key but a command."""
    text = json.dumps(value)
    return f"JSON.parse({json.dumps(text)})" if '"__proto__"' in text else text


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
