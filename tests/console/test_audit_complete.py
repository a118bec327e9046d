"""Every write of every role leaves exactly one complete entry; so must a new one."""

import json
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import resolve

from client_core import DBOSClient
from console.audit.chain import verify
from console.models import AuditEntry, Grant, OwnRole, SavedView
from console.permissions import ALLOWED, Action, Role
from tests.console.browsing import form_on
from tests.console.conftest import Insert, SignIn
from tests.console.test_permissions import PK, RULED, plan_sample

REASON = "the customer asked"
_ENQUEUE = {"workflow_name": "order", "queue_name": "orders", "anyway": "yes"}
_SET = {"schedule_name": "new", "workflow_name": "clean", "schedule": "0 3 * * *"}
_WINDOW = {"start": "2026-01-01T00:00:00", "end": "2026-01-03T00:00:00", "dialect": "python"}
Typed = dict[str, str]
#: What is typed into the form of each address that writes, post by post.
WRITES: dict[str, tuple[Typed, ...]] = {
    "workflow-cancel": ({},),
    "workflow-resume": ({},),
    "workflow-fork": ({"start_step": "1", "previewed": "1"},),
    "workflow-delay": ({"delay_seconds": "60"},),
    "workflow-priority": ({"priority": "7"},),
    "workflow-delete": ({"confirmation": "run-1"},),
    "workflow-enqueue": (_ENQUEUE,),
    "workflow-debounce": (
        {**_ENQUEUE, "debounce_key": "a", "debounce_period_ms": "60000", "dialect": "python"},
    ),
    "message-send": ({"destination_id": "run-1", "message": "1"},),
    "payload-reveal": ({},),
    "schedule-create": ({**_SET, "dialect": "python"},),
    "schedule-edit": ({"schedule": "30 4 * * *", "dialect": "python"},),
    "schedule-pause": ({},),
    "schedule-resume": ({},),
    "schedule-trigger": ({"dialect": "python"},),
    "schedule-backfill": ({**_WINDOW, "preview": "1"}, {"start_runs": "1"}),
    "schedule-delete": ({},),
    "schedules-pause": ({"schedule_name": "nightly"},),
    "schedules-resume": ({"schedule_name": "nightly"},),
    "schedule-apply": (
        {"document": json.dumps({"schedules": [_SET]}), "dialect": "python", "preview": "1"},
        {"apply": "1"},
    ),
    "queue-register": ({"name": "new", "polling_interval_seconds": "1"},),
    "queue-edit": ({"global_concurrency": "3"},),
    "queue-delete": ({"confirmation": "orders"},),
    "operation-start": ({},),
    "operation-steer": ({"step": "stop"},),
    "view-save": ({"name": "mine", "q": "status:error"},),
    "view-forget": ({},),
}
#: The same, of what is about the console and no system.
MANAGES: dict[str, Typed] = {
    "role-create": {"name": "day-shift", "actions": "workflow.resume"},
    "role-edit": {"description": "by night", "actions": "workflow.resume"},
    "role-delete": {},
    "grant-give": {"holder": "team night", "role": Role.OPERATOR, "system": "main"},
    "grant-take": {},
    "team-create": {"name": "day", "members": ""},
    "team-edit": {"name": "late", "members": ""},
    "team-delete": {},
    "people-invite": {"username": "eve"},
    "person-edit": {"email": "eve@shop.example"},
    "person-link": {},
    "person-active": {},
    "person-factors": {},
    "person-sessions": {},
}
#: What people do to their own accounts; test_sign_in.py tries each with its entry.
OWN = {
    "account_change_password",
    "account_end_sessions",
    "account_reauthenticate",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_deactivate_totp",
    "mfa_edit_webauthn",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_remove_webauthn",
    "mfa_view_recovery_codes",
}
#: What takes rows away as a file, and the question that it is asked with.
FILES = {
    "workflow-export": "?q=status%3Aerror",
    "schedule-export": "?download=1",
    "operation-export": "",
    "audit-export": "",
}
#: What takes a POST and changes nothing that the log is for, and why.
OTHERS = {
    "preferences": "how one's own pages look, in a cookie",
    "operation-plan": "only writes down what would be done",
    "workflow-code": "shows code",
}
#: These ask for no reason: what they change is the person's own, or planned with one.
_WITHOUT_REASON = ("view-save", "view-forget", "operation-steer")
PATHS = {str(resolve(path).url_name): (path, action) for path, action in RULED.items()}


def allowed(role: Role | None, action: str) -> bool:
    """Whether a role that is granted on all systems includes this."""
    return role is not None and action in ALLOWED[role]


@pytest.fixture
def world(insert: Insert, client: DBOSClient, sign_in: SignIn) -> Any:
    """What all of these can be done to, by somebody of a role."""

    def signed_in(role: Role | None) -> Client:
        insert(workflow_uuid="run-1", status="DELAYED", delay_until_epoch_ms=1, queue_name="q")
        given = {"workflow_name": "clean", "schedule": "0 3 * * *", "dialect": "python"}
        client.create_schedule(schedule_name="nightly", **given)  # type: ignore[arg-type]
        client.register_queue("orders")
        browser = sign_in(role)
        view = SavedView(pk=PK, owner=User.objects.get(), system="main", name="x", search="x")
        view.save()
        plan_sample()
        OwnRole.objects.create(name="night-shift", actions=["workflow.cancel"])
        team = Group.objects.create(pk=PK, name="night")
        Grant.objects.create(pk=PK, group=team, role=Role.VIEWER, system="main")
        return browser

    return signed_in


def assert_complete(entry: AuditEntry, role: Role | None, outcome: str) -> None:
    assert entry.username == str(role or "newcomer")
    assert entry.user_id
    assert entry.address == "127.0.0.1"
    assert len(entry.request_id) == 32
    assert entry.outcome == outcome, entry.detail
    assert entry.completed_at is not None
    assert entry.completed_at >= entry.at
    assert verify().position


def test_every_address_that_takes_a_post_is_tried_here(world: Any) -> None:
    browser = world(Role.ADMINISTRATOR)
    takes_posts = {
        name
        for name, (path, _) in PATHS.items()
        if browser.post(path).status_code != HTTPStatus.METHOD_NOT_ALLOWED
    }
    assert takes_posts == WRITES.keys() | MANAGES.keys() | OTHERS.keys() | OWN


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("name", WRITES)
def test_a_write_leaves_one_entry(name: str, role: Role | None, world: Any) -> None:
    path, action = PATHS[name]
    browser = world(role)
    page = browser.get(path)
    assert not AuditEntry.objects.exists()
    may = allowed(role, action)
    if name == "operation-start":
        page = browser.get(path.removesuffix("start/"))
    for typed in WRITES[name]:
        page = browser.post(path, {**form_on(page), "reason": REASON, **typed})
        if not may:
            break
    entry = AuditEntry.objects.get()
    if name == "operation-start" and may:  # It is over when its runs are.
        assert (entry.outcome, entry.reason) == ("started", REASON)
        return
    assert_complete(entry, role, "done" if may else "refused")
    if may:
        assert entry.action.partition(".")[0] in (
            name.partition("-")[0].removesuffix("s"),
            "workflow",
        )
        assert entry.system == "main"
        assert entry.target
        assert entry.reason == ("" if name in _WITHOUT_REASON else REASON)
    else:
        assert (entry.action, entry.target) == (action, path)


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("name", MANAGES)
def test_a_change_of_who_may_do_what_leaves_one_entry(
    name: str, role: Role | None, world: Any
) -> None:
    path, action = PATHS[name]
    browser = world(role)
    User.objects.create_user("somebody", pk=PK)
    if role:
        browser.post("/account/confirm/", {"password": "secret"})
    response = browser.post(path, MANAGES[name])
    may = allowed(role, action)
    assert (response.status_code in (HTTPStatus.OK, HTTPStatus.FOUND)) == may
    entry = AuditEntry.objects.get()
    assert_complete(entry, role, "done" if may else "refused")
    assert entry.system == ""
    assert entry.target


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_taken_leaves_one_entry(name: str, role: Role | None, world: Any) -> None:
    path, action = PATHS[name]
    response = world(role).get(f"{path}{FILES[name]}")
    if not allowed(role, action):  # To look is no write.
        assert response.status_code in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
        assert not AuditEntry.objects.exists()
        return
    assert "attachment" in response.headers["Content-Disposition"]
    entry = AuditEntry.objects.get()
    assert_complete(entry, role, "done")
    assert entry.action in (Action.WORKFLOW_EXPORT, Action.AUDIT_EXPORT)
