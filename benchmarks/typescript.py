"""The official TypeScript client, in a Node.js process of its own that keeps the time itself."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.peers import Scene
from tests.contract.node import find_node, typescript_packages

_SCRIPT = Path(__file__).with_suffix(".mjs")


class TypeScriptPeer:
    """Asks the process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def times(self, operation: str, ids: Sequence[str], budget_seconds: float) -> list[float]:
        """As :meth:`benchmarks.peers.Peer.times`."""
        taken: list[float] = self._answer(
            {"operation": operation, "ids": list(ids), "budget_seconds": budget_seconds}
        )
        return taken

    def result_at(self, workflow_id: str) -> float:
        """As :meth:`benchmarks.peers.Peer.result_at`."""
        moment: float = self._answer({"result_of": workflow_id})
        return moment

    def _answer(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def typescript_peer(scene: Scene) -> Iterator[TypeScriptPeer | None]:
    """The official TypeScript client; None on a machine without Node.js."""
    node = find_node()
    if node is None:
        yield None
        return
    sizes = [str(scene.depth), str(scene.enqueues)]
    command = [
        node,
        "--no-deprecation",
        str(_SCRIPT),
        str(typescript_packages(node)),
        scene.url,
        *sizes,
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        # Its input is closed at the end, and so the process ends.
        yield TypeScriptPeer(process)
