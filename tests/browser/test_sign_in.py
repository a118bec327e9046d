"""Signing in as people do: with codes, passkeys, a lost phone, and through a provider."""

import re
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.accounts import (
    answer,
    answer_by_app,
    code_of,
    fill_in,
    set_up_app,
    sign_out,
    with_device,
)
from tests.browser.conftest import PATIENCE_MS, Watched
from tests.browser.providers import CLIENT, provider, reserved_port, sign_in_at_provider
from tests.browser.served import MANAGE, PASSWORD, Served, process, serving

pytestmark = pytest.mark.xdist_group("sign-in")


@pytest.fixture(scope="module")
def console(worker_id: str) -> Iterator[Served]:
    """A console with a provider, whose people the tests change."""
    with reserved_port() as port:
        settings = {
            **CLIENT,
            "CONSOLE_OIDC_ISSUER": f"http://localhost:{port}",
            "CONSOLE_OIDC_CREATE": "1",
            "CONSOLE_OIDC_ALLOWED_GROUPS": "ops,admins",
            "CONSOLE_OIDC_EMAIL_DOMAINS": "shop.example",
            "CONSOLE_OIDC_GROUPS": "ops=Ops,staff=Staff",
        }
        with (
            serving(f"sign_in_{worker_id}", **settings) as served,
            provider(port, f"{served.url}/login/provider/callback/"),
        ):
            yield served


@pytest.fixture
def window(browser: Browser, console: Served) -> Iterator[BrowserContext]:
    """The window of a stranger; faults of its pages fail the test."""
    context = browser.new_context(base_url=console.url)
    context.set_default_timeout(PATIENCE_MS)
    watched = Watched(context, "http://localhost", "40[134]|422|429")
    yield context
    context.close()
    # The pages of the provider ask for a font of its maker's.
    ours = [fault for fault in watched.faults if not re.search("a request to|NOT_RESOLVED", fault)]
    assert ours == []


@pytest.fixture
def page(window: BrowserContext) -> Page:
    """Its page."""
    return window.new_page()


def somebody(console: Served, name: str, role: str = "administrator") -> str:
    """A new account."""
    subprocess.run(
        [*MANAGE, "grant", name, role], env=console.environment, check=True, capture_output=True
    )
    return name


def is_in(page: Page) -> None:
    expect(page.get_by_role("heading", name="Workflows")).to_be_visible()


@pytest.mark.parametrize("scripted", [True, False])
def test_a_code_is_asked_for_and_works_once(
    browser: Browser, console: Served, scripted: bool
) -> None:
    name = somebody(console, f"totp-{scripted}")
    window = browser.new_context(base_url=console.url, java_script_enabled=scripted)
    window.set_default_timeout(PATIENCE_MS)
    page = window.new_page()
    fill_in(page, name)
    is_in(page)
    secret, _ = set_up_app(page)
    sign_out(page)
    fill_in(page, name)
    answer(page, "000000")
    expect(page.get_by_text("This code is not right")).to_be_visible()
    code = answer_by_app(page, secret)
    is_in(page)
    sign_out(page)
    fill_in(page, name)
    answer(page, code)
    if code == code_of(secret):
        expect(page.get_by_text("was used before")).to_be_visible()
    window.close()


def test_a_recovery_code_gets_in_once(page: Page, console: Served) -> None:
    name = somebody(console, "recovery")
    fill_in(page, name)
    is_in(page)
    _, codes = set_up_app(page)
    assert len(set(codes)) == 10
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert set(codes) <= set(download.value.path().read_text().split())
    sign_out(page)
    fill_in(page, name)
    answer(page, codes[3])
    is_in(page)
    page.goto("/account/codes/")
    expect(page.get_by_text("9 of your codes are left")).to_be_visible()
    expect(page.get_by_text(codes[4])).to_have_count(0)
    sign_out(page)
    fill_in(page, name)
    answer(page, codes[3])
    expect(page.get_by_text("This code is not right")).to_be_visible()


def test_a_passkey_signs_in_by_itself_and_as_second_factor(page: Page, console: Served) -> None:
    name = somebody(console, "passkey")
    with_device(page)
    fill_in(page, name)
    is_in(page)
    page.goto("/account/passkeys/add/")
    page.get_by_label("Name").fill("blue key")
    page.get_by_role("button", name="Make the passkey").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    sign_out(page)
    page.goto("/login/?next=/account/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("blue key")).to_be_visible()
    sign_out(page)
    fill_in(page, name)
    page.get_by_role("heading", name="Your second factor").wait_for()
    page.get_by_role("button", name="Use a passkey").click()
    is_in(page)
    page.goto("/account/")
    page.get_by_role("link", name="Take away").click()
    page.get_by_role("button", name="Take it away").click()
    expect(page.get_by_text("The passkey is taken away.")).to_be_visible()
    sign_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("This passkey does not sign you in here.")).to_be_visible()


def test_an_ended_session_leads_to_the_sign_in_and_back(
    browser: Browser, page: Page, console: Served
) -> None:
    name = somebody(console, "two-browsers")
    fill_in(page, name)
    is_in(page)
    other = browser.new_context(base_url=console.url).new_page()
    fill_in(other, name)
    is_in(other)
    other.goto("/account/")
    other.get_by_role("button", name="End all others").click()
    expect(other.get_by_text("1 session ended.")).to_be_visible()
    other.context.close()
    # The open page asks for itself anew, hears that it is over, and comes back after signing in.
    where = page.url
    page.get_by_label("Username").wait_for()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    is_in(page)
    assert page.url == where


def test_attempts_at_one_replica_count_at_the_other(page: Page, console: Served) -> None:
    name = somebody(console, "guessed")
    for number in range(5):
        fill_in(page, name, f"guess {number}")
        expect(page.get_by_text("There is no account with this name")).to_be_visible()
    with process(console.environment) as (port, _):
        page.goto(f"http://localhost:{port}/login/")
        page.get_by_label("Username").fill(name.upper())
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("Too many attempts")).to_be_visible()


class TestProvider:
    def arrive(self, page: Page, name: str, where: str = "/login/") -> None:
        page.goto(where)
        page.get_by_role("button", name="Continue with Shop ID").click()
        sign_in_at_provider(page, name)

    def refused(self, page: Page) -> None:
        expect(page.get_by_text("Shop ID did not get you in")).to_be_visible()

    def reason(self, browser: Browser, console: Served, reason: str) -> None:
        """An administrator finds it in the audit log."""
        page = browser.new_context(base_url=console.url).new_page()
        fill_in(page, "ann")
        is_in(page)
        page.goto("/audit/")
        expect(page.get_by_role("row").filter(has_text=reason).first).to_be_visible()
        page.context.close()

    def test_somebody_new_gets_an_account_and_a_team(
        self, browser: Browser, console: Served, page: Page
    ) -> None:
        self.arrive(page, "bob", "/login/?next=/account/")
        expect(page.get_by_role("heading", name="You have no role yet")).to_be_visible()
        self.give(browser, console, "team Ops", "operator")
        page.goto("/account/")
        expect(page.get_by_role("heading", name="Your account")).to_be_visible()
        person = page.locator(".person")
        expect(person.get_by_text("bob")).to_be_visible()
        expect(person.get_by_text("operator")).to_be_visible()
        sign_out(page)
        # The provider still knows who it is.
        page.get_by_role("button", name="Continue with Shop ID").click()
        is_in(page)

    def give(self, browser: Browser, console: Served, holder: str, role: str) -> None:
        """An administrator gives it a role."""
        page = browser.new_context(base_url=console.url).new_page()
        fill_in(page, "ann")
        is_in(page)
        page.goto("/grants/give/")
        page.get_by_label("Person or team").fill(holder)
        page.get_by_label("Role").select_option(role)
        page.get_by_role("button", name="Give it").click()
        expect(page.get_by_role("row").filter(has_text="Ops")).to_be_visible()
        page.context.close()

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("mal", "in none of the groups that may come in"),
            ("zoe", "no verified e-mail of a domain that may come in"),
            ("eve", "no verified e-mail of a domain that may come in"),
        ],
    )
    def test_who_may_not_come_in_is_sent_back(
        self, browser: Browser, console: Served, page: Page, name: str, reason: str
    ) -> None:
        self.arrive(page, name)
        self.refused(page)
        page.goto("/")
        expect(page.get_by_label("Username")).to_be_visible()
        self.reason(browser, console, reason)

    @pytest.mark.parametrize("changed", ["state", "nonce", "code_challenge"])
    def test_what_was_changed_on_the_way_is_refused(
        self, browser: Browser, console: Served, page: Page, changed: str
    ) -> None:
        def tamper(route: Route) -> None:
            route.continue_(
                url=re.sub(f"([?&]{changed}=)[^&]{{9}}", r"\1forged---", route.request.url)
            )

        page.route("**/auth?**", tamper)
        self.arrive(page, "bob")
        self.refused(page)
        reason = {"nonce": "The nonce is another.", "state": "unknown"}
        self.reason(browser, console, reason.get(changed, "access token"))

    def test_an_answer_to_another_browser_is_refused(
        self, browser: Browser, console: Served, page: Page
    ) -> None:
        """Else a link could sign somebody in as another person."""
        other = browser.new_context(base_url=console.url).new_page()
        other.goto("/login/")
        other.get_by_role("button", name="Continue with Shop ID").click()
        other.get_by_placeholder("Enter any login").fill("bob")
        other.get_by_placeholder("and password").fill("any")
        other.get_by_role("button", name="Sign-in").click()
        form = other.locator("form").filter(has=other.get_by_role("button", name="Continue"))
        ask = other.request
        said = ask.post(
            str(form.get_attribute("action")), form={"prompt": "consent"}, max_redirects=0
        )
        while "/login/provider/callback/" not in (where := said.headers["location"]):
            said = ask.get(where, max_redirects=0)
        page.goto(where)
        self.refused(page)
        other.context.close()
