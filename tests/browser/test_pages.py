"""What every page owes a person: it lives, it fits, it can be read and reached by keyboard."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Route, expect

from client_core import DBOSClient, EnqueueOptions
from tests.browser.conftest import Demo
from tests.browser.person import SYSTEM

pytestmark = pytest.mark.xdist_group("browser")

PAGES = [
    f"{SYSTEM}/workflows/",
    f"{SYSTEM}/workflows/enqueue/",
    f"{SYSTEM}/workflows/compare/",
    f"{SYSTEM}/errors/",
    f"{SYSTEM}/messages/send/",
    f"{SYSTEM}/operations/",
    f"{SYSTEM}/operations/plan/?scope=all&q=name:order",
    "/audit/",
]
#: A queue on which nobody works, so that what waits there stays as it is.
NOWHERE = "nowhere"


def waiting(system: DBOSClient, name: str) -> str:
    """A run that waits for ever; its ID."""
    options = EnqueueOptions(workflow_name=name, queue_name=NOWHERE)
    return system.enqueue(options, {"a": 1}).workflow_id


def test_the_list_refreshes_itself(context: BrowserContext, system: DBOSClient) -> None:
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/?q=name:appears")
    expect(page.get_by_text("No workflow matches.")).to_be_visible()
    waiting(system, "appears")
    expect(page.get_by_role("link", name="appears", exact=True)).to_be_visible()


def test_a_hidden_tab_asks_nothing(context: BrowserContext, system: DBOSClient) -> None:
    """Of two pages the hidden one sees nothing new until somebody looks at it again."""
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/?q=name:hidden")
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {get: () => window.away, configurable: true});"
        "window.away = true"
    )
    waiting(system, "hidden")
    other = context.new_page()
    other.goto(f"{SYSTEM}/workflows/?q=name:other")
    waiting(system, "other")
    expect(other.get_by_role("link", name="other", exact=True)).to_be_visible()
    expect(page.get_by_text("No workflow matches.")).to_be_visible()
    page.evaluate("window.away = false")
    expect(page.get_by_role("link", name="hidden", exact=True)).to_be_visible()


def test_a_filter_is_in_the_address_and_can_be_gone_back_from(
    context: BrowserContext, system: DBOSClient
) -> None:
    waiting(system, "filtered")
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/")
    page.get_by_label("Search workflows").fill("name:filtered")
    page.wait_for_url(re.compile(r"/workflows/\?q=name%3Afiltered$"))
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="filtered", exact=True).click()
    page.go_back()
    expect(page.get_by_label("Search workflows")).to_have_value("name:filtered")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_the_filters_are_a_form_as_well(
    context: BrowserContext, system: DBOSClient, scripted: bool
) -> None:
    name = "by form, scripted" if scripted else "by form"
    waiting(system, name)
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/?q=-has:parent")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Name", exact=True).fill(f'"{name}"')
    page.get_by_label("Status", exact=True).select_option("Enqueued")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_label("Search workflows")).to_have_value(
        f'-has:parent status:enqueued name:"{name}"'
    )
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Take status:enqueued away").click()
    expect(page.get_by_label("Search workflows")).to_have_value(f'-has:parent name:"{name}"')


def test_what_comes_while_somebody_reads_moves_nothing(
    context: BrowserContext, system: DBOSClient
) -> None:
    first = waiting(system, "calm")
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/?q=name:calm")
    waiting(system, "calm")
    page.get_by_role("link", name="1 newer").wait_for()
    expect(page.locator("tbody tr")).to_have_count(1)
    system.cancel_workflow(first)
    expect(page.locator("tbody tr")).to_contain_text("Cancelled")
    page.get_by_role("link", name="1 newer").click()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_a_whole_id_leads_to_its_run_by_keyboard_alone(
    context: BrowserContext, system: DBOSClient
) -> None:
    workflow_id = waiting(system, "by-keyboard")
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/")
    page.keyboard.press("/")
    page.keyboard.type(workflow_id)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="by-keyboard")).to_be_visible()
    assert page.url.endswith(f"/run/{workflow_id}/")


def test_a_dialog_opens_over_the_page_and_closes_by_key(
    context: BrowserContext, system: DBOSClient
) -> None:
    workflow_id = waiting(system, "dialog")
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/run/{workflow_id}/")
    page.get_by_role("link", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog", name="Cancel this workflow?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Cancel", exact=True).click()
    page.get_by_role("link", name="Leave it").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel the workflow").click()
    expect(page.get_by_text("Cancelled before it ran.")).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(page.locator(".what .status")).to_have_text("Cancelled")


def test_a_refresh_under_way_leaves_the_page_under_a_dialog_alone(
    context: BrowserContext, system: DBOSClient
) -> None:
    """Its answer would take away the link that the dialog gives the focus back to."""
    workflow_id = waiting(system, "under-way")
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/run/{workflow_id}/")
    held: list[Route] = []
    page.route(re.compile(f"run/{workflow_id}/$"), lambda route: held.append(route))
    cancel = page.get_by_role("link", name="Cancel", exact=True)
    with page.expect_request(re.compile(f"run/{workflow_id}/$")):
        system.set_workflow_priority(workflow_id, 7)  # So that the page hears of a change.
    cancel.click()
    dialog = page.get_by_role("dialog", name="Cancel this workflow?")
    expect(dialog).to_be_visible()
    with page.expect_response(re.compile(f"run/{workflow_id}/$")):
        held.pop(0).continue_()
    page.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(done)))")
    page.unroute_all(behavior="ignoreErrors")
    page.keyboard.press("Escape")
    expect(cancel).to_be_focused()
    expect(page.get_by_text("with priority 7")).to_be_visible()


def test_what_was_opened_or_closed_stays_so_while_the_page_refreshes(
    context: BrowserContext, system: DBOSClient
) -> None:
    page = context.new_page()
    page.goto(_path(system, "run"))
    step, part = page.locator(".steps details").first, page.locator(".tree details[open]").first
    step.locator("summary").click()
    part = page.locator(f'[id="{part.get_attribute("id")}"]')
    part.locator("summary").first.click()
    page.evaluate("document.getElementById('run').dataset.stale = 'yes'")
    page.evaluate("htmx.trigger(document.body, 'workflow-changed')")
    expect(page.locator("#run[data-stale]")).to_have_count(0)
    expect(step).to_have_attribute("open", "")
    expect(part).not_to_have_attribute("open", "")


def test_a_page_whose_server_is_gone_says_so_and_recovers(
    browser: Browser, demo: Demo, signed_in: Any
) -> None:
    """In a window that is not watched: Chromium reports the outage as an error of the page."""
    page = browser.new_page(storage_state=signed_in, base_url=demo.url)
    page.goto(f"{SYSTEM}/workflows/?q=name:lost")
    banner = page.get_by_text("The console does not answer just now.")
    page.route(re.compile("/workflows/"), lambda route: route.fulfill(status=503))
    expect(banner).to_be_visible()
    page.unroute_all()
    expect(banner).to_be_hidden()
    page.close()


@pytest.mark.parametrize("path", [*PAGES, "run"])
@pytest.mark.parametrize("context", [{"viewport": {"width": 400, "height": 800}}], indirect=True)
def test_a_phone_needs_no_sideways_scrolling(
    context: BrowserContext, system: DBOSClient, path: str
) -> None:
    page = context.new_page()
    page.goto(_path(system, path))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("path", [*PAGES, "run"])
@pytest.mark.parametrize(
    "context", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True
)
def test_text_stands_out_from_its_ground(
    context: BrowserContext, system: DBOSClient, path: str
) -> None:
    """Contrast of WCAG AA, 4.5 to 1, of every piece of text that can be seen."""
    page = context.new_page()
    page.goto(_path(system, path))
    assert page.evaluate(CONTRAST) == []


def test_a_theme_outlives_the_page(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(PAGES[0])
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(PAGES[1])
    assert _ground(page.locator("body")) == "rgb(14, 17, 23)"
    page.get_by_role("button", name="Light", exact=True).click()
    assert _ground(page.locator("body")) == "rgb(246, 247, 249)"


def _ground(body: Locator) -> str:
    color: str = body.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
    return color


def _path(system: DBOSClient, path: str) -> str:
    if path != "run":
        return path
    [order] = system.list_workflows(name="order", limit=1)  # The first, which has long had steps.
    return f"{SYSTEM}/workflows/run/{order.workflow_id}/"


CONTRAST = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = channels(getComputedStyle(e).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return channels(getComputedStyle(document.documentElement).backgroundColor);
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility() || element.matches(":disabled, :disabled *")) continue;
    const [a, b] = [light(channels(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${element.className || element.tagName}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""
