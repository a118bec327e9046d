"""`manage.py serve`: a real server, also while its databases are down."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import create_database
from tests.proxy import Proxy

ROOT = Path(__file__).resolve().parent.parent.parent
SERVE = [sys.executable, "manage.py", "serve"]


def environment(**given: str) -> dict[str, str]:
    foreign = ("DJANGO", "CONSOLE", "DBOS", "PORT")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return {**inherited, "CONSOLE_SECRET_KEY": "only-for-tests", **given}


@pytest.fixture
def proxy(worker_id: str) -> Iterator[Proxy]:
    """A new console database, not reachable yet."""
    with Proxy(create_database(f"serve_{worker_id}")) as proxy:
        proxy.refuse()
        yield proxy


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def server(proxy: Proxy, port: int, system_url: str) -> Iterator[subprocess.Popen[str]]:
    """A console whose own database does not answer."""
    settings = environment(
        CONSOLE_DATABASE_URL=proxy.url, DBOS_SYSTEM_DATABASE_URL=system_url, PORT=str(port)
    )
    server = subprocess.Popen(
        SERVE, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert server.stdout
    assert server.stdout.readline().startswith("Serving on http://127.0.0.1:")
    yield server
    server.kill()
    server.wait()
    server.stdout.close()


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_start_without_databases_is_a_page_until_they_come(
    server: subprocess.Popen[str], proxy: Proxy, port: int
) -> None:
    assert get(port, "/healthz") == (200, "ok")
    # A stranger is sent to the sign-in page, which needs no database to be shown.
    assert "Sign in" in get(port, "/s/main/workflows/")[1]
    status, page = sign_in_as_nobody(port)
    assert status == 503
    assert "own database does not answer" in page
    proxy.refuse(False)
    deadline = time.monotonic() + 60
    while status == 503 and time.monotonic() < deadline:
        status, page = sign_in_as_nobody(port)
    assert status == 200
    assert "no account with this name and password" in page


def test_it_ends_at_once_when_told_to(server: subprocess.Popen[str], port: int) -> None:
    assert get(port, "/healthz")[0] == 200
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=30) == 0


def sign_in_as_nobody(port: int) -> tuple[int, str]:
    """503 while nobody can be looked up, then 200 with the form and an error in it."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = browser.open(f"http://127.0.0.1:{port}/login/").read().decode()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    form = f"csrfmiddlewaretoken={token}&login=nobody&password=x".encode()
    try:
        with browser.open(f"http://127.0.0.1:{port}/login/", form) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "CONSOLE_DATABASE_URL is not set"),
        ({"CONSOLE_DATABASE_URL": "mysql://x"}, "CONSOLE_DATABASE_URL is no PostgreSQL URL"),
        ({"CONSOLE_DATABASE_URL": "postgresql://x/y"}, "DBOS_SYSTEM_DATABASE_URL is not set"),
        ({"CONSOLE_SECRET_KEY_FILE": "/none"}, "CONSOLE_SECRET_KEY_FILE cannot be read"),
        ({"CONSOLE_HTTPS": "perhaps"}, "CONSOLE_HTTPS must be 1 or 0"),
        ({"PORT": "70000"}, "PORT must be a whole number from 0 to 65535"),
        ({"CONSOLE_SYSTEM_NAME": "No/Name"}, "CONSOLE_SYSTEM_NAME must have"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_a_sentence(given: dict[str, str], sentence: str) -> None:
    urls = (
        {}
        if len(given) == 0 or "CONSOLE_DATABASE_URL" in given
        else {
            "CONSOLE_DATABASE_URL": "postgresql://x/y",
            "DBOS_SYSTEM_DATABASE_URL": "postgresql://x/y",
        }
    )
    run = subprocess.run(
        SERVE, cwd=ROOT, env=environment(**urls, **given), capture_output=True, text=True
    )
    assert run.returncode == 1
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr


def test_a_port_that_is_taken_is_a_sentence(system_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        settings = environment(
            CONSOLE_DATABASE_URL=system_url, DBOS_SYSTEM_DATABASE_URL=system_url, PORT=port
        )
        run = subprocess.run(SERVE, cwd=ROOT, env=settings, capture_output=True, text=True)
    assert run.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_secret_key_is_made_once_and_is_private(tmp_path: Path, system_url: str) -> None:
    settings = environment(
        CONSOLE_DATABASE_URL=system_url,
        DBOS_SYSTEM_DATABASE_URL=system_url,
        CONSOLE_SECRET_KEY="",
        PYTHONPATH=str(ROOT),
        DJANGO_SETTINGS_MODULE="console.settings",
    )
    command = [sys.executable, "-c", "from django.conf import settings; print(settings.SECRET_KEY)"]
    keys = {
        subprocess.run(
            command, cwd=tmp_path, env=settings, check=True, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    }
    assert len(keys) == 1
    assert len(keys.pop()) > 50
    assert (tmp_path / ".run/console_secret_key").stat().st_mode & 0o777 == 0o600
