"""A certified provider of OpenID Connect, run here."""

import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from playwright.sync_api import Page

from tests.contract.applications import application
from tests.contract.installed import installed
from tests.contract.node import LOCKED, install, require_node

HERE = Path(__file__).parent / "provider"
CLIENT = {
    "CONSOLE_OIDC_CLIENT_ID": "console",
    "CONSOLE_OIDC_CLIENT_SECRET": "only for these tests",
    "CONSOLE_OIDC_NAME": "Shop ID",
    "CONSOLE_OIDC_SCOPES": "openid,profile,email,groups",
}


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that nobody else is given until the block ends."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def provider(port: int, callback: str) -> AbstractContextManager[object]:
    """The provider at this port, which sends people back to this address."""
    node = require_node()
    packages = installed("provider", [HERE / name for name in LOCKED], partial(install, node))
    return application([node, str(HERE / "provider.mjs"), str(packages), str(port), callback])


def sign_in_at_provider(page: Page, name: str) -> None:
    """What a person does at the provider, which believes everybody."""
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
