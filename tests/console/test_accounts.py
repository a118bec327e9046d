"""Signing in and out, and the command that makes accounts."""

from http import HTTPStatus

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from console.permissions import Role, roles_on
from tests.console.test_workflows import LIST


def test_in_and_out(client: object) -> None:
    User.objects.create_superuser("ann", password="correct horse")
    browser = Client()
    page = browser.post("/login/?next=/audit/", {"login": "ann", "password": "correct horse"})
    assert page.headers["Location"] == "/audit/"
    assert browser.get(LIST).status_code == HTTPStatus.OK
    browser.post("/logout/")
    assert browser.get(LIST).headers["Location"].startswith("/login/")


def test_a_wrong_password_keeps_the_name(client: object) -> None:
    User.objects.create_user("ann", password="correct horse")
    page = Client().post("/login/", {"login": "ann", "password": "wrong"}).content.decode()
    assert 'value="ann"' in page
    assert "wrong" not in page
    assert "no account with this name and password" in page


def test_an_address_elsewhere_is_not_followed(client: object) -> None:
    User.objects.create_user("ann", password="correct horse")
    credentials = {"login": "ann", "password": "correct horse"}
    response = Client().post("/login/?next=https://evil.example/", credentials)
    assert response.headers["Location"] == "/"


def test_signing_out_is_a_post(viewer: Client) -> None:
    assert viewer.get("/logout/").status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_somebody_without_a_role_is_told(sign_in: object) -> None:
    response = sign_in(None).get("/")  # type: ignore[operator]
    assert response.status_code == HTTPStatus.FORBIDDEN


class TestGrant:
    @pytest.fixture(autouse=True)
    def _password(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONSOLE_PASSWORD", "correct horse battery")

    @pytest.mark.parametrize("role", Role)
    def test_a_new_account(self, role: Role) -> None:
        call_command("grant", "ann", role)
        ann = User.objects.get(username="ann")
        assert roles_on(ann, "main") == [role]
        assert ann.check_password("correct horse battery")

    def test_another_role_takes_the_first_away(self) -> None:
        call_command("grant", "ann", "administrator")
        call_command("grant", "ann", "viewer")
        assert roles_on(User.objects.get(), "main") == [Role.VIEWER]
        call_command("grant", "ann", "none")
        assert roles_on(User.objects.get(), "main") == []

    def test_a_weak_password_or_name_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(CommandError, match="valid username"):
            call_command("grant", "a b", "viewer")
        monkeypatch.setenv("CONSOLE_PASSWORD", "12345")
        with pytest.raises(CommandError, match="too short"):
            call_command("grant", "ann", "viewer")
        assert not User.objects.exists()
