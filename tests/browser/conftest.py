"""The whole demo, as a newcomer starts it, and a browser in front of it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from client_core import DBOSClient
from tests.browser.served import served, signed_in_as, system_sql
from tests.browser.shops import python_shop, shop, typescript_shop
from tests.demo.conftest import reachable_folder

__all__ = ["python_shop", "served", "shop", "signed_in_as", "system_sql", "typescript_shop"]

#: How long a page is waited for: only a defect takes so long, however busy the machine is.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

#: The browser talks to the demo alone; without these it looks for its maker's hosts.
_QUIET = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--no-first-run",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
)


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo."""

    url: str
    user: str
    password: str
    system_url: str


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """What `make demo` starts, in a home of its own."""
    with reachable_folder() as home:
        yield from _started(home)


def _started(home: Path) -> Iterator[Demo]:
    ours = ("DJANGO", "CONSOLE", "DBOS", "TEST")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    process = subprocess.Popen(
        [sys.executable, "-m", "demo"],
        env={**environment, "DEMO_HOME": str(home), "PORT": "8000"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        ready = next((line for line in process.stdout if line.startswith("Ready:")), "")
        match = re.fullmatch(
            r"Ready: (http://127\.0\.0\.1:\d+)/ user=(\S+) password=(\S+)\n", ready
        )
        assert match, logs(home)
        url, user, password = match.groups()
        yield Demo(url, user, password, _system_url(process.pid))
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def logs(home: Path) -> str:
    """What the demo's processes said."""
    return "\n".join(path.read_text() for path in home.rglob("*.log"))


def _system_url(supervisor: int) -> str:
    """The system database, as the supervisor told its children."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    for child in children:
        environment = Path(f"/proc/{child}/environ").read_bytes().decode().split("\0")
        for entry in environment:
            if entry.startswith("DBOS_SYSTEM_DATABASE_URL="):
                return entry.partition("=")[2]
    raise AssertionError("no child knows the system database")


@pytest.fixture(scope="session")
def system(demo: Demo) -> Iterator[DBOSClient]:
    """The demo's system database."""
    with DBOSClient.create(demo.system_url) as client:
        yield client


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium."""
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return {**browser_type_launch_args, "executable_path": path, "args": list(_QUIET)}


@pytest.fixture(scope="session")
def signed_in(browser: Browser, demo: Demo) -> Any:
    """The cookies of a person who signed in once."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, demo)
    state = context.storage_state()
    context.close()
    return state


def sign_in(page: Page, demo: Demo) -> None:
    """Sign in as a person does."""
    page.goto(demo.url)
    page.get_by_label("Username").fill(demo.user)
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Workflows").wait_for()


class Watched:
    """What a page did that no page may do."""

    def __init__(self, context: BrowserContext, base_url: str, answers: str = "422") -> None:
        self.faults: list[str] = []
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("console", lambda message: self._console(message, answers))
        context.on("request", lambda request: self._request(request.url, base_url))

    def _console(self, message: Any, answers: str) -> None:
        # A form with an error is answered by 422, which Chromium reports like a lost file.
        meant = re.search(f"responded with a status of ({answers}) ", message.text)
        if message.type in ("error", "warning") and not meant:
            self.faults.append(message.text)

    def _request(self, url: str, base_url: str) -> None:
        if not url.startswith(f"{base_url}/"):
            self.faults.append(f"a request to {url}")


@pytest.fixture(params=["script", "no script"])
def scripted(request: pytest.FixtureRequest) -> bool:
    """Whether the browser runs JavaScript: every task is done with it and without."""
    return bool(request.param == "script")


@pytest.fixture
def context(
    browser: Browser, demo: Demo, signed_in: Any, request: pytest.FixtureRequest
) -> Iterator[BrowserContext]:
    """A browser window of a person who is signed in; faults of its pages fail the test."""
    options = getattr(request, "param", {})
    if "scripted" in request.fixturenames:
        options = {**options, "java_script_enabled": request.getfixturevalue("scripted")}
    context = browser.new_context(storage_state=signed_in, base_url=demo.url, **options)
    context.set_default_timeout(PATIENCE_MS)
    watched = Watched(context, demo.url)
    yield context
    context.close()
    assert watched.faults == []
