"""Which ids of each room were seen: tells repeats and gaps. Pure.

Ids of a room are contiguous: what came as MSG and what was acknowledged have no holes between them
(docs/protocol.md). An acknowledgement may still be on its way when later messages are here already,
so a hole is called a gap only by a message that is `sure`.
"""

from chat_client.protocol.events import Gap

#: The room under which the positions of direct messages go.
DIRECT = "@"
#: How many ids beyond a hole are remembered before the hole is called a gap in any case.
BEYOND_IDS = 1000


class _Seen:
    """One room: all up to `settled` was seen or given up, and of what follows the ids in `beyond`.

    Until something `begun` to come, only `last` is known: what had been said when one entered.
    """

    __slots__ = ("begun", "beyond", "last", "settled")

    def __init__(self) -> None:
        self.begun = False
        self.settled = 0
        self.last: int | None = None
        self.beyond: set[int] = set()

    def begin(self, settled: int) -> None:
        if not self.begun:
            self.begun = True
            self.settled = settled if self.last is None else min(settled, self.last)

    def add(self, number: int) -> None:
        self.beyond.add(number)
        while self.settled + 1 in self.beyond:
            self.settled += 1
            self.beyond.remove(self.settled)

    def give_up(self, before: int) -> list[tuple[int, int]]:
        """Settle all below `before`; return the ranges of it that were never seen."""
        missed = []
        start = self.settled + 1
        for number in [*sorted(each for each in self.beyond if each < before), before]:
            if number > start:
                missed.append((start, number - 1))
            start = number + 1
        self.settled = max(self.settled, before - 1)
        self.beyond = {each for each in self.beyond if each > self.settled}
        return missed


class Positions:
    """The ids seen in each room."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Seen] = {}

    def begin(self, *, new_record: bool, direct_anew: bool) -> None:
        """Forget all if the server's record is a new one, and direct messages if they count from 1 again."""
        if new_record:
            self._rooms.clear()
        if direct_anew:
            self.forget(DIRECT)
            self.enter(DIRECT, 0, None)

    def forget(self, room: str) -> None:
        """Forget one room, since it was left."""
        self._rooms.pop(room, None)

    def enter(self, room: str, last: int, first: int | None) -> list[Gap]:
        """Note that a room was entered; return what is missed where its record now begins at `first`."""
        seen = self._rooms.setdefault(room, _Seen())
        if seen.last is not None:
            seen.begin(seen.last)
        seen.last = last
        if first is None or not seen.begun:
            return []
        # What came after `last` is live, and yet to come, whatever the record holds of it.
        return [Gap(room, *missed) for missed in seen.give_up(min(first, last + 1))]

    def take(self, room: str, number: int, *, sure: bool) -> tuple[bool, list[Gap]]:
        """Note an id; return whether it is new, and what is now known to be missed before it."""
        seen = self._rooms.setdefault(room, _Seen())
        seen.begin(number - 1)
        if number <= seen.settled or number in seen.beyond:
            return False, []
        gaps = []
        if sure or len(seen.beyond) >= BEYOND_IDS:
            gaps = [Gap(room, *missed) for missed in seen.give_up(number)]
        seen.add(number)
        return True, gaps

    def after(self) -> dict[str, int]:
        """Return the id of each room after which a resume goes on."""
        known = {room: seen.settled if seen.begun else seen.last for room, seen in self._rooms.items()}
        return {room: number for room, number in known.items() if number is not None}
