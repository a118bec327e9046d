"""A tour through every page of the console, in every state that looks different."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import quote, urlsplit

from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from playwright.sync_api import Browser, BrowserContext, Page, expect

from client_core import DatabaseUnavailable
from console.views import errors
from console.workflows.search import exact_term
from tests.browser.account_visits import account, people
from tests.browser.conftest import PATIENCE_MS, Watched
from tests.browser.served import Served
from tests.browser.visit import Act, Visit
from tests.browser.world import World

S = "/s/main"
#: Addresses without a page of their own, and what they answer with.
NO_PAGES = {
    "home": "the list",
    "system": "the list",
    "healthz": "a word",
    "readyz": "a word",
    "theme": "the page that asked",
    "account_logout": "the sign-in page",
    "account_end_sessions": "the account",
    "mfa_login_webauthn": "the sign-in page",
    "mfa_download_recovery_codes": "a file",
    "provider": "the page of the provider",
    "openid_connect_callback": "the page that was asked for",
    "payload-text": "text",
    "payload-download": "a file",
    "workflow-export": "a file",
    "audit-export": "a file",
    "operation-export": "a file",
    "operation-start": "the operation",
    "operation-steer": "the operation",
    "workflow-again": "the form to enqueue",
    "schedule-times": "a part of the form of a schedule",
    "queue-effect": "a part of the form of a queue",
    "live": "a stream",
    "workflow-count": "a number in the list",
    "workflow-complete": "options of the search box",
}


def routes() -> set[str]:
    """The names of all addresses of the console that have a page."""

    def walk(resolver: URLResolver) -> Iterator[str]:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern)
            elif isinstance(pattern, URLPattern):
                assert pattern.name, f"{pattern} has no name"
                yield pattern.name

    return set(walk(get_resolver())) - NO_PAGES.keys()


def tour(
    browser: Browser, served: Served, signed_in_as: dict[str, Any], visits: list[Visit]
) -> Iterator[tuple[str, Page]]:
    """Every visit with its page; at the end, that no address was left out and nothing went wrong.

    Each person keeps one window, in which page follows page.
    """
    seen: set[str] = set()
    with ExitStack() as stack:
        windows = {
            who: stack.enter_context(closing(_window(browser, served, state)))
            for who, state in signed_in_as.items()
        }
        watched = [Watched(window, served.url, "403|404|422|50[03]") for window in windows.values()]
        pages = {who: window.new_page() for who, window in windows.items()}
        for visit in visits:
            page = pages[visit.who]
            page.goto(visit.path)
            if visit.act:
                visit.act(page)
            if visit.what.startswith("page: "):
                seen.add(str(resolve(urlsplit(page.url).path).url_name))
            yield visit.what, page
            assert [fault for one in watched for fault in one.faults] == [], visit.what
    assert seen ^ routes() == set()


def _window(browser: Browser, served: Served, state: Any) -> BrowserContext:
    window = browser.new_context(storage_state=state, base_url=served.url)
    window.set_default_timeout(PATIENCE_MS)
    return window


def every_visit(world: World) -> list[Visit]:
    """All of them; what begins with "page" counts as the page of its address."""
    return [
        *_lists(world),
        *_runs(world),
        *_payloads(world),
        *_comparisons(world),
        *_forms(world),
        *_schedules(world),
        *_queues(world),
        *_operations(world),
        *_roles(world),
        *people(world),
        *account(),
        *_alone(world),
    ]


def click(role: Any, name: str | re.Pattern[str]) -> Act:
    """Click the first of these."""
    return lambda page: page.get_by_role(role, name=name, exact=True).first.click()


def dialog(name: str | re.Pattern[str]) -> Act:
    """Open a dialog by the link of this name."""

    def act(page: Page) -> None:
        page.get_by_role("link", name=name, exact=True).first.click()
        page.get_by_role("dialog").wait_for()

    return act


def refused(button: str, **fields: str) -> Act:
    """Fill a form, send it, and get it back with what is wrong."""

    def act(page: Page) -> None:
        for name, value in fields.items():
            page.locator(f"[name={name}]:not([type=hidden])").fill(value)
        page.get_by_role("button", name=button, exact=True).click()
        page.locator(".errors, .notice-warning").first.wait_for()

    return act


def opened(page: Page) -> None:
    """Open all that is closed, but for menus, which lie over the page."""
    page.evaluate(
        "document.querySelectorAll('details:not(.menu)').forEach((part) => { part.open = true })"
    )


def _lists(world: World) -> list[Visit]:
    workflows, found = f"{S}/workflows/", f"{S}/errors/"
    nobody = quote(exact_term("name", world.text("nobody")), safe="")
    search = f"{workflows}?q=status%3Aerror%20" + quote(
        exact_term("name", world.text("ship_order")), safe=""
    )
    return [
        Visit("page: workflows", workflows),
        Visit("workflows by the filters", workflows, opened),
        Visit("workflows that a search finds", search),
        Visit("no workflow found", f"{workflows}?q={nobody}"),
        Visit("a search with a mistake", f"{workflows}?q=created%3A{world.quoted('x')}"),
        Visit("workflows for a viewer", workflows, who="vic"),
        Visit("workflows of production", "/s/production/workflows/"),
        Visit("the way to other systems", workflows, lambda page: page.locator(
            ".systems > summary").click()),
        Visit("page: saving a view", f"{S}/views/save/?q=status%3Aerror"),
        Visit("a view refused", f"{S}/views/save/", refused("Save the view")),
        Visit("saving a view in a dialog", search, dialog("Save this view")),
        Visit("a saved view", f"{S}/views/save/?q=status%3Aerror", _save_view(world)),
        Visit("page: forgetting a view", f"{workflows}?q=status%3Aerror", _to_forget),
        Visit("forgetting a view in a dialog", f"{workflows}?q=status%3Aerror",
              dialog(re.compile("^Forget"))),
        Visit("page: errors", f"{found}?period=week"),
        Visit("no errors", f"{found}?q={nobody}"),
        Visit("page: error group", found, lambda page: page.locator(".error > a").first.click()),
        Visit("page: no error group", f"{found}0123456789abcdef/"),
        Visit("page: audit", "/audit/"),
        Visit("the audit log by its filters", "/audit/?username=ann&since=x", opened),
        Visit("page: audit entry", "/audit/", _first_entry),
        Visit("page: history of a run", f"{world.run('order')}history/"),
        Visit("page: history of a schedule", f"{S}/schedules/", _history),
        Visit("page: history of a queue", f"{S}/queues/", _history),
    ]  # fmt: skip


def _first_entry(page: Page) -> None:
    page.locator(".audit tbody a").first.click()
    page.get_by_role("heading", name="Its rows in the log").wait_for()


def _history(page: Page) -> None:
    page.goto(f"{page.locator('td.name > a').first.get_attribute('href')}history/")


def _save_view(world: World) -> Act:
    def act(page: Page) -> None:
        page.get_by_label("Name").fill(world.text("failed")[:60])
        page.get_by_role("button", name="Save the view").click()
        page.get_by_role("navigation", name="Saved views").wait_for()

    return act


def _to_forget(page: Page) -> None:
    page.goto(str(page.get_by_role("link", name=re.compile("^Forget")).first.get_attribute("href")))


def _runs(world: World) -> list[Visit]:
    words = ("order", "running", "waiting", "delayed", "failed-1", "cancelled", "gave-up", "odd")
    order, key = world.run("order"), world.quoted("progress")
    long = world.run("long")
    return [
        *(Visit(f"page: the run {word}", world.run(word), opened) for word in words),
        Visit("a run for a viewer", world.run("failed-1"), who="vic"),
        Visit("a run of many steps", long),
        Visit("a part of it", f"{long}?from=50&to=60"),
        Visit("its failed steps", f"{long}?errors=1", opened),
        Visit("none of its steps", f"{long}?step={world.quoted('nothing')}"),
        Visit("sending in a dialog", world.run("running"), dialog("Send")),
        Visit("cancelling in a dialog", world.run("running"), dialog("Cancel")),
        Visit("resuming in a dialog", world.run("running"), dialog("Resume")),
        Visit("page: cancelling", world.run("running", "cancel/")),
        Visit("cancelling what is over", world.run("cancelled", "cancel/")),
        Visit("page: resuming", world.run("running", "resume/")),
        Visit("page: forking", world.run("order", "fork/"), opened),
        Visit("forking from a step", world.run("order", "fork/?step=2")),
        Visit("page: putting off", world.run("delayed", "delay/")),
        Visit("page: a priority", world.run("waiting", "priority/")),
        Visit("page: deleting", world.run("cancelled", "delete/")),
        Visit("deleting what runs", world.run("running", "delete/")),
        Visit("starting again", world.run("order", "again/"), opened),
        Visit("page: code", world.run("order", "code/")),
        Visit("a message as code", world.run("order", "code/?action=send")),
        Visit("a fork as code", world.run("order", "code/?action=fork")),
        Visit("a priority as code", world.run("running", "code/?action=priority")),
        Visit(
            "code refused",
            world.run("order", "code/?action=delay"),
            refused("Write it anew", delay_seconds=""),
        ),
        Visit("page: an event", f"{order}event/?key={key}", opened),
        Visit("page: a stream", f"{world.run('running')}stream/?key={world.quoted('log')}"),
        Visit("an empty stream", f"{world.run('running')}stream/?key={key}"),
    ]


def _payloads(world: World) -> list[Visit]:
    def place(place: str, more: str = "", run: str = "order") -> str:
        return world.run(run, f"payload/{place}/{more}")

    progress = world.segment("progress")
    return [
        Visit("page: an input", place("input"), opened),
        Visit("a part of an output", place("output", "?at=0")),
        Visit("a payload that is searched", place("output"), lambda page: page.get_by_label(
            "Search within what is shown").fill("note 1")),
        Visit("a payload as it is stored", place("output", "?view=text")),
        Visit("an error of a step", place("step-error:8")),
        Visit("an error", place("error", run="failed-1")),
        Visit("an event", place(f"event:{progress}")),
        Visit("a value of a stream", place(f"stream:1:{world.segment('log')}")),
        Visit("a message", place(f"message:{world.segment('message-3')}")),
        Visit("an unknown format", place("output", run="odd")),
        Visit("no payload", place("error")),
        Visit("page: revealing", place("input", "reveal/")),
        Visit("revealing in a dialog", world.run("order"), dialog("Reveal")),
        Visit("a revealed payload", place("input", "reveal/"), click("button", "Reveal")),
        Visit("a file that is withheld", place("input"), click("link", "Download")),
    ]  # fmt: skip


def _comparisons(world: World) -> list[Visit]:
    compare = f"{S}/workflows/compare/"

    def both(a: str, b: str) -> str:
        return f"{compare}?a={world.quoted(a)}&b={world.quoted(b)}"

    return [
        Visit("page: choosing what to compare", compare),
        Visit("the forks to compare with", f"{compare}?a={world.quoted('order')}&with=fork"),
        Visit("two runs", both("order", "fork-1"), opened),
        Visit("two failures", both("failed-1", "failed-2"), opened),
        Visit("a failure and a success", both("failed-1", "order"), opened),
        Visit("the same run", both("mother", "mother")),
        Visit("no such run", both("nobody", "mother")),
    ]


def _forms(world: World) -> list[Visit]:
    text = world.text
    return [
        Visit("page: enqueue", f"{S}/workflows/enqueue/", opened),
        Visit("enqueue refused", f"{S}/workflows/enqueue/", refused(
            "Enqueue", workflow_name=text("order"), args=text("["))),
        Visit("page: debounce", f"{S}/workflows/debounce/", opened),
        Visit("debounce refused", f"{S}/workflows/debounce/", refused(
            "Debounce", workflow_name=text("order"), debounce_period_ms="0")),
        Visit("page: send", f"{S}/messages/send/", opened),
        Visit("send refused", f"{S}/messages/send/", refused(
            "Send", destination_id=text("nobody"), topic=text("decision"), message='"hello"')),
        Visit("page: preferences", "/preferences/"),
        Visit("the keys", "/preferences/", click("button", "Keys")),
        Visit("preferences refused", "/preferences/",
              refused("Remember in this browser", zone=text("Nowhere"))),
    ]  # fmt: skip


def _compared(world: World) -> Act:
    """A set that changes one schedule, creates another and deletes the rest."""
    wanted = {"workflow_name": world.text("clean"), "schedule": "0 4 * * *"}
    names = world.text("schedule-name"), world.text("new")
    document = json.dumps([{**wanted, "schedule_name": name} for name in names])

    def act(page: Page) -> None:
        page.get_by_label("Schedules", exact=True).fill(document)
        page.get_by_label("Language of the application").select_option("python")
        page.get_by_label("Delete what the set leaves out").check()
        page.get_by_role("button", name="Show what changes").click()
        page.locator(".difference").wait_for()

    return act


def _schedules(world: World) -> list[Visit]:
    def schedule(word: str, more: str = "") -> str:
        return f"{S}/schedules/schedule/{world.segment(word)}/{more}"

    return [
        Visit("page: schedules", f"{S}/schedules/"),
        Visit("no such schedule", f"{S}/schedules/?q=zzzz"),
        Visit("page: the rehearsal", f"{S}/schedules/rehearsal/?span=week&paused=on"),
        Visit("nothing to rehearse", f"{S}/schedules/rehearsal/?q=zzzz"),
        Visit("page: a schedule", schedule("schedule-name"), opened),
        Visit("a paused schedule", schedule("schedule-1")),
        Visit("a schedule that is wrong", schedule("schedule-2")),
        Visit("page: a new schedule", f"{S}/schedules/create/", opened),
        Visit("a new schedule refused", f"{S}/schedules/create/", refused(
            "Create the schedule", schedule_name=world.text("new"), schedule=world.text("soon"))),
        Visit("page: what a schedule missed", schedule("schedule-name", "missed/")),
        Visit("page: editing a schedule", schedule("schedule-name", "edit/"), opened),
        Visit("page: pausing a schedule", schedule("schedule-name", "pause/")),
        Visit("page: resuming a schedule", schedule("schedule-1", "resume/")),
        Visit("page: a backfill", schedule("schedule-name", "backfill/")),
        Visit("a backfill previewed", schedule("schedule-name", "backfill/"),
              click("button", "Preview")),
        Visit("page: triggering a schedule", schedule("schedule-name", "trigger/")),
        Visit("page: deleting a schedule", schedule("schedule-name", "delete/")),
        Visit("page: pausing several schedules", f"{S}/schedules/pause/?all=1"),
        Visit("page: resuming several schedules", f"{S}/schedules/resume/?all=1"),
        Visit("page: exporting schedules", f"{S}/schedules/export/"),
        Visit("page: applying a set", f"{S}/schedules/apply/"),
        Visit("a set refused", f"{S}/schedules/apply/", refused(
            "Show what changes", document=json.dumps([{world.text("also"): 1}]))),
        Visit("a set compared", f"{S}/schedules/apply/", _compared(world)),
    ]  # fmt: skip


def _queues(world: World) -> list[Visit]:
    def queue(more: str = "") -> str:
        return f"{S}/queues/queue/{world.segment('queue-name')}/{more}"

    return [
        Visit("page: queues", f"{S}/queues/"),
        Visit("no such queue", f"{S}/queues/?q=zzzz"),
        Visit("page: a queue", queue(), opened),
        Visit("a queue that is not registered", f"{S}/queues/queue/other/"),
        Visit("page: a new queue", f"{S}/queues/register/", opened),
        Visit("a new queue refused", f"{S}/queues/register/", refused(
            "Register the queue", name=world.text("queue"), limiter="0")),
        Visit("page: editing a queue", queue("edit/"), opened),
        Visit("what an edit would do", queue("edit/"), click("button", "Preview")),
        Visit("page: what debounces hold back", f"{S}/debounces/"),
        Visit("nothing held back", f"{S}/debounces/?queue=other"),
        Visit("page: deleting a queue", queue("delete/")),
    ]  # fmt: skip


def _operations(world: World) -> list[Visit]:
    plan = f"{S}/operations/plan/"
    failed = f"{plan}?scope=all&q=status%3Aerror"
    some = f"{plan}?workflow_id={world.quoted('order')}&workflow_id={world.quoted('running')}"
    return [
        Visit("no operation", f"{S}/operations/"),
        Visit("page: a plan for what matches", failed, opened),
        Visit("a plan for a selection", some, opened),
        Visit("a plan refused", some, refused("See the plan")),
        Visit("page: an operation that leaves all alone", failed, _planned("Cancel")),
        Visit("an operation to confirm", some, _planned("Resume")),
        Visit("page: operations", f"{S}/operations/"),
    ]


def _roles(world: World) -> list[Visit]:
    said = world.text("Stops what runs at night.")[:200]
    role = {"name": "night-shift", "description": said}
    return [
        Visit("page: a new role", "/roles/create/"),
        Visit("a role that allows nothing", "/roles/create/", refused("Create the role", **role)),
        Visit("a role that is made", "/roles/create/", _role(role)),
        Visit("page: roles", "/roles/", opened),
        Visit("page: changing a role", "/roles/night-shift/edit/"),
        Visit("page: deleting a role", "/roles/night-shift/delete/"),
        Visit("page: a new team", "/teams/create/"),
        Visit("a team refused", "/teams/create/", refused(
            "Create the team", name="night", members=world.text("eve").split()[0])),
        Visit("a team that is made", "/teams/create/", _team),
        Visit("page: teams", "/teams/"),
        Visit("page: changing a team", "/teams/", _follow("night")),
        Visit("page: deleting a team", "/teams/", _follow("Delete night")),
        Visit("page: giving a role", "/grants/give/"),
        Visit("a role refused", "/grants/give/", refused("Give it", holder=world.text("eve"))),
        Visit("page: grants", "/grants/"),
        Visit("giving a role in a dialog", "/grants/", dialog("Give a role")),
        Visit("no grant", "/grants/?q=zzzz"),
        Visit("page: taking a role away", "/grants/", _follow("Take away administrator from ann")),
        Visit("page: what a person may do", "/grants/", _follow("vic")),
        Visit("what a viewer may do", "/preferences/", who="vic"),
    ]  # fmt: skip


def _role(fields: dict[str, str]) -> Act:
    def act(page: Page) -> None:
        for name, value in fields.items():
            page.locator(f"[name={name}]").fill(value)
        page.get_by_role("checkbox", name=re.compile("^workflow.cancel")).check()
        page.get_by_role("button", name="Create the role").click()
        # It is there already where somebody was here before.
        page.locator(".errors, .roles").first.wait_for()

    return act


def _team(page: Page) -> None:
    page.get_by_label("Name").fill("night")
    page.get_by_label("Members").fill("vic")
    page.get_by_role("button", name="Create the team").click()
    page.locator(".errors, .notice-warning, table").first.wait_for()


def _follow(link: str) -> Act:
    """Go where a link leads, also one that opens a dialog."""

    def act(page: Page) -> None:
        there = page.get_by_role("link", name=link, exact=True).first.get_attribute("href")
        page.goto(str(there))

    return act


def _planned(action: str) -> Act:
    def act(page: Page) -> None:
        page.get_by_role("radio", name=re.compile(f"^{action}")).check()
        page.get_by_role("button", name="See the plan").click()
        page.get_by_role("table").first.wait_for()

    return act


def _alone(world: World) -> list[Visit]:
    def sign_in(page: Page) -> None:
        page.get_by_label("Username").fill(world.text("eve")[:100])
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("no account with this name").wait_for()

    return [
        Visit("page: sign in", "/login/", who=""),
        Visit("sign in refused", "/login/", sign_in, who=""),
        Visit("an address that is no page (404)", f"{S}/nowhere/"),
        Visit("a run that is not there (404)", world.run("nobody")),
        Visit("a page that is not allowed (403)", f"{S}/workflows/enqueue/", who="vic"),
        Visit("nothing that is allowed (403)", "/", who="new"),
        Visit("a fault of the console (500)", "/preferences/", broken),
        Visit("a database that is away (503)", "/preferences/", away(world.text("lost"))),
    ]


def broken(page: Page) -> None:
    """The page of a fault in the console."""
    _answer(page, errors.server_error(RequestFactory().get("/preferences/")))


def away(detail: str) -> Act:
    """The page while the system database does not answer."""

    def act(page: Page) -> None:
        request = RequestFactory().get("/preferences/")
        _answer(page, errors.from_exception(request, DatabaseUnavailable(detail)))

    return act


def _answer(page: Page, answer: HttpResponse) -> None:
    """Show this in place of the preferences: no address gives such a page when one wants it."""
    body, status = answer.content.decode(), answer.status_code
    page.route("**/preferences/", lambda route: route.fulfill(
        body=body, status=status, content_type="text/html; charset=utf-8"))  # fmt: skip
    page.goto("/preferences/")
    page.unroute_all()
    expect(page.get_by_text(str(status), exact=True)).to_be_visible()
