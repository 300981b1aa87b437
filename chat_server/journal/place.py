"""Where an SQLite journal lies: keeps a second server out, and notices when the file is taken away."""

import fcntl
import os
from pathlib import Path

from chat_server.errors import JournalError

#: The file, and what SQLite lays beside it while it is open.
_FILES = ("", "-wal", "-shm")


class Place:
    """A journal's path, held for this process by a lock on PATH-lock until `release`.

    The lock (flock(2)) ends with the process, however it ends. Raises `JournalError` where another
    server has it, or where the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held = _hold(path)
        self._files: list[tuple[int, int] | None] = []

    def settle(self) -> None:
        """Remember which files are in use, now that they are open."""
        self._files = self._look()

    def check(self) -> None:
        """Raise `JournalError` where the files in use are no longer at their path.

        What is written to them then would be gone with the process.
        """
        if self._look() != self._files:
            raise JournalError(
                f"{self.path} was moved or removed while in use; put it back with its -wal and -shm,"
                " or restart the server on another"
            )

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
        """Let another server have it."""
        os.close(self._held)

    def _look(self) -> list[tuple[int, int] | None]:
        return [_identity(self.beside(ending)) for ending in _FILES]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _hold(path: Path) -> int:
    lock = path.with_name(path.name + "-lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(
            f"{lock}: {error.strerror}; the journal's folder must be one that the server may write"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise JournalError(f"{path} is used by another server; end that one, or give another path") from None
    return descriptor
