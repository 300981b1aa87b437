"""The order of a room: whatever comes, in whatever order, goes on by its ids."""

from hypothesis import given
from hypothesis import strategies as st

from chat_server.journal.base import Placement
from chat_server.stream.order import Order
from chat_server.stream.publication import Publication
from tests.support.world import World, event, frames

DEN = World().room("den")
ANN = World().client("ann").session


def said(first: int, last: int, *, here: bool = True) -> Publication:
    """Return a publication that is stored, of somebody here or elsewhere."""
    placement = Placement(first, last, 1.0, frames("den", first, last))
    made = Publication("den", last - first + 1, 1.0, delivery=DEN.delivery, placement=placement)
    if here:
        made.sender = ANN
    made.settle()
    return made


def test_what_is_next_goes_on() -> None:
    """At once, and so does an event."""
    order = Order(3)
    one, other = said(4, 5), event(DEN, b"topic")
    assert (order.take(one), order.take(other), order.last, order.hole) == ([one], [other], 5, None)


def test_what_lies_ahead_is_held() -> None:
    """Until what is missing has come; what was said elsewhere is not, since it can be read."""
    order = Order(0)
    late, later, elsewhere = said(3, 3), said(5, 6), said(9, 9, here=False)
    assert [order.take(each) for each in (later, late, elsewhere)] == [[], [], []]
    assert order.hole == (1, 2)
    first = said(1, 2)
    assert order.take(first) == [first, late]
    assert order.hole == (4, 4)
    gap = said(4, 4, here=False)
    assert order.take(gap) == [gap, later]
    assert order.last == 6
    assert order.ahead == []


def test_what_is_there_is_dropped() -> None:
    """Wholly or in part; its sender is told nevertheless."""
    order = Order(0)
    order.take(said(1, 4))
    again, partly = said(2, 3), said(3, 6)
    again.acks = b"ack"
    (repeated,), (rest,) = order.take(again), order.take(partly)
    assert (repeated.frames, repeated.acks) == (b"", b"ack")
    assert (rest.frames, rest.first, order.last) == (frames("den", 5, 6), 5, 6)


def test_an_event_stays_behind_what_it_came_after() -> None:
    """Who leaves has said what was said before that."""
    order = Order(0)
    spoken, left, more = said(2, 2), event(DEN, b"left"), said(3, 3)
    assert [order.take(each) for each in (spoken, left, more)] == [[], [], []]
    assert order.skip(1) == [spoken, left, more]


@given(st.lists(st.integers(1, 3), min_size=1, max_size=8), st.data())
def test_any_order_comes_out_in_order(sizes: list[int], data: st.DataObject) -> None:
    """Also if some of it comes twice: each id once, without a hole."""
    parts, first = [], 1
    for size in sizes:
        parts.append((first, first + size - 1))
        first += size
    twice = data.draw(st.lists(st.sampled_from(parts), max_size=4))
    order = Order(0)
    out = b"".join(
        each.frames for part in data.draw(st.permutations(parts + twice)) for each in order.take(said(*part))
    )
    assert out == frames("den", 1, first - 1)
    assert (order.last, order.hole) == (first - 1, None)
