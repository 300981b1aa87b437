"""Pages of a room's messages: both directions, by id and by time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.errors import BadFieldError
from chat_protocol.messages import PAGE_MESSAGES, History
from chat_protocol.server_messages import HistoryFrame
from chat_server.chat import history
from chat_server.journal.base import PAGE_BYTES
from chat_server.journal.memory import MemoryJournal
from tests.support.world import Client, World, record

START = 1_790_000_000.0


def talk(messages: int, keep: int = 100_000, size: int = 1) -> tuple[World, Client]:
    """Return a world where so many messages were said, one a second."""
    world = World(MemoryJournal(keep))
    ann, reader = world.clients("ann", "reader")
    for number in range(1, messages + 1):
        world.time.now = START + number
        ann.say(f"{number} ".ljust(size, "x"))
    return world, reader


def asked(world: World, reader: Client, question: History) -> HistoryFrame:
    """Return the page for a question."""
    return history.answer(world.journal, reader.conversation.room("lobby"), question)


def ids(page: HistoryFrame) -> list[int]:
    """Return the ids of a page."""
    return [each.id for each in page.messages]


def test_nothing_was_said() -> None:
    """A page may be empty, whatever was asked."""
    world, reader = talk(0)
    for question in (History(), History(after=0), History(before=9), History(since=0.0), History(until=9e9)):
        page = asked(world, reader, question)
        assert (ids(page), page.more) == ([], False)


@pytest.mark.parametrize(
    ("question", "expected", "more"),
    [
        (History(), range(1, 11), False),
        (History(limit=3), range(8, 11), True),
        (History(limit=10), range(1, 11), False),
        (History(before=4), range(1, 4), False),
        (History(before=4, limit=2), range(2, 4), True),
        (History(before=1), (), False),
        (History(before=0), (), False),
        (History(before=99, limit=1), (10,), True),
        (History(after=7), range(8, 11), False),
        (History(after=0, limit=4), range(1, 5), True),
        (History(after=6, limit=4), range(7, 11), False),
        (History(after=10), (), False),
        (History(after=99), (), False),
        (History(since=START + 8), range(8, 11), False),
        (History(since=START + 7.5), range(8, 11), False),
        (History(since=0.0, limit=2), (1, 2), True),
        (History(since=START + 11), (), False),
        (History(until=START + 3), (1, 2), False),
        (History(until=START + 3.5, limit=2), (2, 3), True),
        (History(until=0.0), (), False),
        (History(until=9e9, limit=1), (10,), True),
    ],
    ids=repr,
)
def test_a_page(question: History, expected: range, *, more: bool) -> None:
    """Ten messages: what comes, in their order, and whether there is more beyond it."""
    world, reader = talk(10)
    page = asked(world, reader, question)
    assert (ids(page), page.more) == (list(expected), more)


@pytest.mark.parametrize(
    "question", [History(before=1, after=1), History(since=1.0, until=2.0), History(after=0, since=0.0)]
)
def test_one_place_at_a_time(question: History) -> None:
    """Two places are a mistake."""
    world, reader = talk(1)
    with pytest.raises(BadFieldError, match="one of"):
        asked(world, reader, question)


def test_retention_bounds_a_page() -> None:
    """What was cut is not there, and is not said to be."""
    world, reader = talk(10, keep=4)
    assert ids(asked(world, reader, History())) == [7, 8, 9, 10]
    assert not asked(world, reader, History()).more
    assert ids(asked(world, reader, History(after=2, limit=2))) == [7, 8]
    assert ids(asked(world, reader, History(before=5))) == []
    assert ids(asked(world, reader, History(since=START))) == [7, 8, 9, 10]


def test_a_page_shows_only_what_was_shown() -> None:
    """What is stored and in no delivery yet comes live, not by a page."""
    world, reader = talk(2)
    world.journal.commit([record("lobby", 3, 3, START + 3)])
    for question in (History(), History(after=0), History(before=9), History(since=0.0), History(until=9e9)):
        assert ids(asked(world, reader, question)) == [1, 2]


def walk(world: World, reader: Client, limit: int, *, forward: bool) -> list[int]:
    """Return the ids of all pages, read one after another."""
    seen: list[int] = []
    place = 0 if forward else 2**53 - 1
    for _ in range(10_000):
        question = History(after=place, limit=limit) if forward else History(before=place, limit=limit)
        page = asked(world, reader, question)
        seen = [*seen, *ids(page)] if forward else [*ids(page), *seen]
        if not page.more:
            return seen
        place = ids(page)[-1 if forward else 0]
    raise AssertionError("the pages do not end")


@given(st.integers(0, 40), st.integers(1, PAGE_MESSAGES), st.booleans(), st.integers(1, 50))
def test_pages_join(messages: int, limit: int, forward: bool, keep: int) -> None:  # noqa: FBT001  # drawn
    """Read one after another they are the whole history, with no gap and no repeat."""
    world, reader = talk(messages, keep)
    first = world.journal.bounds("lobby").first
    assert walk(world, reader, limit, forward=forward) == list(range(first, messages + 1))


@pytest.mark.parametrize("forward", [True, False])
def test_large_messages_make_short_pages(*, forward: bool) -> None:
    """A page ends before it is too large for a line, and no message is lost by that."""
    size = PAGE_BYTES // 3
    world, reader = talk(8, size=size)
    page = asked(world, reader, History(after=0) if forward else History())
    assert 0 < len(page.messages) < 4
    assert page.more
    assert walk(world, reader, PAGE_MESSAGES, forward=forward) == list(range(1, 9))
