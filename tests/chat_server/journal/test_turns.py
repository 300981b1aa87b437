"""The time of a search."""

import pytest

from chat_protocol.errors import UnavailableError
from chat_server.journal import turns
from chat_server.journal.turns import Turn


def test_it_gives_way_and_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others get their turn each millisecond, and whoever searched is told when it takes too long."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    turn = Turn()
    waits: list[float] = []
    monkeypatch.setattr(turn._never, "wait", waits.append)  # noqa: SLF001  # nothing else shows it
    for _ in range(10):
        turn.go_on()
        now[0] += turns.TURN_SECONDS * 0.6
    assert len(waits) in (4, 5)
    over = [turn.is_over]
    now[0] += turns.SEARCH_SECONDS
    over.append(turn.is_over)
    assert over == [False, True]
    with pytest.raises(UnavailableError, match="rarer words"):
        turn.go_on()
