"""Whom the server lets in, and what the page asks of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.support.peer import fresh

pytestmark = pytest.mark.browser


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Site]:
    """Run a server with accounts, guests and open registration."""
    journal = f"sqlite:{tmp_path / 'chat.db'}"
    site = Site("--access", "accounts", "--guests", "on", "--registration", "open", "--journal", journal)
    yield site
    site.close()


def test_an_account_is_made_used_and_told_from_guests(visit: Visit, realm: Site) -> None:
    """Registering, a wrong password, the right one, and what was said meanwhile is unread."""
    alice, guest = visit(realm), visit(realm)
    alice.open("tea")
    expect(alice.page.locator("#ways")).to_be_visible()
    alice.page.select_option("#way", "register")
    alice.page.fill("#name", "alice")
    alice.page.fill("#password", "short")
    alice.page.press("#password", "Enter")
    expect(alice.page.locator("#refused")).to_have_text("Choose a password of 8 characters or more.")
    alice.page.fill("#password", "a good password")
    alice.page.press("#password", "Enter")
    expect(alice.page.locator("#title")).to_have_text("#tea")
    alice.say("hello")
    alice.type("/exit")
    guest.open()
    guest.page.fill("#name", "alice")
    guest.page.press("#name", "Enter")
    expect(guest.page.locator("#refused")).to_contain_text("The name alice is an account's")
    guest.enter("bob", "tea")
    guest.say("are you there?")
    expect(alice.page.locator("#refused")).to_have_text("You have left the chat.")
    alice.page.select_option("#way", "account")
    alice.page.fill("#password", "a wrong password")
    alice.page.press("#password", "Enter")
    expect(alice.page.locator("#refused")).to_contain_text("are not right")
    alice.page.fill("#password", "a good password")
    alice.page.press("#password", "Enter")
    expect(alice.text("are you there?")).to_contain_text("guest")
    expect(guest.text("hello").locator(".head .note")).to_be_empty()
    assert "good password" not in alice.page.evaluate("JSON.stringify([sessionStorage, localStorage])")


def test_one_password_for_all(visit: Visit, tmp_path: Path) -> None:
    """It is asked for before anybody tries a name in vain."""
    (tmp_path / "password").write_text("open sesame\n")
    guarded = Site("--access", "password", "--password-file", str(tmp_path / "password"))
    dave = visit(guarded)
    dave.open()
    expect(dave.page.locator("#ways")).to_be_hidden()
    dave.page.fill("#name", "dave")
    dave.page.fill("#password", "open sesame")
    dave.page.press("#password", "Enter")
    expect(dave.page.locator("#title")).to_have_text("#lobby")
    guarded.close()


def test_a_refused_name_is_explained(visit: Visit, site: Site) -> None:
    """One that is taken, one that breaks the rules; another one is let in."""
    dave = visit()
    with site.peer() as peer:
        dave.open()
        for name, why in ((peer.name, "is taken"), ("a b", "cannot be used")):
            dave.page.fill("#name", name)
            dave.page.press("#name", "Enter")
            expect(dave.page.locator("#refused")).to_contain_text(why)
        dave.page.fill("#name", fresh("dave"))
        dave.page.press("#name", "Enter")
        expect(dave.page.locator("#chat")).to_be_visible()


def test_nothing_of_one_is_left_for_the_next(visit: Visit, site: Site) -> None:
    """Who comes in after somebody left, in the same tab, sees nothing of what that one saw."""
    dave = visit()
    with site.peer() as peer:
        dave.enter(fresh("dave"), fresh("den"))
        dave.type(f"/msg {peer.name} a secret")
        dave.sees("a secret")
        dave.type("/exit")
        expect(dave.page.locator("#refused")).to_have_text("You have left the chat.")
        dave.page.fill("#name", fresh("erin"))
        dave.page.press("#name", "Enter")
        expect(dave.page.locator("#title")).not_to_be_empty()
        expect(dave.page.locator("#direct-list .link")).to_have_count(0)
        assert "a secret" not in (dave.page.locator("body").text_content() or "")
