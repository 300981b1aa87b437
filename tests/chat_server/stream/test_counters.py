"""What deliveries count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.stream.counters import BUCKETS, KINDS, Counters


def test_the_bounds_rise_from_ten_microseconds_to_ten_seconds() -> None:
    """As Prometheus demands of a histogram's buckets."""
    assert list(BUCKETS) == sorted(set(BUCKETS))
    assert (BUCKETS[0], BUCKETS[-1]) == (1e-5, 10.0)


@pytest.mark.parametrize("at", range(len(BUCKETS)))
def test_a_bound_belongs_to_its_bucket(at: int) -> None:
    """`le` is less or equal."""
    counters = Counters()
    counters.observe(BUCKETS[at], 3)
    counters.observe(BUCKETS[at] * 1.01, 2)
    assert counters.buckets[at : at + 2] == [3, 2]


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 1000)), max_size=20))
def test_every_message_is_in_one_bucket(observed: list[tuple[float, int]]) -> None:
    """The buckets add up to the messages, and the seconds to theirs."""
    counters = Counters()
    for seconds, messages in observed:
        counters.observe(seconds, messages)
    assert sum(counters.buckets) == sum(messages for _, messages in observed)
    assert counters.seconds == pytest.approx(sum(seconds * messages for seconds, messages in observed))


def test_add() -> None:
    """Every number of the other is added."""
    total, other = Counters(), Counters()
    for number, kind in enumerate(KINDS, 1):
        other.delivered[kind] = number
    other.dropped, other.refused = 5, 6
    other.observe(0.5, 7)
    total.add(other)
    total.add(other)
    assert total.delivered == {kind: 2 * number for number, kind in enumerate(KINDS, 1)}
    assert (total.dropped, total.refused, total.seconds) == (10, 12, 7.0)
    assert sum(total.buckets) == 14
