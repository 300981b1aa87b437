"""When to try again."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_client.protocol.backoff import FIRST_SECONDS, HINT_SECONDS, LONGEST_SECONDS, STABLE_SECONDS, Backoff


def backoff(at_start: float = 0.0, afterwards: float = 600.0, chance: float = 1.0) -> Backoff:
    """Return one whose chance is always the same."""
    return Backoff(at_start, afterwards, chance=lambda: chance)


def test_the_bound_doubles_up_to_the_longest() -> None:
    """Each failure doubles what the wait may be, up to a limit."""
    policy = backoff(at_start=1e9)
    waits = [policy.lost(0.0) for _ in range(9)]
    assert waits == [
        FIRST_SECONDS,
        1.0,
        2.0,
        4.0,
        8.0,
        16.0,
        LONGEST_SECONDS,
        LONGEST_SECONDS,
        LONGEST_SECONDS,
    ]


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 40))
def test_the_wait_is_anything_up_to_the_bound(chance: float, failures: int) -> None:
    """Full jitter: the wait is a share of the bound, as small as nothing."""
    policy = backoff(at_start=1e9, chance=chance)
    waits = [policy.lost(0.0) for _ in range(failures)]
    assert waits[-1] == chance * min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** (failures - 1))


def test_at_the_start_it_gives_up_at_once() -> None:
    """Where the user asked for no patience, the first failure is the last."""
    assert backoff().lost(5.0) is None


def test_patience_is_counted_from_the_first_failure() -> None:
    """Tries go on until the time is up, and `afterwards` holds once the name was registered."""
    policy = backoff(afterwards=600.0)
    policy.registered(0.0)
    assert policy.lost(100.0) is not None
    assert policy.lost(699.0) is not None
    assert policy.lost(700.0) is None


def test_a_stable_connection_starts_the_waits_anew() -> None:
    """One that stood long enough is forgiven; one that broke at once is not."""
    policy = backoff()
    policy.registered(0.0)
    assert [policy.lost(STABLE_SECONDS), policy.lost(STABLE_SECONDS)] == [FIRST_SECONDS, 2 * FIRST_SECONDS]
    policy.registered(20.0)
    assert policy.lost(20.1) == 4 * FIRST_SECONDS
    policy.registered(30.0)
    assert policy.lost(30.0 + STABLE_SECONDS) == FIRST_SECONDS


def test_failures_are_counted_since_the_last_registration() -> None:
    """What the user is told counts from when the connection last stood."""
    policy = backoff()
    policy.registered(0.0)
    policy.lost(1.0)
    policy.lost(1.0)
    assert policy.failures == 2
    policy.registered(2.0)
    policy.lost(3.0)
    assert policy.failures == 1


def test_the_server_may_say_how_long() -> None:
    """A restarting server's wish comes first, with a little chance on top, whatever went before."""
    policy = backoff(chance=0.5)
    policy.registered(0.0)
    waits = [policy.lost(1.0), policy.lost(1.0), policy.lost(1.0, hint=3.0), policy.lost(1.0)]
    assert waits == [0.5 * FIRST_SECONDS, FIRST_SECONDS, 3.0 + 0.5 * FIRST_SECONDS, FIRST_SECONDS]


@pytest.mark.parametrize(
    ("hint", "delay"), [(-5.0, 0.0), (0.0, 0.0), (7.0, 7.0), (1e300, HINT_SECONDS), (math.nan, 0.0)]
)
def test_what_a_server_asks_for_is_bounded(hint: float, delay: float) -> None:
    """No number of a server's makes the client wait for years, or a clock fail."""
    assert backoff(10.0, chance=0.0).lost(1.0, hint) == delay
