"""Wakes a thread that waits for input or for a time to come; a signal handler may do so too."""

import os
import select
import signal
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK = 64 * 1024


class Waker:
    """A pipe to oneself: `wake` in any thread, or in a signal handler, ends the `wait` of one thread."""

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        os.set_blocking(self._write_end, False)

    def wake(self) -> None:
        """End a `wait` under way, or else the next one."""
        with suppress(BlockingIOError):  # a full pipe wakes well enough
            os.write(self._write_end, b"!")

    def wait(self, timeout: float | None = None, descriptor: int | None = None) -> bool:
        """Wait for `wake`, for the descriptor or for the time in seconds; return whether there is input."""
        poll = select.poll()
        poll.register(self._read_end, select.POLLIN)
        if descriptor is not None:
            poll.register(descriptor, select.POLLIN)
        ready = [found for found, _ in poll.poll(None if timeout is None else max(0.0, timeout) * 1000)]
        if self._read_end in ready:
            self._drain()
        return descriptor in ready

    @contextmanager
    def woken_by_signals(self) -> Iterator[None]:
        """Have each signal with a handler `wake`, too. For the main thread only.

        A handler runs once that thread executes bytecode again, so that none could end a `wait` that
        began just after the signal, or end one when another thread got the signal.
        """
        previous = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(previous)

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self._read_end, 4096):
                pass


class LineInput:
    """The lines that come through a descriptor. `fill` reads, and waits for bytes if there are none."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        #: Nothing more will come; lines may be left.
        self.ended = False
        self._tail = b""
        self._lines: deque[bytes] = deque()

    def fill(self) -> None:
        """Read once."""
        try:
            data = os.read(self.descriptor, _CHUNK)
        except OSError:
            data = b""  # a closed one has ended too
        *lines, self._tail = (self._tail + data).split(b"\n")
        self._lines += lines
        if not data:
            self.ended = True
            self._lines += [self._tail] if self._tail else []

    def line(self) -> bytes | None:
        """Return the next line, without its end; none where no whole one has been read."""
        return self._lines.popleft() if self._lines else None
