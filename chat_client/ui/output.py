"""Text for whoever reads standard output, standard error or a terminal, however slow they are."""

import os
import select
import stat
import threading
import time

from chat_client.waker import Waker

#: How long, in seconds, a reader that takes nothing is waited for once the client is told to end.
HURRY_SECONDS = 2.0


class Output:
    """Writes texts to a descriptor. Any thread may; two texts never mix.

    1. A text is written to its end, in as many pieces as it takes. A reader that is slow is waited for, the
       same whether the descriptor blocks or not: a parent may have made it either.
    2. `hurry` bounds that wait: what is not taken within `HURRY_SECONDS` is thrown away.
    3. `write` never fails. After an error, or a wait that was cut short, nothing more is written; `failure`
       says why.
    """

    def __init__(self, descriptor: int, encoding: str = "utf-8") -> None:
        self.descriptor = descriptor
        self.encoding = encoding
        #: Why nothing is written any more.
        self.failure: OSError | None = None
        self._is_terminal = os.isatty(descriptor)
        self._own = _reopened(descriptor)
        self._piece = _piece(descriptor)
        # Guards the descriptor and `failure`. A writer under it waits for the reader.
        self._lock = threading.Lock()
        self._waker = Waker()
        self._deadline: float | None = None

    def write(self, text: str) -> None:
        """Write a text, if anything can be written still."""
        data = memoryview(text.encode(self.encoding, "backslashreplace"))
        with self._lock:
            try:
                while data and self.failure is None:
                    data = data[self._write(data) :]
            except OSError as error:
                self.failure = error

    def hurry(self) -> None:
        """Wait for no reader much longer. Any thread may call this, and signal handlers."""
        if self._deadline is None:
            self._deadline = time.monotonic() + HURRY_SECONDS
        self._waker.wake()

    @property
    def loss(self) -> OSError | None:
        """Why something was not written, unless its reader wanted no more, or closed the window."""
        wanted = not (self._is_terminal or isinstance(self.failure, BrokenPipeError))
        return self.failure if wanted else None

    def _write(self, data: memoryview) -> int:
        """Write some of the bytes; return how many."""
        self._wait_for_reader()
        try:
            return os.write(self._own, data[: self._piece])
        except BlockingIOError:
            return 0  # another process has filled it meanwhile

    def _wait_for_reader(self) -> None:
        while not self._waker.wait(self._left(), self._own, writing=True):
            left = self._left()
            if left is not None and left <= 0:
                raise TimeoutError("nobody reads it")

    def _left(self) -> float | None:
        return None if self._deadline is None else self._deadline - time.monotonic()


def _reopened(descriptor: int) -> int:
    """Return a descriptor of one's own for a terminal, which never blocks; any other stays as it is.

    To make the one given non-blocking would do so for the shell and everybody else who shares it.
    """
    try:
        name = os.ttyname(descriptor)
        own = os.open(name, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return descriptor
    if os.fstat(own).st_rdev == os.fstat(descriptor).st_rdev:
        return own
    os.close(own)
    return descriptor


def _piece(descriptor: int) -> int:
    """Return how many bytes can be written at once, when poll says that some can, without blocking."""
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        regular = False  # a closed one; the first write tells
    return 1024 * 1024 if regular else select.PIPE_BUF
