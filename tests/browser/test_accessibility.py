"""No page has a fault that axe finds: in light and dark, on a wide screen and on a phone."""

from importlib.resources import files
from typing import Any, Literal

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.served import Served
from tests.browser.visits import away, every_visit, tour
from tests.browser.world import World

pytestmark = pytest.mark.xdist_group("served")

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
FITS = "document.documentElement.scrollWidth <= window.innerWidth"
#: Every rule once. In dark the colours are others, on a phone the places, and nothing else.
LOOKS: dict[tuple[Literal["light", "dark"], int], dict[str, Any]] = {
    ("light", 1280): {"rules": {"target-size": {"enabled": True}}},
    ("dark", 1280): {"runOnly": ["color-contrast", "link-in-text-block"]},
    ("light", 400): {"runOnly": ["target-size", "scrollable-region-focusable"]},
}
RUN = "(options) => axe.run(options).then((found) => found.violations)"


def violations(page: Page, options: dict[str, Any]) -> list[str]:
    """What axe finds, and what it finds it in."""
    found: list[dict[str, Any]] = page.evaluate(RUN, {**options, "resultTypes": ["violations"]})
    return [
        f"{rule['id']}: {node['target']} {node['html'][:150]} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def test_axe_finds_nothing(
    browser: Browser,
    served: Served,
    signed_in_as: dict[str, Any],
    system_sql: psycopg.Connection[Any],
) -> None:
    world = World(system_sql)
    world.fill()
    faults: list[str] = []
    for what, page in tour(browser, served, signed_in_as, every_visit(world)):
        page.evaluate(AXE)
        for (scheme, width), options in LOOKS.items():
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 800})
            found = violations(page, options)
            if not page.evaluate(FITS):
                found.append("scrolls sideways")
            faults += (f"{what}, {scheme}, {width}: {fault}" for fault in found)
    assert not faults, "\n".join(faults)


def test_a_page_of_an_outage_goes_on_by_itself(
    browser: Browser, served: Served, signed_in_as: dict[str, Any], scripted: bool
) -> None:
    page = browser.new_page(
        storage_state=signed_in_as["ann"], base_url=served.url, java_script_enabled=scripted
    )
    away("for a moment")(page)
    expect(page.get_by_role("heading", name="Preferences")).to_be_visible()
    page.close()
