"""The role matrix: every URL there is, against everybody."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from client_core import DBOSClient
from console.models import AuditEntry, Operation, SavedView
from console.permissions import ALLOWED, Action, Role, role_of
from tests.console.conftest import Insert, SignIn

#: What stands in for each parameter of a path.
SAMPLES = {
    "<system:system>": "main",
    "<workflow_id:workflow_id>": "run-1",
    "<workflow_id:schedule_name>": "nightly",
    "<workflow_id:queue_name>": "orders",
    "<int:view_id>": "1",
    "<slug:fingerprint>": "0123456789abcdef",
    "<payload_place:place>": "input",
    "<slug:token>": "0123456789abcdef",
    "<int:person_id>": "4000",
    "<int:group_id>": "4000",
    "<int:pk>": "4000",
    "<uuid:operation_id>": "00000000-0000-4000-8000-000000000001",
}


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
RULED = [(path, view.rule) for path, view in URLS if view.rule != "public"]
PUBLIC = {path for path, view in URLS if view.rule == "public"}
ROLES: list[Role | None] = [None, *Role]


def allowed(role: Role | None, action: Action) -> bool:
    return role is not None and action in ALLOWED[role]


def planned_operation() -> None:
    Operation.objects.create(
        pk=SAMPLES["<uuid:operation_id>"],
        system="main",
        action="workflow.cancel",
        filters={"workflow_ids": ["run-1"]},
        state="planned",
    )


@pytest.mark.parametrize(("path", "view"), URLS)
def test_every_view_has_a_rule(path: str, view: Any) -> None:
    assert view.rule == "public" or view.rule in Action


def test_what_is_public_is_listed_here() -> None:
    assert {
        "/healthz",
        "/theme/",
        "/login/",
        "/login/second/",
        "/login/passkey/",
        "/login/provider/",
        "/login/provider/callback/",
        "/welcome/0123456789abcdef/",
        "/logout/",
    } == PUBLIC


@pytest.mark.parametrize(("path", "action"), RULED)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_sign_in(path: str, action: Action, method: str) -> None:
    response = getattr(Client(), method)(path)
    assert response.status_code == HTTPStatus.FOUND
    assert response.headers["Location"].startswith("/login/?next=/")


@pytest.mark.parametrize(("path", "action"), RULED)
@pytest.mark.parametrize("role", ROLES)
def test_a_page_is_served_to_those_who_may(
    path: str,
    action: Action,
    role: Role | None,
    sign_in: SignIn,
    insert: Insert,
    client: DBOSClient,
) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    client.create_schedule(
        schedule_name="nightly", workflow_name="clean", schedule="0 3 * * *", dialect="python"
    )
    client.register_queue("orders")
    browser = sign_in(role)
    SavedView.objects.create(pk=1, owner=User.objects.get(), system="main", name="x", search="x")
    planned_operation()
    User.objects.create_user("somebody", pk=4000)
    Group.objects.create(pk=4000, name="somewhere")
    status = browser.get(path).status_code
    assert (status != HTTPStatus.FORBIDDEN) == allowed(role, action)
    assert status in (HTTPStatus.OK, HTTPStatus.FOUND, HTTPStatus.FORBIDDEN)


@pytest.mark.parametrize(("path", "action"), RULED)
@pytest.mark.parametrize("role", ROLES)
def test_a_write_that_is_refused_is_refused_and_kept(
    path: str, action: Action, role: Role | None, sign_in: SignIn, insert: Insert
) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    planned_operation()
    User.objects.create_user("somebody", pk=4000)
    Group.objects.create(pk=4000, name="somewhere")
    response = sign_in(role).post(path)
    refused = AuditEntry.objects.filter(outcome="refused")
    if allowed(role, action):
        assert response.status_code != HTTPStatus.FORBIDDEN
        assert not refused
    elif response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        assert response.status_code == HTTPStatus.FORBIDDEN
        entry = refused.get()
        assert (entry.action, entry.target) == (action, path)


@pytest.mark.parametrize("path", [path for path, _ in URLS])
def test_no_write_without_a_csrf_token(path: str, sign_in: SignIn, insert: Insert) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    browser = sign_in(Role.ADMINISTRATOR)
    browser.handler.enforce_csrf_checks = True
    assert browser.post(path).status_code in (
        HTTPStatus.FORBIDDEN,
        HTTPStatus.METHOD_NOT_ALLOWED,
    )
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("action", ["cancel", "resume", "fork", "delay", "priority", "delete"])
def test_a_get_changes_nothing(action: str, administrator: Client, insert: Insert) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    administrator.get(f"/s/main/workflows/run/run-1/{action}/")
    assert not AuditEntry.objects.exists()


def test_the_highest_role_counts(db: None) -> None:
    user = User.objects.create_user("ann")
    assert role_of(User.objects.get()) is None
    for role in Role:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
        assert role_of(User.objects.get()) == role


def test_a_superuser_is_an_administrator_and_an_ended_account_is_nobody(db: None) -> None:
    user = User.objects.create_superuser("ann")
    assert role_of(user) == Role.ADMINISTRATOR
    User.objects.update(is_active=False)
    assert role_of(User.objects.get()) is None


def test_an_unknown_system_is_no_page(administrator: Client) -> None:
    assert administrator.get("/s/other/workflows/").status_code == HTTPStatus.NOT_FOUND
