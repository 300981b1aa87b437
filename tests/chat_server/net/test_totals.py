"""What connections counted is added up while they count on."""

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from chat_server.net.totals import Totals


class Interrupted(Counter[str]):
    """Has somebody else do something between any two steps of an addition."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(REG_NAME=1)
        self._meanwhile = meanwhile

    def __setitem__(self, key: str, number: int) -> None:
        self._meanwhile()
        super().__setitem__(key, number)


@pytest.mark.parametrize("what", ["received", "errors"])
def test_a_scrape_adds_up_while_clients_go_on(what: str) -> None:
    """Their first message of a kind makes an entry in what is being walked; it counts at the next scrape."""
    conversation = SimpleNamespace(received={}, errors={})
    counted: dict[str, int] = getattr(conversation, what)
    counted.update(REG_NAME=1, MSG=5)
    busy = SimpleNamespace(
        conversation=conversation, bytes_received=0, outbox=SimpleNamespace(sent=0, lost=0), throttle=None
    )
    totals = Totals()
    setattr(totals, what, Interrupted(lambda: counted.update({f"kind {len(counted)}": 1})))
    totals.add(busy)  # type: ignore[arg-type]  # it has what is counted
    assert getattr(totals, what) == {"REG_NAME": 2, "MSG": 5}
    assert len(counted) > 2
