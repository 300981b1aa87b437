"""What the journal in memory has of its own: its bound, and its end."""

import pytest

from chat_server.journal import memory
from chat_server.journal.base import Bounds
from chat_server.journal.memory import MemoryJournal
from tests.support.world import record


@pytest.mark.parametrize(("keep", "first"), [(1, 10), (2, 9), (3, 7), (4, 7), (100, 1)])
def test_it_keeps_whole_batches(keep: int, first: int) -> None:
    """As many as the messages asked for need, and no more."""
    journal = MemoryJournal(keep)
    for start, end in ((1, 4), (5, 6), (7, 8), (9, 9), (10, 10)):
        journal.commit([record("lobby", start, end, float(start))])
    assert journal.bounds("lobby") == Bounds(first, 10, 10.0)


def test_it_may_be_asked_to_keep_none() -> None:
    """The last batch stays all the same, for its id and time; nothing fails."""
    journal = MemoryJournal(0)
    for id_ in (1, 2, 3):
        journal.commit([record("lobby", id_, id_, float(id_))])
    assert journal.bounds("lobby") == Bounds(3, 3, 3.0)


def test_rooms_are_bounded_apart() -> None:
    """A busy room takes nothing from a quiet one."""
    journal = MemoryJournal(2)
    journal.commit([record("quiet", 1, 1)])
    for id_ in range(1, 50):
        journal.commit([record("busy", id_, id_)])
    assert journal.bounds("quiet").first == 1
    assert journal.bounds("busy").first == 48


def test_nothing_follows_behind() -> None:
    """There is nothing to do beside the commits."""
    journal = MemoryJournal()
    journal.commit([record("lobby", 1, 1)])
    journal.trim()
    journal.upkeep()
    assert not journal.behind
    assert journal.bounds("lobby").last == 1
    journal.close()


def test_what_is_known_of_forgotten_rooms_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the latest ones the last id; any other room begins above whatever it may have had."""
    monkeypatch.setattr(memory, "FLOORS_REMEMBERED", 2)
    journal = MemoryJournal()
    for room, last in (("a", 9), ("b", 3), ("c", 5), ("@inbox", 50)):
        journal.commit([record(room, 1, last)])
        journal.forget(room)
    assert [journal.bounds(room).last for room in ("a", "b", "c", "new", "@inbox")] == [9, 3, 5, 9, 0]
    journal.commit([record("b", 4, 4)])
    journal.forget("b")
    journal.forget("b")
    assert [journal.bounds(room).last for room in ("a", "b", "c", "new")] == [9, 4, 5, 9]


def test_a_record_that_is_stored_already_is_not_stored_again() -> None:
    """The same call may be made again, whatever it did the first time."""
    journal = MemoryJournal()
    both = [record("lobby", 1, 2), record("den", 1, 1)]
    journal.commit(both[:1])
    journal.commit(both)
    assert journal.read("lobby", 0, 9, 9).last == 2
    assert journal.read("lobby", 0, 9, 9).frames.count(b"\n") == 2
