"""A file that lines are added to, whatever becomes of it meanwhile: moved away, emptied, full, slow."""

import errno
import fcntl
import os
import select
import stat
import time
from collections.abc import Callable
from pathlib import Path

from chat_client.encoding import MARK
from chat_client.errors import TranscriptError
from chat_client.terms import reason

#: How many bytes wait at most while nothing can be written.
WAITING_BYTES = 1024 * 1024
#: How long, in seconds, `close` waits for whoever reads a pipe or a terminal slowly.
CLOSE_SECONDS = 2.0


class LogFile:
    """Adds lines to the file at a path, and keeps those that cannot be written until they can be.

    1. Lines wait in memory, up to `WAITING_BYTES`; `dropped` counts those beyond.
    2. Nothing blocks: a pipe or terminal that takes nothing at the moment is like a disk that is full.
    3. `renew` finds out that the file is no longer what the path names, or was emptied, and begins it anew. A
       line that was cut in two by that is written whole.
    """

    def __init__(self, path: str, header: bytes) -> None:
        self._path = path
        self._header = header
        self._waiting = b""
        #: The part of the first waiting line that was written already.
        self._begun = b""
        #: How many lines were thrown away since this was last set to 0.
        self.dropped = 0
        self._descriptor = _open(path)
        try:
            self._check(self._descriptor)
        except (OSError, TranscriptError):
            os.close(self._descriptor)
            raise
        self._identity = _identity(os.fstat(self._descriptor))
        self._size = self.size

    @property
    def descriptor(self) -> int:
        """The file, to read it."""
        return self._descriptor

    @property
    def size(self) -> int:
        """How long it is, in bytes; 0 if it is no file that can be read."""
        found = os.fstat(self._descriptor)
        return found.st_size if stat.S_ISREG(found.st_mode) else 0

    @property
    def header_due(self) -> bytes:
        """What of the header is to be written: all to a new file, some if a full disk took only part."""
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            return b""
        first = self._first(self._descriptor)
        return self._header[len(first) :] if self._header.startswith(first) else b""

    @property
    def unsaved(self) -> int:
        """How many lines were thrown away, or wait to be written; remarks are not counted."""
        lines = (self._begun + self._waiting).splitlines()
        return self.dropped + sum(not line.startswith(b"#") for line in lines)

    def add(self, lines: bytes) -> None:
        """Have whole lines wait to be written."""
        if len(self._waiting) + len(lines) > WAITING_BYTES:
            self.dropped += lines.count(b"\n")
        else:
            self._waiting += lines

    def write(self) -> None:
        """Write what waits. Raises `OSError`; what was not written waits on."""
        while self._waiting:
            size = os.write(self._descriptor, self._waiting)
            self._size += size
            self._begun = (self._begun + self._waiting[:size]).rpartition(b"\n")[2]
            self._waiting = self._waiting[size:]

    def renew(self, head: Callable[[], bytes]) -> str | None:
        """Open the path again if need be, and begin what is there with the header and `head()`.

        Returns what has become of the file; none if it is in its place. Raises `OSError`,
        `TranscriptError`.
        """
        try:
            found = Path(self._path).stat()
        except FileNotFoundError:
            return self._reopen(head, "was moved away or removed")
        if _identity(found) != self._identity:
            return self._reopen(head, "was moved away and replaced")
        if not stat.S_ISREG(found.st_mode) or found.st_size >= self._size:
            return None
        self._begin(head)
        return "was emptied or cut"

    def close(self) -> None:
        """Write what can be written, and close the file."""
        deadline = time.monotonic() + CLOSE_SECONDS
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        try:
            while self._waiting and (left := deadline - time.monotonic()) > 0:
                poll.poll(left * 1000)
                try:
                    self.write()
                except BlockingIOError:
                    continue
        except OSError:
            pass  # `unsaved` tells
        finally:
            os.close(self._descriptor)

    def _reopen(self, head: Callable[[], bytes], what: str) -> str:
        descriptor = _open(self._path)
        try:
            self._check(descriptor)
        except (OSError, TranscriptError):
            os.close(descriptor)
            raise
        os.close(self._descriptor)
        self._descriptor = descriptor
        self._identity = _identity(os.fstat(descriptor))
        self._begin(head)
        return what

    def _begin(self, head: Callable[[], bytes]) -> None:
        """Put before what waits what a file must begin or go on with."""
        start = self.header_due or (b"" if self._ends_a_line() else b"\n")
        self._waiting = start + head() + self._begun + self._waiting
        self._begun = b""
        self._size = self.size

    def _ends_a_line(self) -> bool:
        return not self.size or os.pread(self._descriptor, 1, self.size - 1) == b"\n"

    def _check(self, descriptor: int) -> None:
        """Leave alone what is no file of ours. Raises `TranscriptError`."""
        found = os.fstat(descriptor)
        if stat.S_ISBLK(found.st_mode):
            raise TranscriptError(f"{self._path} is a disk")
        if not stat.S_ISREG(found.st_mode):
            return
        first = self._first(descriptor)
        if not (first.startswith(self._header.rstrip()) or self._header.startswith(first)):
            raise TranscriptError(f"{self._path} is no transcript")

    def _first(self, descriptor: int) -> bytes:
        """Return as much of the beginning of a file as a header has."""
        return os.pread(descriptor, len(self._header) + len(MARK), 0).removeprefix(MARK)[: len(self._header)]


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _open(path: str) -> int:
    """Open a file to read and to add to, or anything else to write to, without waiting for anybody."""
    flags = os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = _open_or_make(path, flags | (os.O_RDWR if _may_be_read(path) else os.O_WRONLY))
    except OSError as error:
        raise cannot_save(path, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise TranscriptError(f"another client is saving to {path}") from None
    except OSError:
        pass  # a file system without locks
    return descriptor


def _open_or_make(path: str, flags: int) -> int:
    """Open what is there, through links too; else make a file, but not where a link leads to nothing.

    Somebody else may have left that link, so that we make a file for them in a place that is ours alone.
    """
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o666)


def _may_be_read(path: str) -> bool:
    """Return whether it is a file, or will be one. A pipe that we read too would never lack a reader."""
    try:
        return stat.S_ISREG(Path(path).stat().st_mode)
    except OSError:
        return True


def cannot_save(path: str, error: OSError) -> TranscriptError:
    """Return the error that says why nothing can be saved there."""
    return TranscriptError(f"cannot save to {path}: {why(error)}")


def why(error: Exception) -> str:
    """Return why something could not be written."""
    if isinstance(error, BlockingIOError):
        return "it takes nothing at the moment"
    if isinstance(error, OSError) and error.errno == errno.ENXIO:
        return "nobody reads it"
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "it is a link to nothing"
    return reason(error)
