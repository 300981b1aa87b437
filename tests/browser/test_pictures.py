"""The page as the documents show it; `make browser ARGS=--pictures` takes the pictures anew."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.browser.visitor import Visitor
from tests.support.peer import Peer

pytestmark = pytest.mark.browser

TOPIC = "Beds, bees and the big shed · next meeting on Saturday at ten"
#: Who says what in which room; `me` is the person at the page.
CONVERSATION = (
    ("alice", "lobby", "Good morning! The new beds are ready, come and see."),
    ("alice", "garden", "Did anyone water the tomatoes yesterday?"),
    ("Björn", "garden", "I did, both rows. The new hose reaches all the way now."),
    ("Björn", "garden", "Photos: https://garden.example/beds"),
    ("carol", "garden", "Lovely. Who has the key of the shed?"),
    ("alice", "garden", "Not me. @dave, did you take it home again?"),
    (
        "me",
        "garden",
        "Guilty. I'll bring it on Saturday,\nwith the seedlings:\n  basil, chard, two sorts of beans",
    ),
    ("carol", "garden", "Then I bring coffee ☕"),
    ("Björn", "garden", "cheers"),
    ("مريم", "garden", "صباح الخير! سآتي أيضًا يوم السبت"),
    ("alice", "garden", "See you all there 🌱"),
    ("carol", "lobby", "dave: the key, please :)"),
)


def scene(visitor: Visitor, site: Site) -> list[Peer]:
    """Bring people together who talk; return those who use no page."""
    people = {name: Peer(site.running.address) for name in ("alice", "Björn", "carol", "مريم")}
    for name, peer in people.items():
        peer.register(name)
        for room in ("garden", "seeds"):
            peer.join(room)
    people["alice"].send(
        "TOPIC", room="garden", topic="Beds, bees and the big shed · next meeting on Saturday at ten"
    )
    visitor.enter("dave", "garden")
    for name, room, text in CONVERSATION:
        if name == "me":
            visitor.say(text)
            continue
        people[name].say(text, room, ref="r" + str(hash((name, text))), action=text == "cheers")
        people[name].until("ACK")
    people["Björn"].send("DM", to="dave", text="Can you also bring the ladder?")
    expect(visitor.page.locator("#direct-list .link.calls")).to_have_count(1)
    expect(visitor.text("See you all there")).to_be_in_viewport()
    return list(people.values())


def test_pictures(visit: Visit, pictures: Path) -> None:
    """On a desk, on a tablet with a search, on a phone in the dark; each shows the newest message."""
    site = Site()
    desk = visit(site, viewport={"width": 1400, "height": 860}, reduced_motion="reduce")
    people = scene(desk, site)
    desk.page.locator("#text").fill("On my way ")
    desk.page.screenshot(path=pictures / "web-desk.png")
    desk.page.locator("#text").fill("")
    desk.page.set_viewport_size({"width": 800, "height": 700})
    desk.type("/search saturday")
    expect(desk.page.locator("#found .link")).to_have_count(1)
    desk.page.screenshot(path=pictures / "web-search.png")
    desk.page.keyboard.press("Escape")
    desk.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    desk.page.set_viewport_size({"width": 360, "height": 740})
    expect(desk.text("See you all there")).to_be_in_viewport()
    desk.page.screenshot(path=pictures / "web-phone.png")
    for each in people:
        each.close()
    site.close()
