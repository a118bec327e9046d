"""People: invited, let in by a link, changed, and let out."""

import re
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import unquote

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from client_core import DBOSClient
from console.accounts import people
from console.accounts.one_time_links import new_link
from console.models import AuditEntry, Grant, OneTimeLink, OwnRole
from console.permissions import Action, Role

PASSWORD = "correct horse battery"


@pytest.fixture
def ann(client: DBOSClient) -> User:
    """An administrator."""
    return User.objects.create_superuser("ann", password=PASSWORD)


@pytest.fixture
def browser(ann: User) -> Client:
    """Ann's, who signed in a moment ago."""
    browser = Client()
    browser.post("/login/", {"login": "ann", "password": PASSWORD})
    return browser


@pytest.fixture
def bob(ann: User) -> User:
    """Somebody else."""
    return User.objects.create_user("bob", "bob@shop.example", PASSWORD)


def signed_in(name: str) -> Client:
    browser = Client()
    browser.post("/login/", {"login": name, "password": PASSWORD})
    return browser


def is_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session and browser.get("/").status_code != 302


def kept() -> tuple[str, str, str]:
    """The newest audit entry: what, by whom, about whom."""
    entry = AuditEntry.objects.first()
    assert entry
    assert entry.outcome == "done"
    return entry.action, entry.username, entry.target


def link_on(page: str) -> str:
    found = re.search(r"http://testserver(/welcome/[\w-]+/)", page)
    assert found
    return found[1]


class TestInvitation:
    def test_from_the_form_to_the_first_page(self, browser: Client) -> None:
        form = {"username": "eve", "email": "Eve@Shop.example"}
        page = browser.post("/people/invite/", form)
        path = link_on(page.content.decode())
        assert kept() == ("people.invite", "ann", "eve")
        eve = User.objects.get(username="eve")
        assert not eve.has_usable_password()
        stranger = Client()
        assert "Welcome, eve" in stranger.get(path).content.decode()
        page = stranger.post(path, {"password1": PASSWORD, "password2": PASSWORD})
        assert page.headers["Location"] == "/"
        assert stranger.session["_auth_user_id"] == str(eve.pk)
        assert kept() == ("account.sign-in", "eve", "")
        assert "_auth_user_id" in signed_in("EVE@shop.example").session

    def test_a_link_works_once(self, bob: User) -> None:
        path = new_link(bob)
        token = path.split("/")[2]
        assert token not in str(OneTimeLink.objects.values())
        form = {"password1": "another horse battery", "password2": "another horse battery"}
        assert Client().post(path, form).status_code == HTTPStatus.FOUND
        for page in (Client().get(path), Client().post(path, form)):
            assert page.status_code == HTTPStatus.NOT_FOUND
            assert "does not work any more" in page.content.decode()

    def test_a_new_one_takes_its_place_and_it_gets_old(self, bob: User) -> None:
        first, second = new_link(bob), new_link(bob)
        assert Client().get(first).status_code == HTTPStatus.NOT_FOUND
        assert Client().get(second).status_code == HTTPStatus.OK
        OneTimeLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert Client().get(second).status_code == HTTPStatus.NOT_FOUND

    @pytest.mark.parametrize(
        ("one", "two", "said"),
        [
            ("12345", "12345", "too short"),
            ("bob@shop.example", "bob@shop.example", "too similar"),
            (PASSWORD, "another", "not the same password"),
        ],
    )
    def test_a_bad_password_does_not_use_it_up(
        self, bob: User, one: str, two: str, said: str
    ) -> None:
        path = new_link(bob)
        page = Client().post(path, {"password1": one, "password2": two})
        assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert said in page.content.decode()
        assert Client().get(path).status_code == HTTPStatus.OK

    def test_second_factors_are_still_asked_for(self, bob: User) -> None:
        TOTP.activate(bob, generate_totp_secret())
        stranger = Client()
        page = stranger.post(new_link(bob), {"password1": PASSWORD, "password2": PASSWORD})
        assert page.headers["Location"] == "/login/second/"
        assert not is_in(stranger)

    def test_where_passwords_are_off_it_signs_in(self, bob: User, settings: Settings) -> None:
        settings.CONSOLE_PASSWORD_SIGN_IN = False
        stranger = Client()
        path = new_link(bob)
        assert "password1" not in stranger.get(path).content.decode()
        assert stranger.post(path).headers["Location"] == "/"
        assert stranger.session["_auth_user_id"] == str(bob.pk)

    @pytest.mark.parametrize(
        ("form", "said"),
        [
            ({"username": "ANN"}, "Another account has this name."),
            ({"username": "a b"}, "Enter a valid username"),
            ({"username": "eve", "email": "BOB@shop.example"}, "Another account has this address."),
            ({"username": ""}, "required"),
        ],
    )
    def test_a_name_or_address_that_cannot_be(
        self, browser: Client, bob: User, form: dict[str, str], said: str
    ) -> None:
        page = browser.post("/people/invite/", form)
        assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert said in page.content.decode()
        assert User.objects.count() == 2

    def test_it_is_asked_who_does_this(self, ann: User, bob: User) -> None:
        browser = Client()
        browser.force_login(ann)
        person = f"/people/person/{bob.pk}/"
        pages = [f"{person}link/", f"{person}factors/", f"{person}active/", "/people/invite/"]
        for path in pages:
            for answer in (browser.get(path), browser.post(path)):
                assert unquote(answer.headers["Location"]) == f"/account/confirm/?next={path}"
        assert not OneTimeLink.objects.exists()


class TestPerson:
    def test_the_list_and_the_page(self, browser: Client, bob: User) -> None:
        Group.objects.create(name="Shop").user_set.add(bob)
        Grant.objects.create(user=bob, role=Role.VIEWER, system="main")
        page = browser.get("/people/").content.decode()
        assert "bob@shop.example" in page
        assert "Shop" in page
        assert "bob" in browser.get("/people/?q=SHOP").content.decode()
        assert "Nobody matches" in browser.get("/people/?q=zzz").content.decode()
        page = browser.get(f"/people/person/{bob.pk}/").content.decode()
        assert "viewer" in page

    def test_the_list_asks_few_questions(
        self, browser: Client, bob: User, django_assert_max_num_queries: Callable[..., object]
    ) -> None:
        for number in range(30):
            User.objects.create_user(f"person-{number}")
        with django_assert_max_num_queries(10):  # type: ignore[attr-defined]
            browser.get("/people/")

    def test_a_change(self, browser: Client, bob: User) -> None:
        browser.post(f"/people/person/{bob.pk}/edit/", {"email": "bob@depot.example"})
        entry = AuditEntry.objects.get(action="people.change")
        assert entry.parameters == {"email": ["bob@shop.example", "bob@depot.example"]}

    def test_out_at_once_and_in_again(self, browser: Client, bob: User) -> None:
        theirs, link = signed_in("bob"), new_link(bob)
        path = f"/people/person/{bob.pk}/active/"
        assert "Deactivate bob?" in browser.get(path).content.decode()
        browser.post(path)
        assert kept() == ("people.deactivate", "ann", "bob")
        assert "_auth_user_id" not in theirs.session
        assert Client().get(link).status_code == HTTPStatus.NOT_FOUND
        assert "_auth_user_id" not in signed_in("bob").session
        browser.post(path)
        assert kept() == ("people.activate", "ann", "bob")
        assert "_auth_user_id" in signed_in("bob").session

    def test_nobody_locks_themselves_out(self, browser: Client, ann: User) -> None:
        page = browser.post(f"/people/person/{ann.pk}/active/", follow=True)
        assert "Nobody deactivates their own account" in page.content.decode()
        ann.refresh_from_db()
        assert ann.is_active

    def test_who_was_deactivated_meanwhile_deactivates_nobody(self, ann: User) -> None:
        """Two administrators who do so to each other at once leave one."""
        other, at_work = User.objects.create_superuser("other"), User.objects.get(pk=ann.pk)
        people.set_active(other, ann, active=False)
        outcome = people.set_active(at_work, other, active=False)
        assert outcome.level == "warning"
        other.refresh_from_db()
        assert other.is_active

    def test_lost_factors_are_taken_away(self, browser: Client, bob: User) -> None:
        theirs = signed_in("bob")
        TOTP.activate(bob, generate_totp_secret())
        browser.post(f"/people/person/{bob.pk}/factors/")
        assert kept() == ("people.take-factors", "ann", "bob")
        assert not Authenticator.objects.exists()
        assert "_auth_user_id" not in theirs.session

    def test_signed_out_everywhere(self, browser: Client, bob: User) -> None:
        theirs = [signed_in("bob"), signed_in("bob")]
        browser.post(f"/people/person/{bob.pk}/sessions/")
        assert kept() == ("people.end-sessions", "ann", "bob")
        assert not any("_auth_user_id" in each.session for each in theirs)

    def test_a_new_link(self, browser: Client, bob: User) -> None:
        page = browser.post(f"/people/person/{bob.pk}/link/")
        assert kept() == ("people.link", "ann", "bob")
        assert Client().get(link_on(page.content.decode())).status_code == HTTPStatus.OK

    def test_no_such_person(self, browser: Client) -> None:
        assert browser.get("/people/person/4000/").status_code == HTTPStatus.NOT_FOUND


class TestWhoMayMore:
    """Whoever manages people gets no further by it than they are."""

    @pytest.fixture
    def eve(self, bob: User) -> Client:
        """She manages people, and looks."""
        OwnRole.objects.create(name="people", actions=[Action.PEOPLE_MANAGE, Action.WORKFLOW_READ])
        eve = User.objects.create_user("eve", password=PASSWORD)
        Grant.objects.create(user=eve, role="people", system="*")
        return signed_in("eve")

    @pytest.mark.parametrize("what", ["link", "factors", "active", "sessions", "edit"])
    def test_the_account_of_an_administrator_is_out_of_reach(
        self, what: str, eve: Client, ann: User
    ) -> None:
        page = eve.post(f"/people/person/{ann.pk}/{what}/", {"email": "eve@shop.example"})
        assert page.status_code == HTTPStatus.FORBIDDEN
        assert "ann may do more than you" in page.content.decode()
        entry = AuditEntry.objects.first()
        assert entry
        assert (entry.action, entry.outcome) == ("people.manage", "refused")
        assert entry.target == "ann"
        ann.refresh_from_db()
        assert (ann.is_active, ann.email) == (True, "")
        assert not OneTimeLink.objects.exists()

    def test_nor_one_that_is_deactivated(self, eve: Client, ann: User) -> None:
        User.objects.filter(pk=ann.pk).update(is_active=False)
        page = eve.post(f"/people/person/{ann.pk}/active/")
        assert page.status_code == HTTPStatus.FORBIDDEN
        ann.refresh_from_db()
        assert not ann.is_active

    def test_a_role_on_one_system_counts(self, eve: Client, bob: User) -> None:
        path = f"/people/person/{bob.pk}/sessions/"
        assert eve.post(path).status_code == HTTPStatus.FOUND
        Grant.objects.create(user=bob, role=Role.OPERATOR, system="main")
        assert eve.post(path).status_code == HTTPStatus.FORBIDDEN


def test_who_may_not_is_refused_behind_the_page_too(bob: User) -> None:
    with pytest.raises(PermissionDenied):
        people.invite(bob, User(username="eve"))
    assert AuditEntry.objects.get().outcome == "refused"
    assert User.objects.count() == 2


def test_the_first_administrator_comes_by_a_link(
    client: DBOSClient, capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://console.example"]
    call_command("grant", "ann", "administrator", "--link")
    found = re.search(r"https://console\.example(/welcome/\S+)", capsys.readouterr().out)
    assert found
    assert not User.objects.get().has_usable_password()
    browser = Client()
    browser.post(found[1], {"password1": PASSWORD, "password2": PASSWORD})
    assert browser.get("/people/").status_code == HTTPStatus.OK
    actions = AuditEntry.objects.order_by("id").values_list("action", "username")
    assert list(actions)[:2] == [("grant.give", "command line"), ("people.link", "command line")]
