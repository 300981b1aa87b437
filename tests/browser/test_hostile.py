"""Texts, names, topics and rooms of others are shown as they are; none of them does anything."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.browser.visitor import Visitor
from tests.support.peer import fresh

pytestmark = pytest.mark.browser

#: What would run, load or lead somewhere if it were taken for markup or for an address.
HOSTILE = (
    "<script>document.title = 'taken'</script>",
    "<img src=x onerror=\"document.title = 'taken'\">",
    "<svg/onload=document.title='taken'>",
    "<a href=\"javascript:document.title='taken'\">look</a>",
    "javascript:document.title='taken'",
    "https://example.org/\"onmouseover=\"document.title='taken'",
    "https://example.org/<script>document.title='taken'</script>",
    "data:text/html,<script>document.title='taken'</script>",
    "'; document.title = 'taken'; //",
    "{{constructor.constructor('document.title=1')()}} ${document.title='taken'}",
    "<style>*{display:none}</style><base href=//example.org><meta http-equiv=refresh content=0>",
    "<form action=//example.org><input id=text name=attributes><iframe srcdoc=x></form>",
    "\u202egnp.exe \u2066 \u2069 \u200b \ufeff \u0000 \u001b[31m",
    "__proto__ constructor toString",
)


def untouched(visitor: Visitor) -> None:
    """Nothing of it became an element, ran, loaded or was kept from doing so by the policy alone."""
    made = "#log :is(script, img, svg, style, form, input, iframe, base, meta, object, embed)"
    expect(visitor.page.locator(made)).to_have_count(0)
    assert "taken" not in visitor.page.title()
    addresses = visitor.page.locator("#chat a:not(#skip)").evaluate_all(
        "all => all.map(each => each.protocol)"
    )
    assert set(addresses) <= {"https:", "http:"}
    visitor.check()


def test_hostile_texts_are_shown_as_they_are(visit: Visit, site: Site) -> None:
    """In a room, live and from the history, as direct messages, and in what a search finds."""
    room, name, early, late = fresh("hostile"), fresh("dave"), visit(), visit()
    early.enter(name, room)
    with site.peer() as peer:
        peer.join(room)
        for number, text in enumerate(HOSTILE):
            peer.say(text, room, ref=f"{number}", action=number % 2 == 1)
            peer.send("DM", to=name, text=text)
            peer.until("ACK", ref=f"{number}")
        late.enter(fresh("late"), room)
        for visitor in (early, late):
            expect(visitor.texts).to_have_count(len(HOSTILE))
            for shown, text in zip(visitor.texts.all_text_contents(), HOSTILE, strict=True):
                assert shown.endswith(text)
            untouched(visitor)
        early.turn_to(peer.name)
        expect(early.texts).to_have_count(len(HOSTILE))
        untouched(early)
        early.type("/search taken")
        expect(early.page.locator("#found .link").first).to_be_visible()
        untouched(early)


@pytest.mark.parametrize("name", ["constructor", "__proto__", "toString", "o'b+x.-_", "ملك", "👩‍💻"])
def test_strange_names_are_only_names(visit: Visit, site: Site, name: str) -> None:
    """Of rooms and of people, also those that mean something to JavaScript."""
    dave = visit()
    with site.peer() as peer:
        peer.send("NAME", name=name)
        peer.name = peer.until("NAME")["name"]
        peer.send("JOIN", room=name, ref="join")
        room = peer.until("JOINED", ref="join")["room"]  # as it is spelt
        dave.enter(fresh("dave"), room)
        peer.say("hello", room)
        dave.sees("hello")
        expect(dave.page.locator("#people-list .link", has_text=name)).to_have_count(1)
        dave.turn_to("lobby")
        peer.say("again", room)
        expect(dave.page.locator("#rooms .link.unread", has_text=room)).to_have_count(1)
        dave.turn_to(room)
        dave.type(f"/msg {name} hi")
        assert peer.until("DM")["text"] == "hi"
        dave.sees("hi")
        untouched(dave)


def test_hostile_topics_and_notices(visit: Visit, site: Site) -> None:
    """Whatever else others can put before somebody."""
    room, dave = fresh("topics"), visit()
    dave.enter(fresh("dave"), room)
    with site.peer() as peer:
        peer.join(room)
        for text in HOSTILE[:6]:
            peer.send("TOPIC", room=room, topic=text)
            expect(dave.page.locator("#topic")).to_have_text(text)
            dave.is_told(text)
        dave.page.get_by_role("button", name="Join or make a room").click()
        expect(dave.page.locator("#all-rooms .link", has_text=room)).to_be_visible()
        untouched(dave)


def test_a_huge_text_scrolls_in_its_place(visit: Visit, site: Site) -> None:
    """One message does not push away all the others, and its reader can still have all of it."""
    room, dave = fresh("huge"), visit()
    dave.enter(fresh("dave"), room)
    with site.peer() as peer:
        peer.join(room)
        for text in ("\n" * 5000 + "end", "x" * 16_000, "a\u0301" * 2000):
            peer.say(text, room)
        expect(dave.texts).to_have_count(3)
        boxes = [each.bounding_box() for each in dave.texts.all()]
        assert all(box is not None and box["height"] < 300 and box["width"] < 900 for box in boxes)
        assert dave.texts.first.evaluate("text => text.scrollHeight") > 5000
        dave.texts.first.evaluate("text => text.scrollTo(0, text.scrollHeight)")
        assert dave.texts.first.evaluate("text => text.scrollTop") > 5000
        untouched(dave)


def test_the_policy_is_in_force(visit: Visit) -> None:
    """If something got through all of it, the browser would still not run it."""
    dave = visit()
    dave.open()
    refused = dave.page.evaluate(
        """() => {
          try { document.body.innerHTML = "<b>x</b>"; return "taken"; } catch (error) { return error.name; }
        }"""
    )
    assert refused == "TypeError"
    assert dave.page.evaluate("violations.splice(0)") != []
    dave.faults.clear()
