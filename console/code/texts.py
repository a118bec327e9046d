"""An action as code to copy: Python, TypeScript and curl. SQL comes from the client itself.

Names and payloads are hostile text: each language gets literals in its own quoting, and nothing
that is not a literal.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from console.code.calls import METHODS, Call

#: Our options of an enqueue by the names of the official clients.
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
#: And those of the methods, where TypeScript does not just write them in one word.
_TYPESCRIPT_METHODS = {
    "new_workflow_id": "newWorkflowID",
    "workflow_timeout_ms": "timeoutMS",
    "delay_until_epoch_ms": "delayUntilEpochMS",
}


def python(call: Call, schema: str = "dbos") -> str:
    """For the official Python client; empty where that has no such method."""
    if call.action != "enqueue" and not METHODS[call.action].is_in_python:
        return ""
    native = call.serialization in (None, "py_pickle")
    lines = (_python_enqueue if call.action == "enqueue" else _python_method)(call, native=native)
    imports = ["DBOSClient"]
    if call.given.get("new_workflow_id"):
        imports.append("SetWorkflowID")
    if not native:
        imports.append("WorkflowSerializationFormat")
    named = "" if schema == "dbos" else f", dbos_system_schema={schema!r}"
    return "\n".join(
        [
            "import os",
            "",
            f"from dbos import {', '.join(imports)}",
            "",
            'url = os.environ["DBOS_SYSTEM_DATABASE_URL"]',
            f"client = DBOSClient(system_database_url=url{named})",
            *lines,
            "",
        ]
    )


def _python_method(call: Call, *, native: bool) -> list[str]:
    method, options = METHODS[call.action], dict(call.given)
    options.pop("serialization", None)
    new_id = options.pop("new_workflow_id", None)
    if "workflow_timeout_ms" in options:
        options["timeout_seconds"] = options.pop("workflow_timeout_ms") / 1_000
    given = [repr(call.workflow_id), *_placed(options, method.places, repr, "None")]
    given += [f"{name}={value!r}" for name, value in options.items()]
    if not native:
        given.append("serialization_type=WorkflowSerializationFormat.PORTABLE")
    text = f"client.{method.name}({', '.join(given)})"
    if call.action != "fork":
        return [text]
    started = [f"handle = {text}"]
    if new_id:
        started = [f"with SetWorkflowID({new_id!r}):", f"    {started[0]}"]
    return [*started, "print(handle.workflow_id)"]


def _python_enqueue(call: Call, *, native: bool) -> list[str]:
    given = dict(call.enqueued)
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
    lines = (_typescript_enqueue if call.action == "enqueue" else _typescript_method)(call)
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


def _typescript_method(call: Call) -> list[str]:
    method, options = METHODS[call.action], dict(call.given)
    if options.pop("serialization", "js_superjson") != "js_superjson":
        options["serialization_type"] = "portable"
    places = method.places + method.typescript_places
    named = [
        f"{_TYPESCRIPT_METHODS.get(name) or _camel(name)}: {_js(value)}"
        for name, value in options.items()
        if name not in places
    ]
    # An object of options follows all places, also those that hold nothing.
    given = [_js(call.workflow_id), *_placed(options, places, _js, "undefined", whole=bool(named))]
    if named:
        given.append(f"{{ {', '.join(named)} }}")
    text = f"await client.{_camel(method.name)}({', '.join(given)});"
    return [f"const id = {text}", "console.log(id);"] if call.action == "fork" else [text]


def _typescript_enqueue(call: Call) -> list[str]:
    lines = [
        f"  {_TYPESCRIPT.get(name) or _camel(name)}: {_js(_plain(value))},"
        for name, value in call.enqueued.items()
    ]
    options = ["const options = {", *lines, "};"]
    superjson = call.serialization == "js_superjson"
    if superjson and not call.kwargs:
        given = "".join(f", {_js(arg)}" for arg in call.args)
        started = f"const handle = await client.enqueue(options{given});"
    else:
        named = f", {_js(call.kwargs)}" if call.kwargs else ""
        given = f"[{', '.join(map(_js, call.args))}]"
        started = f"const handle = await client.enqueuePortable(options, {given}{named});"
    return [*options, started, "console.log(handle.workflowID);"]


def _placed(
    options: dict[str, Any],
    places: tuple[str, ...],
    literal: Callable[[Any], str],
    nothing: str,
    *,
    whole: bool = False,
) -> list[str]:
    """The literals that are given by their place, taken out of the options."""
    last = max((n for n, name in enumerate(places) if name in options), default=-1)
    named = places if whole else places[: last + 1]
    return [literal(options.pop(name)) if name in options else nothing for name in named]


def curl(call: Call, console: str, path: str) -> str:
    """Through this console, which checks the role and keeps an audit entry."""
    fields = _fields_of_enqueue(call) if call.action == "enqueue" else _fields_of_method(call)
    url = shlex.quote(console.rstrip("/"))
    data = [f"  --data-urlencode {shlex.quote(f'{name}={v}')} \\" for name, v in fields.items()]
    # The console answers a form that it does not take with 422 and the page.
    return "\n".join(
        [
            f"console={url}",
            "jar=$(mktemp)",
            "token() { awk '$6 ~ /console_csrf$/ { print $7 }' \"$jar\"; }",
            'ask() { curl --silent --show-error --fail --cookie "$jar" --cookie-jar "$jar" \\',
            '  --referer "$console/" --output /dev/null "$@"; }',
            'ask "$console/login/" &&',
            'ask --data-urlencode "csrfmiddlewaretoken=$(token)" \\',
            '  --data-urlencode "login=$CONSOLE_USER" \\',
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


def _fields_of_enqueue(call: Call) -> dict[str, str]:
    fields = {name: _typed(value) for name, value in call.enqueued.items()}
    fields |= {"args": _typed(call.args), "kwargs": _typed(call.kwargs), "anyway": "yes"}
    return fields | ({"serialization": call.serialization} if call.serialization else {})


def _fields_of_method(call: Call) -> dict[str, str]:
    fields: dict[str, str] = {"destination_id": call.workflow_id} if call.action == "send" else {}
    for name, option in METHODS[call.action].fields.items():
        if option not in call.given:
            continue
        value = call.given[option]
        if name == "until":
            value = datetime.fromtimestamp(value / 1_000, UTC).isoformat()
        fields[name] = json.dumps(value) if name == "message" else _typed(value)
    return {**fields, **call.beside}


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
