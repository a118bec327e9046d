"""The open viewer dbos-argus beside the console, in an environment of its own in the cache.

ARGUS_PYTHON names the Python that runs it, where the one that is found first does not suit.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.visitor import Visitor, served
from tests.contract.installed import install_python, installed

_LOCK = Path(__file__).with_suffix(".txt")
_OLDEST = (3, 12)
_SUITS = f"import sys; sys.exit(sys.version_info < {_OLDEST})"


@contextmanager
def argus_visitor(system_url: str) -> Iterator[Visitor | None]:
    """A visitor of dbos-argus on this system database; None without a Python that runs it."""
    python = _python()
    if python is None:
        yield None
        return
    folder = installed("argus", [_LOCK], partial(install_python, python), python)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = [str(folder / "bin" / "python"), "-m", "dbos_argus.cli", "--log-level", "critical"]
    command = [*program, "--db-url", system_url, "--port", str(port)]
    with served(command, port, dict(os.environ)) as visitor:
        yield visitor


def _python() -> str | None:
    named = os.environ.get("ARGUS_PYTHON")
    names = [named] if named else [sys.executable, "python3.14", "python3.13", "python3.12"]
    for path in filter(None, map(shutil.which, names)):
        # A version manager's stand-in may be there without the version.
        if subprocess.run([path, "-c", _SUITS], capture_output=True).returncode == 0:
            return path
    return None
