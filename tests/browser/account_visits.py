"""The part of the tour that goes through accounts and people."""

import uuid

from playwright.sync_api import Page

from tests.browser.accounts import add_passkey, confirm, fill_in, set_up_app, sign_out, with_device
from tests.browser.visit import Visit
from tests.browser.world import World


def people(world: World) -> list[Visit]:
    """What an administrator sees of people."""
    links: list[str] = []
    name = f"eve-{uuid.uuid4().hex[:12]}"

    def invite(page: Page) -> None:
        confirm(page)
        page.get_by_label("Username").fill(name)
        page.get_by_label("First name").fill(world.text("Eve")[:100])
        page.get_by_role("button", name="Make the account").click()
        links.append(page.locator("#one-time-link").inner_text())

    def person(what: str = "") -> Visit:
        def act(page: Page) -> None:
            page.get_by_role("link", name="mia", exact=True).click()
            if what:
                page.goto(f"{page.url}{what}/")
                confirm(page)

        return Visit(f"page: a person {what}", "/people/", act)

    def refused(page: Page) -> None:
        confirm(page)
        page.get_by_label("Username").fill(world.text("a b")[:100])
        page.get_by_role("button", name="Make the account").click()
        page.locator(".errors").first.wait_for()

    return [
        Visit("page: people", "/people/"),
        Visit("no people", "/people/?q=zzzz"),
        Visit("page: inviting", "/people/invite/", confirm),
        Visit("inviting refused", "/people/invite/", refused),
        Visit("a one-time link", "/people/invite/", invite),
        Visit("page: welcome", "/login/", lambda page: page.goto(links[-1]), who=""),
        Visit("a link that does not work", "/welcome/x/", who=""),
        *(person(what) for what in ("", "edit", "link", "active", "sessions", "factors")),
    ]


def account() -> list[Visit]:
    """What a person does with the own account; begins without second factors."""

    def take_factors(page: Page) -> None:
        page.get_by_role("link", name="mia", exact=True).click()
        page.goto(f"{page.url}factors/")
        confirm(page)
        page.get_by_role("button", name="Take them away").click()
        page.get_by_text("no second factor any more").wait_for()

    def sign_in(page: Page) -> None:
        with_device(page)
        fill_in(page, "mia")
        page.get_by_role("heading", name="Workflows").wait_for()
        page.goto("/account/")

    def wrong_code(page: Page) -> None:
        page.get_by_label("The code that the app shows").fill("x")
        page.get_by_role("button", name="Set it up").click()
        page.locator(".errors").wait_for()

    def new_codes(page: Page) -> None:
        add_passkey(page, "<b>blue</b> key")
        page.goto("/account/codes/")

    def second(page: Page) -> None:
        sign_out(page)
        fill_in(page, "mia")
        page.get_by_role("heading", name="Your second factor").wait_for()

    def link(name: str) -> Visit:
        return Visit(
            f"page: a passkey, {name}",
            "/account/",
            lambda page: page.locator("li", has_text="blue").get_by_role("link", name=name).click(),
            who="mia",
        )

    return [
        Visit("a person without second factors", "/people/", take_factors),
        Visit("page: an account", "/login/", sign_in, who="mia"),
        Visit("page: another password", "/account/password/", who="mia"),
        Visit("page: an authenticator app", "/account/app/", who="mia"),
        Visit("an authenticator app refused", "/account/app/", wrong_code, who="mia"),
        Visit("page: new recovery codes", "/account/", set_up_app, who="mia"),
        Visit("page: another passkey", "/account/passkeys/add/", who="mia"),
        Visit("recovery codes that are there", "/account/", new_codes, who="mia"),
        Visit("an account with all", "/account/", who="mia"),
        link("Rename"),
        link("Take away"),
        Visit("page: without the app", "/account/app/remove/", who="mia"),
        Visit("page: confirming by password", "/account/confirm/", who="mia"),
        Visit("page: confirming by code", "/account/confirm/code/", who="mia"),
        Visit("page: confirming by passkey", "/account/confirm/passkey/", who="mia"),
        Visit("page: second factor", "/account/", second, who="mia"),
    ]
