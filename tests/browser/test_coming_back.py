"""Connections break, servers crash, pages are loaded anew: nothing is lost, nothing comes twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.support.peer import fresh

pytestmark = pytest.mark.browser


@pytest.fixture
def lasting(tmp_path: Path) -> Iterator[Site]:
    """Run a server that keeps its messages in a file."""
    site = Site("--journal", f"sqlite:{tmp_path / 'chat.db'}")
    yield site
    site.close()


def test_a_crash_of_the_server_loses_and_doubles_nothing(visit: Visit, lasting: Site) -> None:
    """What is said meanwhile is sent once the server is back; both see all of it once, in one order."""
    alice, bob = visit(lasting), visit(lasting)
    alice.enter("alice", "tea")
    bob.enter("bob", "tea")
    alice.say("before")
    bob.sees("before")
    lasting.kill()
    for each in (alice, bob):
        expect(each.page.locator("#banner")).to_be_visible()
    alice.type("meanwhile one")
    alice.type("meanwhile two")
    expect(alice.page.locator(".row.waits")).to_have_count(2)
    lasting.start_again()
    for each in (alice, bob):
        each.comes_back()
    bob.say("after")
    for each in (alice, bob):
        expect(each.texts).to_have_count(4)
        assert sorted(each.texts.all_text_contents()) == ["after", "before", "meanwhile one", "meanwhile two"]
    assert alice.texts.all_text_contents() == bob.texts.all_text_contents()
    expect(alice.page.locator(".row.waits")).to_have_count(0)


def test_what_waits_outlives_a_reload_of_the_page(visit: Visit, lasting: Site) -> None:
    """It is kept in the tab, and sent with the same refs when both are back."""
    alice, bob = visit(lasting), visit(lasting)
    alice.enter("alice", "tea")
    bob.enter("bob", "tea")
    alice.say("before")
    lasting.kill()
    expect(alice.page.locator("#banner")).to_be_visible()
    alice.type("typed while it was down")
    lasting.start_again()
    alice.page.reload()
    for each in (alice, bob):
        each.sees("before", "typed while it was down")


def test_a_reload_comes_back_to_the_same_place(visit: Visit, site: Site) -> None:
    """Same name, same rooms, what was said; what came meanwhile is unread."""
    room, name, dave = fresh("again"), fresh("dave"), visit()
    with site.peer() as peer:
        peer.join(room)
        dave.enter(name, room)
        peer.say("old", room)
        dave.sees("old")
        dave.say("mine")
        dave.page.goto("about:blank")
        peer.say("new", room)
        dave.page.goto(f"{site.page}#{room}")
        dave.sees("old", "mine", "new")
        expect(dave.page.locator("#me")).to_have_text(name)
        expect(dave.page.locator("#rooms .link")).to_have_count(2)


def test_a_server_that_forgot_everything(visit: Visit) -> None:
    """One whose messages were in memory begins a new record; the page says so and goes on."""
    forgetful = Site()
    alice = visit(forgetful)
    alice.enter("alice", "tea")
    alice.say("before")
    forgetful.kill()
    expect(alice.page.locator("#banner")).to_be_visible()
    alice.type("meanwhile")
    forgetful.start_again()
    alice.comes_back()
    alice.sees("before", "meanwhile")
    alice.is_told("new record")
    alice.say("after")
    alice.sees("before", "meanwhile", "after")
    forgetful.close()


def test_a_stop_is_told_in_plain_words(visit: Visit) -> None:
    """And the page waits as long as it was asked to."""
    stopping = Site()
    alice = visit(stopping)
    alice.enter("alice")
    stopping.close()
    expect(alice.page.locator("#banner")).to_contain_text("The server stops for a moment. Trying again in")


def test_a_second_tab_takes_over(visit: Visit, site: Site) -> None:
    """The first says so, does not fight for the session, and can have it back."""
    first, name = visit(), fresh("dave")
    first.enter(name)
    second = visit()
    kept = first.page.evaluate("sessionStorage.getItem('session')")
    second.page.add_init_script(f"sessionStorage.setItem('session', {kept!r})")
    second.page.goto(site.page)
    expect(second.page.locator("#me")).to_have_text(name)
    expect(first.page.locator("#refused")).to_contain_text("You go on in another window")
    first.page.locator("#go").click()
    expect(first.page.locator("#me")).to_have_text(name)


def test_what_the_server_does_not_take_can_be_sent_again(visit: Visit, site: Site) -> None:
    """What is said to somebody who is not there fails visibly, until it is sent again or discarded."""
    dave, name = visit(), fresh("later")
    dave.enter(fresh("dave"))
    dave.type(f"/msg {name} are you there?")
    failed = dave.page.locator(".row.failed")
    expect(failed).to_contain_text("Not sent. Nobody else of that name is here")
    with site.peer() as peer:
        peer.send("NAME", name=name)
        peer.until("NAME")
        failed.get_by_role("button", name="Send again").click()
        assert peer.until("DM")["text"] == "are you there?"
    expect(failed).to_have_count(0)


def test_leaving_ends_the_session(visit: Visit) -> None:
    """The name is free at once, and nothing stays in the tab."""
    dave, name = visit(), fresh("dave")
    dave.enter(name)
    dave.type("/exit")
    expect(dave.page.locator("#refused")).to_have_text("You have left the chat.")
    assert '"session":null' in dave.page.evaluate("sessionStorage.getItem('session')")
    dave.page.locator("#go").click()
    expect(dave.page.locator("#me")).to_have_text(name)
