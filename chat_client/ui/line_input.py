"""The lines that come through a descriptor: standard input that is no terminal."""

import errno
import os
import stat
from collections import deque

from chat_client.encoding import Recoder, unmarked
from chat_protocol.framing import Framer

#: A longer line, in bytes, is none that any server takes; it is thrown away up to its end.
LINE_BYTES = 1024 * 1024
#: How much is read at once.
CHUNK_BYTES = 64 * 1024


class LineInput:
    """Lines in UTF-8, whole and without their ends. `fill` reads, and waits for bytes if there are none."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        #: Nothing more will come; lines may be left.
        self.ended = False
        #: Why it ended before its end.
        self.failure: OSError | None = None
        self._recoder = Recoder()
        self._framer = Framer(LINE_BYTES)
        self._lines: deque[bytes] = deque()

    @property
    def overlong(self) -> int:
        """How many lines were too long so far."""
        return self._framer.overlong

    def fill(self) -> None:
        """Read once."""
        try:
            data = os.read(self.descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            data = b""
            self.failure = None if self._is_no_more(error) else error
        block = self._framer.feed(self._recoder.feed(data, final=not data))
        if not data:
            self.ended = True
            block += self._framer.finish()
        self._lines += map(unmarked, block.split(b"\n")[:-1])

    def line(self) -> bytes | None:
        """Return the next line, without its end; none if no whole one has been read."""
        return self._lines.popleft() if self._lines else None

    def abandon(self) -> bool:
        """Take no more; return whether something was read and not taken."""
        left, self._lines = [*self._lines, self._framer.finish()], deque()
        return any(map(bytes.strip, left))

    def _is_no_more(self, error: OSError) -> bool:
        """Return whether an error only says that there is no input: it is closed, or its terminal is gone."""
        if error.errno == errno.EBADF:
            return True
        return error.errno == errno.EIO and stat.S_ISCHR(os.fstat(self.descriptor).st_mode)
