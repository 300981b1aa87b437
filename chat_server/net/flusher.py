"""The one thread that finishes what a full socket could not take."""

import contextlib
import os
import select
import threading
from collections.abc import Callable
from typing import Protocol

#: How often the thread shows that it lives, in seconds, where nothing else wakes it.
BEAT = 1.0


class Flushable(Protocol):
    """Something with a socket that waits for room in it."""

    @property
    def size(self) -> int:
        """How many bytes wait."""

    def fileno(self) -> int:
        """Return the descriptor, or -1 once it is closed."""

    def flush(self) -> bool:
        """Send what waits; return whether something still does."""

    def check_age(self, now: float) -> None:
        """Give up where the oldest waits too long."""


class Flusher:
    """Waits until sockets have room (epoll, one-shot) and calls `flush`.

    1. `watch` never waits, and may be called under the outbox's lock.
    2. What is watched is flushed once it has room, and watched again while something still waits.
    3. `forget` comes before the socket is closed. A flush that was under way then finds nothing.
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
        #: When the thread last showed that it lives, on the monotonic clock.
        self.beat = clock()

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
            self._watched[descriptor] = outbox
            events = select.EPOLLOUT | select.EPOLLONESHOT
            if known:
                self._epoll.modify(descriptor, events)
            else:
                with contextlib.suppress(OSError):  # a closed one of the same number left it, or not
                    self._epoll.unregister(descriptor)
                self._epoll.register(descriptor, events)

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
        with self._lock:
            outboxes = list(self._watched.values())
        for outbox in outboxes:
            outbox.check_age(now)
            os.sched_yield()  # many that froze together are cut together: nobody waits for all of it

    def sizes(self) -> list[int]:
        """Return how many bytes wait in each watched outbox."""
        with self._lock:
            return [outbox.size for outbox in self._watched.values()]

    def _run(self) -> None:
        while not self._stopping:
            events = self._epoll.poll(BEAT)
            self.beat = self._clock()
            for descriptor, _ in events:
                self._flush(descriptor)

    def _flush(self, descriptor: int) -> None:
        with self._lock:
            outbox = self._watched.get(descriptor)
        if outbox is None or not outbox.flush():
            return
        with self._lock:
            if self._watched.get(descriptor) is outbox:  # else it was forgotten, and the socket may be closed
                self._epoll.modify(descriptor, select.EPOLLOUT | select.EPOLLONESHOT)
