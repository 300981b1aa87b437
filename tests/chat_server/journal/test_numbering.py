"""Ids and times for a journal of one process."""

import pytest

from chat_server.journal import numbering
from chat_server.journal.base import Placement, Record
from chat_server.journal.numbering import Numbering, placements, unplaced


class Lines(Record):
    """A record whose lines say the place."""

    def lines(self, first: int, ts: float) -> bytes:
        """Return id and time."""
        return f"{first} {ts}".encode()


def at(first: int, last: int, ts: float) -> Placement:
    """Return a placement as it should be."""
    return Placement(first, last, ts, f"{first} {ts}".encode())


def test_ids_go_on_and_times_never_go_back() -> None:
    """In each room for itself, from where the record ends."""
    numbering_ = Numbering(lambda room: (7, 5.0) if room == "den" else (0, 0.0))
    records = [Lines("den", 2, 4.0), Lines("tea", 1, 1.0), Lines("den", 1, 6.0), Lines("tea", 3, 0.5)]
    assert numbering_.place(records) == [at(8, 9, 5.0), at(1, 1, 1.0), at(10, 10, 6.0), at(2, 4, 1.0)]


def test_a_commit_that_failed_is_placed_the_same_way_again() -> None:
    """Also with others behind it; only what is kept moves the end."""
    numbering_ = Numbering(lambda _: (0, 0.0))
    first, second = Lines("den", 2, 1.0), Lines("den", 1, 1.0)
    assert list(numbering_.place([first])) == [at(1, 2, 1.0)]
    placed = numbering_.place([first, second])
    assert list(placed) == [at(1, 2, 1.0), at(3, 3, 1.0)]
    numbering_.advance([first, second], placed)
    assert list(numbering_.place([Lines("den", 1, 1.0)])) == [at(4, 4, 1.0)]


def test_what_is_stored_is_not_stored_again() -> None:
    """A record that comes again after a fault has its place."""
    numbering_ = Numbering(lambda _: (0, 0.0))
    stored, new = Lines("den", 1, 1.0), Lines("den", 1, 1.0)
    numbering_.advance([stored], numbering_.place([stored]))
    assert list(unplaced([stored, new])) == [new]
    assert placements([stored]) == [at(1, 1, 1.0)]


def test_the_ends_of_so_many_rooms_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others' are looked up, as is that of a room that was forgotten."""
    monkeypatch.setattr(numbering, "ROOMS_REMEMBERED", 2)
    asked: list[str] = []

    def look_up(room: str) -> tuple[int, float]:
        asked.append(room)
        return 0, 0.0

    numbering_ = Numbering(look_up)
    for room in ("one", "two", "three", "three", "one"):
        record = Lines(room, 1, 1.0)
        numbering_.advance([record], numbering_.place([record]))
    numbering_.forget("one")
    numbering_.place([Lines("one", 1, 1.0)])
    assert asked == ["one", "two", "three", "one", "one"]
