"""What every answer carries, whoever gives it: pages, parts, files, redirects, errors, styles."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from console.models import AuditEntry
from console.permissions import Role
from tests.console.conftest import Insert, SignIn
from tests.console.test_permissions import PUBLIC, RULED, World, world
from tests.console.test_workflows import LIST, run_url
from tests.proxy import Proxy

__all__ = ["world"]

CSP = {
    "default-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
}


def graded(answer: Any, *, is_public: bool = False) -> Any:
    """An answer that carries all that it should."""
    headers = answer.headers
    assert set(headers["Content-Security-Policy"].split("; ")) == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Server" not in headers
    assert "Access-Control-Allow-Origin" not in headers
    assert ("no-store" in headers["Cache-Control"]) != is_public
    return answer


def test_every_address_answers_with_all_of_them(
    world: World, administrator: Client, viewer: Client
) -> None:
    html: set[str] = set()
    others: set[str] = set()
    for browser in (administrator, viewer, Client()):
        for path in {*RULED, *PUBLIC} - {"/logout/"}:
            for options in ({}, {"HX-Request": "true"}):
                answer = graded(browser.get(path, headers=options))
                kind = answer.headers["Content-Type"]
                (html if kind.startswith("text/html") else others).add(path)
                if not kind.startswith("text/html"):
                    assert is_harmless(answer), path
            graded(browser.options(path))
            graded(browser.put(path))
    assert len(html) > 60
    assert len(others) >= 5


def is_harmless(answer: Any) -> bool:
    """A file that is saved, or a text that no browser runs."""
    kind, _, charset = answer.headers["Content-Type"].partition(";")
    if kind in ("text/plain", "text/event-stream"):
        return True
    assert charset.strip() == "charset=utf-8"
    return str(answer.headers["Content-Disposition"]).startswith("attachment; filename=")


def test_files_are_saved_and_never_shown(operator: Client, insert: Insert, sql: Any) -> None:
    html = "<script>alert(1)</script>"
    insert(workflow_uuid="run-1", name=html)
    sql.execute(
        "INSERT INTO dbos.workflow_input (workflow_uuid, inputs) VALUES ('run-1', %s)", [html]
    )
    for path in (
        f"{LIST}export/?format=csv",
        f"{LIST}export/?format=jsonl",
        run_url("run-1", "payload/input/download/"),
        "/s/main/schedules/export/?download=1",
    ):
        answer = graded(operator.get(path))
        assert answer.status_code == HTTPStatus.OK, path
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "html" not in answer.headers["Content-Type"]
    text = graded(operator.get(run_url("run-1", "payload/input/text/")))
    assert text.headers["Content-Type"].startswith("text/plain")


def not_found(browser: Client) -> Any:
    return browser.get("/nowhere")


def not_allowed(browser: Client) -> Any:
    return browser.get("/audit/")


def no_token(browser: Client) -> Any:
    browser.handler.enforce_csrf_checks = True
    return browser.post("/theme/", {"theme": "dark"})


def foreign_host(browser: Client) -> Any:
    return browser.get(LIST, headers={"Host": "evil.example"})


def too_much(browser: Client) -> Any:
    return browser.post("/theme/", {f"f{number}": "x" for number in range(10_001)})


def a_fault(browser: Client) -> Any:
    browser.raise_request_exception = False
    return browser.get(LIST)


ERRORS: list[tuple[Callable[[Client], Any], int]] = [
    (not_found, 404),
    (not_allowed, 403),
    (no_token, 403),
    (foreign_host, 400),
    (too_much, 413),
    (a_fault, 500),
]


@pytest.mark.parametrize(("ask", "status"), ERRORS)
def test_errors_are_answers_too(
    viewer: Client, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Client], Any], status: int
) -> None:
    if ask is a_fault:

        def broken(*_: object) -> None:
            raise ValueError("oops")

        monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", broken)
    assert graded(ask(viewer)).status_code == status


def test_a_database_that_is_away_is_an_answer_too(viewer: Client, proxy: Proxy) -> None:
    proxy.refuse()
    assert graded(viewer.get(LIST)).status_code == HTTPStatus.SERVICE_UNAVAILABLE


def test_styles_and_scripts(client: object) -> None:
    for name in ("css/base.css", "js/time.js", "icons.svg", "favicon.svg"):
        answer = graded(Client().get(f"/static/{name}"), is_public=True)
        assert answer.status_code == HTTPStatus.OK
        b"".join(answer.streaming_content)
        answer.close()
    for path in ("/static/../console/settings.py", "/static/%2e%2e/manage.py", "/static/css/"):
        assert Client().get(path).status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.FOUND), path


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "testserver:evil"},
        {"Host": "testserver@evil.example"},
        {"Host": "testserver, evil.example"},
    ],
)
def test_a_foreign_host_is_refused(viewer: Client, headers: dict[str, str]) -> None:
    answer = viewer.get("/", headers=headers)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert b"evil" not in answer.content


@pytest.mark.parametrize(
    "name", ["X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL"]
)
def test_other_names_for_the_host_count_for_nothing(viewer: Client, name: str) -> None:
    answer = viewer.get("/", headers={name: "host=evil.example"})
    assert answer.headers["Location"] == LIST
    stranger = Client().get(LIST, headers={name: "evil.example"})
    assert stranger.headers["Location"] == f"/login/?next={LIST}"


def test_under_https_browsers_stay_there(
    settings: Settings, sign_in: SignIn, insert: Insert
) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    browser = sign_in(Role.OPERATOR)
    answer = graded(browser.get(run_url("run-1", "cancel/"), secure=True))
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    browser.post("/theme/", {"theme": "dark"}, secure=True)
    assert {"console_csrf", "console_theme"} <= browser.cookies.keys()
    for name in ("console_csrf", "console_theme"):
        cookie = browser.cookies[name]
        assert cookie["secure"], name
        assert cookie["httponly"], name
        assert cookie["samesite"] == "Lax", name
    assert "Strict-Transport-Security" not in browser.get(LIST).headers


def test_nothing_of_another_site_is_followed(administrator: Client) -> None:
    for there in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"):
        for path in ("/preferences/", "/theme/"):
            sent = {"next": there, "theme": "dark", "zone": "UTC", "columns": "status"}
            answer = administrator.post(path, sent)
            assert answer.headers["Location"] == "/", (path, there)
    assert not AuditEntry.objects.exists()
    page = administrator.get("/preferences/?next=https://evil.example").content.decode()
    assert not re.search(r'(href|value)="https://evil', page)
