r"""The file that messages are saved in: each once, as they come.

One message is one line; what would break a line is written as an escape (`\n`), so that

    2026-07-01T12:00:00.123Z lobby #42 dave: hello
    2026-07-01T12:00:04.500Z lobby #43 * dave waves
    2026-07-01T12:00:09.010Z @ #7 bob -> dave: a direct message
    2026-07-01T12:00:09.500Z lobby #44 builder (notice): it is built

can be read and cut by any tool. Lines that begin with `#` are remarks; a `# positions` line tells the
epoch of the server's record and the last id saved of each room, so that a client started again on the
same file writes no message twice and need not read all of it.
"""

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from chat_client.errors import TranscriptError
from chat_client.log_file import LogFile, cannot_save
from chat_client.protocol.events import Changed, DirectSaid, Event, Gap, Registered, Said
from chat_client.protocol.positions import DIRECT
from chat_client.sanitize import escaped
from chat_protocol.server_messages import DeleteFrame, DmFrame, EditFrame, MsgFrame

HEADER = "# transcript of chat-client: time (UTC), room, id, who: what\n"
#: What has an id, a time and somebody who said it.
Numbered = MsgFrame | DmFrame | EditFrame | DeleteFrame
#: After so many lines another `# positions` line is written, so a start never reads more than these.
LINES_A_POSITION = 1000
#: How many epochs are remembered: records of servers that were saved to the same file.
EPOCHS_REMEMBERED = 8
#: How much of the end of a file is read at most to find where an earlier run was.
TAIL_BYTES = 256 * 1024 * 1024
#: How many ids at most are remembered as still to come.
SKIPPED_REMEMBERED = 1000
_POSITIONS = b"# positions "
_MESSAGE = re.compile(rb"\S+ (\S+) #(\d{1,20}) ")
_BLOCK_BYTES = 64 * 1024


class Transcript:
    """Saves messages to a file. One thread saves; `close` comes after it.

    What cannot be written waits in memory, and is written as soon as that is possible. A file that was moved
    away, removed or emptied is begun anew. `on_problem` is told each of it, once.
    """

    def __init__(self, path: str, on_problem: Callable[[str], object]) -> None:
        self._path = path
        self._on_problem = on_problem
        self._failing = False
        self._closed = False
        self._lines = 0
        self._epoch = ""
        #: epoch -> room -> the last id saved.
        self._last: dict[str, dict[str, int]] = {}
        #: The rooms in which this run has saved something, in this epoch.
        self._continued: set[str] = set()
        #: room and id of what is before the last one saved, and may still come: an acknowledgement
        #: that took longer than the messages after it.
        self._skipped: set[tuple[str, int]] = set()
        #: How many lines are missing in the file.
        self._missing = 0
        try:
            self._file = LogFile(path, HEADER.encode())
            self._begin()
        except TranscriptError as error:
            raise TranscriptError(f"{error}; choose another file for --file") from None

    def save(self, events: Sequence[Event]) -> None:
        """Write what of the events belongs into the file, and hand it to the system. Never fails."""
        if self._closed:
            return
        lines = "".join(line for event in events for line in self._lines_of(event))
        if lines:
            self._put(lines)
        if self._lines >= LINES_A_POSITION:
            self._put(self._positions())

    def close(self) -> int:
        """Write where things stand, and close the file; return how many lines could not be saved."""
        if self._epoch:
            self._put(self._positions())
        self._closed = True
        self._file.close()
        return self._missing + self._file.unsaved

    def _begin(self) -> None:
        """Find out what an earlier run has saved."""
        try:
            if due := self._file.header_due:
                self._file.add(due)
            elif self._file.size:
                tail = _tail(self._file.descriptor, self._file.size)
                self._read(tail)
                self._epoch = ""
                self._file.add(b"" if tail.endswith(b"\n") else b"\n")
        except OSError as error:
            self._file.close()
            raise cannot_save(self._path, error) from None
        self._put("")

    def _read(self, tail: bytes) -> None:
        # A last line without its end is what a killed run left; that message may come again.
        for line in tail.split(b"\n")[:-1]:
            if line.startswith(_POSITIONS):
                self._epoch, self._last = _parse_positions(line)
            elif match := _MESSAGE.match(line):
                self._note(match[1].decode("utf-8", "replace"), int(match[2]))

    def _note(self, room: str, number: int) -> None:
        if room != DIRECT:
            rooms = self._last.setdefault(self._epoch, {})
            rooms[room] = max(number, rooms.get(room, 0))
            self._continued.add(room)

    def _lines_of(self, event: Event) -> list[str]:
        if isinstance(event, Said | Changed):
            return self._said(event)
        if isinstance(event, DirectSaid):
            message = event.message
            who = _marked(message, f"{message.sender} -> {message.to}")
            return [self._line(message, DIRECT, who, message.text)]
        if isinstance(event, Gap):
            self._note(event.room, event.last)
            return [_gap(event.room, event.first, event.last)]
        if isinstance(event, Registered) and event.epoch != self._epoch:
            return [self._begin_epoch(event.epoch)]
        return []

    def _begin_epoch(self, epoch: str) -> str:
        self._epoch = epoch
        self._last[epoch] = self._last.pop(epoch, {})
        while len(self._last) > EPOCHS_REMEMBERED:
            del self._last[next(iter(self._last))]
        self._continued.clear()
        self._skipped.clear()
        return self._positions()

    def _said(self, said: Said | Changed) -> list[str]:
        message, room = said.message, said.message.room
        last = self._last.setdefault(self._epoch, {}).get(room)
        gap = []
        if last is not None and message.id <= last:
            if (room, message.id) not in self._skipped:
                return []
            self._skipped.remove((room, message.id))
        elif last is not None and message.id > last + 1:
            gap = self._skip(said, last + 1)
        self._note(room, message.id)
        name = _field(message.sender)
        if isinstance(message, MsgFrame):
            text = "(deleted)" if message.deleted else message.text
            return [*gap, self._line(message, room, _marked(message, name), text)]
        return [*gap, self._line(message, room, f"* {name}", _change(message))]

    def _skip(self, said: Said | Changed, start: int) -> list[str]:
        """Remember ids that may still come, or note those that do not: what is replayed has no holes."""
        room, number = said.message.room, said.message.id
        replayed = isinstance(said, Said) and said.replayed
        if replayed or room not in self._continued:
            return [_gap(room, start, number - 1)]
        self._skipped |= {(room, each) for each in range(max(start, number - SKIPPED_REMEMBERED), number)}
        self._skipped = set(sorted(self._skipped)[-SKIPPED_REMEMBERED:])
        return []

    def _line(self, message: Numbered, room: str, who: str, text: str) -> str:
        self._lines += 1
        return f"{_iso(message.ts)} {_field(room)} #{message.id} {who} {escaped(text)}\n"

    def _positions(self) -> str:
        self._lines = 0
        positions = json.dumps({"epoch": self._epoch, "last": self._last})
        return f"{_POSITIONS.decode()}{positions}\n"

    def _put(self, lines: str) -> None:
        """Write lines after those that wait, or have them wait too."""
        self._file.add(lines.encode())
        try:
            self._look_after_file()
            self._file.write()
        except (OSError, TranscriptError) as error:
            if not self._failing:
                if isinstance(error, OSError):
                    error = cannot_save(self._path, error)
                self._on_problem(f"{error}; the chat goes on, and saving is tried again")
            self._failing = True
        else:
            self._recovered()

    def _look_after_file(self) -> None:
        became = self._file.renew(lambda: self._positions().encode() if self._epoch else b"")
        if became is not None:
            self._on_problem(f"{self._path} {became}; saving goes on in a file of that name")

    def _recovered(self) -> None:
        if not self._failing:
            return
        self._failing = False
        dropped, self._file.dropped = self._file.dropped, 0
        self._on_problem(
            f"saving to {self._path} works again" + (f"; {dropped} lines are missing" if dropped else "")
        )
        self._missing += dropped
        if dropped:
            self._put(f"# {dropped} lines could not be saved here\n")


def _tail(descriptor: int, size: int) -> bytes:
    """Return the end of the file, from its last `# positions` line on."""
    mark = b"\n" + _POSITIONS
    blocks = [b""]
    end, least = size, max(0, size - TAIL_BYTES)
    while end > least and mark not in blocks[-1] + b"".join(blocks[-2:-1])[: len(mark)]:
        start = max(least, end - _BLOCK_BYTES)
        blocks.append(os.pread(descriptor, end - start, start))
        end = start
    tail = b"".join(reversed(blocks))
    return tail[max(0, tail.rfind(mark)) :].removeprefix(b"\n")


def _parse_positions(line: bytes) -> tuple[str, dict[str, dict[str, int]]]:
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        found = json.loads(line.removeprefix(_POSITIONS))
        last = {
            epoch: {room: int(number) for room, number in rooms.items()}
            for epoch, rooms in found["last"].items()
        }
        return str(found["epoch"]), last
    return "", {}


def _gap(room: str, first: int, last: int) -> str:
    return f"# gap: {_field(room)} #{first} to #{last} are not here\n"


def _field(name: str) -> str:
    """Return a name without what separates the columns."""
    return escaped(name).replace(" ", "\\x20").replace(":", "\\x3a")


def _marked(message: MsgFrame | DmFrame, who: str) -> str:
    """Return who says something, and how."""
    who += " (notice)" * message.notice
    return f"* {who}" if message.action else f"{who}:"


def _iso(ts: float) -> str:
    try:
        seconds, milliseconds = divmod(round(ts * 1000), 1000)
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{milliseconds:03d}Z"
    except (OverflowError, ValueError, OSError):
        return "-"


def _change(message: EditFrame | DeleteFrame) -> str:
    if isinstance(message, EditFrame):
        return f"edited #{message.of}: {message.text}"
    return f"deleted #{message.of}"
