"""Sessions end in time, and all at once where that is asked for."""

import json
import time
from http import HTTPStatus
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from client_core import DBOSClient
from console.accounts.browsers import browser_of
from console.accounts.sessions import BEGAN, SEEN
from console.models import AuditEntry
from console.systems import System
from console.viewers import Viewer, _may_look

PASSWORD = "correct horse battery"
FORM = {"login": "ann", "password": PASSWORD}
LIST = "/s/main/workflows/"


@pytest.fixture
def ann(client: DBOSClient) -> User:
    """Somebody who may do everything."""
    return User.objects.create_superuser("ann", password=PASSWORD)


def signed_in(**more: Any) -> Client:
    browser = Client(**more)
    assert browser.post("/login/", FORM).status_code == HTTPStatus.FOUND
    return browser


def is_in(browser: Client, **headers: str) -> bool:
    return browser.get("/account/", headers=headers).status_code == HTTPStatus.OK


def age(browser: Client, **ages_minutes: float) -> None:
    """Make it some minutes ago that the session began, or that its person did something."""
    session = browser.session
    for key, minutes in ages_minutes.items():
        session[{"began": BEGAN, "seen": SEEN}[key]] = time.time() - minutes * 60
    session.save()


@pytest.fixture
def browser(ann: User) -> Client:
    """Ann's."""
    return signed_in()


class TestLimits:
    def test_an_idle_session_ends(self, browser: Client, settings: Settings) -> None:
        settings.CONSOLE_SESSION_IDLE_MINUTES = 30
        age(browser, seen=29)
        assert is_in(browser)
        # That was a sign of life.
        assert browser.session[SEEN] > time.time() - 60
        age(browser, seen=31)
        key = browser.cookies["console_session"].value
        assert not is_in(browser)
        assert not Session.objects.filter(pk=key).exists()

    def test_no_session_lasts_for_ever(self, browser: Client, settings: Settings) -> None:
        settings.CONSOLE_SESSION_HOURS = 8
        age(browser, began=8 * 60 - 1)
        assert is_in(browser)
        age(browser, began=8 * 60 + 1, seen=0)
        assert not is_in(browser)

    @pytest.mark.parametrize("path", ["/account/", f"{LIST}count/"])
    def test_a_page_that_asks_by_itself_keeps_none_alive(self, browser: Client, path: str) -> None:
        age(browser, seen=10)
        seen = browser.session[SEEN]
        headers = {"X-Refresh": "1"} if path == "/account/" else {}
        assert browser.get(path, headers=headers).status_code == HTTPStatus.OK
        assert browser.session[SEEN] == seen

    def test_an_open_page_hears_no_more(self, browser: Client, ann: User, system: System) -> None:
        viewer = Viewer(ann.pk, browser.session.session_key or "")
        assert _may_look(viewer, system)
        age(browser, seen=10_000)
        assert not _may_look(viewer, system)

    def test_what_is_long_over_goes_with_the_next_sign_in(self, browser: Client) -> None:
        Session.objects.update(expire_date=timezone.now())
        signed_in()
        assert Session.objects.count() == 1

    def test_life_is_written_down_once_a_minute(
        self, browser: Client, django_assert_num_queries: Any
    ) -> None:
        browser.get("/account/password/")
        before = Session.objects.get().session_data
        browser.get("/account/password/")
        assert Session.objects.get().session_data == before


class TestEnding:
    def test_one_or_all_others(self, browser: Client) -> None:
        one, two = signed_in(), signed_in()
        page = browser.get("/account/")
        rows = {row["pk"]: row for row in page.context["sessions"]}
        assert [row["is_this"] for row in rows.values()].count(True) == 1
        session = UserSession.objects.get(session_key=one.session.session_key)
        browser.post("/account/sessions/end/", {"session": session.pk})
        assert not is_in(one)
        assert is_in(two)
        browser.post("/account/sessions/end/")
        assert not is_in(two)
        assert is_in(browser)
        ended = AuditEntry.objects.filter(action="account.session-end")
        assert [entry.parameters for entry in ended] == [{"sessions": 1}, {"sessions": 1}]

    def test_not_those_of_others(self, browser: Client) -> None:
        User.objects.create_superuser("bob", password=PASSWORD)
        bob = Client()
        bob.post("/login/", {**FORM, "login": "bob"})
        session = UserSession.objects.get(user__username="bob")
        browser.post("/account/sessions/end/", {"session": session.pk})
        browser.post("/account/sessions/end/")
        assert is_in(bob)

    def test_another_password_ends_the_others(self, browser: Client) -> None:
        other = signed_in()
        new = "another horse battery"
        form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
        page = browser.post("/account/password/", form)
        assert page.headers["Location"] == "/account/"
        assert is_in(browser)
        assert not is_in(other)
        assert AuditEntry.objects.first().action == "account.password-change"  # type: ignore[union-attr]
        assert browser.get("/account/").context["sessions"][0]["is_this"]

    def test_a_wrong_or_weak_password_changes_nothing(self, browser: Client) -> None:
        form = {"oldpassword": "wrong", "password1": "12345", "password2": "12345"}
        page = browser.post("/account/password/", form).content.decode()
        assert "This is not your password." in page
        assert "too short" in page
        assert User.objects.get().check_password(PASSWORD)

    def test_a_deactivated_account_is_out_at_once(self, browser: Client) -> None:
        User.objects.update(is_active=False)
        assert not is_in(browser)


class TestEnded:
    """What a page is told that does not know yet that its session is over."""

    def test_a_refresh_goes_to_the_sign_in_and_back_to_the_page(self, ann: User) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/people/?q=x"}
        page = Client().get(f"{LIST}count/?q=y", headers=headers)
        assert page.headers["HX-Redirect"] == "/login/?next=/people/%3Fq%3Dx"

    def test_a_refresh_of_another_place_does_not_lead_there(self, ann: User) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"}
        page = Client().get("/account/", headers=headers)
        assert page.headers["HX-Redirect"] == "/login/?next=/account/"

    def test_a_form_in_a_page_keeps_what_was_typed_and_says_so(self, ann: User) -> None:
        page = Client().post(f"{LIST}enqueue/", headers={"HX-Request": "true"})
        assert page.status_code == HTTPStatus.UNAUTHORIZED
        toast = json.loads(page.headers["HX-Trigger"])["toast"]
        assert "Your session has ended. Nothing was done." in toast["text"]

    def test_without_javascript_the_sign_in_page_says_so(self, ann: User) -> None:
        browser = Client()
        page = browser.post(f"{LIST}enqueue/")
        assert page.headers["Location"] == f"/login/?next={LIST}enqueue/"
        assert "what you sent was not done" in browser.get(page.url).content.decode()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/149.0.0.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/149.0 Safari/537.36 Edg/149.0",
         "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15.1) AppleWebKit/605.1 Version/18.1 Safari/605.1",
         "Safari on macOS"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
         "Firefox on Linux"),
        ("curl/8", "Another browser"),
    ],
)  # fmt: skip
def test_browsers_have_names(agent: str, name: str) -> None:
    assert browser_of(agent) == name
