"""The way in, the sign of life, and what every answer carries."""

import threading
from http import HTTPStatus

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from console import readiness
from tests.console.test_workflows import LIST


def test_the_start_leads_to_the_workflows(viewer: Client) -> None:
    assert viewer.get("/").headers["Location"] == LIST
    assert viewer.get("/s/main/").headers["Location"] == LIST


def test_the_sign_of_life_asks_nobody(client: object) -> None:
    response = Client().get("/healthz")
    assert (response.status_code, response.content) == (HTTPStatus.OK, b"ok")


def test_a_replica_is_ready_until_it_is_told_to_stop(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = Client().get("/readyz")
    assert (response.status_code, response.content) == (HTTPStatus.OK, b"ready")
    assert "Connection" not in viewer.get(LIST).headers
    monkeypatch.setattr(readiness, "is_stopping", lambda: True)
    response = Client().get("/readyz")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.content == b"not ready: it is stopping"
    # What comes all the same is answered, and what comes next goes elsewhere.
    answer = viewer.get(LIST)
    assert (answer.status_code, answer.headers["Connection"]) == (HTTPStatus.OK, "close")


def test_a_replica_is_not_ready_without_its_tables(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_migrated", threading.Event())
    recorded = MigrationRecorder(connection)
    newest = recorded.migration_qs.filter(app="console").latest("id").name
    recorded.record_unapplied("console", newest)
    assert Client().get("/readyz").content == b"not ready: the console's tables are not up to date"
    recorded.record_applied("console", newest)
    assert Client().get("/readyz").content == b"ready"


def test_a_replica_is_not_ready_without_its_database(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(CursorWrapper, "execute", refuse)
        response = Client().get("/readyz")
    assert response.content == b"not ready: the console's own database does not answer"


@pytest.mark.parametrize("path", [LIST, "/login/", "/nowhere"])
def test_every_page_is_private_and_closed_to_foreign_code(viewer: Client, path: str) -> None:
    headers = viewer.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "no-store" in headers["Cache-Control"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_cookies_are_out_of_reach_of_scripts(client: object) -> None:
    User.objects.create_user("ann", password="correct horse")
    browser = Client()
    browser.post("/login/", {"login": "ann", "password": "correct horse"})
    browser.post("/theme/", {"theme": "dark"})
    assert browser.cookies.keys() == {"console_session", "console_csrf", "console_theme"}
    for cookie in browser.cookies.values():
        assert cookie["httponly"], cookie.key
        assert cookie["samesite"] == "Lax"
