"""How far what was told has been read."""

from hypothesis import given
from hypothesis import strategies as st

from chat_client.protocol.reading import READ_SECONDS, Reading
from chat_protocol.reading_messages import Read


def test_what_was_told_is_gathered() -> None:
    """For two seconds from the first of it; then it is sent once."""
    reading = Reading()
    reading.told({"lobby": 0}, 10.0)
    assert reading.due(99.0) == []
    reading.told({"lobby": 1}, 10.0)
    reading.told({"lobby": 2, "@": 5}, 11.0)
    assert reading.at == 10.0 + READ_SECONDS
    assert reading.due(11.9) == []
    assert reading.due(12.0) == [Read(2, "lobby"), Read(5, "@")]
    reading.told({"lobby": 2, "@": 5}, 13.0)
    assert reading.due(99.0) == []


def test_before_leaving_all_is_sent() -> None:
    """However short ago it came."""
    reading = Reading()
    reading.told({"lobby": 7}, 10.0)
    assert reading.rest() == [Read(7, "lobby")]
    assert reading.rest() == []


def test_what_may_not_have_arrived_is_sent_again() -> None:
    """After the connection was lost."""
    reading = Reading()
    reading.told({"lobby": 7}, 10.0)
    reading.rest()
    reading.disconnected()
    reading.told({"lobby": 7}, 20.0)
    assert reading.rest() == [Read(7, "lobby")]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=30))
def test_the_server_is_told_of_everything_and_nothing_goes_back(steps: list[tuple[int, int]]) -> None:
    """Whenever it comes."""
    reading, now, highest, sent = Reading(), 0.0, 0, [0]
    for id_, seconds in steps:
        now += seconds
        highest = max(highest, id_)
        reading.told({"lobby": highest}, now)
        sent += [each.id for each in reading.due(now)]
    sent += [each.id for each in reading.rest()]
    assert sent == sorted(set(sent))
    assert sent[-1] == highest
