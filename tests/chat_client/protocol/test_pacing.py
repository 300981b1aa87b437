"""What is sent at which time, with the time as an argument."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_client.protocol.pacing import Pacing
from chat_protocol.messages import ClientMessage, Exit, Join, Msg, Ping, Pong, RegName, Search, Who
from chat_protocol.server_messages import Pace

PACE = Pace(10, 2.0, {"SEARCH": 4})


def texts(*numbers: int) -> list[ClientMessage]:
    """Return messages with these numbers."""
    return [Msg(text=f"{number}", room="lobby", ref=f"{number}") for number in numbers]


@pytest.fixture
def pacing() -> Pacing:
    """Return one that keeps to the pace of a server with its defaults."""
    pacing = Pacing()
    pacing.keep_to(PACE)
    return pacing


def played(pacing: Pacing, now: float) -> list[tuple[float, ClientMessage]]:
    """Let time pass from one due moment to the next; return what went when."""
    sent = [(now, each) for each in pacing.pass_on([], now)]
    while (due := pacing.due) is not None:
        now = max(now, due)
        sent += [(now, each) for each in pacing.pass_on([], now)]
    return sent


def test_without_a_pace_everything_passes_at_once() -> None:
    """A server of your own, for bots, says none."""
    pacing = Pacing()
    assert pacing.pass_on(texts(*range(1000)), 5.0) == texts(*range(1000))
    assert (pacing.held, pacing.due) == (0, None)


def test_what_is_too_much_is_held_and_goes_in_order(pacing: Pacing) -> None:
    """Ten at once, then one each half second."""
    assert pacing.pass_on(texts(*range(40)), 100.0) == texts(*range(10))
    assert pacing.held == 30
    assert pacing.due == pytest.approx(100.5)
    sent = played(pacing, 100.0)
    assert [message for _, message in sent] == texts(*range(10, 40))
    assert [when for when, _ in sent] == pytest.approx([100.5 + number / 2 for number in range(30)])


def test_nothing_overtakes_what_is_held(pacing: Pacing) -> None:
    """A room is entered before what is said in it."""
    pacing.pass_on(texts(*range(12)), 100.0)
    enter, said = Join(room="tea", ref="j"), Msg(text="hi", room="tea", ref="h")
    assert pacing.pass_on([enter, said], 100.0) == []
    assert [message for _, message in played(pacing, 100.0)] == [*texts(10, 11), enter, said]


def test_what_keeps_the_connection_alive_does_not_wait(pacing: Pacing) -> None:
    """Nor the name, nor the last word."""
    pacing.pass_on(texts(*range(12)), 100.0)
    urgent: list[ClientMessage] = [Pong(ref="p"), Ping(), RegName(name="ann"), Exit()]
    assert pacing.pass_on(urgent, 100.0) == urgent


def test_a_search_counts_as_the_server_says(pacing: Pacing) -> None:
    """Two at once, and then one each 2 s."""
    searches: list[ClientMessage] = [Search(words=f"{number}", ref=f"{number}") for number in range(4)]
    assert pacing.pass_on(searches, 100.0) == searches[:2]
    assert [when for when, _ in played(pacing, 100.0)] == pytest.approx([101.0, 103.0])


def test_what_costs_more_than_may_be_sent_at_once_goes_too() -> None:
    """It waits until all else was made up for."""
    pacing = Pacing()
    pacing.keep_to(Pace(2, 1.0, {"SEARCH": 4}))
    pacing.pass_on(texts(1), 100.0)
    assert pacing.pass_on([Search(words="x", ref="x")], 100.0) == []
    assert pacing.due == pytest.approx(101.0)
    assert [type(message) for _, message in played(pacing, 100.0)] == [Search]


def test_what_is_about_to_come_again_is_dropped(pacing: Pacing) -> None:
    """Else a server that stores nothing for a while would make it grow; what is no message stays."""
    pacing.pass_on([*texts(*range(12)), Who(ref="w")], 100.0)
    pacing.drop_said()
    assert pacing.held == 1
    assert [message for _, message in played(pacing, 100.0)] == [Who(ref="w")]


def test_another_connection_begins_where_the_last_one_stopped(pacing: Pacing) -> None:
    """The server counts for the user: a lost connection brings no second burst, and holds nothing back."""
    pacing.pass_on(texts(*range(40)), 100.0)
    pacing.clear()
    assert (pacing.held, pacing.due) == (0, None)
    assert pacing.pass_on(texts(1, 2), 100.5) == texts(1)


def test_what_is_held_goes_once_there_is_no_pace(pacing: Pacing) -> None:
    """The server was started anew, with other settings."""
    pacing.pass_on(texts(*range(12)), 100.0)
    pacing.keep_to(None)
    assert pacing.due is None
    assert pacing.pass_on([], 100.0) == texts(10, 11)


@given(
    batches=st.lists(st.tuples(st.floats(0, 8), st.integers(0, 15)), max_size=30),
)
def test_no_more_than_the_pace_is_ever_sent(batches: list[tuple[float, int]]) -> None:
    """In any stretch of time; and all of it goes, in order."""
    pacing, now, number = Pacing(), 1000.0, 0
    pacing.keep_to(PACE)
    sent: list[tuple[float, ClientMessage]] = []
    for pause, count in batches:
        now += pause
        batch = texts(*range(number, number + count))
        number += count
        sent += [(now, each) for each in pacing.pass_on(batch, now)]
    sent += played(pacing, now)
    assert [message for _, message in sent] == texts(*range(number))
    for start, (begun, _) in enumerate(sent):
        for place, (ended, _) in enumerate(sent[start:], 1):
            assert place <= PACE.at_once + (ended - begun) * PACE.per_second + 1e-3
