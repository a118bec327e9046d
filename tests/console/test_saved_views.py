"""Searches that people keep under a name."""

from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.models import AuditEntry, SavedView
from tests.console.conftest import SignIn
from tests.console.test_workflows import HTMX, LIST, text

SAVE = "/s/main/views/save/"


def save(browser: Client, name: str = "Failures", **fields: str) -> Any:
    return browser.post(SAVE, {"name": name, "q": "status:error", **fields})


def forget_url() -> str:
    return f"/s/main/views/{SavedView.objects.get().pk}/forget/"


def test_a_search_is_kept_and_found_again(viewer: Client) -> None:
    assert "Save this view" in text(viewer.get(LIST, {"q": "status:error"}))
    assert "Save this view" not in text(viewer.get(LIST))
    form = viewer.get(SAVE, {"q": "status:error"}, headers=HTMX).content.decode()
    assert 'value="status:error"' in form
    response = save(viewer)
    assert response.headers["Location"] == f"{LIST}?q=status%3Aerror"
    page = viewer.get(LIST).content.decode()
    assert f'<a href="{LIST}?q=status%3Aerror" title="status:error">Failures</a>' in page
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target, entry.outcome) == ("view.save", "Failures", "done")


def test_the_same_name_is_replaced(viewer: Client) -> None:
    save(viewer)
    save(viewer, q="name:order")
    assert SavedView.objects.get().search == "name:order"


def test_a_view_is_private_until_it_is_shared(operator: Client, sign_in: SignIn) -> None:
    save(operator)
    viewer = sign_in("viewer")
    assert "Failures" not in text(viewer.get(LIST))
    assert viewer.get(forget_url()).status_code == HTTPStatus.NOT_FOUND
    save(operator, share="on")
    assert "status:error · of operator" in viewer.get(LIST).content.decode()


def test_a_viewer_shares_nothing(viewer: Client) -> None:
    assert "Share it" not in text(viewer.get(SAVE))
    save(viewer, share="on")
    assert not SavedView.objects.get().is_shared


def test_a_view_of_another_system_stays_there(viewer: Client) -> None:
    owner = User.objects.get()
    SavedView.objects.create(owner=owner, system="elsewhere", name="There", search="x")
    assert "There" not in text(viewer.get(LIST))


def test_a_view_is_forgotten_by_its_owner(viewer: Client) -> None:
    save(viewer)
    assert "Forget this view?" in text(viewer.get(forget_url()))
    viewer.post(forget_url())
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(("role", "gone"), [("viewer", False), ("administrator", True)])
def test_a_shared_view_is_forgotten_by_administrators_too(
    operator: Client, sign_in: SignIn, role: str, gone: bool
) -> None:
    save(operator, share="on")
    response = sign_in(role).post(forget_url())
    assert response.status_code == (HTTPStatus.FOUND if gone else HTTPStatus.FORBIDDEN)
    assert SavedView.objects.exists() is not gone


@pytest.mark.parametrize("fields", [{"name": ""}, {"name": "x" * 61}, {"q": ""}])
def test_a_view_that_cannot_be_kept_is_told(viewer: Client, fields: dict[str, str]) -> None:
    response = viewer.post(SAVE, {"name": "Failures", "q": "x", **fields})
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not SavedView.objects.exists()


def test_hostile_names_stay_text(viewer: Client) -> None:
    save(viewer, name="<script>alert(1)</script>", q='"><script>')
    page = viewer.get(LIST).content.decode()
    assert "<script>alert" not in page
    assert '"><script>' not in page
