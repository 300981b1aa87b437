"""Where an SQLite journal lies: keeps a second server out, and notices when the file is taken away."""

import contextlib
import errno
import fcntl
import os
import stat
from pathlib import Path

from chat_server.errors import JournalError
from chat_server.sqlite_file import located, reason_of

#: The file, and what SQLite lays beside it while it is open.
_FILES = ("", "-wal", "-shm")


class LockedFile:
    """A journal's path, held for this process until `release`.

    The locks (flock(2)) end with the process, however it ends: one on PATH-lock, one on the file itself,
    which may have several names. The file is made if it is not there. Raises `JournalError` if another
    server has it, or if the folder is missing or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._given = path
        self.path = located(path)
        self._files: list[tuple[int, int] | None] = []
        with contextlib.ExitStack() as held:
            self._file = _hold(self.path, self.path)
            held.callback(os.close, self._file)
            held.callback(os.close, _hold(self.beside("-lock"), self.path))
            self._held = held.pop_all()

    def settle(self) -> None:
        """Remember which files are in use, now that they are open."""
        self._files = self._look()

    def check(self) -> None:
        """Raise `JournalError` if the files in use are no longer at their path.

        What is written to them then would be gone with the process.
        """
        if self._look() != self._files:
            raise JournalError(
                f"{self._given} was moved or removed while in use; put it back with its -wal and -shm,"
                " or restart the server on another"
            )

    def sync(self) -> None:
        """Have the disk take all that was written to the file. Raises `JournalError`."""
        try:
            os.fsync(self._file)
        except OSError as error:
            raise JournalError(f"{self._given}: {reason_of(error)}; look at the disk") from error

    def log_bytes(self) -> int:
        """Return the size of the write-ahead log."""
        try:
            return self.beside("-wal").stat().st_size
        except OSError:
            return 0

    def beside(self, ending: str) -> Path:
        """Return the path of a file beside it."""
        return self.path.with_name(self.path.name + ending)

    def release(self) -> None:
        """Let another server have it.

        Only after SQLite has closed the file: to close it here ends SQLite's own locks on it (fcntl(2)).
        """
        self._held.close()

    def _look(self) -> list[tuple[int, int] | None]:
        return [_identity(self._given), *(_identity(self.beside(ending)) for ending in _FILES)]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _hold(each: Path, path: Path) -> int:
    """Lock a file of the journal at `path`, made for its owner alone if it is not there."""
    try:
        # Neither a pipe nor a device that happens to have the name makes the server wait.
        descriptor = os.open(each, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except (OSError, ValueError) as error:
        raise JournalError(_cannot_be_made(each, error)) from None
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno != errno.EWOULDBLOCK:
            raise JournalError(f"{each}: {reason_of(error)}; the journal belongs on a local disk") from None
        raise JournalError(f"{path} is used by another server; end that one, or give another path") from None
    if not regular:
        os.close(descriptor)
        raise JournalError(f"{each} is no file; give another path")
    return descriptor


def _cannot_be_made(path: Path, error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        if error.errno == errno.ENOENT:
            return f"{path.parent} is not there; make this folder for the journal, or give another path"
        if error.errno == errno.EISDIR:
            return f"{path} is a folder; give the path of a file"
    return f"{path}: {reason_of(error)}; the journal's folder must be one that the server may write"
