"""Data that mean harm, in a real browser and against a real server: they stay text, and small."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.served import Served
from tests.browser.test_accessibility import FITS
from tests.browser.visits import every_visit, tour
from tests.browser.world import World

pytestmark = pytest.mark.xdist_group("served")

#: Ends whatever it may stand in, and then runs; `{{` and `${` are of templates.
MARK = (
    "'\"`></pre></textarea></title></script></svg><script>window.hurt=1</script>"
    "<img src=x onerror=window.hurt=2><a href=javascript:window.hurt=3>{{7*7}}${7*7}&lt;%\\"
)
#: What the mark makes where it is not text. The page has no picture and no frame of its own.
HURT = """() => [
  window.hurt,
  ...[...document.querySelectorAll("img, iframe, object, embed, base, "
    + "script:not([src], [type='application/json']), [onerror], [onload], "
    + "a[href^='javascript:'], a[href*='//']:not([href^='/'])")]
    .map((element) => element.outerHTML.slice(0, 200)),
].filter(Boolean)"""


def test_it_stays_text_on_every_page(
    browser: Browser,
    served: Served,
    signed_in_as: dict[str, Any],
    system_sql: psycopg.Connection[Any],
) -> None:
    world = World(system_sql, MARK)
    world.fill()
    asked: list[str] = []
    shown = 0
    for what, page in tour(browser, served, signed_in_as, every_visit(world)):
        page.on("dialog", lambda dialog: asked.append(dialog.message))
        assert page.evaluate(HURT) == [], what
        assert asked == [], what
        for width in (400, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(FITS), f"{what} scrolls sideways at {width}"
        shown += MARK[:30] in page.evaluate("document.body.innerText")
    assert shown > 40


HUGE = {
    "lists 10,000 deep": lambda: "[" * 10_000 + "]" * 10_000,
    "objects 10,000 deep": lambda: '{"a":' * 10_000 + "1" + "}" * 10_000,
    "50 MB": lambda: json.dumps(["x" * 999] * 50_000),
}
#: An answer is small enough to be read, and the server never holds what it looks at or sends.
MOST_BYTES = 2**20
MOST_GROWTH_MB = 40


def memory_mb(pid: int, name: str) -> int:
    """What a process holds (VmRSS) of the machine's memory, or the most that it held (VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith(name)]
    return int(line.split()[1]) // 1024


@pytest.mark.parametrize("stored", HUGE.values(), ids=HUGE)
def test_huge_ones_leave_the_page_readable_and_the_memory_flat(
    browser: Browser,
    served: Served,
    signed_in_as: dict[str, Any],
    system_sql: psycopg.Connection[Any],
    stored: Callable[[], str],
) -> None:
    world = World(system_sql)
    world.fill()
    text = stored()
    world.insert_run("huge", inputs=text, output=text)
    for number, columns in enumerate(({"output": text}, {"error": text}), 1):
        world.insert_step("huge", number, "step", **columns)
    window = browser.new_context(storage_state=signed_in_as["ann"], base_url=served.url)

    def look(word: str) -> None:
        output = world.run(word, "payload/output/")
        compare = f"/s/main/workflows/compare/?a={word}&b={word}"
        for address in (
            world.run(word), output, f"{output}?view=text", f"{output}text/", compare,
        ):  # fmt: skip
            answer = window.request.get(address)
            assert answer.status == 200, address
            assert len(answer.body()) < MOST_BYTES, address

    for word in ("order", "huge"):  # What is loaded once, and for each thread, is there now.
        look(word)
    before = memory_mb(served.pid, "VmRSS")
    Path(f"/proc/{served.pid}/clear_refs").write_text("5")  # The most starts anew from here.
    for _ in range(4):
        look("huge")
    file = window.request.get(world.run("huge", "payload/output/download/"))
    assert file.text() == text
    grew = memory_mb(served.pid, "VmHWM") - before
    assert grew < MOST_GROWTH_MB
    page = window.new_page()
    read(page, world.run("huge"), "ship_order")
    read(page, world.run("huge", "payload/output/"), "Output")
    window.close()


def read(page: Page, address: str, heading: str) -> None:
    """The page is there, and answers a person."""
    page.goto(address)
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    page.get_by_role("link", name="Workflows").first.click()
    expect(page.get_by_role("heading", name="Workflows")).to_be_visible()
