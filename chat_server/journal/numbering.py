"""The next id and time of each room, for a journal in a file; the one in memory has them on its shelves."""

from collections.abc import Callable, Sequence

from chat_server.journal.base import Placement, Record

#: Of so many rooms the end is remembered; the others' are looked up again.
ROOMS_REMEMBERED = 20_000

#: The last id and time of a room.
End = tuple[int, float]


class Numbering:
    """Gives records their places. Called by the thread that stores.

    `place` promises nothing: what it placed for a commit that failed is placed the same way again. Only
    `advance`, once the records are stored, moves the ends of the rooms.
    """

    def __init__(self, look_up: Callable[[str], End]) -> None:
        self._look_up = look_up
        self._ends: dict[str, End] = {}

    def place(self, records: Sequence[Record]) -> Sequence[Placement]:
        """Return where the records will be, each behind those before it."""
        if len(records) == 1:
            record = records[0]
            last, ts = self._ends.get(record.room) or self._look_up(record.room)
            ts = max(ts, record.ts)
            return (Placement(last + 1, last + record.count, ts, record.lines(last + 1, ts)),)
        placements: list[Placement] = []
        ends: dict[str, End] = {}
        for record in records:
            room = record.room
            last, ts = ends.get(room) or self._ends.get(room) or self._look_up(room)
            ts = max(ts, record.ts)
            placements.append(Placement(last + 1, last + record.count, ts, record.lines(last + 1, ts)))
            ends[room] = last + record.count, ts
        return placements

    def advance(self, records: Sequence[Record], placements: Sequence[Placement]) -> None:
        """Take note that these are stored there."""
        ends = self._ends
        for record, placement in zip(records, placements, strict=True):
            ends[record.room] = placement.last, placement.ts
            record.placement = placement
        while len(ends) > ROOMS_REMEMBERED:
            del ends[next(iter(ends))]

    def forget(self, room: str) -> None:
        """Look the room's end up anew."""
        self._ends.pop(room, None)


def unplaced(records: Sequence[Record]) -> Sequence[Record]:
    """Return those that are not stored yet: all, but after a fault."""
    for record in records:
        if record.placement is not None:
            break
    else:
        return records
    return [record for record in records if record.placement is None]


def placements(records: Sequence[Record]) -> list[Placement]:
    """Return where these records are, all of which are stored."""
    return [record.placement for record in records if record.placement is not None]
