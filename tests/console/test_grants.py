"""Grants: what people and teams may do where, and who may change that."""

import re
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from console.models import AuditEntry, Grant, OwnRole
from console.permissions import Action, Refused, Role, can, roles_on, systems_for
from console.roles import grants, teams
from console.systems import all_systems
from console.viewers import Viewer, still_allowed
from tests.console.conftest import Insert, SignIn
from tests.console.test_workflows import run_url, text
from tests.console.two_systems import two_systems


@pytest.fixture(autouse=True)
def _two(settings: Settings, monkeypatch: pytest.MonkeyPatch, system_url: str) -> None:
    two_systems(settings, monkeypatch, system_url)


def person(name: str = "ann", **granted: str) -> User:
    """Somebody new with a role by system; `everywhere` is all of them."""
    user = User.objects.create_user(name)
    for system, role in granted.items():
        Grant.objects.create(user=user, role=role, system=system.replace("everywhere", "*"))
    return user


def again(user: User) -> User:
    """The same person in the next request."""
    return User.objects.get(pk=user.pk)


def may(user: User, action: Action) -> list[str]:
    return [name for name, system in all_systems().items() if can(again(user), action, system)]


class TestWhatHolds:
    def test_a_role_holds_where_it_is_granted(self) -> None:
        ann = person(main=Role.VIEWER, other=Role.OPERATOR)
        assert may(ann, Action.WORKFLOW_READ) == ["main", "other"]
        assert may(ann, Action.WORKFLOW_CANCEL) == ["other"]
        assert may(ann, Action.WORKFLOW_DELETE) == []

    def test_one_on_all_systems_holds_on_each(self) -> None:
        assert may(person(everywhere=Role.OPERATOR), Action.WORKFLOW_CANCEL) == ["main", "other"]

    def test_what_is_of_the_console_itself_takes_all_systems(self) -> None:
        ann, bob = person(main=Role.ADMINISTRATOR), person("bob", everywhere=Role.ADMINISTRATOR)
        for action in (Action.ROLE_MANAGE, Action.GRANT_MANAGE):
            assert not can(ann, action)
            assert not can(ann, action, all_systems()["main"])
            assert can(bob, action)

    def test_the_audit_log_is_read_of_the_systems_that_it_is_granted_on(self) -> None:
        ann = person(main=Role.ADMINISTRATOR, other=Role.VIEWER)
        assert can(ann, Action.AUDIT_READ)
        assert systems_for(ann, Action.AUDIT_READ) == {"main"}

    def test_a_team_gives_its_people_what_it_has(self) -> None:
        ann, team = person(), Group.objects.create(name="night")
        Grant.objects.create(group=team, role=Role.OPERATOR, system="other")
        assert may(ann, Action.WORKFLOW_CANCEL) == []
        ann.groups.add(team)
        assert may(ann, Action.WORKFLOW_CANCEL) == ["other"]

    def test_a_role_of_ones_own_allows_what_it_names(self) -> None:
        OwnRole.objects.create(name="night", actions=["workflow.read", "workflow.cancel"])
        ann = person(main="night")
        assert may(ann, Action.WORKFLOW_CANCEL) == ["main"]
        assert may(ann, Action.WORKFLOW_RESUME) == []
        OwnRole.objects.all().delete()
        assert roles_on(again(ann), "main") == ["night"]
        assert may(ann, Action.WORKFLOW_CANCEL) == []

    def test_superusers_are_administrators_and_ended_accounts_nobody(self) -> None:
        user = User.objects.create_superuser("ann")
        assert roles_on(user, "main") == ["administrator"]
        User.objects.update(is_active=False)
        assert roles_on(again(user), "main") == []

    def test_it_is_asked_once(self) -> None:
        ann = again(person(main=Role.VIEWER, other=Role.OPERATOR))
        with CaptureQueriesContext(connection) as queries:
            for system in all_systems().values():
                for action in Action:
                    can(ann, action, system)
        assert len(queries) == 1

    def test_a_grant_is_somebodys(self) -> None:
        ann, team = person(), Group.objects.create(name="night")
        for holders in ({}, {"user": ann, "group": team}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Grant.objects.create(role=Role.VIEWER, system="*", **holders)


class TestHiding:
    def test_a_system_that_is_not_granted_is_not_there(self, insert: Insert) -> None:
        insert(workflow_uuid="run-1")
        ann = person(other=Role.OPERATOR)
        browser = Client()
        browser.force_login(ann)
        assert browser.get("/").headers["Location"] == "/s/other/workflows/"
        page = browser.get("/s/other/workflows/")
        assert "main" not in text(page).lower().split()
        assert b"/s/main/" not in page.content
        never = browser.get("/s/never/workflows/")
        hidden = browser.get("/s/main/workflows/")
        assert hidden.status_code == never.status_code == HTTPStatus.NOT_FOUND
        assert hidden.content == never.content

    def test_the_switch_leads_to_the_same_page_of_the_other(self, sign_in: SignIn) -> None:
        browser = sign_in(Role.VIEWER)
        page = browser.get("/s/main/schedules/?q=x").content.decode()
        assert 'href="/s/other/schedules/?q=x"' in page
        page = browser.get("/s/main/workflows/run/run-1/").content.decode()
        assert "/s/other/" not in page  # A run that is not there has no page.

    def test_from_a_run_it_leads_to_the_list(self, sign_in: SignIn, insert: Insert) -> None:
        insert(workflow_uuid="run-1")
        page = sign_in(Role.VIEWER).get(run_url("run-1")).content.decode()
        assert 'href="/s/other/workflows/"' in page

    def test_a_form_that_is_not_allowed_there_is_left(self) -> None:
        browser = Client()
        browser.force_login(person(main=Role.OPERATOR, other=Role.VIEWER))
        page = browser.get("/s/main/workflows/enqueue/").content.decode()
        assert 'href="/s/other/workflows/"' in page

    def test_the_audit_log_shows_no_other_system(self) -> None:
        for system in ("main", "other", ""):
            AuditEntry.objects.create(
                username="malory", system=system, action="x", target=f"<{system}>"
            )
        browser = Client()
        browser.force_login(person(other=Role.ADMINISTRATOR))
        page = text(browser.get("/audit/"))
        assert page.count("malory") == 1
        browser.force_login(person("bob", everywhere=Role.ADMINISTRATOR))
        assert text(browser.get("/audit/")).count("malory") == 3

    def test_somebody_without_a_role_is_told(self, sign_in: SignIn) -> None:
        page = sign_in(None).get("/")
        assert page.status_code == HTTPStatus.FORBIDDEN
        assert "You have no role yet" in text(page)


class TestLoss:
    def test_an_open_page_hears_no_more_once_the_grant_is_gone(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The rows are in this connection's transaction.
        monkeypatch.setattr("console.viewers.close_old_connections", lambda: None)
        ann, browser = person(main=Role.VIEWER), Client()
        browser.force_login(ann)
        watcher = frozenset({Viewer(ann.pk, browser.session.session_key or "")})
        main, other = all_systems().values()
        assert still_allowed(watcher, main) == watcher
        assert still_allowed(watcher, other) == frozenset()
        Grant.objects.all().delete()
        assert still_allowed(watcher, main) == frozenset()

    def test_the_next_page_knows(self) -> None:
        ann, browser = person(main=Role.OPERATOR), Client()
        browser.force_login(ann)
        assert browser.get("/s/main/workflows/enqueue/").status_code == HTTPStatus.OK
        Grant.objects.update(role=Role.VIEWER)
        refused = browser.get("/s/main/workflows/enqueue/")
        assert refused.status_code == HTTPStatus.FORBIDDEN
        assert "Your role on Main does not include starting runs." in text(refused)
        Grant.objects.all().delete()
        assert browser.get("/s/main/workflows/").status_code == HTTPStatus.NOT_FOUND


class TestChange:
    def test_what_is_given_and_taken_is_kept(self) -> None:
        ann, bob = person(everywhere=Role.ADMINISTRATOR), person("bob")
        grant = grants.give(ann, bob, Role.VIEWER, "main")
        assert grants.give(ann, bob, Role.VIEWER, "main") == grant
        assert may(bob, Action.WORKFLOW_READ) == ["main"]
        grants.take(ann, grant)
        assert may(bob, Action.WORKFLOW_READ) == []
        entries = AuditEntry.objects.order_by("pk").values_list("action", "target", "parameters")
        told = {"role": "viewer", "system": "main"}
        assert list(entries) == [("grant.give", "bob", told), ("grant.take", "bob", told)]

    def test_nobody_gives_more_than_they_have(self) -> None:
        OwnRole.objects.create(name="granter", actions=["grant.manage", "workflow.read"])
        ann, bob = person(everywhere="granter", main=Role.OPERATOR), person("bob")
        grants.give(ann, bob, Role.OPERATOR, "main")
        for role, system in (("operator", "other"), ("operator", "*"), ("administrator", "main")):
            with pytest.raises(grants.NotGranted, match="more than you have yourself"):
                grants.give(ann, bob, role, system)
        with pytest.raises(grants.NotGranted, match="no role"):
            grants.give(ann, bob, "king", "main")
        assert Grant.objects.filter(user=bob).count() == 1

    def test_nobody_takes_what_is_above_them(self) -> None:
        OwnRole.objects.create(name="granter", actions=["grant.manage"])
        ann, bob = person(everywhere="granter"), person("bob", everywhere=Role.ADMINISTRATOR)
        with pytest.raises(grants.NotGranted, match="more than you have yourself"):
            grants.take(ann, Grant.objects.get(user=bob))

    def test_the_last_who_manages_grants_stays(self) -> None:
        ann = person(everywhere=Role.ADMINISTRATOR)
        mine = Grant.objects.get(user=ann)
        with pytest.raises(grants.NotGranted, match="Nobody could manage grants"):
            grants.take(ann, mine)
        ended = person("old", everywhere=Role.ADMINISTRATOR)
        User.objects.filter(pk=ended.pk).update(is_active=False)
        with pytest.raises(grants.NotGranted, match="Nobody could manage grants"):
            grants.take(ann, mine)
        team = Group.objects.create(name="bosses")
        Grant.objects.create(group=team, role=Role.ADMINISTRATOR, system="*")
        with pytest.raises(grants.NotGranted, match="Nobody could manage grants"):
            grants.take(ann, mine)
        team.user_set.add(person("bob"))
        grants.take(ann, mine)
        assert grants.managers() == 1

    def test_who_may_not_is_refused_and_that_is_kept(self) -> None:
        ann, bob = person(main=Role.ADMINISTRATOR), person("bob")
        with pytest.raises(Refused):
            grants.give(ann, bob, Role.VIEWER, "main")
        assert AuditEntry.objects.get().outcome == "refused"

    def test_a_role_is_made_changed_and_deleted(self) -> None:
        ann = person(everywhere=Role.ADMINISTRATOR)
        own = grants.save_role(ann, "night", "At night", ["workflow.cancel"])
        grants.save_role(ann, "night", "At night", ["workflow.cancel", "workflow.resume"])
        changed = AuditEntry.objects.get(action="role.edit").parameters
        assert changed == {
            "actions": {
                "before": ["workflow.cancel"],
                "after": ["workflow.cancel", "workflow.resume"],
            }
        }
        grants.give(ann, person("bob"), "night", "main")
        with pytest.raises(grants.NotGranted, match="Somebody has this role"):
            grants.delete_role(ann, own)
        grants.take(ann, Grant.objects.get(role="night"))
        grants.delete_role(ann, own)
        assert not OwnRole.objects.exists()

    def test_a_role_gets_no_more_than_its_maker_has(self) -> None:
        OwnRole.objects.create(name="maker", actions=["role.manage", "workflow.read"])
        ann = person(everywhere="maker", main=Role.ADMINISTRATOR)
        with pytest.raises(grants.NotGranted, match=r"on all systems: workflow\.delete"):
            grants.save_role(ann, "mine", "", ["workflow.read", "workflow.delete"])
        with pytest.raises(grants.NotGranted):
            grants.save_role(ann, "maker", "", ["role.manage", "grant.manage"])
        assert OwnRole.objects.count() == 1

    def test_members_of_a_team_get_no_more_than_who_adds_them_has(self) -> None:
        OwnRole.objects.create(name="granter", actions=["grant.manage"])
        ann, bob = person(everywhere="granter"), person("bob")
        team = Group.objects.create(name="bosses")
        Grant.objects.create(group=team, role=Role.ADMINISTRATOR, system="*")
        for members in ([ann], [bob]):
            with pytest.raises(grants.NotGranted, match="more than you have yourself"):
                teams.save_team(ann, team, "bosses", members)
        with pytest.raises(grants.NotGranted, match="more than you have yourself"):
            teams.delete_team(ann, team)
        made = teams.save_team(ann, None, "night", [bob])
        assert list(made.user_set.all()) == [bob]

    def test_the_last_managers_of_a_team_stay(self) -> None:
        ann, team = person(), Group.objects.create(name="bosses")
        Grant.objects.create(group=team, role=Role.ADMINISTRATOR, system="*")
        team.user_set.add(ann)
        with pytest.raises(grants.NotGranted, match="Nobody could manage grants"):
            teams.save_team(ann, team, "bosses", [])
        with pytest.raises(grants.NotGranted, match="Nobody could manage grants"):
            teams.delete_team(ann, team)
        assert list(Group.objects.get().user_set.all()) == [ann]


class TestPages:
    def test_a_role_is_given_by_the_form(self, administrator: Client) -> None:
        bob = person("bob")
        url = "/grants/give/"
        sent = {"holder": "bob", "role": "operator", "system": "other"}
        assert administrator.post(url, sent).headers["Location"] == "/grants/"
        assert may(bob, Action.WORKFLOW_CANCEL) == ["other"]
        page = text(administrator.get("/grants/?system=other&q=bob"))
        assert "bob operator other" in page
        assert "bob" not in text(administrator.get("/grants/?system=main&q=bob")).split()
        assert "nobody" in text(administrator.post(url, {**sent, "holder": "eve"}))
        assert "no such team" in text(administrator.post(url, {**sent, "holder": "team eve"}))

    def test_the_form_tells_what_stands_against_it(self, administrator: Client) -> None:
        mine = Grant.objects.get()
        page = administrator.post(f"/grants/{mine.pk}/take/")
        assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "Nobody could manage grants any more" in text(page)
        assert Grant.objects.exists()

    def test_a_role_is_made_by_the_form_and_tells_who_has_it(self, administrator: Client) -> None:
        sent = {"name": "night", "description": "At night", "actions": ["workflow.cancel"]}
        assert administrator.post("/roles/create/", sent).status_code == HTTPStatus.FOUND
        Grant.objects.create(user=person("bob"), role="night", system="main")
        page = text(administrator.get("/roles/"))
        assert "night At night bob on main" in page
        assert "Somebody has this role" in page
        for name in ("night", "viewer", "none", "No Name"):
            refused = administrator.post("/roles/create/", {**sent, "name": name})
            assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, name
        assert "Choose at least one" in text(administrator.post("/roles/create/", {"name": "x"}))
        page = administrator.get("/roles/night/edit/").content.decode()
        assert 'value="workflow.cancel" checked' in page
        sent = {"actions": ["workflow.resume"], "name": "other"}
        administrator.post("/roles/night/edit/", sent)
        assert OwnRole.objects.get().actions == ["workflow.resume"]
        assert OwnRole.objects.get().name == "night"

    def test_a_team_is_made_by_the_form(self, administrator: Client) -> None:
        person("bob")
        sent = {"name": "night shift", "members": "bob\nadministrator\nbob"}
        administrator.post("/teams/create/", sent)
        team = Group.objects.get()
        assert team.user_set.count() == 2
        assert "night shift 2 none" in text(administrator.get("/teams/"))
        page = administrator.post(f"/teams/{team.pk}/edit/", {**sent, "members": "eve"})
        assert "nobody called eve" in text(page)
        assert "already" in text(administrator.post("/teams/create/", sent))
        administrator.post(f"/teams/{team.pk}/delete/")
        assert not Group.objects.exists()

    def test_a_person_is_told_what_the_roles_allow(self, administrator: Client) -> None:
        bob = person("bob", other=Role.OPERATOR)
        told = text(administrator.get(f"/grants/people/{bob.pk}/"))
        assert "The other operator" in told
        assert "cancelling runs" in told
        browser = Client()
        browser.force_login(bob)
        mine = text(browser.get("/preferences/"))
        assert "What you may do The other operator" in mine
        assert "Not deleting runs" in mine


class TestReasons:
    def test_a_button_says_why_it_may_not_be_used(self, viewer: Client, insert: Insert) -> None:
        insert(workflow_uuid="run-1", status="PENDING")
        page = viewer.get(run_url("run-1"))
        assert "Your role on Main does not include cancelling runs." in text(page)
        assert 'aria-disabled="true"' in page.content.decode()
        assert "/s/main/workflows/run/run-1/cancel/" not in page.content.decode()

    @pytest.mark.parametrize(
        "path",
        [
            "workflows/",
            "workflows/run/run-1/",
            "schedules/",
            "queues/",
            "debounces/",
            "operations/",
        ],
    )
    def test_each_description_is_there_once(
        self, viewer: Client, insert: Insert, path: str
    ) -> None:
        insert(workflow_uuid="run-1", status="PENDING", inputs='{"positionalArgs": []}')
        page = viewer.get(f"/s/main/{path}").content.decode()
        described = re.findall(r'aria-describedby="(why-\w+)"', page)
        assert described
        for one in described:
            assert page.count(f'id="{one}"') == 1

    def test_who_may_act_sees_no_reason(self, administrator: Client, insert: Insert) -> None:
        insert(workflow_uuid="run-1", status="PENDING")
        assert "does not include" not in text(administrator.get(run_url("run-1")))


class TestCommand:
    @pytest.fixture(autouse=True)
    def _password(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONSOLE_PASSWORD", "correct horse battery")

    def test_on_one_system(self) -> None:
        call_command("grant", "ann", "operator", "--system", "other")
        call_command("grant", "ann", "viewer")
        ann = User.objects.get()
        assert roles_on(ann, "main") == ["viewer"]
        assert roles_on(ann, "other") == ["operator", "viewer"]
        call_command("grant", "ann", "none", "--system", "other")
        assert roles_on(again(ann), "other") == ["viewer"]
        call_command("grant", "ann", "none")
        assert not Grant.objects.exists()
        assert AuditEntry.objects.filter(username="command line").count() == 4

    def test_what_there_is_not_is_refused(self) -> None:
        with pytest.raises(CommandError, match="no role king"):
            call_command("grant", "ann", "king")
        with pytest.raises(CommandError, match="no system moon: main, other"):
            call_command("grant", "ann", "viewer", "--system", "moon")
        OwnRole.objects.create(name="night", actions=[])
        call_command("grant", "ann", "night")
        assert not User.objects.exclude(username="ann").exists()


@pytest.mark.django_db(transaction=True)
def test_members_of_the_three_groups_keep_their_role() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("console", "0006_results_kept")])
    try:
        ann = User.objects.create_user("ann")
        ann.groups.add(*(Group.objects.create(name=name) for name in ("viewer", "operator", "x")))
        before = set(ann.groups.values_list("name", flat=True))
        _migrate_to_the_newest()
        held: Any = Grant.objects.filter(user=ann).values_list("role", "system")
        assert set(held) == {("viewer", "*"), ("operator", "*")}
        assert set(ann.groups.values_list("name", flat=True)) == before
    finally:
        _migrate_to_the_newest()


def _migrate_to_the_newest() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("console"))
