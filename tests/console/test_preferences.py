"""What a person prefers: theme, time zone and columns."""

import re
from http import HTTPStatus

import pytest
from django.test import Client

from console.workflows.columns import COLUMNS
from tests.console.conftest import Insert
from tests.console.test_workflows import LIST, text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_is_remembered(viewer: Client, theme: str) -> None:
    response = viewer.post("/theme/", {"theme": theme, "next": LIST})
    assert response.headers["Location"] == LIST
    assert f'data-theme="{theme}"' in viewer.get(LIST).content.decode()
    assert f'data-theme="{theme}"' in viewer.get("/nowhere").content.decode()
    viewer.post("/theme/", {"theme": ""})
    assert "data-theme" not in viewer.get(LIST).content.decode()


def test_a_theme_that_is_none_and_an_address_elsewhere(viewer: Client) -> None:
    response = viewer.post("/theme/", {"theme": '"><script>', "next": "https://evil.example/"})
    assert response.headers["Location"] == "/"
    assert "console_theme" not in response.cookies


def prefer(browser: Client, zone: str, *columns: str) -> object:
    return browser.post("/preferences/", {"zone": zone, "columns": columns, "next": LIST})


def test_every_time_is_of_the_chosen_zone(viewer: Client, insert: Insert) -> None:
    insert(workflow_uuid="run-1", created_at=1_767_225_600_000)
    assert "2026-01-01 00:00:00 UTC" in text(viewer.get(LIST))
    response = prefer(viewer, "Asia/Tokyo", "created")
    assert response.headers["Location"] == LIST  # type: ignore[attr-defined]
    page = viewer.get(LIST).content.decode()
    assert ">2026-01-01 09:00:00 JST</time>" in page
    assert 'title="2026-01-01 09:00:00.000 JST · 2026-01-01 00:00:00.000 UTC"' in page
    found = viewer.get(LIST, {"q": "created:2025-12-31"})
    assert "No workflow matches" in text(found)
    assert 'value="Asia/Tokyo"' in viewer.get("/preferences/").content.decode()


def test_the_list_has_the_chosen_columns(viewer: Client, insert: Insert) -> None:
    insert(application_version="v-nine", executor_id="ex-1", attributes='{"customer": 42}')
    assert "v-nine" not in text(viewer.get(LIST))
    prefer(viewer, "UTC", "version", "attributes")
    page = viewer.get(LIST).content.decode()
    assert re.findall(r"<th [^>]*>([^<]+)", page) == ["Version", "Attributes"]
    assert "v-nine" in page
    assert "customer" in page
    assert "ex-1" not in page


@pytest.mark.parametrize("key", COLUMNS)
def test_every_column_shows_a_full_and_an_empty_run(
    viewer: Client, insert: Insert, key: str
) -> None:
    insert(status="PENDING")
    insert(
        parent_workflow_id="<p>",
        queue_name="<p>",
        application_name="<p>",
        application_version="<p>",
        executor_id="<p>",
        authenticated_user="<p>",
        schedule_name="<p>",
        priority=3,
        attributes='{"<p>": "<p>"}',
        completed_at=9,
    )
    prefer(viewer, "UTC", key)
    page = viewer.get(LIST)
    assert page.status_code == HTTPStatus.OK
    assert "<td" in page.content.decode()
    assert "><p><" not in page.content.decode()


@pytest.mark.parametrize(
    "cookies", [{"console_zone": "No/Where", "console_columns": "x.y"}, {"console_zone": "../etc"}]
)
def test_preferences_that_make_no_sense_are_the_usual_ones(
    viewer: Client, insert: Insert, cookies: dict[str, str]
) -> None:
    insert(workflow_uuid="run-1")
    viewer.cookies.load(cookies)
    assert "UTC" in text(viewer.get(LIST))


@pytest.mark.parametrize(
    ("zone", "column"), [("Nowhere", "name"), ("UTC", "nothing"), ("", "name")]
)
def test_a_wrong_preference_is_told(viewer: Client, zone: str, column: str) -> None:
    response = prefer(viewer, zone, column)
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY  # type: ignore[attr-defined]
    assert f'name="zone" value="{zone}"' in response.content.decode() or not zone  # type: ignore[attr-defined]
