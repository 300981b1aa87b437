"""The one thread that finishes what a full socket could not take."""

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable
from typing import Protocol

from chat_server.faults import contained, report
from chat_server.net.heartbeat import BEAT_SECONDS, Heartbeat

#: By so many seconds a look at the ages may be late; by more, the process was suspended.
LATE_SECONDS = 3.0
#: How long, in seconds, the thread rests after the system failed to tell what has room.
POLL_FAILED_SECONDS = 0.1


class Flushable(Protocol):
    """Something with a socket that waits for room in it."""

    @property
    def size(self) -> int:
        """How many bytes wait."""

    def fileno(self) -> int:
        """Return the descriptor, or -1 once it is closed."""

    def flush(self) -> bool:
        """Send what waits; return whether something still does."""

    def check_age(self, now: float, since: float) -> None:
        """Give up if the oldest waits too long; no time before `since` counts."""

    def fail(self) -> None:
        """Give up: a fault has lost its place."""


class Flusher:
    """Waits until sockets have room (epoll, one-shot) and calls `flush`.

    1. `watch` never waits, and may be called under the outbox's lock.
    2. What is watched is flushed once it has room, and watched again while something still waits.
    3. `forget` comes before the socket is closed. A flush that was under way then finds nothing.
    4. A fault of one outbox, or of the system about it, ends that one alone.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._epoll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._wake, select.EPOLLIN)
        # Guards _watched and what epoll knows.
        self._lock = threading.Lock()
        self._watched: dict[int, Flushable] = {}
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="flusher")
        self.heartbeat = Heartbeat(self._thread, clock)
        # When the ages were looked at, and since when time counts: not while the process was suspended.
        self._looked = self._since = clock()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what waits is left."""
        self._stopping = True
        os.eventfd_write(self._wake, 1)
        if self._thread.ident is not None:
            self._thread.join()
        self._epoll.close()
        os.close(self._wake)

    def watch(self, outbox: Flushable) -> None:
        """Flush the outbox once its socket has room."""
        descriptor = outbox.fileno()
        if descriptor < 0:
            return
        with self._lock:
            known = self._watched.get(descriptor) is outbox
            events = select.EPOLLOUT | select.EPOLLONESHOT
            if known:
                self._epoll.modify(descriptor, events)
            else:
                with contextlib.suppress(OSError):  # a closed one of the same number left it, or not
                    self._epoll.unregister(descriptor)
                self._epoll.register(descriptor, events)
                self._watched[descriptor] = outbox

    def forget(self, outbox: Flushable) -> None:
        """Watch the outbox no more."""
        descriptor = outbox.fileno()
        with self._lock:
            if self._watched.get(descriptor) is outbox:
                del self._watched[descriptor]
                with contextlib.suppress(OSError):
                    self._epoll.unregister(descriptor)

    def check_ages(self) -> None:
        """Have every watched outbox look at its age."""
        now = self._clock()
        if now - self._looked > LATE_SECONDS:
            self._since = now
        self._looked = now
        with self._lock:
            outboxes = list(self._watched.values())
        for outbox in outboxes:
            with contained("age"):
                outbox.check_age(now, self._since)
            os.sched_yield()  # many that froze together are cut together: nobody waits for all of it

    def sizes(self) -> list[int]:
        """Return how many bytes wait in each watched outbox."""
        with self._lock:
            return [outbox.size for outbox in self._watched.values()]

    def _run(self) -> None:
        while not self._stopping:
            self.heartbeat.beat()
            try:
                events = self._epoll.poll(BEAT_SECONDS)
            except Exception:  # noqa: BLE001  # without memory, say; all the others wait for this thread
                report("epoll")
                time.sleep(POLL_FAILED_SECONDS)
                continue
            for descriptor, _ in events:
                with contained("flush"):
                    self._flush(descriptor)

    def _flush(self, descriptor: int) -> None:
        with self._lock:
            outbox = self._watched.get(descriptor)
        if outbox is None or not outbox.flush():
            return
        try:
            with self._lock:
                if self._watched.get(descriptor) is outbox:  # else it was forgotten, and may be closed
                    self._epoll.modify(descriptor, select.EPOLLOUT | select.EPOLLONESHOT)
        except Exception:  # noqa: BLE001  # nobody would flush it again
            report("watch")
            outbox.fail()
