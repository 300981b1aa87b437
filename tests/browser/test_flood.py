"""A room in which a thousand messages come in a second."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.support.peer import PATIENCE, fresh

pytestmark = pytest.mark.browser

SECONDS = 4
EACH = 1000
#: Measures in the page itself: how many rows there were, in order or not, and what held it up.
COUNT = """() => {
  globalThis.longTasks.length = 0;
  globalThis.numbers = [];
  globalThis.most = 0;
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const row of addedNodes) {
        const [, number] = /number (\\d+)$/.exec(row.textContent) ?? [];
        if (number) numbers.push(Number(number));
      }
    }
    most = Math.max(most, document.getElementById("rows").childElementCount);
  }).observe(document.getElementById("rows"), { childList: true });
}"""


def test_a_thousand_messages_a_second_arrive_in_order(visit: Visit, site: Site) -> None:
    """All of them, with a bounded number of rows; what held the page up is printed, which `-s` shows."""
    room, dave = fresh("flood"), visit()
    dave.enter(fresh("dave"), room)
    dave.page.evaluate(COUNT)
    with site.peer() as peer:
        peer.join(room)
        for second in range(SECONDS):
            numbers = range(second * EACH, (second + 1) * EACH)
            # A tenth of a second's messages at a time; the page's own clock paces them.
            for first in range(0, EACH, 100):
                peer.send_frames(
                    *(
                        {"type": "MSG", "room": room, "text": f"number {number}", "ref": str(number)}
                        for number in numbers[first : first + 100]
                    )
                )
                dave.page.evaluate("new Promise(done => setTimeout(done, 100))")
        peer.until("ACK", ref=str(SECONDS * EACH - 1), timeout=PATIENCE * 3)
        expect(dave.text(f"number {SECONDS * EACH - 1}")).to_be_in_viewport()
    drawn, most, held_up = dave.page.evaluate("[numbers, most, longTasks]")
    busy = f"long tasks: {sorted(map(round, held_up))} ms"
    print(f"\n{len(drawn)} drawn, at most {most} rows; {busy}")  # noqa: T201  # whoever measures reads it
    assert sorted(drawn) == list(range(SECONDS * EACH))
    shown = dave.texts.all_text_contents()  # at once: that somebody left takes the place of the oldest
    last = SECONDS * EACH - len(shown)
    assert len(shown) > 400
    assert shown == [f"number {number}" for number in range(last, SECONDS * EACH)]
    assert most < 600
