"""The write-ahead log: what SQLite writes first, and then brings into the file."""

import contextlib
import sqlite3

from chat_server.journal.sqlite.lockfile import LockedFile

#: Beyond so many bytes the log is brought into the file, beside the publishers.
LOG_BYTES = 4 * 1024 * 1024
#: Beyond so many, what it took on the disk is given back once publishers are quiet.
LARGE_BYTES = 16 * 1024 * 1024
#: Beyond so many, publishers who never pause hold still for a moment, so that it begins anew ...
TURN_BYTES = 64 * 1024 * 1024
#: ... once no more than so many bytes came since it was brought in, for which it is brought in so many times.
REMAINDER_BYTES = 1024 * 1024
CHASES_AT_MOST = 8
#: Beyond so many, they hold still however long that takes. A commit looks each `STEP_BYTES` bytes.
FILE_BYTES = 128 * 1024 * 1024
STEP_BYTES = 8 * 1024 * 1024

#: Bytes of a page, with its frame in the log.
PAGE_BYTES = 4096 + 24


class WriteAheadLog:
    """Keeps the log short.

    1. `shorten` brings it into the file and onto the disk on a connection of its own, beside whoever writes.
    2. The log begins anew once all of it is in the file and nobody writes. Somebody who never pauses would
       let it grow without end (1.2 GiB in 10 s, measured): so `turn` is called before a commit if it is
       `due`. It brings in the rest, which takes milliseconds after `shorten`, and 390 ms without.
    3. What reads for long keeps it from beginning anew, but nobody waits for that.
    """

    def __init__(
        self, writer: sqlite3.Connection, checkpointer: sqlite3.Connection, file: LockedFile
    ) -> None:
        self._writer = writer
        self._checkpointer = checkpointer
        # Else TRUNCATE would wait for readers, and hold up who writes.
        self._checkpointer.execute("PRAGMA busy_timeout = 0")
        self._synced = checkpointer.execute("PRAGMA synchronous").fetchone() != (0,)
        self._file = file
        #: Whether `turn` is to be called before the next commit.
        self.due = False
        #: Bytes of messages that were stored.
        self.bytes = 0
        # What they took in the log, about: a commit takes a page at least, however little it says.
        self._written = 0
        self._look_at = STEP_BYTES
        self._caught_up = False

    def grew(self, size: int) -> None:
        """Note that messages of so many bytes were stored."""
        self.bytes += size
        self._written += size + PAGE_BYTES
        if self._written > self._look_at:
            self.due = True

    def turn(self) -> None:
        """Bring in what is left, if it is time, so that the commit that follows begins the log anew."""
        self.due = False
        self._look_at = self._written + STEP_BYTES
        if self._caught_up or self._file.log_bytes() > FILE_BYTES:
            self._caught_up = False
            with contextlib.suppress(sqlite3.Error):  # the commit can do without; `shorten` tells
                self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def shorten(self, *, quiet: bool) -> None:
        """Bring the log into the file if it is long; if publishers are `quiet`, give its place on disk back.

        Raises `JournalError`, `sqlite3.Error`.
        """
        size = self._file.log_bytes()
        if size <= LOG_BYTES:
            return
        for _ in range(CHASES_AT_MOST):
            before = self._written
            _, pages, _ = self._checkpointer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if self._synced:  # else whoever calls `turn` waits for it: 100 ms after 256 MiB (measured)
                self._file.sync()
            if self._written - before < REMAINDER_BYTES:
                self._caught_up = self.due = pages * PAGE_BYTES > TURN_BYTES
                break
        if quiet and size > LARGE_BYTES:
            self._checkpointer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
