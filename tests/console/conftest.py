"""The cast: a viewer, an operator and an administrator; somebody without a role; a stranger."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from client_core import DBOSClient
from console import systems
from console.models import Grant
from console.permissions import Role
from console.systems import System, all_systems
from console.views import workflow_list
from tests.client_core.conftest import Insert, insert
from tests.proxy import Proxy

__all__ = ["Insert", "insert"]

SignIn = Callable[[str | None], Client]


@pytest.fixture(autouse=True)
def system(settings: Settings, system_url: str, db: None, client: DBOSClient) -> System:
    """The system that the console shows: this worker's, emptied after the test."""
    settings.DBOS_SYSTEM_DATABASE_URL = system_url
    return all_systems()["main"]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its time for a search that is quick elsewhere."""
    monkeypatch.setattr(workflow_list, "FIRST_ANSWER_MS", 60_000)


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """A browser in which somebody of this role is signed in."""

    def signed_in(role: str | None) -> Client:
        user = User.objects.create_user(role or "newcomer", password="secret")
        if role:
            Grant.objects.create(user=user, role=role, system="*")
        browser = Client()
        browser.force_login(user)
        return browser

    return signed_in


@pytest.fixture
def viewer(sign_in: SignIn) -> Client:
    """May look."""
    return sign_in(Role.VIEWER)


@pytest.fixture
def operator(sign_in: SignIn) -> Client:
    """May look and act."""
    return sign_in(Role.OPERATOR)


@pytest.fixture
def administrator(sign_in: SignIn) -> Client:
    """May do everything."""
    return sign_in(Role.ADMINISTRATOR)


@pytest.fixture
def proxy(settings: Settings, system_url: str) -> Iterator[Proxy]:
    """The console's way to the system database, to be cut."""
    with Proxy(system_url) as proxy:
        settings.DBOS_SYSTEM_DATABASE_URL = proxy.url
        yield proxy
        systems.all_systems()["main"].client.destroy()
        systems._client.cache_clear()
