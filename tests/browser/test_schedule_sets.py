"""Schedules as a set: seen, compared and applied; and several of them paused together."""

import json

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from client_core import DBOSClient
from tests.browser.person import SYSTEM

pytestmark = pytest.mark.xdist_group("browser")
SCHEDULES = f"{SYSTEM}/schedules/"


def prepared(system: DBOSClient, kind: str) -> list[str]:
    """Two schedules of an application of their own."""
    names = [f"{kind}-{number}" for number in range(2)]
    for name in names:
        system.delete_schedule(name)
        system.create_schedule(
            schedule_name=name,
            workflow_name="clean",
            schedule="0 3 * * *",
            application_name=kind,
            context={"days": 3},
            dialect="python",
        )
    system.delete_schedule(f"{kind}-new")
    return names


def compare(page: Page, document: str) -> None:
    """Paste a set, and look at what it changes."""
    page.goto(f"{SCHEDULES}apply/")
    page.get_by_label("Schedules", exact=True).fill(document)
    page.get_by_label("Language of the application").select_option("python")
    page.get_by_label("Delete what the set leaves out").check()
    page.get_by_role("button", name="Show what changes").click()


def test_a_set_is_exported_changed_compared_and_applied(
    context: BrowserContext, system: DBOSClient, scripted: bool
) -> None:
    kind = f"sets-{scripted}".lower()
    names = prepared(system, kind)
    page = context.new_page()
    page.goto(f"{SCHEDULES}export/?application_name={kind}")
    exported = json.loads(page.get_by_role("group", name="The set as JSON").inner_text())
    assert [one["schedule_name"] for one in exported["schedules"]] == names
    compare(page, json.dumps(exported))
    expect(page.get_by_role("heading", name="Nothing to do: 2 unchanged")).to_be_visible()
    first = exported["schedules"][0] | {"schedule": "30 4 * * *"}
    exported["schedules"] = [first, {**first, "schedule_name": f"{kind}-new"}]
    compare(page, json.dumps(exported))
    expect(page.get_by_text("1 deleted, 1 changed, 1 created, 0 unchanged")).to_be_visible()
    expect(page.get_by_text("04:30:00 UTC").first).to_be_visible()
    system.update_schedule(names[0], queue_name="somebody-else", dialect="python")
    page.get_by_role("button", name="Apply these 3 changes").click()
    expect(page.get_by_text("were changed since you looked")).to_be_visible()
    expect(page.get_by_label("Schedules", exact=True)).to_have_value(json.dumps(exported))
    page.get_by_role("button", name="Apply these 3 changes").click()
    expect(page.get_by_text("Applied: 1 created, 1 changed, 1 deleted.")).to_be_visible()
    found = {one.schedule_name: one for one in system.list_schedules(application_name=kind)}
    assert [name for name in found if name.startswith(kind)] == [names[0], f"{kind}-new"]
    assert (found[names[0]].schedule, found[names[0]].queue_name) == ("30 4 * * *", None)


def test_several_are_paused_for_a_maintenance_window(
    context: BrowserContext, system: DBOSClient, scripted: bool
) -> None:
    kind = f"window-{scripted}".lower()
    names = prepared(system, kind)
    page = context.new_page()
    page.goto(f"{SCHEDULES}?q={kind}")
    page.get_by_role("checkbox", name=f"Select {names[0]}").check()
    page.get_by_role("button", name="Pause the selected").click()
    expect(page.get_by_role("heading", name="Pause one schedule?")).to_be_visible()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_text("1 paused.")).to_be_visible()
    page.goto(f"{SCHEDULES}?q={kind}")
    page.get_by_role("link", name="Pause all").click()
    expect(page.get_by_text("1 paused already")).to_be_visible()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_text("1 paused.")).to_be_visible()
    states = {one.schedule_name: one.status for one in system.list_schedules()}
    assert [states[name] for name in names] == ["PAUSED", "PAUSED"]
