"""The checker finds every kind of broken promise, and nothing where none is broken."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.checker import Fault, check
from tests.chaos.model import Story, is_followed, is_of_another, next_of_room, tell
from tests.chaos.records import (
    Acknowledged,
    Closed,
    Departed,
    Entered,
    Event,
    Heard,
    History,
    Refused,
    Registered,
    Sent,
    Stored,
    Unexpected,
)

A1, A2, B1 = Stored("r", 1, "ann", "a1"), Stored("r", 2, "ann", "a2"), Stored("r", 3, "ben", "b1")
HELLO: list[Event] = [Registered("ann", "e"), Entered("r", 0, 0)]


def ann(*events: Event) -> History:
    """Ann, who says a1 and a2, is acknowledged both, and hears b1, unless events say otherwise."""
    usual = (Sent("1", "r", "a1"), Sent("2", "r", "a2"), *acks(), Heard(*B1))
    return History("ann", [*HELLO, *(events or usual)])


def ben(*events: Event) -> History:
    """Ben, who hears a1 and a2 and says b1, unless events say otherwise."""
    usual = (Heard(*A1), Heard(*A2), Sent("1", "r", "b1"), Acknowledged("1", "r", 3))
    return History("ben", [Registered("ben", "e"), Entered("r", 0, 0), *(events or usual)])


def acks() -> tuple[Event, Event]:
    """Return what ann is acknowledged."""
    return Acknowledged("1", "r", 1), Acknowledged("2", "r", 2)


def faults(
    *histories: History, stored: tuple[Stored, ...] = (A1, A2, B1), trimmed: bool = False
) -> set[Fault]:
    """Return the kinds of what is wrong."""
    return {violation.fault for violation in check(histories, stored, trimmed=trimmed)}


SENT = Sent("1", "r", "a1"), Sent("2", "r", "a2")
SAID_B1 = Sent("1", "r", "b1"), Acknowledged("1", "r", 3)


def test_a_history_without_fault_is_accepted() -> None:
    """Two members who say and hear everything once, in order."""
    assert faults(ann(), ben()) == set()


def test_coming_back_is_accepted() -> None:
    """A resume that goes on after the last id; a room left and entered again."""
    back = (Registered("ben", "e", resumed=True), Entered("r", 1, 2))
    assert faults(ann(), ben(Heard(*A1), Closed(), *back, Heard(*A2), *SAID_B1)) == set()
    again = (Departed("r"), Entered("r", 1, 2))
    assert faults(ann(), ben(Heard(*A1), *again, Heard(*A2), *SAID_B1)) == set()


def test_an_acknowledgement_ahead_of_the_replay_is_accepted() -> None:
    """The answer to what the lost connection had sent may come first; the replay then shows the message."""
    lost = (*SENT, Acknowledged("1", "r", 1), Closed(), Registered("ann", "e", resumed=True))
    late = (Entered("r", 1, 2), Acknowledged("2", "r", 2), Heard(*A2), Heard(*B1))
    assert faults(ann(*lost, *late), ben()) == set()


def test_a_gap_that_is_told_is_accepted() -> None:
    """Where retention has cut, JOINED says with which id the rest begins."""
    cut = (Closed(), Registered("ben", "e", resumed=True), Entered("r", 0, 2, first=2))
    assert faults(ann(), ben(*cut, Heard(*A2), *SAID_B1), stored=(A2, B1), trimmed=True) == set()


def test_a_join_without_a_position_may_begin_anywhere_before_its_last() -> None:
    """History comes first, as much of it as the server likes; from there on nothing is missing."""
    ben_late = History("ben", [Registered("ben", "e"), Entered("r", None, 2), Heard(*A2), *SAID_B1])
    assert faults(ann(), ben_late) == set()
    ben_late.events[1] = Entered("r", None, 0)
    assert Fault.HOLE in faults(ann(), ben_late)


def test_who_left_early_need_not_have_everything() -> None:
    """A client that was not to stay until the end is held only to what it got."""
    gone = ben(Heard(*A1))
    assert Fault.HOLE in faults(ann(), gone)
    gone.settled = False
    assert faults(ann(), gone) == {Fault.STRANGE}  # nobody said b1 then


def test_a_refused_message_may_change_places() -> None:
    """It is sent again, later than what followed it."""
    swapped = (Stored("r", 1, "ann", "a2"), Stored("r", 2, "ann", "a1"), B1)
    later = (*SENT, Refused("1"), Acknowledged("2", "r", 1), Acknowledged("1", "r", 2), Heard(*B1))
    heard = (Heard(*swapped[0]), Heard(*swapped[1]), *SAID_B1)
    assert faults(ann(*later), ben(*heard), stored=swapped) == set()


@pytest.mark.parametrize(
    ("fault", "histories", "stored"),
    [
        (Fault.NOT_STORED, (ann(),), (A1, A2._replace(text="other"), B1)),
        (Fault.NOT_STORED, (ann(),), (A1,)),
        (Fault.NOT_STORED, (ann(),), ()),
        (Fault.HOLE, (ann(), ben(Heard(*A2), *SAID_B1)), (A1, A2, B1)),
        (Fault.HOLE, (ann(), ben(Heard(*A1), *SAID_B1)), (A1, A2, B1)),
        (Fault.HOLE, (ann(*SENT, *acks()), ben()), (A1, A2, B1)),
        (
            Fault.HOLE,
            (ann(), ben(Closed(), Registered("ben", "e", resumed=True), Entered("r", 1, 2), Heard(*A2))),
            (A1, A2, B1),
        ),
        (Fault.UNANSWERED, (ann(*SENT, acks()[0], Heard(*A2), Heard(*B1)), ben()), (A1, A2, B1)),
        (Fault.JOURNAL_HOLE, (ann(), ben()), (A1, A2, B1._replace(id=4))),
        (Fault.JOURNAL_HOLE, (ann(), ben()), (A2, B1)),
        (Fault.STORED_TWICE, (ann(), ben()), (A1, A2, B1, A2._replace(id=4))),
        (Fault.HEARD_TWICE, (ann(), ben(Heard(*A1), Heard(*A1), Heard(*A2), *SAID_B1)), (A1, A2, B1)),
        (
            Fault.HEARD_TWICE,
            (
                ann(),
                ben(
                    *(Heard(*A1), Heard(*A2), *SAID_B1, Closed(), Registered("ben", "e", resumed=True)),
                    *(Entered("r", 2, 3), Heard(*B1)),
                    Closed(),
                    *(Registered("ben", "e", resumed=True), Entered("r", 3, 3), Heard(*B1)),
                ),
            ),
            (A1, A2, B1),
        ),
        (
            Fault.HEARD_TWICE,
            (ann(*SENT, *acks(), Closed(), Entered("r", 2, 3), Heard(*A2), Heard(*B1)), ben()),
            (A1, A2, B1),
        ),
        (Fault.ACKNOWLEDGED_TWICE, (ann(*SENT, *acks(), Acknowledged("1", "r", 2)), ben()), (A1, A2, B1)),
        (Fault.BACKWARDS, (ann(), ben(Heard(*A2), Heard(*A1), *SAID_B1)), (A1, A2, B1)),
        (
            Fault.DISAGREED,
            (ann(), ben(), History("eve", [Entered("r", 0, 3), Heard("r", 1, "ann", "a2")], settled=False)),
            (A1, A2, B1),
        ),
        (Fault.OWN_ORDER, (ann(SENT[1], SENT[0], *acks(), Heard(*B1)), ben()), (A1, A2, B1)),
        (
            Fault.INVENTED,
            (ann(), ben(Heard(*A1), Heard(*A2._replace(text="lies")), *SAID_B1)),
            (A1, A2, B1),
        ),
        (Fault.INVENTED, (ann(), ben(Heard(*A1), Heard(*A2._replace(sender="eve")))), (A1, A2, B1)),
        (
            Fault.INVENTED,
            (ann(), ben(), History("eve", [Entered("r", 3, 3), Heard("r", 4, "ann", "x")])),
            (A1, A2, B1),
        ),
        (Fault.STRANGE, (ann(),), (A1, A2, B1)),
        (Fault.STRANGE, (ann(), ben()), (A1, A2, B1._replace(sender="ann"))),
        (Fault.OUTSIDE, (ann(), ben(Departed("r"), Heard(*A1), Heard(*A2), *SAID_B1)), (A1, A2, B1)),
        (Fault.UNEXPECTED, (ann(*SENT, *acks(), Heard(*B1), Unexpected("ACK")), ben()), (A1, A2, B1)),
        (Fault.SESSION_LOST, (ann(), ben(Registered("ben", "e", resumed=False))), (A1, A2, B1)),
        (Fault.EPOCH, (ann(), ben(Registered("ben", "f", resumed=True))), (A1, A2, B1)),
    ],
)
def test_each_fault_is_found(
    fault: Fault, histories: tuple[History, ...], stored: tuple[Stored, ...]
) -> None:
    """One history for each rule that breaks it."""
    assert fault in faults(*histories, stored=stored)


# Whole conversations, told by a model of the server and then spoilt in one place


@given(st.integers(0, 2**32))
def test_whatever_the_model_tells_is_accepted(seed: int) -> None:
    """Clients come, go, lose their connections and come back; no promise is broken."""
    story = tell(seed)
    assert check(story.histories, story.stored) == []


def _lose_stored(story: Story, source: random.Random) -> None:
    story.stored.remove(source.choice(story.stored))


def _store_again(story: Story, source: random.Random) -> None:
    again = source.choice(story.stored)
    last = max(each.id for each in story.stored if each.room == again.room)
    story.stored.append(again._replace(id=last + 1))


def _swap_stored(story: Story, source: random.Random) -> None:
    first, second = source.sample(range(len(story.stored)), 2)
    one, other = story.stored[first], story.stored[second]
    story.stored[first] = one._replace(sender=other.sender, text=other.text)
    story.stored[second] = other._replace(sender=one.sender, text=one.text)


def _lose_heard(story: Story, source: random.Random) -> None:
    events, place = story.pick(Heard, source, is_of_another)
    del events[place]


def _repeat_heard(story: Story, source: random.Random) -> None:
    events, place = story.pick(Heard, source)
    events.insert(place, events[place])


def _change_heard(story: Story, source: random.Random) -> None:
    events, place = story.pick(Heard, source)
    heard = events[place]
    assert isinstance(heard, Heard)
    events[place] = heard._replace(text=heard.text + "?")


def _swap(kind: type[Event], story: Story, source: random.Random) -> None:
    """Swap an event with the next of its kind and room."""
    events, place = story.pick(kind, source, is_followed)
    later = next_of_room(events, place)
    assert later is not None
    events[place], events[later] = events[later], events[place]


def _swap_heard(story: Story, source: random.Random) -> None:
    _swap(Heard, story, source)


def _swap_sent(story: Story, source: random.Random) -> None:
    _swap(Sent, story, source)


def _lose_acknowledgement(story: Story, source: random.Random) -> None:
    events, place = story.pick(Acknowledged, source)
    ack = events[place]
    assert isinstance(ack, Acknowledged)
    events[:] = [each for each in events if not (isinstance(each, Acknowledged) and each.ref == ack.ref)]


def _move_acknowledgement(story: Story, source: random.Random) -> None:
    events, place = story.pick(Acknowledged, source)
    ack = events[place]
    assert isinstance(ack, Acknowledged)
    events[place] = ack._replace(id=ack.id + 1)


@pytest.mark.parametrize(
    "spoil",
    [
        *(_lose_stored, _store_again, _swap_stored),
        *(_lose_heard, _repeat_heard, _change_heard, _swap_heard),
        *(_lose_acknowledgement, _move_acknowledgement, _swap_sent),
    ],
)
@given(seed=st.integers(0, 2**32))
def test_one_spoilt_place_is_found(spoil: Callable[[Story, random.Random], None], seed: int) -> None:
    """However long the conversation, and wherever in it."""
    story = tell(seed)
    spoil(story, random.Random(seed))
    assert check(story.histories, story.stored)
