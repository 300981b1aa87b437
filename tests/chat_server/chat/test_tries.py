"""How often somebody may try."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.errors import RateLimitedError
from chat_server.chat import tries as module
from chat_server.chat.tries import TRIES_A_MINUTE, Tries
from tests.support.world import Clock


def test_five_tries_then_one_in_twelve_seconds() -> None:
    """It is said when the next may come, and that is true."""
    clock = Clock()
    tries = Tries(clock)
    for _ in range(5):
        tries.take("ann")
    with pytest.raises(RateLimitedError, match="too many tries") as refused:
        tries.take("ann")
    assert refused.value.retry_after == pytest.approx(12.0)
    clock.now += refused.value.retry_after or 0.0
    tries.take("ann")
    with pytest.raises(RateLimitedError):
        tries.take("ann")


def test_whoever_is_right_may_go_on_for_ever() -> None:
    """A try that is given back was none."""
    tries = Tries(Clock())
    for _ in range(50):
        tries.take("ann", "from 192.0.2.1")
        tries.give_back("ann", "from 192.0.2.1")


def test_each_is_counted_by_itself_and_all_or_none_is_spent() -> None:
    """A name that is attacked costs an address nothing."""
    tries = Tries(Clock())
    for _ in range(5):
        tries.take("ann")
    for _ in range(9):
        with pytest.raises(RateLimitedError):
            tries.take("here", "ann")
    for _ in range(5):
        tries.take("here", "bob")


def test_nothing_counted_is_nothing_refused() -> None:
    """An exempt address, and no name."""
    tries = Tries(Clock())
    for _ in range(50):
        tries.take()


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past it nobody new may try, until time has passed; those whose time has come are forgotten."""
    monkeypatch.setattr(module, "REMEMBERED_AT_MOST", 3)
    clock = Clock()
    tries = Tries(clock)
    for name in "abc":
        tries.take(name)
    with pytest.raises(RateLimitedError):
        tries.take("d")
    tries.sweep()
    assert len(tries) == 3
    clock.now += 12
    tries.sweep()
    assert len(tries) == 0
    tries.take("d")


@given(st.lists(st.floats(0.0, 30.0), max_size=60))
def test_never_more_than_five_and_five_a_minute(pauses: list[float]) -> None:
    """Whenever they come."""
    clock = Clock()
    tries, start, taken = Tries(clock), clock.now, 0
    for pause in pauses:
        clock.now += pause
        try:
            tries.take("ann")
        except RateLimitedError:
            continue
        taken += 1
        assert taken <= TRIES_A_MINUTE + (clock.now - start) * TRIES_A_MINUTE / 60 + 1e-6
