"""Actions as code: each text is right in its language, whatever the names and payloads hold."""

import ast
import html
import json
import os
import re
import subprocess
import sys
import time
from contextlib import nullcontext
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from client_core import DBOSClient, EnqueueOptions, InvalidOption
from console.code.calls import METHODS, Call
from console.code.texts import curl, python, typescript
from console.models import Grant
from console.systems import all_systems
from console.views.code import address
from tests.console.conftest import Insert
from tests.console.test_workflows import ENQUEUE, enqueue_fields, run_url, text
from tests.contract.node import require_node, typescript_packages

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
    fork = {
        "start_step": 3,
        "new_workflow_id": word,
        "application_version": word,
        "queue_name": word,
        "queue_partition_key": word,
        "workflow_timeout_ms": 1_500,
    }
    message = {"message": nested, "topic": word, "idempotency_key": word}
    return [
        Call("enqueue", options=options, args=[word, nested], kwargs={word: nested}),
        Call("send", word, {**message, "serialization": "portable_json"}),
        Call("send", word, {"message": None, "serialization": "portable_json"}),
        Call("send", word, {"message": word, "idempotency_key": word}),
        Call("cancel", word),
        Call("cancel", word, {"cancel_children": True}),
        Call("resume", word, {"queue_name": word}),
        Call("fork", word, {"start_step": 3}),
        Call("fork", word, fork),
        Call("delay", word, {"delay_seconds": 1.5}),
        Call("delay", word, {"delay_until_epoch_ms": 1_900_000_000_000}),
        Call("priority", word, {"priority": 3}),
        Call("delete", word),
        Call("delete", word, {"delete_children": True}),
    ]


def in_python(word: str) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """What the official client is asked by those of its methods, after the enqueue."""
    nested = {word: [word, {"__proto__": {word: 1}}]}
    portable = {"serialization_type": "portable"}
    options = {"application_version": word, "queue_name": word, "queue_partition_key": word}
    return [
        ("send", (word, nested, word, word), portable),
        ("send", (word, None), portable),
        ("send", (word, word, None, word), {}),
        ("cancel_workflow", (word,), {}),
        ("cancel_workflow", (word,), {"cancel_children": True}),
        ("resume_workflow", (word,), {"queue_name": word}),
        ("fork_workflow", (word, 3), {}),
        ("fork_workflow", (word, 3), {**options, "timeout_seconds": 1.5}),
        ("set_workflow_delay", (word,), {"delay_seconds": 1.5}),
        ("set_workflow_delay", (word,), {"delay_until_epoch_ms": 1_900_000_000_000}),
        ("delete_workflow", (word,), {}),
        ("delete_workflow", (word,), {"delete_children": True}),
    ]


def in_typescript(word: str) -> list[list[Any]]:
    nested = {word: [word, {"__proto__": {word: 1}}]}
    portable = {"serializationType": "portable"}
    options = {"newWorkflowID": word, "applicationVersion": word, "timeoutMS": 1_500}
    options |= {"queueName": word, "queuePartitionKey": word}
    return [
        ["send", word, nested, word, word, portable],
        ["send", word, None, None, None, portable],
        ["send", word, word, None, word],
        ["cancelWorkflow", word],
        ["cancelWorkflow", word, {"cancelChildren": True}],
        ["resumeWorkflow", word, {"queueName": word}],
        ["forkWorkflow", word, 3],
        ["forkWorkflow", word, 3, options],
        ["setWorkflowDelay", word, {"delaySeconds": 1.5}],
        ["setWorkflowDelay", word, {"delayUntilEpochMS": 1_900_000_000_000}],
        ["setWorkflowPriority", word, 3],
        ["deleteWorkflow", word],
        ["deleteWorkflow", word, True],
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
    recorder = Recorder()
    new_ids: list[str] = []

    def with_id(new_id: str) -> Any:
        new_ids.append(new_id)
        return nullcontext()

    portable = type("Format", (), {"PORTABLE": "portable"})
    names = {"client": recorder, "WorkflowSerializationFormat": portable, "SetWorkflowID": with_id}
    for call in calls(word):
        tree = ast.parse(python(call, word))
        # Only what comes after the client is made; names are all that it may use.
        body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)][2:]
        bare = {"__builtins__": {}, "print": str, **names}
        exec(compile(ast.Module(body, []), "code", "exec"), bare)
    [(_, (options, *args), kwargs), *others] = recorder.asked
    assert options["workflow_name"] == options["workflow_id"] == word
    assert options["workflow_timeout"] == 1.5
    assert options["attributes"] == {word: {word: [word, None, True, 1.5]}}
    enqueued = calls(word)[0]
    assert (args, kwargs) == (enqueued.args, enqueued.kwargs)
    assert others == in_python(word)
    assert new_ids == [word]


def test_typescript_holds_literals_alone(tmp_path: Path) -> None:
    """Node reads each text, and runs it with a client that keeps what it is asked."""
    node = require_node()
    fake = tmp_path / "node_modules/@dbos-inc/dbos-sdk"
    fake.mkdir(parents=True)
    (fake / "package.json").write_text('{"type": "module", "main": "index.js"}')
    (fake / "index.js").write_text(
        "const asked = [];\n"
        "const keep = { get: (_, name) => name === 'then' ? undefined : (...args) => {\n"
        "  if (name !== 'destroy') asked.push([name, ...args]); return {}; } };\n"
        "export const DBOSClient = { create: async () => new Proxy({}, keep) };\n"
        "export const told = () => JSON.stringify(asked);\n"
    )
    paths = []
    for number, (word, call) in enumerate((w, c) for w in HOSTILE for c in calls(w)):
        paths.append(tmp_path / f"{number}.mjs")
        paths[-1].write_text(typescript(call, word))
    last = tmp_path / "last.mjs"
    last.write_text('import { told } from "@dbos-inc/dbos-sdk"; console.log(told());')
    [*_, told] = run_node(node, tmp_path, *paths, last).rstrip().split("\n")
    asked = json.loads(told)
    size = len(calls("x"))
    for number, word in enumerate(HOSTILE):
        [name, options, args, kwargs], *others = asked[number * size : (number + 1) * size]
        assert name == "enqueuePortable"
        assert options["workflowName"] == options["workflowID"] == word
        assert options["workflowTimeoutMS"] == 1_500
        assert options["attributes"] == {word: {word: [word, None, True, 1.5]}}
        assert (args, kwargs) == (calls(word)[0].args, calls(word)[0].kwargs)
        assert others == in_typescript(word)


def run_node(node: str, folder: Path, *paths: Path, **environment: str) -> str:
    """Run modules one after the other; what they print."""
    main = folder / "main.mjs"
    main.write_text(f"for (const path of {json.dumps([*map(str, paths)])}) await import(path);")
    done = subprocess.run(
        [node, main],
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Acts:
    """Every action on a run of its own, and what has become of the runs when all are done."""

    def __init__(self, insert: Insert, word: str) -> None:
        self.word = word
        for name, status in {
            **dict.fromkeys(("send", "cancel", "family", "child", "running"), "PENDING"),
            **dict.fromkeys(("resume", "fork", "delete", "old"), "CANCELLED"),
            **dict.fromkeys(("delay", "until"), "DELAYED"),
            "priority": "ENQUEUED",
        }.items():
            insert(workflow_uuid=self.of(name), status=status, name=word)
        insert(workflow_uuid=self.of("young"), status="SUCCESS", parent_workflow_id=self.of("old"))
        parent = {"parent_workflow_id": self.of("family")}
        insert(workflow_uuid=self.of("child 2"), status="ENQUEUED", **parent)

    def of(self, name: str) -> str:
        return f"{self.word} {name}"

    @property
    def calls(self) -> list[Call]:
        message: dict[str, Any] = {
            "message": {self.word: None},
            "topic": self.word,
            "idempotency_key": self.word,
        }
        fork = {"new_workflow_id": self.of("new"), "application_version": self.word}
        fork |= {"queue_name": self.word}
        return [
            Call("send", self.of("send"), message | {"serialization": "portable_json"}),
            Call("cancel", self.of("cancel")),
            Call("cancel", self.of("family"), {"cancel_children": True}),
            Call("resume", self.of("resume"), {"queue_name": self.word}),
            Call("fork", self.of("fork"), {"start_step": 1, "workflow_timeout_ms": 1_500, **fork}),
            Call("delay", self.of("delay"), {"delay_seconds": 1e8}),
            Call("delay", self.of("until"), {"delay_until_epoch_ms": 1_900_000_000_123}),
            Call("priority", self.of("priority"), {"priority": 7}),
            Call("delete", self.of("delete")),
            Call("delete", self.of("old"), {"delete_children": True}),
        ]

    def assert_done(self, client: DBOSClient, sql: Sql) -> None:
        runs = {run.workflow_id: run for run in client.list_workflows()}
        status = {name: run.status for name, run in runs.items()}
        assert status[self.of("cancel")] == status[self.of("family")] == "CANCELLED"
        assert status[self.of("child 2")] == "CANCELLED"
        resumed = runs[self.of("resume")]
        assert (resumed.status, resumed.queue_name) == ("ENQUEUED", self.word)
        fork = runs[self.of("new")]
        assert (fork.forked_from, fork.queue_name) == (self.of("fork"), self.word)
        assert (fork.app_version, fork.workflow_timeout_ms) == (self.word, 1_500)
        assert (runs[self.of("delay")].delay_until_epoch_ms or 0) > time.time() * 1_000 + 9e10
        assert runs[self.of("until")].delay_until_epoch_ms == 1_900_000_000_123
        assert runs[self.of("priority")].priority == 7
        assert {self.of("delete"), self.of("old"), self.of("young")}.isdisjoint(runs)
        assert status[self.of("child")] == "PENDING"
        [sent] = sql.execute("SELECT * FROM dbos.notifications").fetchall()
        assert (sent["destination_uuid"], sent["topic"]) == (self.of("send"), self.word)
        assert json.loads(sent["message"]) == {self.word: None}
        assert sent["serialization"] == "portable_json"


#: Those that a command line carries; the others are tried above.
SOME = ["plain", 'it\'s \\ "so" $(id)\n%(name)s']


@pytest.mark.parametrize("word", SOME)
@pytest.mark.xdist_group("contract")
def test_python_acts_by_the_official_client(
    client: DBOSClient, insert: Insert, sql: Sql, system_url: str, tmp_path: Path, word: str
) -> None:
    acts = Acts(insert, word)
    texts = [python(call) for call in acts.calls]
    assert [call.action for call, text in zip(acts.calls, texts, strict=True) if not text] == [
        "priority"
    ]
    path = tmp_path / "all.py"
    path.write_text("\n".join(f"{text}client.destroy()" for text in texts if text))
    done = subprocess.run(
        [sys.executable, path],
        env={**os.environ, "DBOS_SYSTEM_DATABASE_URL": system_url},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == acts.of("new").split("\n")[0]
    client.set_workflow_priority(acts.of("priority"), 7)
    acts.assert_done(client, sql)


@pytest.mark.parametrize("word", SOME)
@pytest.mark.xdist_group("contract")
def test_typescript_acts_by_the_official_client(
    client: DBOSClient, insert: Insert, sql: Sql, system_url: str, tmp_path: Path, word: str
) -> None:
    node = require_node()
    (tmp_path / "node_modules").symlink_to(typescript_packages(node) / "node_modules")
    acts = Acts(insert, word)
    paths = []
    for number, call in enumerate(acts.calls):
        paths.append(tmp_path / f"{number}.mjs")
        paths[-1].write_text(typescript(call))
    run_node(node, tmp_path, *paths, DBOS_SYSTEM_DATABASE_URL=system_url)
    acts.assert_done(client, sql)


@pytest.mark.parametrize("word", HOSTILE)
def test_sql_does_what_the_client_does(
    client: DBOSClient, insert: Insert, sql: Sql, word: str
) -> None:
    acts = Acts(insert, word)
    for call in acts.calls:
        method = getattr(client, f"{call.action}_sql")
        cursor = sql.execute(method(call.workflow_id, **call.given).encode())
        if "cancel_children" in call.given:
            assert cursor.nextset()
            [child] = cursor.fetchall()
            sql.execute(client.cancel_sql(child["workflow_id"]).encode())
    sql.execute(client.send_sql(acts.of("send"), {word: None}, word, word).encode())
    acts.assert_done(client, sql)


@pytest.mark.parametrize("word", HOSTILE)
def test_sql_starts_a_run_once(client: DBOSClient, sql: Sql, word: str) -> None:
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


def test_sql_of_what_cannot_be(client: DBOSClient) -> None:
    with pytest.raises(InvalidOption):
        client.delay_sql("r")
    with pytest.raises(InvalidOption):
        client.priority_sql("r", -1)
    with pytest.raises(InvalidOption):
        client.send_sql("r", "x", idempotency_key="\0")


class TestPage:
    @pytest.mark.parametrize("action", ["enqueue", *METHODS])
    def test_every_action_in_every_language(
        self, viewer: Client, insert: Insert, sql: Sql, action: str
    ) -> None:
        insert(workflow_uuid="run<1>", name="order", queue_name="q", status="PENDING")
        page = viewer.get(run_url("run~3C1~3E", "code/"), {"action": action})
        shown = text(page)
        for language in ("Python", "TypeScript", "SQL", "curl"):
            assert language in shown
        texts = copied(page)
        if action == "priority":
            assert "The Python client has no method for it." in shown
            texts.insert(0, texts[0])
        assert len(texts) == 4
        if action != "enqueue":
            assert all("run<1>" in code for code in texts[:3])
        sql.execute(texts[2].encode())

    @pytest.mark.parametrize(
        ("action", "fields", "holds"),
        [
            ("cancel", {"with_children": "on"}, "cancel_children=True"),
            ("delete", {"with_children": "on"}, "delete_children=True"),
            ("resume", {"queue_name": "it's"}, 'queue_name="it\'s"'),
            ("fork", {"start_step": "2", "workflow_timeout_ms": "500"}, "timeout_seconds=0.5"),
            ("fork", {"start_step": "2", "new_workflow_id": "n"}, "SetWorkflowID('n')"),
            ("delay", {"until": "2030-01-02T03:04:05"}, "delay_until_epoch_ms=1893553445000"),
            ("send", {"message": "null", "idempotency_key": "k"}, "'r', None, None, 'k'"),
        ],
    )
    def test_what_is_chosen_is_in_it(
        self, viewer: Client, insert: Insert, action: str, fields: dict[str, str], holds: str
    ) -> None:
        insert(workflow_uuid="r", status="DELAYED")
        page = viewer.post(f"{run_url('r', 'code/')}?action={action}", fields)
        assert page.status_code == HTTPStatus.OK, text(page)
        assert holds in copied(page)[0]

    def test_what_cannot_be_is_told_beside_its_field(self, viewer: Client, insert: Insert) -> None:
        insert(workflow_uuid="r", status="DELAYED")
        for action, fields, sentence in (
            ("fork", {"start_step": "2", "workflow_timeout_ms": "-1"}, "This must be"),
            ("priority", {"priority": "0"}, "This must be"),
            ("delay", {}, "Give either seconds or a moment."),
            ("send", {"message": "{", "idempotency_key": "k"}, "This is no JSON"),
        ):
            page = viewer.post(f"{run_url('r', 'code/')}?action={action}", fields)
            assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
            assert sentence in text(page)
            assert not copied(page)

    def test_it_says_what_would_come_of_it(self, viewer: Client, insert: Insert) -> None:
        insert(workflow_uuid="over", status="SUCCESS")
        insert(workflow_uuid="runs", status="PENDING")

        def notes(run: str, action: str) -> str:
            return text(viewer.get(run_url(run, "code/"), {"action": action}))

        for action in ("cancel", "resume", "delay", "priority"):
            assert "would change nothing" in notes("over", action)
        assert "would not read the message" in notes("over", "send")
        assert "Cancel it first" in notes("runs", "delete")
        assert "confirmation=runs" in notes("runs", "delete")
        assert "confirmation=" not in notes("over", "delete")

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
        texts = copied(page)
        assert '"it\'s"' in texts[0]
        assert "'priority': 3" in texts[0]
        assert fields["form_id"] not in "".join(texts)
        assert client.list_workflows() == []
        wrong = operator.post(ENQUEUE, fields | {"args": "["})
        assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "data-copy" not in wrong.content.decode()


def copied(page: Any) -> list[str]:
    """The texts that a page offers to copy, without the ID of the run."""
    found = re.findall(r'data-copy="([^"]*)"><svg.*?Copy<', page.content.decode(), re.S)
    return [html.unescape(code) for code in found]


@pytest.fixture
def environment(live_server: LiveServer) -> dict[str, str]:
    """A shell's, of somebody who may act."""
    user = User.objects.create_user("ann", password="it's $ecret")
    Grant.objects.create(user=user, role="operator", system="*")
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
    stranger = run(Call("cancel"), run_url("run-1", "cancel/"), CONSOLE_PASSWORD="wrong")
    assert stranger.returncode != 0
    assert "not signed in" in stranger.stdout


@pytest.mark.parametrize("word", SOME)
def test_curl_does_every_action(
    live_server: LiveServer,
    environment: dict[str, str],
    client: DBOSClient,
    insert: Insert,
    sql: Sql,
    word: str,
) -> None:
    Grant.objects.create(user=User.objects.get(), role="administrator", system="*")
    acts = Acts(insert, word)
    system = all_systems()["main"]
    for call in acts.calls:
        code = curl(call, live_server.url, address(system, call))
        shell = ["sh", "-c", code]
        done = subprocess.run(shell, env=environment, check=False, capture_output=True, text=True)
        assert done.returncode == 0, (call, done.stderr)
    acts.assert_done(client, sql)
