"""What an operator does with an SQLite journal: export, backup, check; a server may be using it.

None writes to the journal. A backup and a check see one moment of it, an export what is there when it
comes to it; publishers wait for none of them.
"""

import contextlib
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TextIO

from chat_server.errors import ConfigError, JournalError
from chat_server.journal.inspection import Progress, Report, check
from chat_server.journal.reader import Reader
from chat_server.journal.schema import connect, new_epoch, translated

#: How many messages an export reads at once, and how many pages of the file a backup copies.
MESSAGES = 1000
PAGES = 1000


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
            return _tell(path, check(path, meter), meter)
        if target is None:
            raise ConfigError("backup needs a TARGET, the file to make; see chat-server --help")
        return _tell(target, backup(path, target, meter), meter)
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
            raise JournalError(
                f"{path} has no room {room}; there are: {', '.join(sorted(reader.rooms)) or 'none'}"
            )
        bounds = {each: reader.bounds(each) for each in rooms}
        total = sum(each.last - each.first + 1 for each in bounds.values())
        done = 0
        for name, (first, last, _) in bounds.items():
            position = first - 1
            while (page := reader.read(name, position, last, MESSAGES)).frames:
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
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        with contextlib.closing(Reader(path)) as reader, reader.snapshot() as source, translated(partial):
            _copy(source, partial, progress)
        report = check(partial, progress)
        if not report.problems:
            _settle(partial, target)
    except OSError as error:
        raise JournalError(f"{target}: {error.strerror}; give another place for the backup") from None
    finally:
        partial.unlink(missing_ok=True)
    return report


def _copy(source: sqlite3.Connection, partial: Path, progress: Progress) -> None:
    """Copy the pages that the source's transaction sees, and give the copy an epoch of its own."""
    source.execute("SELECT count(*) FROM rooms").fetchone()  # from here on it sees this moment
    with contextlib.closing(connect(partial)) as copy:
        source.backup(
            copy, pages=PAGES, progress=lambda _, remaining, total: progress(total - remaining, total)
        )
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        copy.execute("UPDATE meta SET value = ? WHERE name = 'epoch'", (new_epoch(),))
        copy.execute("DELETE FROM meta WHERE name = 'path'")


def _settle(partial: Path, target: Path) -> None:
    """Give the finished copy its name, unless another has taken that meanwhile, and have the disk hold it."""
    _sync(partial)
    os.link(partial, target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _run_export(path: Path, room: str | None, meter: Meter) -> int:
    try:
        count = export(path, room, sys.stdout.buffer, meter)
        sys.stdout.flush()
    except OSError as error:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its end
        raise JournalError(f"the export is not whole: {error.strerror}") from None
    meter.end()
    print(f"{count:,} messages exported", file=sys.stderr)  # noqa: T201  # for a person
    return 0


def _tell(path: Path, report: Report, meter: Meter) -> int:
    meter.end()
    verdict = f"{len(report.problems):,} problems" if report.problems else "all sound and in order"
    for problem in report.problems:
        print(problem)  # noqa: T201  # what was asked for
    print(f"{path}: {report.messages:,} messages in {report.rooms:,} rooms, {verdict}")  # noqa: T201  # likewise
    return 1 if report.problems else 0
