"""The steps of the Dockerfile and compose.yaml, walked in an empty folder without an engine."""

import fnmatch
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier, Literal

from tests.databases import create_database
from tests.postgres import server_url

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
#: Whom no file belongs to.
UNPRIVILEGED = 10001
REPLICAS = ("console-a", "console-b")


def instructions(name: str) -> list[str]:
    """What follows each instruction of this name."""
    return re.findall(rf"^{name} (.+)$", DOCKERFILE, re.MULTILINE)


def copied() -> list[tuple[str, str]]:
    """What is copied from the clone, and where to."""
    return [
        (source, target)
        for source, target in (
            line.split() for line in instructions("COPY") if "--from" not in line
        )
    ]


@contextmanager
def open_folder() -> Iterator[Path]:
    """A new folder that every user of the machine may read; those of pytest are its own user's."""
    with tempfile.TemporaryDirectory(prefix="dbos-console-image-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """The folder that the image would have as /app, which nobody can write to."""
    with open_folder() as folder:
        yield from built(folder / "app")


def built(app: Path) -> Iterator[Path]:
    """Walk the steps there."""
    app.mkdir()
    for source, target in copied():
        place = app / (f"{target}{Path(source).name}" if target.endswith("/") else target)
        if target == "./":
            place = app / source
        place.parent.mkdir(parents=True, exist_ok=True)
        ignored = shutil.ignore_patterns("__pycache__")
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=ignored)
        else:
            shutil.copy(ROOT / source, place)
    for line in instructions("RUN"):
        python, *rest = shlex.split(line)
        command = [sys.executable if python == "python" else python, *rest]
        subprocess.run(command, cwd=app, check=True, capture_output=True)
    subprocess.run(["chmod", "-R", "a-w,a+rX", str(app)], check=True)
    yield app
    subprocess.run(["chmod", "-R", "u+w", str(app)], check=True)


@pytest.fixture
def secrets(system_url: str, worker_id: str) -> Iterator[Path]:
    """The files of compose.yaml, on a database with the roles of deploy/roles.sql."""
    database, password = f"container_{worker_id}", "only-for-tests"
    create_database(database)
    roles = {name: f"{name}_{worker_id}" for name in ("owner", "console")}
    with psycopg.connect(server_url(database), autocommit=True) as conn:
        _drop(conn, roles)
        for line in (ROOT / "deploy/roles.sql").read_text().splitlines():
            if line.startswith("CREATE ROLE"):
                name = line.split()[2]
                create = SQL("CREATE ROLE {} LOGIN PASSWORD {}")
                conn.execute(create.format(Identifier(roles[name]), Literal(password)))
        owner = SQL("ALTER DATABASE {} OWNER TO {}")
        conn.execute(owner.format(Identifier(database), Identifier(roles["owner"])))
        conn.execute("GRANT CREATE ON SCHEMA public TO pg_database_owner")
    urls = {
        f"{name}_database_url": make_conninfo(server_url(database), user=role, password=password)
        for name, role in roles.items()
    }
    keys = {"console_secret_key": "0123456789-abcdefghijklmnopqrstuvwxyz-" * 2}
    with open_folder() as folder:
        for name, content in {**urls, **keys, "dbos_system_database_url": system_url}.items():
            (folder / name).write_text(content)
        yield folder
    with psycopg.connect(server_url("postgres"), autocommit=True) as conn:
        conn.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(database)))
        _drop(conn, roles)


def _drop(conn: psycopg.Connection[Any], roles: dict[str, str]) -> None:
    for role in roles.values():
        conn.execute(SQL("DROP ROLE IF EXISTS {}").format(Identifier(role)))


def environment(service: str, secrets: Path) -> dict[str, str]:
    """That of a service in compose.yaml."""
    told = dict(pair.split("=", 1) for pair in shlex.split(" ".join(instructions("ENV"))))
    told |= COMPOSE["services"][service]["environment"]
    for key, value in told.items():
        named = re.sub(r"^\$\{CONSOLE_HOST_NAME:.*", "console.example.org", value)
        told[key] = named.replace("/run/secrets", str(secrets))
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **told, "PORT": "0"}


class Engine:
    """Runs what the image runs, as somebody to whom no file belongs.

    Where the interpreter lies in root's home others cannot even read it: then as a root without
    any capability, who may not write either where the mode of a file forbids it.
    """

    def __init__(self, image: Path) -> None:
        self._image = image
        self._command = json.loads(instructions("ENTRYPOINT")[0])
        self._who: dict[str, Any] = {}
        if os.getuid() == 0:
            self._who = {"user": UNPRIVILEGED, "group": UNPRIVILEGED, "extra_groups": []}
            try:
                subprocess.run([self._command[0], "-c", ""], cwd=image, check=True, **self._who)
            except PermissionError:
                self._who = {}
                self._command = ["setpriv", "--bounding-set=-all", "--", *self._command]

    def start(self, environment: dict[str, str], *command: str) -> subprocess.Popen[str]:
        """Start a command of the image."""
        return subprocess.Popen(
            [*self._command, *command],
            cwd=self._image,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **self._who,
        )

    def run(self, environment: dict[str, str], *command: str) -> tuple[int, str]:
        """Its exit code, and what it complained of."""
        with self.start(environment, *command) as process:
            _, complaints = process.communicate(timeout=120)
        return process.returncode, complaints


def test_the_image_holds_what_it_needs_and_ends_as_an_unprivileged_user() -> None:
    assert all((ROOT / source).exists() for source, _ in copied())
    assert instructions("USER")[-1].split(":") == [str(UNPRIVILEGED)] * 2
    let_in = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    ]
    assert sorted(let_in) == sorted({source for source, _ in copied()})
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert not fnmatch.filter(tracked, "secrets/*")


@pytest.mark.parametrize("name", [*REPLICAS, "migrate"])
def test_a_replica_may_write_nothing_and_become_nobody(name: str) -> None:
    service: dict[str, Any] = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["user"] == instructions("USER")[-1]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["secrets"]) <= COMPOSE["secrets"].keys()
    assert not [key for key in service["environment"] if key.endswith(("_KEY", "_URL"))]


def test_it_serves_from_files_that_nobody_can_write(image: Path, secrets: Path) -> None:
    engine, replica = Engine(image), environment("console-a", secrets)
    assert engine.run(environment("migrate", secrets), "migrate") == (0, "")
    _, complaints = engine.run(replica, "check", "--deploy")
    assert complaints == ""
    with engine.start(replica, *json.loads(instructions("CMD")[-1])) as process:
        assert process.stdout
        served = re.search(r"http://[^:]+:(\d+)/", process.stdout.readline())
        assert served
        base = f"http://127.0.0.1:{served[1]}"
        assert get(f"{base}/healthz") == "ok"
        assert get(f"{base}/readyz") == "ready"
        style = re.search(r'href="(/static/[^"]+\.css)"', get(f"{base}/login/"))
        assert style
        assert "{" in get(f"{base}{style[1]}")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert not list(image.rglob(".run"))


def get(url: str) -> str:
    """As the proxy asks."""
    headers = {"Host": "console.example.org", "X-Forwarded-Proto": "https"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as response:
        return str(response.read().decode())
