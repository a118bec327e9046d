"""Decides where a server's data lie and as whom it runs, which is a question for root alone.

PostgreSQL refuses to run as root, so root's server runs as `nobody`. A project under a private
folder, such as /root, is out of nobody's reach, and stays so: the data move to a public place
instead, to a folder that the path of the home decides.
"""

import hashlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.binaries import Binaries, copy_for_everybody, find_binaries

STORE = Path("/var/lib/dbos-console-demo")


@dataclass(frozen=True, slots=True)
class Place:
    """The folder that holds the data, the user that owns them if not we, and the programs."""

    folder: Path
    user: pwd.struct_passwd | None
    binaries: Binaries

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    def hand_over(self, *paths: Path) -> None:
        """Makes the server's user the owner of files that we have made for it."""
        if self.user:
            for path in paths:
                os.chown(path, self.user.pw_uid, self.user.pw_gid)


def settle(home: Path) -> Place:
    """The place for the server of this home, which is made; the same at every call."""
    home.mkdir(parents=True, exist_ok=True)
    binaries = find_binaries()
    if os.geteuid() != 0:
        return Place(home, None, binaries)
    folder, user = home, _owner(home)
    if not _reaches(user, home):
        folder = STORE / f"{home.name.lstrip('.')}-{hashlib.sha256(bytes(home)).hexdigest()[:12]}"
        _make_public(STORE, folder)
        user = _owner(folder)
    if not _reaches(user, binaries.folder / "postgres"):
        _make_public(STORE)
        binaries = copy_for_everybody(binaries, STORE)
    return Place(folder, user, binaries)


def as_user(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """The arguments that make `subprocess.run` run a program as this user."""
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _owner(folder: Path) -> pwd.struct_passwd:
    """Whoever owns the data that are there, so that `sudo` works on a user's home; else nobody."""
    data = folder / "data"
    return pwd.getpwuid(data.stat().st_uid) if data.exists() else pwd.getpwnam("nobody")


def _reaches(user: pwd.struct_passwd, path: Path) -> bool:
    """Asks the kernel, which knows of all the permissions on the way."""
    test = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    return subprocess.run(test, cwd="/", **as_user(user)).returncode == 0


def _make_public(*folders: Path) -> None:
    """Makes folders that all users can pass through, whatever our umask says."""
    for folder in folders:
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
