"""One member's side of delivery: each id of a room once, in order, without a hole. Pure.

MSG and ACK together leave no hole. An ACK alone may come ahead of its place, where a resumed session
gets the answer to what its lost connection had sent; the MSG itself may then follow, once.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator

from tests.chaos.records import Acknowledged, Closed, Departed, Entered, Event, Heard

Finding = tuple[str, str]


class _Place:
    """One room, as one member saw it: everything up to `position` is accounted for."""

    def __init__(self) -> None:
        #: Whether frames may come now, and whether it is to have everything in the end.
        self.inside = False
        self.member = False
        #: None until the first message shows where a join without `after` began.
        self.position: int | None = None
        self.heard: set[int] = set()
        #: Of this connection: the ids acknowledged, and the last one heard.
        self.acknowledged: set[int] = set()
        self.latest = 0
        self.last = 0

    def enter(self, event: Entered) -> Iterator[tuple[int, int]]:
        """Go in; yield the ids that were passed over without being told of a gap."""
        self.inside = self.member = True
        self.last = event.last
        self.latest = 0
        if event.after is None:
            self.position = None
            self.heard.clear()
            return
        if self.position is not None and event.after > self.position:
            yield self.position + 1, event.after
        self.position = event.after if event.first is None else max(event.after, event.first - 1)

    def begin(self, number: int) -> None:
        """Find out where a join without `after` began."""
        if self.position is None:
            self.position = min(number - 1, self.last)

    def advance(self, number: int | None = None) -> None:
        """Account for this id, and for the acknowledged ones that follow."""
        position = self.position or 0
        if number is not None:
            position = max(position, number)
        while position + 1 in self.acknowledged:
            position += 1
        self.position = position


class Listener:
    """Follows one client's record."""

    def __init__(self) -> None:
        self._places: dict[str, _Place] = defaultdict(_Place)

    def take(self, event: Event) -> Iterator[Finding]:
        """Take the next event; yield what is wrong with it."""
        if isinstance(event, Heard):
            yield from self._hear(event)
        elif isinstance(event, Acknowledged):
            place = self._places[event.room]
            place.acknowledged.add(event.id)
            if place.inside and place.position is None and event.id > place.last:
                place.begin(event.id)
            if place.inside and place.position is not None:
                place.advance()
        elif isinstance(event, Entered):
            for first, last in self._places[event.room].enter(event):
                yield "HOLE", f"{event.room}: {first} to {last} were passed over"
        elif isinstance(event, Departed):
            place = self._places[event.room]
            place.inside = place.member = False
        elif isinstance(event, Closed):
            for place in self._places.values():
                place.inside = False
                place.acknowledged.clear()

    def finish(self, last_of: Callable[[str], int]) -> Iterator[Finding]:
        """Yield what a client lacks that is there until the end."""
        for room, place in self._places.items():
            position = place.last if place.position is None else place.position
            if place.member and position < last_of(room):
                yield "HOLE", f"{room}: got all up to {position}, but {last_of(room)} is the last"

    def _hear(self, event: Heard) -> Iterator[Finding]:
        place = self._places[event.room]
        number = event.id
        place.begin(number)
        position = place.position or 0
        if not place.inside:
            yield "OUTSIDE", str(event)
        if number in place.heard:
            yield "HEARD_TWICE", str(event)
        elif number <= place.latest:
            yield "BACKWARDS", f"{event} after {place.latest}"
        elif number <= position and number not in place.acknowledged:
            yield "HEARD_TWICE", f"{event}, acknowledged on an earlier connection"
        elif number > position + 1:
            yield "HOLE", f"{event} after {position}"
        place.heard.add(number)
        place.latest = max(place.latest, number)
        place.advance(number)
