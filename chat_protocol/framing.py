r"""Bytes in, complete lines out.

A line ends with `\n`; a `\r` before it is white space to the decoder. Limits count the end too.
"""


class Framer:
    """Cuts a stream of bytes into blocks of complete lines.

    1. `feed` returns all the lines that the bytes complete, as one block of bytes, or `b""`. A line
       over `limit` bytes that came whole is among them: the decoder says what is wrong with it.
    2. Less than `limit` bytes of an unfinished line are kept. A longer one is thrown away up to its
       end: `overlong` counts those, and `skipped` the bytes while the end is not in sight, so that a
       caller can give up on a peer that never ends its line.
    3. `finish` returns what was left unfinished when the stream ended, as a last line.
    """

    __slots__ = ("_limit", "_tail", "overlong", "skipped")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # Grows in place: a line that comes byte by byte must not be copied for each of them.
        self._tail = bytearray()
        self.overlong = 0
        self.skipped = 0

    def feed(self, data: bytes) -> bytes:
        """Take what was received; return the complete lines."""
        if not self._tail and not self.skipped and data.endswith(b"\n"):
            return data
        if self.skipped:
            data = self._skip(data)
        end = data.rfind(b"\n") + 1
        if not end:
            self._keep(data)
            return b""
        block = data[:end]
        if self._tail:
            block = bytes(self._tail) + block
            self._tail.clear()
        if end < len(data):
            self._keep(data[end:])
        return block

    def finish(self) -> bytes:
        """Return the last line where it came without its end, or `b""`."""
        tail = bytes(self._tail)
        self._tail.clear()
        return tail and tail + b"\n"

    def _keep(self, piece: bytes) -> None:
        size = len(self._tail) + len(piece)
        if size < self._limit:
            self._tail += piece
            return
        self._tail.clear()
        self.overlong += 1
        self.skipped = size

    def _skip(self, data: bytes) -> bytes:
        end = data.find(b"\n") + 1
        self.skipped = 0 if end else self.skipped + len(data)
        return data[end:] if end else b""


def rest_of_line(piece: bytes, sent: int) -> bytes:
    """Return what must follow the first `sent` bytes of lines so that none is torn; nothing between two."""
    return b"" if piece.endswith(b"\n", 0, sent) else piece[sent : piece.find(b"\n", sent) + 1]
