"""The way in, the sign of life, and what every answer carries."""

from http import HTTPStatus

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.console.test_workflows import LIST


def test_the_start_leads_to_the_workflows(viewer: Client) -> None:
    assert viewer.get("/").headers["Location"] == LIST
    assert viewer.get("/s/main/").headers["Location"] == LIST


def test_the_sign_of_life_asks_nobody(client: object) -> None:
    response = Client().get("/healthz")
    assert (response.status_code, response.content) == (HTTPStatus.OK, b"ok")


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
