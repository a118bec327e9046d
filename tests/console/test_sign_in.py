"""Signing in: who is let in, what strangers learn, and how much they may try."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.totp.internal.auth import format_hotp_value as written
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from client_core import DBOSClient
from console.accounts.sign_in import FactorAdapter, find_person
from console.models import AuditEntry, Grant

PASSWORD = "correct horse battery"
REFUSED = "There is no account with this name and password."


@pytest.fixture
def ann(client: DBOSClient) -> User:
    """Somebody with an e-mail address, who may do everything."""
    return User.objects.create_superuser("ann", "ann@shop.example", PASSWORD)


def attempt(name: str, password: str = PASSWORD, browser: Client | None = None, **more: Any) -> Any:
    browser = browser or Client()
    return browser.post("/login/", {"login": name, "password": password}, **more)


def is_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == HTTPStatus.OK


@pytest.mark.parametrize("name", ["ann", "ANN", "ann@shop.example", " Ann@Shop.example "])
def test_the_name_or_the_address(ann: User, name: str) -> None:
    browser = Client()
    assert attempt(name, browser=browser).headers["Location"] == "/"
    assert is_in(browser)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.username, entry.outcome) == ("account.sign-in", "ann", "done")
    assert entry.parameters == {"by": ["password"]}
    browser.post("/logout/")
    assert AuditEntry.objects.first().action == "account.sign-out"  # type: ignore[union-attr]


def test_a_name_that_two_share_is_nobodys(ann: User) -> None:
    User.objects.create_user("Ann", password=PASSWORD)
    assert find_person("ann") is None
    User.objects.create_user("other", "ann@shop.example", PASSWORD)
    assert find_person("ann@shop.example") is None


@pytest.fixture
def strangers(ann: User) -> dict[str, tuple[str, str]]:
    """Everybody who is not let in, with the name and the password that are typed."""
    User.objects.create_user("gone", "gone@shop.example", PASSWORD, is_active=False)
    User.objects.create_user("invited")
    return {
        "nobody": ("nobody", PASSWORD),
        "a wrong password": ("ann", "wrong"),
        "an address and a wrong password": ("ann@shop.example", "wrong"),
        "an unknown address": ("nobody@shop.example", "wrong"),
        "deactivated": ("gone", PASSWORD),
        "deactivated, by address": ("gone@shop.example", PASSWORD),
        "without a password": ("invited", PASSWORD),
    }


def test_nobody_learns_which_accounts_there_are(
    strangers: dict[str, tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, *args: Any, **kwargs: Any) -> str:
        hashed.append(password)
        return encode(self, password, *args, **kwargs)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    answers = set()
    for what, (name, password) in strangers.items():
        hashed.clear()
        page = attempt(name, password)
        # One password is hashed for each, so that all take the same time.
        assert len(hashed) == 1, what
        assert REFUSED in page.content.decode(), what
        answers.add((page.status_code, page.content.decode().count("notice"), len(page.headers)))
    assert len(answers) == 1


def test_a_refused_sign_in_is_kept_but_no_password_in_the_wrong_field(ann: User) -> None:
    attempt("ann", "wrong")
    attempt("hunter2", "wrong")
    second, first = AuditEntry.objects.all()
    assert (first.action, first.outcome) == ("account.sign-in-refused", "refused")
    assert (first.username, first.detail) == ("ann", "password")
    assert (second.username, second.detail) == ("", "password, no such account")
    assert "hunter2" not in str(vars(second))


class TestAttempts:
    def test_they_are_limited_for_an_account_by_all_its_names(self, ann: User) -> None:
        for name in ("ann", "ANN", "ann@shop.example", "Ann@shop.example", "ann"):
            assert REFUSED in attempt(name, "wrong").content.decode()
        assert "Too many attempts" in attempt("ann").content.decode()
        assert "Too many attempts" in attempt("ann@shop.example").content.decode()

    def test_success_between_them_does_not_begin_anew(self, ann: User) -> None:
        for _ in range(4):
            attempt("ann", "wrong")
        assert attempt("ann").status_code == HTTPStatus.FOUND
        attempt("ann", "wrong")
        assert "Too many attempts" in attempt("ann").content.decode()

    def test_they_are_limited_for_an_address_whatever_it_claims(self, ann: User) -> None:
        for number in range(10):
            attempt(f"name-{number}", headers={"X-Forwarded-For": f"192.0.2.{number}"})
        assert "Too many attempts" in attempt("ann").content.decode()

    def test_behind_a_proxy_each_client_counts_for_itself(
        self, ann: User, settings: Settings
    ) -> None:
        settings.CONSOLE_TRUSTED_PROXIES = 1
        for number in range(10):
            attempt(f"name-{number}", headers={"X-Forwarded-For": f"203.0.113.{number}, 192.0.2.1"})
        told = {"X-Forwarded-For": "192.0.2.2"}
        assert attempt("ann", headers=told).status_code == HTTPStatus.FOUND

    def test_codes_are_limited_too(self, ann: User) -> None:
        TOTP.activate(ann, generate_totp_secret())
        browser = Client()
        attempt("ann", browser=browser)
        for _ in range(5):
            browser.post("/login/second/", {"code": "000000"})
        page = browser.post("/login/second/", {"code": "000000"}).content.decode()
        assert "Too many attempts" in page
        wrong = AuditEntry.objects.filter(action="account.sign-in-refused", detail="code")
        assert wrong.count() == 5

    def test_they_are_counted_where_all_replicas_see_them(self, ann: User) -> None:
        attempt("ann", "wrong")
        assert type(cache._connections[cache._alias]).__name__ == "DatabaseCache"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "\thttps://evil.example",
        "https://localhost.evil.example/",
        "http://localhost/account/",
    ],
)
def test_nobody_is_sent_elsewhere(ann: User, elsewhere: str) -> None:
    where = {"login": "ann", "password": PASSWORD, "next": elsewhere}
    assert Client().post("/login/", where).headers["Location"] == "/"
    query = {"next": elsewhere}
    page = Client().post("/login/", {"login": "ann", "password": PASSWORD}, query_params=query)
    assert page.headers["Location"] == "/"
    assert elsewhere.strip() not in Client().get("/login/", query).content.decode()
    browser = Client()
    browser.force_login(ann)
    assert browser.get("/login/", query).headers["Location"] == "/"
    assert browser.post("/logout/", query).headers["Location"] == "/login/"


def test_another_host_is_not_answered(client: DBOSClient) -> None:
    page = Client().get("/login/", headers={"Host": "evil.example"})
    assert page.status_code == HTTPStatus.BAD_REQUEST
    assert "evil.example" not in page.content.decode()


def test_there_is_no_page_to_sign_up_or_to_change_an_address(ann: User) -> None:
    browser = Client()
    browser.force_login(ann)
    for path in ("signup/", "email/", "password/reset/", "login/code/", "2fa/", "accounts/"):
        for place in ("/", "/account/", "/login/"):
            assert browser.get(f"{place}{path}").status_code == HTTPStatus.NOT_FOUND


def told(names: str, **environment: str) -> Any:
    """Settings of a console that was started with this environment."""
    script = f"import json; from console import settings as s; print(json.dumps([{names}]))"
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("CONSOLE_OIDC", "CONSOLE_H"))}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**ours, **environment},
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def test_cookies_are_for_this_host_and_out_of_reach_of_scripts() -> None:
    names = "s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.HTTPS"
    expected = ["__Host-console_session", "__Host-console_csrf", True, True]
    assert told(names, CONSOLE_HTTPS="1") == expected
    assert told(names) == ["console_session", "console_csrf", False, False]


def test_every_cookie_says_so(ann: User, settings: Settings) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    browser = Client()
    browser.get("/login/")
    attempt("ann", browser=browser)
    assert {"console_session", "console_csrf"} <= browser.cookies.keys()
    for cookie in browser.cookies.values():
        assert cookie["httponly"]
        assert cookie["secure"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CONSOLE_REQUIRE_MFA", "some", "must be one of: nobody, administrators, everybody"),
        ("CONSOLE_OIDC_GROUPS", "ops", "must be a list like this"),
        ("CONSOLE_TRUSTED_PROXIES", "-1", "must be a whole number from 0 to 16"),
    ],
)
def test_a_setting_that_cannot_be_meant_stops_the_start(name: str, value: str, said: str) -> None:
    assert said in told("1", **{name: value})


def code_of(secret: str) -> str:
    return written(hotp_value(secret, next(yield_hotp_counters_from_time())))


class TestSecondFactor:
    @pytest.fixture
    def secret(self, ann: User) -> str:
        """Of ann's authenticator app."""
        secret = generate_totp_secret()
        TOTP.activate(ann, secret)
        return secret

    def test_a_password_alone_is_not_enough(self, ann: User, secret: str) -> None:
        browser = Client()
        page = attempt("ann", browser=browser)
        assert page.headers["Location"] == "/login/second/"
        assert not is_in(browser)
        page = browser.post("/login/second/", {"code": code_of(secret)})
        assert page.headers["Location"] == "/"
        assert is_in(browser)
        entry = AuditEntry.objects.get(action="account.sign-in")
        assert entry.parameters == {"by": ["password", "authenticator app"]}

    def test_one_gets_to_where_one_wanted(self, ann: User, secret: str) -> None:
        browser = Client()
        browser.post("/login/?next=/audit/", {"login": "ann", "password": PASSWORD})
        page = browser.post("/login/second/", {"code": code_of(secret)})
        assert page.headers["Location"] == "/audit/"

    def test_secrets_are_of_no_use_to_who_reads_the_database(
        self, ann: User, secret: str, settings: Settings
    ) -> None:
        codes = RecoveryCodes.activate(ann)
        held = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
        assert secret not in held
        app = Authenticator.objects.get(type="totp").wrap()
        unused = codes.get_unused_codes()
        settings.SECRET_KEY = "another"
        # With another key no code is right: none that one could work out, above all.
        assert not app.validate_code(code_of(secret))
        assert not app.validate_code(code_of("A" * 32))
        assert FactorAdapter().decrypt(app.instance.data["secret"]) not in ("", secret)
        assert set(codes.get_unused_codes()).isdisjoint(unused)
        settings.SECRET_KEY_FALLBACKS = ["only-for-tests"]
        assert app.validate_code(code_of(secret))

    def test_to_change_something_one_confirms_who_one_is(self, ann: User) -> None:
        browser = Client()
        browser.force_login(ann)
        for page in ("app/", "passkeys/add/", "codes/", "codes/download/"):
            answer = browser.get(f"/account/{page}")
            assert answer.headers["Location"].startswith("/account/confirm/?next=")
        answer = browser.post("/account/confirm/?next=/account/app/", {"password": "wrong"})
        assert "This is not your password." in answer.content.decode()
        answer = browser.post("/account/confirm/?next=/account/app/", {"password": PASSWORD})
        assert answer.headers["Location"] == "/account/app/"
        assert browser.get("/account/app/").status_code == HTTPStatus.OK


class TestDemanded:
    @pytest.fixture
    def browser(self, ann: User) -> Client:
        """Of somebody who signed in a moment ago, without a second factor."""
        browser = Client()
        attempt("ann", browser=browser)
        return browser

    @pytest.mark.parametrize("of", ["administrators", "everybody"])
    def test_who_lacks_it_sets_one_up_before_anything_else(
        self, browser: Client, settings: Settings, of: str
    ) -> None:
        settings.CONSOLE_REQUIRE_MFA = of
        for path in ("/", "/audit/", "/s/main/workflows/", "/account/password/", "/people/"):
            assert browser.get(path).headers["Location"] == "/account/"
        page = browser.get("/audit/", headers={"HX-Request": "true"})
        assert page.headers["HX-Redirect"] == "/account/"
        assert "asks everybody with your rights" in browser.get("/account/").content.decode()
        page = browser.get("/account/app/")
        secret = page.context["form"].secret
        assert page.status_code == HTTPStatus.OK
        page = browser.post("/account/app/", {"code": code_of(secret)})
        assert page.headers["Location"] == "/account/codes/"
        assert browser.get("/audit/").status_code == HTTPStatus.OK
        Authenticator.objects.all().delete()
        fresh = Client()
        attempt("ann", browser=fresh)
        assert fresh.get("/audit/").headers["Location"] == "/account/"

    def test_of_administrators_alone(
        self, sign_in: Callable[[str], Client], settings: Settings
    ) -> None:
        settings.CONSOLE_REQUIRE_MFA = "administrators"
        assert sign_in("operator").get("/account/password/").status_code == HTTPStatus.OK
        assert sign_in("administrator").get("/account/password/").headers["Location"] == "/account/"
        here = sign_in("newcomer")
        Grant.objects.create(user=User.objects.get(username="newcomer"), role="viewer", system="*")
        assert here.get("/account/password/").status_code == HTTPStatus.OK
        Grant.objects.filter(role="viewer").update(role="administrator", system="main")
        assert here.get("/account/password/").headers["Location"] == "/account/"


class TestWithoutPasswords:
    @pytest.fixture(autouse=True)
    def _off(self, settings: Settings) -> None:
        settings.CONSOLE_PASSWORD_SIGN_IN = False

    def test_nobody_gets_in_by_password_or_passkey(self, ann: User) -> None:
        browser = Client()
        assert 'name="password"' not in browser.get("/login/").content.decode()
        attempt("ann", browser=browser)
        page = browser.post("/login/passkey/", {"credential": "{}"})
        assert page.headers["Location"] == "/login/"
        assert not is_in(browser)

    def test_there_is_nothing_to_confirm_by_password(self, ann: User) -> None:
        browser = Client()
        browser.force_login(ann)
        assert browser.get("/account/app/").status_code == HTTPStatus.OK
        assert browser.get("/account/password/").headers["Location"] == "/account/"
