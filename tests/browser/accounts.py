"""What people do to sign in, and with their accounts."""

import base64
import hashlib
import hmac
import struct
import time

from playwright.sync_api import Page

from tests.browser.served import PASSWORD

#: A code is good for half a minute, which may end on the way.
TRIES = 3
#: A device that makes passkeys and checks who uses it by itself.
_DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def fill_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Sign in by password, as far as that goes."""
    page.goto("/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def sign_out(page: Page) -> None:
    """Sign out."""
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login/")


def with_device(page: Page) -> None:
    """Give the browser a device that makes passkeys."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": _DEVICE})


def code_of(secret: str) -> str:
    """What an authenticator app shows, as RFC 6238 has it."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def set_up_app(page: Page) -> tuple[str, list[str]]:
    """Set up an authenticator app; its secret, and the recovery codes."""
    page.goto("/account/app/")
    done = page.get_by_role("heading", name="Recovery codes")
    for _ in range(TRIES):
        secret = page.locator(".by-steps code").inner_text().replace(" ", "")
        page.get_by_label("The code that the app shows").fill(code_of(secret))
        with page.expect_navigation():
            page.get_by_role("button", name="Set it up").click()
        if done.is_visible():
            break
    return secret, page.locator(".secrets code").all_inner_texts()


def add_passkey(page: Page, name: str) -> None:
    """Make a passkey with the device."""
    page.goto("/account/passkeys/add/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url(lambda url: "passkeys" not in url)


def answer(page: Page, code: str) -> None:
    """Give the second factor."""
    page.get_by_label("Code of your authenticator app").fill(code)
    page.get_by_role("button", name="Sign in").click()


def answer_by_app(page: Page, secret: str) -> str:
    """Give what the app shows, until it is taken; the code."""
    for _ in range(TRIES):
        code = code_of(secret)
        with page.expect_navigation():
            answer(page, code)
        if not page.get_by_text("This code is not right").is_visible():
            break
    return code


def confirm(page: Page) -> None:
    """Say the password once more, where that is asked for."""
    if page.get_by_role("heading", name="Confirm that it is you").is_visible():
        page.get_by_label("Your password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
        page.get_by_role("heading", name="Confirm that it is you").wait_for(state="detached")
