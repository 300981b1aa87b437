"""What is held for a newcomer."""

import pytest

from chat_protocol.reasons import CloseReason
from chat_server.stream import arrival
from chat_server.stream.arrival import Arrival
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import CONGESTED, TAKEN
from tests.support import interleave
from tests.support.interleave import Body
from tests.support.world import RecordingOutbox


def test_it_holds_then_passes_on() -> None:
    """Contract 1: in order, joined once, and with the outbox's own answers afterwards."""
    outbox = RecordingOutbox()
    one = Arrival(outbox, 7)
    assert (one.push(Frames(b"a")), one.push(Frames(b"b"), droppable=True)) == (TAKEN, TAKEN)
    assert (outbox.pushed, one.mark) == ([], 7)
    assert one.go_live()
    outbox.state = CONGESTED
    assert one.push(Frames(b"c"), droppable=True) == CONGESTED
    assert (outbox.pushed, outbox.droppable) == ([b"ab", b"c"], [False, True])
    assert one.congested()
    assert one.wait_below(1, 0.0)
    one.end(CloseReason.EXIT)
    assert outbox.ended == ["exit"]


def test_to_go_live_with_nothing_held_pushes_nothing() -> None:
    """Where nobody spoke."""
    outbox = RecordingOutbox()
    assert Arrival(outbox, 0).go_live()
    assert outbox.pushed == []


def test_it_holds_no_more_than_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 2: then nothing is pushed, since something is missing."""
    monkeypatch.setattr(arrival, "HELD_BYTES", 3)
    outbox = RecordingOutbox()
    one = Arrival(outbox, 0)
    for frames in (b"ab", b"c", b"d", b"e"):
        one.push(Frames(frames))
    assert not one.go_live()
    assert not one.go_live()
    assert outbox.pushed == []


def test_nothing_overtakes_what_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 1: in every order of one who pushes and one who goes live."""
    interleave.patch(monkeypatch, arrival)

    def scenario() -> tuple[list[Body], Body]:
        outbox = RecordingOutbox()
        one = Arrival(outbox, 0)

        def check() -> None:
            assert b"".join(outbox.pushed) == b"ab"

        return [lambda: (one.push(Frames(b"a")), one.push(Frames(b"b"))), one.go_live], check

    assert interleave.explore(scenario) > 2
