"""The way in, the look, the sign of life, and what every answer carries."""

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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_is_remembered(viewer: Client, theme: str) -> None:
    response = viewer.post("/theme/", {"theme": theme, "next": LIST})
    assert response.headers["Location"] == LIST
    assert f'data-theme="{theme}"' in viewer.get(LIST).content.decode()
    assert f'data-theme="{theme}"' in viewer.get("/nowhere").content.decode()
    viewer.post("/theme/", {"theme": ""})
    assert "data-theme" not in viewer.get(LIST).content.decode()


def test_a_theme_that_is_none_and_an_address_elsewhere(viewer: Client) -> None:
    response = viewer.post("/theme/", {"theme": '"><script>', "next": "https://evil.example/"})
    assert response.headers["Location"] == "/"
    assert "console_theme" not in response.cookies


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
    browser.post("/login/", {"username": "ann", "password": "correct horse"})
    browser.post("/theme/", {"theme": "dark"})
    assert browser.cookies.keys() == {"console_session", "console_csrf", "console_theme"}
    for cookie in browser.cookies.values():
        assert cookie["httponly"], cookie.key
        assert cookie["samesite"] == "Lax"
