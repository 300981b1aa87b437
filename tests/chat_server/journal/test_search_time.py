"""The time of a search."""

import pytest

from chat_protocol.errors import UnavailableError
from chat_server.journal import search_time
from chat_server.journal.search_time import SearchTime


def test_it_gives_way_and_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others get their time_left each millisecond, and whoever searched is told when it takes too long."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    time_left = SearchTime()
    waits: list[float] = []
    monkeypatch.setattr(time_left._never, "wait", waits.append)  # noqa: SLF001  # nothing else shows it
    for _ in range(10):
        time_left.go_on()
        now[0] += search_time.SLICE_SECONDS * 0.6
    assert len(waits) in (4, 5)
    over = [time_left.is_over]
    now[0] += search_time.SEARCH_SECONDS
    over.append(time_left.is_over)
    assert over == [False, True]
    with pytest.raises(UnavailableError, match="rarer words"):
        time_left.go_on()
