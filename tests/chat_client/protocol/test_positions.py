"""Which ids were seen: repeats and gaps."""

from hypothesis import given
from hypothesis import strategies as st

from chat_client.protocol.events import Gap
from chat_client.protocol.positions import BEYOND_IDS, Positions


def take_all(positions: Positions, numbers: list[int], *, sure: bool = True) -> list[bool]:
    """Take ids; return which of them were new."""
    return [positions.take("lobby", number, sure=sure)[0] for number in numbers]


def test_the_first_id_begins_the_record() -> None:
    """History from before one came is not missed."""
    positions = Positions()
    assert positions.enter("lobby", 50, None) == []
    assert positions.take("lobby", 31, sure=True) == (True, [])
    assert positions.after() == {"lobby": 31}


def test_a_repeat_is_not_new() -> None:
    """An id is new once, whether all before it were seen or not."""
    positions = Positions()
    assert take_all(positions, [1, 2, 2, 1]) == [True, True, False, False]
    assert take_all(positions, [4, 4], sure=False) == [True, False]


def test_a_hole_is_a_gap_when_it_is_sure() -> None:
    """A message that leaves ids out tells which are missing."""
    positions = Positions()
    take_all(positions, [1])
    assert positions.take("lobby", 5, sure=True) == (True, [Gap("lobby", 2, 4)])
    assert positions.after() == {"lobby": 5}


def test_a_hole_may_still_be_filled() -> None:
    """While an acknowledgement may be under way a hole is none, and a resume asks for what is before it."""
    positions = Positions()
    take_all(positions, [1])
    assert positions.take("lobby", 3, sure=False) == (True, [])
    assert positions.after() == {"lobby": 1}
    assert positions.take("lobby", 2, sure=False) == (True, [])
    assert positions.after() == {"lobby": 3}


def test_only_what_is_missing_is_told() -> None:
    """Ids that came out of order are not part of the gaps around them."""
    positions = Positions()
    take_all(positions, [1, 4], sure=False)
    assert positions.take("lobby", 7, sure=True) == (True, [Gap("lobby", 2, 3), Gap("lobby", 5, 6)])


def test_what_retention_cut_is_told() -> None:
    """Where the record now begins after what one had, the ids between are missing."""
    positions = Positions()
    take_all(positions, [1, 2])
    assert positions.enter("lobby", 90, 40) == [Gap("lobby", 3, 39)]
    assert positions.take("lobby", 40, sure=True) == (True, [])


def test_a_quiet_room_is_resumed_where_it_was_entered() -> None:
    """Where nothing was said since one entered, what was said while one was away still counts as missed."""
    positions = Positions()
    positions.enter("lobby", 50, None)
    assert positions.after() == {"lobby": 50}
    assert positions.enter("lobby", 60, 53) == [Gap("lobby", 51, 52)]
    assert positions.take("lobby", 53, sure=True) == (True, [])


def test_the_first_live_message_may_show_a_gap() -> None:
    """What should have followed the entering, and did not come, is missing."""
    positions = Positions()
    positions.enter("lobby", 50, None)
    assert positions.take("lobby", 53, sure=True) == (True, [Gap("lobby", 51, 52)])


def test_rooms_are_apart() -> None:
    """An id of one room says nothing of another's, and a room that is left is forgotten."""
    positions = Positions()
    positions.take("lobby", 5, sure=True)
    assert positions.take("tea", 5, sure=True) == (True, [])
    positions.forget("tea")
    assert positions.after() == {"lobby": 5}
    positions.begin(new_record=True, direct_anew=False)
    assert positions.after() == {}


def test_what_is_remembered_is_bounded() -> None:
    """A hole that is never filled is called a gap at last, so memory does not grow."""
    positions = Positions()
    take_all(positions, [1])
    gaps = [positions.take("lobby", number, sure=False)[1] for number in range(3, BEYOND_IDS + 4)]
    assert [gap for gap in gaps if gap] == [[Gap("lobby", 2, 2)]]


@given(st.permutations(range(1, 30)), st.lists(st.booleans(), min_size=29, max_size=29))
def test_each_id_is_seen_or_told_as_missing(order: list[int], sure: list[bool]) -> None:
    """Whatever the order, an id is new exactly once, and never both seen and, at that time, missing."""
    positions = Positions()
    positions.enter("lobby", 0, None)
    seen: set[int] = set()
    missing: set[int] = set()
    for number, certain in zip(order, sure, strict=True):
        new, gaps = positions.take("lobby", number, sure=certain)
        told = {each for gap in gaps for each in range(gap.first, gap.last + 1)}
        assert not told & seen
        assert not told & missing
        assert new == (number not in missing)
        seen.add(number)
        missing |= told
        assert not positions.take("lobby", number, sure=certain)[0]
