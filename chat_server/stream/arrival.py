"""A member on its way in: what its room hands out meanwhile is held for it."""

import threading

from chat_protocol.reasons import CloseReason
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import TAKEN, Outgoing

#: How many bytes are held; beyond it the newcomer reads on in the record instead.
HELD_BYTES = 256 * 1024


class Arrival:
    """Takes what comes after the id `mark` while its owner is sent what came before.

    1. Until `go_live` everything is held, in order; then all of it is pushed, and later pushes go straight
       through. So a pass that began before keeps its place.
    2. Past `HELD_BYTES` nothing is held any more and `go_live` answers false: a new arrival is needed.
    """

    __slots__ = ("_held", "_live", "_lock", "_outbox", "_overrun", "_size", "mark")

    def __init__(self, outbox: Outgoing, mark: int) -> None:
        self.mark = mark
        self._outbox = outbox
        # Guards what follows.
        self._lock = threading.Lock()
        self._held: list[bytes] = []
        self._size = 0
        self._overrun = False
        self._live = False

    def push(self, frames: Frames, *, droppable: bool = False) -> int:
        """Hold the frames, or push them if the owner is live."""
        with self._lock:
            if self._live:
                return self._outbox.push(frames, droppable=droppable)
            self._size += len(frames.lines)
            if self._size > HELD_BYTES:
                self._overrun = True
                self._held.clear()
            else:
                self._held.append(frames.lines)
            return TAKEN

    def go_live(self) -> bool:
        """Push what was held; return false if some of it was not."""
        with self._lock:
            if self._overrun:
                return False
            if self._held:
                self._outbox.push(Frames(b"".join(self._held)))
            self._held.clear()
            self._live = True
            return True

    def congested(self) -> bool:
        """Tell what the outbox does."""
        return self._outbox.congested()

    def wait_below(self, size: int, timeout: float) -> bool:
        """Wait as the outbox does."""
        return self._outbox.wait_below(size, timeout)

    def end(self, reason: CloseReason) -> None:
        """End the owner's connection."""
        self._outbox.end(reason)
