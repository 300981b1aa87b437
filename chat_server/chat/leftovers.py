"""What nobody can come back for goes from the journal as well."""

import threading
from collections.abc import Callable

from chat_server.stream.commit import GroupCommit

#: How many rooms are forgotten at once: commits wait meanwhile.
ROOMS_AT_ONCE = 20


class Leftovers:
    """The rooms that the journal is to forget, each at its time.

    At most `limit` rooms are kept that nobody is in; past it, the one that was left first goes early.
    """

    def __init__(self, commit: GroupCommit, clock: Callable[[], float], limit: int) -> None:
        self._commit = commit
        self._clock = clock
        self._limit = limit
        # Guards _due.
        self._lock = threading.Lock()
        # Room -> when to forget it, on the monotonic clock; in the order of leaving.
        self._due: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._due)

    def add(self, room: str, delay: float = 0.0) -> None:
        """Have a room forgotten after so many seconds."""
        with self._lock:
            self._due.pop(room, None)
            self._due[room] = self._clock() + delay

    def spare(self, room: str) -> None:
        """Forget the room not: somebody is in it again."""
        with self._lock:
            self._due.pop(room, None)

    def forget(self, is_wanted: Callable[[str], bool]) -> bool:
        """Forget some of what is due, and is not wanted again; tell whether more is. Raises `JournalError`.

        What could not be forgotten stays due.
        """
        rooms = self._next()
        if not rooms:
            return False
        return self._commit.maintain(lambda: self._forget(rooms, is_wanted)) and len(rooms) == ROOMS_AT_ONCE

    def _next(self) -> list[str]:
        now = self._clock()
        with self._lock:
            over = [room for room, due in self._due.items() if due <= now]
            kept = [room for room, due in self._due.items() if due > now]
        return (over + kept[: max(0, len(kept) - self._limit)])[:ROOMS_AT_ONCE]

    def _forget(self, rooms: list[str], is_wanted: Callable[[str], bool]) -> None:
        """Forget these; no commit runs meanwhile, so nothing new is lost with a room."""
        for room in rooms:
            if not is_wanted(room):
                self._commit.journal.forget(room)
            self.spare(room)
