"""What an operator does with an SQLite journal: export, backup, check; a server may be using it.

None writes to the journal. A backup and a check see one moment of it, an export what is there when it
comes to it; publishers wait for none of them.
"""

import contextlib
import errno
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TextIO

from chat_server.errors import ConfigError, JournalError
from chat_server.journal.sqlite.check import Progress, Report, check
from chat_server.journal.sqlite.reader import Reader
from chat_server.journal.sqlite.schema import new_epoch
from chat_server.output import standard_output
from chat_server.sqlite_file import connect, translated

#: What `link` says on a file system without hard links (FAT, many network disks).
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV, errno.EMLINK)
#: How many messages an export reads at once, and how many pages of the file a backup copies.
MESSAGES_AT_ONCE = 1000
PAGES_AT_ONCE = 1000


class Meter:
    """Shows progress in one line of a terminal, a few times a second; elsewhere it shows nothing."""

    def __init__(self, stream: TextIO, doing: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._doing = doing
        self._clock = clock
        self._next = clock() if stream.isatty() else float("inf")
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        """Show how much is done."""
        if self._clock() >= self._next:
            self._next = self._clock() + 0.2
            self._shown = True
            share = f" ({done * 100 // total} %)" if total else ""
            self._stream.write(f"\r{self._doing}: {done:,} of {total:,}{share}\033[K")
            self._stream.flush()

    def end(self) -> None:
        """Remove the line."""
        if self._shown:
            self._stream.write("\r\033[K")
            self._stream.flush()


def run(command: str, path: Path, room: str | None, target: Path | None) -> int:
    """Do what `chat-server COMMAND` says, tell a person, return the exit status. Raises `OperatorError`."""
    meter = Meter(sys.stderr, command)
    try:
        if command == "export":
            return _run_export(path, room, meter)
        if command == "check":
            return _tell(path, check(path, meter), meter, "the report is not whole")
        if target is None:
            raise ConfigError("backup needs a TARGET, the file to make; see chat-server --help")
        report = backup(path, target, meter)
        made = "was not made" if report.problems else "is made, but that could not be told"
        return _tell(target, report, meter, f"{target} {made}")
    finally:
        meter.end()


def export(path: Path, room: str | None, out: BinaryIO, progress: Progress) -> int:
    """Write the messages of a room, or of all, a JSON object a line; return how many.

    Rooms come in the order of their names; direct messages only where their room is named.
    Raises `JournalError`.
    """
    with contextlib.closing(Reader(path)) as reader:
        rooms = sorted(each for each in reader.rooms if not each.startswith("@")) if room is None else [room]
        if room is not None and room not in reader.rooms:
            public = [each for each in sorted(reader.rooms) if not each.startswith("@")]
            raise JournalError(f"{path} has no room {room}; there are: {', '.join(public) or 'none'}")
        bounds = {each: reader.bounds(each) for each in rooms}
        total = sum(each.last - each.first + 1 for each in bounds.values())
        done = 0
        for name, (first, last, _) in bounds.items():
            position = first - 1
            while (page := reader.read(name, position, last, MESSAGES_AT_ONCE)).frames:
                out.write(page.frames)
                done += page.last - page.after
                position = page.last
                progress(done, total)
    return done


def backup(path: Path, target: Path, progress: Progress) -> Report:
    """Copy the journal as it is at one moment to a file that is not there yet, and check the copy.

    The copy is a record of its own, with another epoch: were a server started on it after others got
    ids that it does not know, those ids would be given again. Raises `JournalError`.
    """
    if target.exists():
        raise JournalError(f"{target} is there already, and a backup overwrites nothing; give another name")
    partial: Path | None = None
    try:
        partial = _fresh_file(target)
        with contextlib.closing(Reader(path)) as reader, reader.snapshot() as source, translated(partial):
            _copy(source, partial, progress)
        report = check(partial, progress)
        if not report.problems:
            _settle(partial, target)
    except OSError as error:
        raise JournalError(f"{target}: {error.strerror}; give another place for the backup") from None
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
    return report


def _fresh_file(target: Path) -> Path:
    """Make an empty file beside the target that was not there: two backups at once do not share one."""
    descriptor, name = tempfile.mkstemp(prefix=f"{target.name}.", suffix=".partial", dir=target.parent)
    os.close(descriptor)
    return Path(name)


def _copy(source: sqlite3.Connection, partial: Path, progress: Progress) -> None:
    """Copy the pages that the source's transaction sees, and give the copy an epoch of its own."""
    source.execute("SELECT count(*) FROM rooms").fetchone()  # from here on it sees this moment
    with contextlib.closing(connect(partial)) as copy:
        source.backup(
            copy, pages=PAGES_AT_ONCE, progress=lambda _, remaining, total: progress(total - remaining, total)
        )
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        copy.execute("UPDATE meta SET value = ? WHERE name = 'epoch'", (new_epoch(),))
        copy.execute("DELETE FROM meta WHERE name = 'path'")


def _settle(partial: Path, target: Path) -> None:
    """Give the finished copy its name, unless another has taken that meanwhile, and have the disk hold it."""
    _sync(partial)
    try:
        os.link(partial, target)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        _take_name(partial, target)
    _sync(target.parent)


def _take_name(partial: Path, target: Path) -> None:
    """Do the same on a file system without hard links: whoever makes the name has it."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        partial.replace(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _run_export(path: Path, room: str | None, meter: Meter) -> int:
    try:
        with standard_output() as out:
            count = export(path, room, out.buffer, meter)
    except OSError as error:
        raise JournalError(f"the export is not whole: {error.strerror}") from None
    meter.end()
    print(f"{count:,} messages exported", file=sys.stderr)  # noqa: T201  # for a person
    return 0


def _tell(path: Path, report: Report, meter: Meter, untold: str) -> int:
    """Say what was found; if nobody can be told on stdout, say `untold` on stderr."""
    meter.end()
    verdict = f"{len(report.problems):,} problems" if report.problems else "all sound and in order"
    summary = f"{path}: {report.messages:,} messages in {report.rooms:,} rooms, {verdict}"
    try:
        with standard_output() as out:
            out.write("".join(f"{line}\n" for line in (*report.problems, summary)))
    except OSError as error:
        print(f"chat-server: {untold}: {error.strerror}; {summary}", file=sys.stderr)  # noqa: T201  # for a person
    return 1 if report.problems else 0
