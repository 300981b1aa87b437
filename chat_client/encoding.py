"""Which encoding a text comes in: UTF-8, or what its byte order mark says. Pure."""

import codecs

#: What some programs put before UTF-8, and what becomes of it in the middle where files are put together.
MARK = codecs.BOM_UTF8
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Recoder:
    """Turns a stream into UTF-8 if a byte order mark says that it is UTF-16; else leaves it as it is.

    The byte order mark of UTF-8 stays: it belongs to the line it stands in, see `unmarked`.
    """

    def __init__(self) -> None:
        self._first = b""
        self._begun = False
        self._decoder: codecs.IncrementalDecoder | None = None

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """Take the next bytes; return what they are in UTF-8. `final` says that there are no more."""
        if not self._begun:
            data = self._first + data
            if not final and any(len(data) < len(mark) and mark.startswith(data) for mark in _UTF16):
                self._first = data
                return b""
            self._begin(data)
        if self._decoder is None:
            return data
        return self._decoder.decode(data, final).encode()

    def _begin(self, data: bytes) -> None:
        self._begun = True
        if data.startswith(_UTF16):
            self._decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")


def unmarked(line: bytes) -> bytes:
    """Return a line of UTF-8 without the byte order mark before it."""
    return line.removeprefix(MARK)
