"""Packages that tests need, installed once into the user's cache."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path


def installed(name: str, locks: Sequence[Path], install: Callable[[Path], None], *key: str) -> Path:
    """The folder with the packages of the lock files, installed when this is its first use.

    It is named by the files' hash and by whatever else is its `key`; `install` finds copies of the
    files in the folder that it is given.
    """
    content = b"".join(lock.read_bytes() for lock in locks) + "".join(key).encode()
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dbos-console"
    folder = home / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}"
    if not folder.exists():
        home.mkdir(parents=True, exist_ok=True)
        # Elsewhere first, so that neither an interruption nor another run leaves half of it.
        fresh = Path(tempfile.mkdtemp(dir=home))
        try:
            for lock in locks:
                shutil.copy(lock, fresh)
            install(fresh)
            fresh.rename(folder)
        except OSError:
            if not folder.exists():
                raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return folder


def install_python(python: str, folder: Path) -> None:
    """Make the folder an environment of this interpreter with what its lock file lists."""
    [lock] = folder.glob("*.txt")
    for command in (
        [python, "-m", "venv", str(folder)],
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--requirement", str(lock)],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
