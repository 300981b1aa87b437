"""People in browsers and at consoles talk with each other."""

import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.conformance.running import ROOT
from tests.support.peer import PATIENCE, fresh

pytestmark = pytest.mark.browser


def test_two_pages_and_a_console_client_talk(visit: Visit, site: Site) -> None:
    """Each sees what the others say, in one order."""
    room, alice, bob = fresh("talk"), visit(), visit()
    alice.enter(fresh("alice"), room)
    bob.enter(fresh("bob"), room)
    alice.say("from a page")
    bob.sees("from a page")
    port = site.running.address[1]
    command = [
        sys.executable,
        "-m",
        "chat_client",
        "--port",
        str(port),
        "--name",
        fresh("carol"),
        "--room",
        room,
    ]
    with subprocess.Popen(  # noqa: S603  # the project's own client
        [*command, "--room", room], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as console:
        said, _ = console.communicate("from a console\n", timeout=PATIENCE)
    assert "from a page" in said
    bob.sees("from a page", "from a console")
    bob.say("first line\nsecond line")
    alice.sees("from a page", "from a console", "first line\nsecond line")


def test_history_day_and_who_is_here(visit: Visit, site: Site) -> None:
    """Whoever comes sees what was said, when, and who is there; earlier pages come on scrolling up."""
    room, dave = fresh("past"), visit()
    with site.peer() as peer:
        peer.join(room)
        for number in range(250):
            peer.say(f"number {number}", room)
        peer.send("TOPIC", room=room, topic="<b>green</b> tea", ref="t")
        peer.until("TOPIC")
        dave.enter(fresh("dave"), room)
        expect(dave.page.locator("#topic")).to_have_text("<b>green</b> tea")
        expect(dave.page.locator("#people-list .link")).to_have_count(2)
        expect(dave.text("number 249")).to_be_in_viewport()
        expect(dave.page.locator("#log .line")).to_have_count(1)
    expect(dave.page.locator("#people-list .link")).to_have_count(1)
    while dave.text("number 0").count() == 0:
        dave.page.locator("#log").evaluate("log => log.scrollTop = 0")
        expect(dave.page.locator("#log")).to_have_attribute("aria-busy", "false")
    dave.sees(*(f"number {number}" for number in range(250)))


def test_unread_and_mentions_are_counted_and_marked(visit: Visit, site: Site) -> None:
    """In rooms that the person does not look at; a line shows where they begin."""
    room, name, dave = fresh("busy"), fresh("dave"), visit()
    with site.peer() as peer:
        peer.join(room)
        peer.say("before", room)
        dave.enter(name, room)
        dave.sees("before")
        dave.turn_to("lobby")
        peer.say("one", room)
        peer.say(f"two for @{name.upper()}!", room)
        link = dave.page.locator("#rooms .link", has_text=room)
        expect(link.locator(".count")).to_have_text("2")
        expect(link.locator(".count")).to_have_attribute("title", "2 unread, 1 for you")
        expect(dave.page).to_have_title("(1) #lobby - Chat")
        dave.turn_to(room)
        expect(link.locator(".count")).to_be_empty()
        expect(dave.page.locator("#log .line.new + .row")).to_contain_text("one")
        expect(dave.text("two for")).to_have_class("row calls follows")
        dave.say("seen")
        expect(dave.page.locator("#log .line.new")).to_have_count(0)


def test_direct_messages(visit: Visit, site: Site) -> None:
    """They have a place of their own, and are told from others."""
    name, dave = fresh("dave"), visit()
    with site.peer() as peer:
        dave.enter(name)
        peer.send("DM", to=name, text="psst")
        dave.turn_to(peer.name)
        dave.sees("psst")
        dave.say("what?")
        assert peer.until("DM")["text"] == "what?"
        dave.sees("psst", "what?")
        dave.type(f"/msg {peer.name} bye")
        assert peer.until("DM")["text"] == "bye"


def test_a_note_to_oneself_is_shown_once_and_leaves_no_gap(visit: Visit, site: Site) -> None:
    """It has an id of the own direct messages, also a guest's; nothing is fetched for the next one."""
    name, dave = fresh("dave"), visit()
    asked: list[str] = []
    dave.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: asked.append(str(frame))))
    with site.peer() as peer:
        dave.enter(name)
        dave.type(f"/msg {name} milk and tea")
        dave.sees("milk and tea")
        asked.clear()
        peer.send("DM", to=name, text="psst")
        expect(dave.page.locator("#direct-list .link.calls")).to_have_count(1)
        assert not [each for each in asked if "HISTORY" in each and '"after"' in each]
        dave.sees("milk and tea")


def test_an_own_message_is_changed_and_deleted(visit: Visit) -> None:
    """By the arrow, by the buttons at the message, by a command; everybody sees it."""
    room, alice, bob = fresh("edit"), visit(), visit()
    alice.enter(fresh("alice"), room)
    bob.enter(fresh("bob"), room)
    alice.say("helo", "oops")
    alice.page.press("#text", "ArrowUp")
    expect(alice.page.locator("#editing")).to_be_visible()
    alice.say("changed")
    bob.sees("helo", "changed")
    expect(bob.page.locator("#log .note", has_text="edited")).to_have_count(1)
    alice.text("changed").hover()
    alice.page.once("dialog", lambda dialog: dialog.accept())
    alice.page.get_by_role("button", name="Delete").click()
    bob.sees("helo", "This message was deleted.")
    alice.type("/edit hello")
    for each in (alice, bob):
        each.sees("hello", "This message was deleted.")


def test_commands_are_completed_and_explained(visit: Visit) -> None:
    """What is nearly a command is never said; the nearest one is named."""
    dave = visit()
    dave.enter(fresh("dave"), fresh("orders"))
    dave.page.locator("#text").press_sequentially("/n")
    dave.page.keyboard.press("Shift+Tab")
    expect(dave.page.get_by_role("button", name="/name")).to_be_focused()
    dave.page.keyboard.press("Enter")
    expect(dave.page.locator("#text")).to_be_focused()
    expect(dave.page.locator("#text")).to_have_value("/name ")
    dave.page.fill("#text", "")
    dave.page.locator("#text").press_sequentially("/jo")
    expect(dave.page.locator("#suggestions li")).to_have_count(1)
    dave.page.press("#text", "Tab")
    expect(dave.page.locator("#text")).to_have_value("/join ")
    dave.type("/jion tea")
    dave.is_told("There is no command /jion; did you mean /join?")
    expect(dave.page.locator("#text")).to_have_value("/jion tea")
    dave.type("/nick")
    dave.is_told("Say the new name, too")
    dave.type("/help")
    expect(dave.page.get_by_role("dialog", name="Commands and keys")).to_be_visible()
    dave.page.keyboard.press("Escape")
    dave.say("//text", "/me waves")
    expect(dave.texts).to_have_text(["/text", f"{dave.page.locator('#me').text_content()} waves"])


def test_rooms_are_listed_joined_named_and_left(visit: Visit, site: Site) -> None:
    """By the dialog and by commands."""
    room, name, dave = fresh("open"), fresh("renamed"), visit()
    with site.peer() as peer:
        peer.join(room)
        dave.enter(fresh("dave"))
        dave.page.get_by_role("button", name="Join or make a room").click()
        dave.page.locator("#all-rooms .link", has_text=room).click()
        expect(dave.page.locator("#title")).to_have_text(f"#{room}")
        dave.type("/topic a new one")
        expect(dave.page.locator("#topic")).to_have_text("a new one")
        dave.type(f"/name {name}")
        expect(dave.page.locator("#me")).to_have_text(name)
        dave.type("/leave")
        expect(dave.page.locator("#title")).to_have_text("#lobby")
        peer.until("LEFT", name=name)


def test_a_search_leads_to_the_message(visit: Visit, site: Site) -> None:
    """Also to one that is far above what is shown."""
    room, dave = fresh("deep"), visit()
    with site.peer() as peer:
        peer.join(room)
        peer.say("the needle", room)
        for number in range(700):
            peer.say(f"hay {number}", room, ref=str(number))
        peer.until("ACK", ref="699")
        dave.enter(fresh("dave"), room)
        dave.type("/search needle")
        dave.page.locator("#found .link", has_text="the needle").click()
        expect(dave.text("the needle")).to_be_focused()
        expect(dave.text("the needle")).to_be_in_viewport()
        dave.page.locator("#latest").click()
        expect(dave.text("hay 699")).to_be_in_viewport()


def test_somebody_ignored_is_not_heard(visit: Visit, site: Site) -> None:
    """In rooms, from now on and until they are heard again."""
    room, dave = fresh("noise"), visit()
    with site.peer() as loud, site.peer() as quiet:
        dave.enter(fresh("dave"), room)
        loud.join(room)
        quiet.join(room)
        dave.type(f"/ignore {loud.name}")
        dave.is_told(f"You ignore {loud.name}.")
        loud.say("unheard", room, ref="1")
        loud.until("ACK")
        quiet.say("heard", room)
        dave.sees("heard")
        dave.type(f"/unignore {loud.name}")
        dave.is_told("You ignore nobody.")
        loud.say("heard again", room)
        dave.sees("heard", "heard again")
