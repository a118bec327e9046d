"""The matrix: every URL there is, against everybody, in every way that it should not answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django.fixtures import Settings

from client_core import DBOSClient
from console.audit.rows import record
from console.models import AuditEntry, Grant, Operation, OwnRole, SavedView
from console.permissions import ALLOWED, CONSOLE_WIDE, Action, Role
from console.roles.action_words import WORDS
from tests.console.conftest import Insert
from tests.console.two_systems import two_systems
from tests.databases import OTHER_TABLES, RUN_TABLES, delete_rows

#: What stands in for each parameter of a path.
SAMPLES = {
    "<system:system>": "main",
    "<workflow_id:workflow_id>": "run-1",
    "<workflow_id:schedule_name>": "nightly",
    "<workflow_id:queue_name>": "orders",
    "<int:view_id>": "910001",
    "<int:grant_id>": "910001",
    "<int:user_id>": "910001",
    "<int:team_id>": "910001",
    "<slug:role_name>": "night-shift",
    "<int:position>": "1",
    "<slug:fingerprint>": "0123456789abcdef",
    "<payload_place:place>": "input",
    "<slug:token>": "0123456789abcdef",
    "<int:person_id>": "910001",
    "<int:pk>": "910001",
    "<uuid:operation_id>": "00000000-0000-4000-8000-000000000001",
}
#: Of the rows with a number.
PK = 910001
#: Nobody has this passkey.
ABSENT = {f"/account/passkeys/{PK}/{what}/" for what in ("rename", "remove")}
#: An entry that is about what happened there.
OF_MAIN = "/audit/1/"


def every_url() -> Iterator[tuple[str, Any]]:
    """Every path of the console with its view."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
        for pattern in resolver.url_patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern, path)
            elif isinstance(pattern, URLPattern):
                yield path, pattern.callback

    for path, view in walk(get_resolver(), "/"):
        for parameter, sample in SAMPLES.items():
            path = path.replace(parameter, sample)
        assert "<" not in path, f"{path} has a parameter without a sample"
        yield path, view


URLS = list(every_url())
RULED = {path: view.rule for path, view in URLS if getattr(view, "rule", "public") != "public"}
PUBLIC = {path for path, view in URLS if getattr(view, "rule", "") == "public"}


@dataclass(frozen=True)
class Person:
    """Somebody, and what is granted: pairs of role and system."""

    grants: tuple[tuple[str, str], ...] = ()
    is_signed_in: bool = True

    def may(self, path: str, action: str) -> bool:
        """Whether this path is served."""
        here = "main" if path.startswith("/s/main/") else "*"
        if here == "*" and action not in CONSOLE_WIDE:
            return any(action in ALLOWED[Role(role)] for role, _ in self.grants)
        return any(action in ALLOWED[Role(role)] for role, on in self.grants if on in ("*", here))

    @property
    def sees_main(self) -> bool:
        return any(on in ("*", "main") for _, on in self.grants)

    def refusal(self, path: str) -> HTTPStatus:
        """How a path is refused: of what is not to be known, as if it were not there."""
        if not self.is_signed_in:
            return HTTPStatus.FOUND
        is_hidden = path.startswith("/s/main/") and not self.sees_main
        return HTTPStatus.NOT_FOUND if is_hidden else HTTPStatus.FORBIDDEN


PEOPLE = {
    "anonymous": Person(is_signed_in=False),
    "signed out": Person(((Role.ADMINISTRATOR, "*"),), is_signed_in=False),
    "deactivated": Person(((Role.ADMINISTRATOR, "*"),), is_signed_in=False),
    "newcomer": Person(),
    "viewer": Person(((Role.VIEWER, "*"),)),
    "operator": Person(((Role.OPERATOR, "*"),)),
    "operator here": Person(((Role.OPERATOR, "main"),)),
    "administrator here": Person(((Role.ADMINISTRATOR, "main"),)),
    "foreign operator": Person(((Role.OPERATOR, "other"),)),
    "foreign administrator": Person(((Role.ADMINISTRATOR, "other"),)),
    "administrator": Person(((Role.ADMINISTRATOR, "*"),)),
}


_MODELS = (SavedView, Operation, OwnRole, Grant, Group)


def plan_sample() -> None:
    """Make the operation that the samples name, ready to be started."""
    Operation.objects.create(
        pk=SAMPLES["<uuid:operation_id>"],
        system="main",
        action="workflow.cancel",
        filters={"workflow_ids": ["run-1"]},
        state="planned",
    )


class World:
    """The rows that the samples name, in both databases."""

    def __init__(self, sql: psycopg.Connection[Any], insert: Insert, client: DBOSClient) -> None:
        self._sql, self._insert, self._client = sql, insert, client
        self._full: list[Any] = []

    def fill(self) -> None:
        """Take everything away, then make the rows."""
        delete_rows(self._sql)
        self._insert(workflow_uuid="run-1", status="PENDING")
        self._client.create_schedule(
            schedule_name="nightly", workflow_name="clean", schedule="0 3 * * *", dialect="python"
        )
        self._client.register_queue("orders")
        for model in (SavedView, Operation, OwnRole, Group):
            model.objects.all().delete()
        owner, _ = User.objects.get_or_create(pk=PK, username="somebody")
        SavedView.objects.create(pk=PK, owner=owner, system="main", name="x", is_shared=True)
        plan_sample()
        OwnRole.objects.create(name="night-shift", actions=["workflow.cancel"])
        Group.objects.create(pk=PK, name="night")
        Grant.objects.filter(pk=PK).delete()
        Grant.objects.create(pk=PK, user=owner, role="viewer", system="other")
        if not AuditEntry.objects.exists():  # The first has the position of the sample.
            record("account.sign-in", system="main")
        self._full = self.state()

    def restore(self) -> None:
        """The rows as they were, if anything was done to them."""
        if self.state() != self._full:
            self.fill()

    def state(self) -> list[Any]:
        """Everything there is but audit entries."""
        digest = (
            "SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM dbos.{} t"
        )
        tables = " UNION ALL ".join(digest.format(one) for one in (*RUN_TABLES, *OTHER_TABLES))
        people = User.objects.order_by("pk").values("pk", "groups", "is_active")
        return [
            [list(row.values()) for row in self._sql.execute(tables)],
            *(list(one.objects.order_by("pk").values()) for one in _MODELS),
            list(people),
        ]


@pytest.fixture
def world(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    system_url: str,
    sql: psycopg.Connection[Any],
    insert: Insert,
    client: DBOSClient,
) -> World:
    two_systems(settings, monkeypatch, system_url)
    # As Django's own test client does it: the rows are in this connection's transaction.
    monkeypatch.setattr("console.views.live.close_old_connections", lambda: None)
    world = World(sql, insert, client)
    world.fill()
    return world


@pytest.fixture(params=PEOPLE)
def who(request: pytest.FixtureRequest, world: World) -> tuple[Person, Client]:
    """Everybody, with a browser. What ended, ended after it had been used."""
    name, browser = request.param, Client()
    person = PEOPLE[name]
    if name != "anonymous":
        user = User.objects.create_user("ann", password="secret")
        for role, system in person.grants:
            Grant.objects.create(user=user, role=role, system=system)
        browser.force_login(user)
        assert browser.get("/preferences/").status_code in (200, 403)
    if name == "signed out":
        Session.objects.all().delete()
    elif name == "deactivated":
        User.objects.filter(pk=user.pk).update(is_active=False)
    world.fill()
    return person, browser


Send = Callable[[Client, str], Any]


def wrong(send: Send, browser: Client, told: Callable[[str, int], bool]) -> list[tuple[str, int]]:
    """The paths that answer otherwise than they should, with how they answer."""
    answers = [(path, send(browser, path)) for path in RULED]
    for path, answer in answers:
        if answer.status_code == HTTPStatus.FOUND and "/login/" in answer.headers["Location"]:
            assert answer.headers["Location"].startswith("/login/?next=/"), path
    found = [(path, answer.status_code) for path, answer in answers]
    return [one for one in found if not told(*one)]


@pytest.mark.parametrize("path", [path for path, _ in URLS])
def test_every_view_has_a_rule(path: str) -> None:
    assert path in PUBLIC or RULED[path] in list(Action)


def test_what_is_public_is_listed_here() -> None:
    assert {
        "/healthz",
        "/readyz",
        "/theme/",
        "/login/",
        "/login/second/",
        "/login/passkey/",
        "/login/provider/",
        "/login/provider/callback/",
        "/welcome/0123456789abcdef/",
        "/logout/",
    } == PUBLIC


def test_every_action_is_explained() -> None:
    assert set(Action) <= WORDS.keys()


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_page_is_served_to_those_who_may_and_changes_nothing(
    who: tuple[Person, Client], world: World, method: str
) -> None:
    person, browser = who
    before, since = world.state(), newest_entry()

    def told(path: str, status: int) -> bool:
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            return method == "head"
        if path == OF_MAIN and person.is_signed_in and not person.sees_main:
            return status in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN)
        if person.is_signed_in and person.may(path, RULED[path]):
            return path in ABSENT or status in (HTTPStatus.OK, HTTPStatus.FOUND)
        return status == person.refusal(path)

    assert wrong(getattr(Client, method), browser, told) == []
    assert world.state() == before
    # Taking a list away is no write, and leaves its entry.
    kept = set(AuditEntry.objects.filter(pk__gt=since).values_list("action", flat=True))
    assert kept <= {"workflow.export", "audit.export"}


def test_a_write_is_made_for_those_who_may_and_else_refused_and_kept(
    who: tuple[Person, Client], world: World
) -> None:
    person, browser = who

    def told(path: str, status: int, since: int) -> bool:
        refused = AuditEntry.objects.filter(outcome="refused", pk__gt=since)
        entries = list(refused.values_list("action", "target"))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            return not entries
        if person.is_signed_in and person.may(path, RULED[path]):
            world.restore()
            return forgets(path, person) or (status != HTTPStatus.FORBIDDEN and not entries)
        is_kept = entries == ([(RULED[path], path)] if person.is_signed_in else [])
        return status == person.refusal(path) and is_kept

    def send(browser: Client, path: str) -> Any:
        before, since = world.state(), newest_entry()
        answer = browser.post(path)
        if not (person.is_signed_in and person.may(path, RULED[path])):
            assert world.state() == before, path
        answers.append((path, answer.status_code, told(path, answer.status_code, since)))
        return answer

    answers: list[tuple[str, int, bool]] = []
    for path in RULED:
        send(browser, path)
    assert [(path, status) for path, status, is_right in answers if not is_right] == []


def newest_entry() -> int:
    """After which an entry is new."""
    return int(AuditEntry.objects.latest("pk").pk)


def forgets(path: str, person: Person) -> bool:
    """Whether it is about the view of somebody else, which takes one more permission."""
    return path.endswith("/forget/") and not person.may(path, Action.VIEW_FORGET)


def without_token(browser: Client, path: str) -> Any:
    browser.handler.enforce_csrf_checks = True
    return browser.post(path)


def of_another_origin(browser: Client, path: str) -> Any:
    """With a token that is right, as if it had been found out."""
    browser.handler.enforce_csrf_checks = True
    browser.cookies["console_csrf"] = "a" * 32
    data = {"csrfmiddlewaretoken": "a" * 32}
    return browser.post(path, data, headers={"Origin": "https://evil.example"})


def of_another_site(browser: Client, path: str) -> Any:
    return browser.post(path, headers={"Sec-Fetch-Site": "cross-site"})


def of_a_neighbour(browser: Client, path: str) -> Any:
    return browser.post(path, headers={"Sec-Fetch-Site": "same-site"})


def put(browser: Client, path: str) -> Any:
    browser.handler.enforce_csrf_checks = True
    return browser.put(path)


def delete(browser: Client, path: str) -> Any:
    return browser.delete(path)


def patch(browser: Client, path: str) -> Any:
    return browser.patch(path)


@pytest.mark.parametrize(
    "send",
    [without_token, of_another_origin, of_another_site, of_a_neighbour, put, delete, patch],
)
def test_what_no_form_of_the_console_sends_is_refused(
    who: tuple[Person, Client], world: World, send: Send
) -> None:
    _, browser = who
    before, since = world.state(), newest_entry()
    refusals = {HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED}
    if send in (delete, patch):
        refusals.add(HTTPStatus.FOUND)  # To the sign-in page, for those who are not.

    def told(path: str, status: int) -> bool:
        return status in refusals or (path in ABSENT and status == HTTPStatus.NOT_FOUND)

    assert wrong(send, browser, told) == []
    assert world.state() == before
    assert not AuditEntry.objects.filter(pk__gt=since).exclude(outcome="refused").exists()


@pytest.mark.parametrize("send", [without_token, of_another_origin, of_another_site])
def test_public_forms_take_no_foreign_post(client: object, send: Send) -> None:
    for path in PUBLIC:
        status = send(Client(), path).status_code
        assert status in (HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED), path


def test_an_unknown_system_is_no_page(administrator: Client) -> None:
    assert administrator.get("/s/other/workflows/").status_code == HTTPStatus.NOT_FOUND
