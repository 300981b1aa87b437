"""What others have stored: several processes may share the record, and each shows what all of them store."""

from collections.abc import Callable

from chat_server import faults
from chat_server.journal.base import Announcement, Journal, Placement
from chat_server.stream.publication import Destination, Publication

#: How many messages are read at once to fill a hole.
READ_MESSAGES = 5_000


class Follower:
    """Hands on what others have stored to the rooms that have members here.

    An announcement is no more than a hint: it may come late, twice, out of order or never. The ids tell, and
    what is missing is read. `find` returns a room's delivery, or none if nobody here is in that room.
    """

    def __init__(self, journal: Journal, find: Callable[[str], Destination | None]) -> None:
        self._journal = journal
        self._find = find
        journal.follow(self.hear)

    def hear(self, told: Announcement) -> None:
        """Show what was told of. Raises nothing: what could not be read is read at the next look."""
        with faults.contained("follow"):
            delivery = self._find(told.room)
            if delivery is None:
                return
            if told.frames is None or told.first > delivery.sequenced + 1:
                catch_up(self._journal, told.room, delivery, told.last)
            else:
                _show(told.room, delivery, told.first, told.last, told.frames)

    def look(self, room: str) -> None:
        """Look whether an announcement was lost."""
        with faults.contained("follow"):
            if (delivery := self._find(room)) is not None:
                catch_up(self._journal, room, delivery, self._journal.bounds(room).last)


def catch_up(journal: Journal, room: str, delivery: Destination, upto: int) -> None:
    """Read what a room's delivery lacks up to an id, and deliver. Raises `JournalError`.

    What is kept no longer is passed over; clients see that by the ids.
    """
    while (after := delivery.sequenced) < upto:
        hole = delivery.missing()
        page = journal.read(room, after, hole[1] if hole else upto, READ_MESSAGES)
        if not page.frames:
            delivery.skip(hole[1] if hole else upto)
            continue
        delivery.skip(page.after)
        _show(room, delivery, page.after + 1, page.last, page.frames)
    delivery.deliver()


def _show(room: str, delivery: Destination, first: int, last: int, frames: bytes) -> None:
    count = last - first + 1
    placement = Placement(first, last, 0.0, frames)
    now = delivery.context.clock()
    publication = Publication(room, count, 0.0, placement=placement, delivery=delivery, received=now)
    publication.settle()
    delivery.sequence(publication)
    delivery.deliver()
