"""Everybody can use the page: by keyboard, with a screen reader, on a phone, in either light."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.support.peer import fresh

pytestmark = pytest.mark.browser

#: What the page is asked: each function lists what is wrong.
CHECKS = Path(__file__).with_name("checks.js")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1400])
def test_everything_has_a_name_a_contrast_and_a_size(
    visit: Visit, site: Site, width: int, scheme: str
) -> None:
    """On the way in, in a room with all kinds of messages, in each dialog; the screen is wide enough."""
    room, name = fresh("reach"), fresh("dave")
    screen = {"width": width, "height": 740}
    dave = visit(viewport=screen, color_scheme=scheme, reduced_motion="reduce")
    dave.page.add_init_script(path=CHECKS)

    def check() -> None:
        for wrong in ("nameless()", "faint()", "small()"):
            assert dave.page.evaluate(wrong) == []
        assert dave.page.evaluate("document.documentElement.scrollWidth") <= width

    dave.open(room)
    check()
    dave.enter(name, room)
    with site.peer() as peer, site.peer() as other:
        for each in (peer, other):
            each.join(room)
            each.say("see https://example.org/" + "long/" * 40, room)
            each.say(f"for {name}", room)
            each.say("waves", room, action=True)
        peer.send("DM", to=name, text="psst")
        dave.say("mine", "yours")
        dave.type("/edit ours")
        dave.type("/nonsense")
        dave.is_told("There is no command")
        expect(dave.page.locator("#direct-list .link.calls")).to_have_count(1)
        check()
        dave.text("ours").hover()
        check()
        dave.page.locator("#text").fill("/")
        check()
        dave.page.locator("#text").fill("")
        dave.type("/search waves")
        expect(dave.page.locator("#found .link")).to_have_count(2)
        check()
        dave.page.keyboard.press("Escape")
        for button in ("#rooms-button", "#people-button"):
            if dave.page.locator(button).is_visible():
                dave.page.locator(button).click()
                check()
                dave.page.keyboard.press("Escape")
        dave.type("/help")
        check()


def test_every_colour_of_a_name_can_be_read(visit: Visit) -> None:
    """In light and dark: names and their initials."""
    dave = visit(reduced_motion="reduce")
    dave.page.add_init_script(path=CHECKS)
    dave.enter(fresh("dave"), fresh("hues"))
    dave.say("hello")
    for scheme in ("light", "dark"):
        dave.page.emulate_media(color_scheme=scheme)
        for hue in range(0, 360, 15):
            dave.page.locator(".row").evaluate("(row, hue) => row.style.setProperty('--hue', hue)", hue)
            assert dave.page.evaluate("faint()") == []


def test_the_page_is_used_by_keyboard_alone(visit: Visit) -> None:
    """From the name to a message that is changed; where the focus is can always be seen."""
    room, name, dave = fresh("keys"), fresh("dave"), visit()
    keyboard = dave.page.keyboard
    dave.open(room)
    expect(dave.page.locator("#name")).to_be_focused()
    keyboard.type(name)
    keyboard.press("Enter")
    expect(dave.page.locator("#text")).to_be_focused()
    expect(dave.page.locator("#title")).to_have_text(f"#{room}")
    keyboard.type("first")
    keyboard.press("Shift+Enter")
    keyboard.type("second")
    keyboard.press("Enter")
    dave.sees("first\nsecond")
    expect(dave.page.locator(".row.waits")).to_have_count(0)  # what is stored has another row
    keyboard.press("Shift+Tab")
    expect(dave.page.locator("#log")).to_be_focused()
    keyboard.press("ArrowUp")
    expect(dave.text("first")).to_be_focused()
    assert dave.text("first").evaluate("row => getComputedStyle(row).outlineStyle") == "solid"
    keyboard.press("Tab")
    expect(dave.page.get_by_role("button", name="Edit")).to_be_focused()
    keyboard.press("Enter")
    expect(dave.page.locator("#text")).to_be_focused()
    keyboard.press("Control+A")
    keyboard.type("third")
    keyboard.press("Enter")
    dave.sees("third")
    keyboard.type("/search third")
    keyboard.press("Enter")
    expect(dave.page.locator("#words-field")).to_be_focused()
    keyboard.press("Escape")
    expect(dave.page.locator("#text")).to_be_focused()


def test_the_first_tab_stop_skips_to_the_message_field(visit: Visit) -> None:
    """Past the rooms, of which there may be many."""
    dave = visit()
    dave.enter(fresh("dave"))
    dave.page.locator("#skip").focus()
    expect(dave.page.locator("#skip")).to_be_in_viewport()
    dave.page.keyboard.press("Enter")
    expect(dave.page.locator("#text")).to_be_focused()


def test_a_screen_reader_is_told_of_what_comes(visit: Visit, site: Site) -> None:
    """Politely and not one by one if it is much; the parts of the page have roles and names."""
    room, name, dave = fresh("aloud"), fresh("dave"), visit()
    dave.enter(name, room)
    with site.peer() as peer:
        peer.join(room)
        peer.say("hello", room)
        announcer = dave.page.locator("#announcer")
        expect(announcer).to_have_text(f"{peer.name}: hello")
        expect(announcer).to_have_attribute("aria-live", "polite")
        for number in range(30):
            peer.say(f"{number}", room)
        expect(announcer).to_have_text(re.compile(r"^\d+ new messages$"))
    for role, label in (
        ("log", "Messages"),
        ("navigation", "Rooms and direct messages"),
        ("textbox", "Message"),
    ):
        expect(dave.page.get_by_role(role, name=label)).to_be_visible()  # type: ignore[arg-type]  # roles of ARIA
    expect(dave.page.get_by_role("main")).to_be_visible()
    expect(dave.page.get_by_role("complementary", name="Here now")).to_be_visible()
    expect(dave.page.get_by_role("heading", level=1)).to_have_text(f"#{room}")


def test_rooms_are_a_drawer_on_a_phone(visit: Visit) -> None:
    """It opens, a room is chosen, it closes; Escape closes it too."""
    room, phone = (
        fresh("pocket"),
        visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True),
    )
    phone.enter(fresh("dave"), room)
    expect(phone.page.locator("#rooms")).to_be_hidden()
    phone.page.locator("#rooms-button").tap()
    phone.page.locator("#rooms .link", has_text="lobby").tap()
    expect(phone.page.locator("#title")).to_have_text("#lobby")
    expect(phone.page.locator("#rooms")).to_be_hidden()
    phone.page.locator("#people-button").tap()
    expect(phone.page.locator("#people")).to_be_visible()
    phone.page.keyboard.press("Escape")
    expect(phone.page.locator("#people")).to_be_hidden()


def test_the_theme_is_chosen_and_kept(visit: Visit) -> None:
    """Whatever the system's is."""
    dave = visit(color_scheme="light")
    dave.enter(fresh("dave"))
    dave.page.locator("#settings-button").click()
    dave.page.locator("#theme").select_option("dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert dave.page.evaluate(ground) == "rgb(18, 18, 24)"
    dave.page.reload()
    expect(dave.page.locator("#chat")).to_be_visible()
    assert dave.page.evaluate(ground) == "rgb(18, 18, 24)"


def test_nothing_moves_for_those_who_asked_for_that(visit: Visit) -> None:
    """No animation, no transition."""
    dave = visit(reduced_motion="reduce")
    dave.enter(fresh("dave"))
    dave.type("/help")
    expect(dave.page.locator("#help")).to_be_visible()
    assert dave.page.evaluate("document.getAnimations().length") == 0


def test_it_can_be_installed(visit: Visit) -> None:
    """The browser itself finds nothing missing."""
    dave = visit()
    dave.open()
    session = dave.page.context.new_cdp_session(dave.page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["manifest"]["name"] == "Chat"
    missing = {
        each["errorId"] for each in session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    }
    assert missing <= {"in-incognito"}
