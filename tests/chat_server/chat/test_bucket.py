"""The token bucket, with time as an argument."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.chat.bucket import GRAIN, Bucket, Rate

RATE = Rate(10, 2.0)
#: Seconds until the next try, and what it costs.
TRIES = st.lists(st.tuples(st.floats(0, 20), st.sampled_from((1 / 64, 1, 1, 1, 3, 4))), max_size=60)


def test_a_full_bucket_lets_its_burst_pass_and_then_the_rate() -> None:
    """Ten at once; the eleventh waits for half a second, and then passes."""
    bucket = Bucket()
    assert [bucket.take(1, RATE, 100.0) for _ in range(11)] == [*[0.0] * 10, 0.5]
    assert bucket.take(1, RATE, 100.25) == 0.25
    assert bucket.take(1, RATE, 100.5) == 0.0


def test_what_is_not_taken_costs_nothing() -> None:
    """Asking again and again makes nobody wait for longer."""
    bucket = Bucket()
    bucket.take(10, RATE, 100.0)
    assert {bucket.take(1, RATE, 100.0) for _ in range(5)} == {0.5}


def test_it_fills_up_to_its_burst_and_no_further() -> None:
    """A long silence saves nothing up."""
    bucket = Bucket()
    bucket.take(10, RATE, 100.0)
    assert [bucket.level(RATE, now) for now in (100.0, 101.0, 105.0, 1e6)] == [0.0, 2.0, 10.0, 10.0]


def test_what_costs_more_than_the_burst_needs_a_full_bucket_and_is_owed() -> None:
    """Else it would never pass."""
    bucket, rate = Bucket(), Rate(2, 1.0)
    assert bucket.take(4, rate, 100.0) == 0.0
    assert bucket.level(rate, 100.0) == -2.0
    assert bucket.take(4, rate, 100.0) == 4.0


def test_what_was_spent_already_is_owed() -> None:
    """Bytes that were read cannot be given back: the next read waits."""
    bucket, rate = Bucket(), Rate(100, 50.0)
    assert bucket.spend(100, rate, 7.0) == 0.0
    assert bucket.spend(75, rate, 7.0) == 1.5
    assert bucket.spend(0, rate, 8.0) == 0.5


@given(tries=TRIES)
def test_no_more_than_the_burst_and_the_rate_ever_pass(tries: list[tuple[float, float]]) -> None:
    """In any stretch of time, whatever was tried and however often."""
    bucket, now = Bucket(), 1000.0
    passed: list[tuple[float, float]] = []
    for pause, cost in tries:
        now += pause
        if not bucket.take(cost, RATE, now):
            passed.append((now, cost))
    for start, (begun, _) in enumerate(passed):
        total = 0.0
        for ended, cost in passed[start:]:
            total += cost
            assert total <= RATE.burst + (ended - begun) * RATE.per_second + GRAIN * 2


@given(tries=TRIES)
def test_the_wait_it_asks_for_is_enough(tries: list[tuple[float, float]]) -> None:
    """Whoever waits for so long, and shares the bucket with nobody, passes at the next try."""
    bucket, now = Bucket(), 1000.0
    for pause, cost in tries:
        now += pause
        seconds = bucket.take(cost, RATE, now)
        now += seconds
        assert not seconds or not bucket.take(cost, RATE, now)


@pytest.mark.parametrize("shares", [1, 3])
def test_those_who_share_one_pass_together_what_one_would(shares: int) -> None:
    """A second connection of somebody brings no second burst."""
    bucket = Bucket()
    assert sum(bucket.take(1, RATE, 5.0) == 0 for _ in range(20) for _ in range(shares)) == 10
