"""Which rooms exist."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from chat_protocol.errors import LimitReachedError
from chat_protocol.server_messages import RoomInfo
from chat_server.chat.leftovers import Leftovers
from chat_server.chat.room import Room, RoomContext
from chat_server.chat.standing import Standing
from chat_server.stream.counters import Counters

LOBBY = "lobby"


class Rooms:
    """The rooms of this server, at most `limit`.

    1. A room lives as long as somebody is in it or on the way into it, the lobby always.
    2. Journal and store are read under no lock.
    """

    def __init__(
        self,
        shared: RoomContext,
        limit: int,
        leftovers: Leftovers,
        standing: Callable[[str], Standing | None] = lambda _: None,
    ) -> None:
        self._shared = shared
        # Reads who may do what in a room.
        self._standing = standing
        self._limit = limit
        self._leftovers = leftovers
        self._journal = shared.commit.journal
        # Guards what follows.
        self._lock = threading.Lock()
        self._rooms: dict[str, Room] = {LOBBY: self._load(LOBBY)}
        # How many rooms were removed: a room that was loaded before the last removal may be out of date.
        self._removed = 0
        self._forgotten = Counters()

    def __len__(self) -> int:
        return len(self._rooms)

    def __contains__(self, name: str) -> bool:
        return name in self._rooms

    def get(self, name: str) -> Room | None:
        """Return a room that exists, else none."""
        return self._rooms.get(name)

    def listing(self, shows: Callable[[Room], bool] = lambda _: True) -> list[RoomInfo]:
        """Return the rooms that are to be shown, the largest first."""
        with self._lock:
            rooms = list(self._rooms.values())
        rooms = [room for room in rooms if shows(room)]
        return sorted((RoomInfo(room.name, len(room), room.topic.text) for room in rooms), key=_by_size)

    def counters(self) -> Counters:
        """Return what the deliveries in all rooms there ever were counted."""
        total = Counters()
        with self._lock:
            total.add(self._forgotten)
            for room in self._rooms.values():
                total.add(room.delivery.counters)
        return total

    @contextmanager
    def visited(self, name: str) -> Iterator[Room]:
        """Visit a room for as long as this lasts. Raises `LimitReachedError`, `JournalError`."""
        room = self.visit(name)
        try:
            yield room
        finally:
            self.end_visits([room])

    def visit(self, name: str) -> Room:
        """Return a room that does not go before `end_visits`. Raises `LimitReachedError`, `JournalError`."""
        while True:
            with self._lock:
                if (room := self._rooms.get(name)) is not None:
                    room.expected += 1
                    return room
                self._check_space_locked(name)
                removed = self._removed
            room = self._load(name)
            with self._lock:
                if name in self._rooms or self._removed != removed:
                    continue  # somebody else was faster, or what was read may be out of date
                self._check_space_locked(name)
                self._rooms[name] = room
                room.expected += 1
            self._leftovers.spare(name)
            return room

    def end_visits(self, rooms: Sequence[Room]) -> None:
        """Let these rooms go, if nobody is in them."""
        with self._lock:
            for room in rooms:
                room.expected -= 1

    def forget_empty(self) -> list[str]:
        """Forget the rooms that nobody is in; return their names."""
        with self._lock:
            gone = [
                room
                for room in self._rooms.values()
                if room.name != LOBBY and not room.expected and room.idle
            ]
            for room in gone:
                self._forgotten.add(room.delivery.counters)
                self._removed += 1
                del self._rooms[room.name]
        return [room.name for room in gone]

    def _load(self, name: str) -> Room:
        return Room(name, self._shared, self._journal.open(name), self._standing(name))

    def _check_space_locked(self, name: str) -> None:
        if len(self._rooms) >= self._limit or not self._journal.takes(name):
            raise LimitReachedError("there are as many rooms as there may be; JOIN one of those")


def _by_size(info: RoomInfo) -> tuple[int, str]:
    return -info.members, info.room
