"""Wakes a thread that waits for input or for a time to come; a signal handler may do so too."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: The system counts the milliseconds of a wait in 31 bits, which hold 24 days.
LONGEST_SECONDS = 1_000_000.0


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

    def wait(
        self, timeout: float | None = None, descriptor: int | None = None, *, writing: bool = False
    ) -> bool:
        """Wait for `wake`, for the descriptor or for the time in seconds; return whether the latter is ready.

        It is ready if there is input or, with `writing`, if something can be written. A wait for more than
        `LONGEST_SECONDS` ends after those, so whoever calls looks at the clock again.
        """
        poll = select.poll()
        poll.register(self._read_end, select.POLLIN)
        if descriptor is not None:
            poll.register(descriptor, select.POLLOUT if writing else select.POLLIN)
        seconds = None if timeout is None else min(max(0.0, timeout), LONGEST_SECONDS)
        ready = [found for found, _ in poll.poll(None if seconds is None else seconds * 1000)]
        if self._read_end in ready:
            self._drain()
        return descriptor in ready

    def close(self) -> None:
        """Let go of the pipe, once; nothing may use it any more."""
        ends = {self._read_end, self._write_end} - {-1}
        self._read_end = self._write_end = -1
        for end in ends:
            os.close(end)

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
