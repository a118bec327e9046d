"""Actions as code: each text is right in its language, whatever the names and payloads hold."""

import ast
import html
import json
import os
import re
import subprocess
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from client_core import DBOSClient, EnqueueOptions
from console.code_texts import Call, curl, python, typescript
from tests.console.conftest import Insert
from tests.console.test_workflows import ENQUEUE, enqueue_fields, run_url, text
from tests.contract.node import require_node

Sql = psycopg.Connection[Any]
HOSTILE = [
    "plain",
    "it's",
    'say "hi"',
    "back\\slash\\",
    "new\nline\r\n",
    "$(reboot) `id` ${HOME} !!",
    "${process.exit()} `x`",
    "%(name)s %s {schema}",
    "'; DROP TABLE dbos.workflow_status; --",
    "</script><b>\u2028\u2029\u202e",
    "ünï 🚀",
    "-n @file =x &y",
    "__proto__",
]


def calls(word: str) -> list[Call]:
    options = EnqueueOptions(
        workflow_name=word,
        queue_name=word,
        workflow_id=word,
        workflow_class_name=word,
        app_version=word,
        workflow_timeout_ms=1_500,
        priority=3,
        attributes={word: {word: [word, None, True, 1.5]}},
        authenticated_roles=(word,),
        serialization="portable_json",
    )
    nested = {word: [word, {"__proto__": {word: 1}}]}
    return [
        Call("enqueue", options=options, args=[word, nested], kwargs={word: nested}),
        Call("cancel", word),
        Call("resume", word, queue_name=word),
        Call("fork", word, 3),
    ]


class Recorder:
    """Stands where the official Python client stands, and keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.asked.append((name, args, kwargs))
            return self

        return call


@pytest.mark.parametrize("word", HOSTILE)
def test_python_holds_literals_alone(word: str) -> None:
    for call in calls(word):
        tree = ast.parse(python(call, word))
        recorder = Recorder()
        # Only what comes after the client is made; names are all that it may use.
        body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)][2:]
        portable = type("Format", (), {"PORTABLE": "portable"})
        names = {"client": recorder, "WorkflowSerializationFormat": portable, "print": str}
        exec(compile(ast.Module(body, []), "code", "exec"), {"__builtins__": {}, **names})
        name, args, kwargs = recorder.asked[0]
        match call.action:
            case "enqueue":
                assert args[0]["workflow_name"] == args[0]["workflow_id"] == word
                assert args[0]["workflow_timeout"] == 1.5
                assert args[0]["attributes"] == {word: {word: [word, None, True, 1.5]}}
                assert [*args[1:]] == call.args
                assert kwargs == call.kwargs
            case "resume":
                assert (name, args, kwargs) == ("resume_workflow", (word,), {"queue_name": word})
            case "fork":
                assert (name, args) == ("fork_workflow", (word, 3))
            case _:
                assert (name, args) == ("cancel_workflow", (word,))


def test_typescript_holds_literals_alone(tmp_path: Path) -> None:
    """Node reads each text, and runs it with a client that keeps what it is asked."""
    node = require_node()
    found = []
    for number, (word, call) in enumerate((w, c) for w in HOSTILE for c in calls(w)):
        code = typescript(call, word)
        path = tmp_path / f"{number}.mjs"
        path.write_text(code)
        found.append((path, word, call))
    fake = tmp_path / "node_modules/@dbos-inc/dbos-sdk"
    fake.mkdir(parents=True)
    (fake / "package.json").write_text('{"type": "module", "main": "index.js"}')
    (fake / "index.js").write_text(
        "const asked = [];\n"
        "const keep = { get: (_, name) => name === 'then' ? undefined : (...args) => {\n"
        "  if (name === 'destroy') console.log(JSON.stringify(asked));\n"
        "  asked.push([name, ...args]); return {}; } };\n"
        "export const DBOSClient = { create: async () => new Proxy({}, keep) };\n"
    )
    for path, word, call in found:
        subprocess.run([node, "--check", path], check=True, capture_output=True)
        if call.action == "enqueue":
            done = subprocess.run([node, path], check=True, capture_output=True, text=True)
            line = next(line for line in done.stdout.split("\n") if line.startswith("[["))
            [[name, options, args, kwargs]] = json.loads(line)
            assert name == "enqueuePortable"
            assert options["workflowName"] == options["workflowID"] == word
            assert options["workflowTimeoutMS"] == 1_500
            assert options["attributes"] == {word: {word: [word, None, True, 1.5]}}
            assert (args, kwargs) == (call.args, call.kwargs)


@pytest.mark.parametrize("word", HOSTILE)
def test_sql_does_what_the_client_does(
    client: DBOSClient, insert: Insert, sql: Sql, word: str
) -> None:
    insert(workflow_uuid=word, status="PENDING", name="order")
    sql.execute(client.cancel_sql(word).encode())
    run = client.get_workflow(word)
    assert run
    assert run.status == "CANCELLED"
    sql.execute(client.resume_sql(word, queue_name=word).encode())
    run = client.get_workflow(word)
    assert run
    assert (run.status, run.queue_name) == ("ENQUEUED", word)
    sql.execute(client.fork_sql(word, 1, new_workflow_id=f"{word} again", queue_name=word).encode())
    fork = client.get_workflow(f"{word} again")
    assert fork
    assert (fork.forked_from, fork.queue_name) == (word, word)
    options = EnqueueOptions(
        workflow_name=word,
        queue_name=word,
        workflow_id=f"{word} new",
        attributes={word: word},
        delay_seconds=60,
        serialization="portable_json",
    )
    started = client.enqueue_sql(options, word, n={word: [word]})
    for _ in range(2):
        sql.execute(started.encode())
    new = client.get_workflow(f"{word} new")
    assert new
    assert (new.name, new.status, new.attributes) == (word, "DELAYED", {word: word})
    assert new.input
    assert new.input.args == (word,)  # type: ignore[union-attr]
    assert new.input.kwargs == {"n": {word: [word]}}  # type: ignore[union-attr]


class TestPage:
    @pytest.mark.parametrize("action", ["enqueue", "cancel", "resume", "fork"])
    def test_every_action_in_every_language(
        self, viewer: Client, insert: Insert, sql: Sql, action: str
    ) -> None:
        insert(workflow_uuid="run<1>", name="order", queue_name="q", status="PENDING")
        page = viewer.get(run_url("run~3C1~3E", "code/"), {"action": action})
        shown = text(page)
        for language in ("Python", "TypeScript", "SQL", "curl"):
            assert language in shown
        texts = re.findall(r'data-copy="([^"]*)"', page.content.decode())
        assert len(texts) == 5
        if action != "enqueue":
            assert all("run<1>" in html.unescape(code) for code in texts[1:4])
        sql.execute(html.unescape(texts[3]).encode())

    def test_secrets_stay_hidden(self, operator: Client, client: DBOSClient) -> None:
        options = EnqueueOptions(workflow_name="order", queue_name="q", workflow_id="r")
        client.enqueue(options, {"password": "hunter2"})
        page = operator.get(run_url("r", "code/"))
        assert "hunter2" not in page.content.decode()
        assert "put it in yourself" in text(page)

    def test_a_form_that_is_not_sent_yet(self, operator: Client, client: DBOSClient) -> None:
        fields = enqueue_fields(args='["it\'s"]', priority="3", as_code="1")
        page = operator.post(ENQUEUE, fields)
        assert page.status_code == HTTPStatus.OK
        texts = [
            html.unescape(code)
            for code in re.findall(r'data-copy="([^"]*)"', page.content.decode())
        ]
        assert '"it\'s"' in texts[0]
        assert "'priority': 3" in texts[0]
        assert fields["form_id"] not in "".join(texts)
        assert client.list_workflows() == []
        wrong = operator.post(ENQUEUE, fields | {"args": "["})
        assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "data-copy" not in wrong.content.decode()


@pytest.fixture
def environment(live_server: LiveServer) -> dict[str, str]:
    """A shell's, of somebody who may act."""
    user = User.objects.create_user("ann", password="it's $ecret")
    user.groups.add(Group.objects.get_or_create(name="operator")[0])
    return {**os.environ, "CONSOLE_USER": "ann", "CONSOLE_PASSWORD": "it's $ecret"}


@pytest.mark.parametrize("word", ["plain", 'it\'s $(id) & "so"\\'])
def test_curl_acts_through_the_console(
    live_server: LiveServer,
    environment: dict[str, str],
    client: DBOSClient,
    insert: Insert,
    word: str,
) -> None:
    insert(workflow_uuid="run-1", status="PENDING", name="order")

    def run(call: Call, path: str, **more: str) -> subprocess.CompletedProcess[str]:
        code = curl(call, live_server.url, path)
        shell = ["sh", "-c", code]
        return subprocess.run(
            shell, env={**environment, **more}, check=False, capture_output=True, text=True
        )

    options = EnqueueOptions(
        workflow_name=word, queue_name=word, workflow_id="new", attributes={word: word}
    )
    done = run(Call("enqueue", options=options, args=[word], kwargs={"n": word}), ENQUEUE)
    assert done.returncode == 0, done.stderr
    assert "/workflows/run/new/" in done.stdout
    new = client.get_workflow("new")
    assert new
    assert (new.name, new.attributes) == (word, {word: word})
    assert new.input
    assert new.input.args == (word,)  # type: ignore[union-attr]
    for call in (Call("cancel"), Call("resume", queue_name=word), Call("fork", start_step=1)):
        done = run(call, run_url("run-1", f"{call.action}/"))
        assert done.returncode == 0, done.stderr
    states = {run.status for run in client.list_workflows()}
    assert states == {"ENQUEUED"}
    assert len(client.list_workflows(forked_from="run-1")) == 1
    stranger = run(Call("cancel"), run_url("run-1", "cancel/"), CONSOLE_PASSWORD="wrong")
    assert stranger.returncode != 0
    assert "not signed in" in stranger.stdout
