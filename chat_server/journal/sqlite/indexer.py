"""Keeps the search index of an SQLite journal up with it, a step at a time."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from chat_server.journal.base import Said
from chat_server.journal.outcome import EDIT
from chat_server.journal.search_time import SearchTime
from chat_server.journal.sqlite.reader import Reader
from chat_server.journal.sqlite.schema import ID_BITS
from chat_server.journal.sqlite.search import SearchIndex, is_damage
from chat_server.journal.words import is_in, phrases, tokens
from chat_server.sqlite_file import failure, translated

#: About how many bytes of frames a step takes: some milliseconds.
STEP_BYTES = 64 * 1024

_decode = msgspec.json.Decoder(Said).decode_lines


class Indexer:
    """Indexes what is stored and forgets what is removed. `search` may be called by any thread.

    One that is damaged is made anew; one that cannot be opened is tried again, and there is no search until
    then.
    """

    def __init__(self, path: Path, epoch: str, reader: Reader) -> None:
        self.path = path
        self._reader = reader
        with translated(path):
            self._index = SearchIndex(path, epoch)
        self._reached: dict[int, int] = {}
        self._waiting: dict[str, None] = {}
        # The first key of each room of which something was removed, and the last that was.
        self._removed: dict[int, int] = {}
        with contextlib.ExitStack() as opened:
            opened.callback(self._index.close)
            self._begin()
            opened.pop_all()

    def _begin(self) -> None:
        """Find out what the index has, and what it has to do."""
        with translated(self.path):
            self._reached = self._index.reached()
        self._waiting = dict.fromkeys(self._reader.rooms.copy())
        with self._reader.snapshot() as connection:
            gone = connection.execute("SELECT number, last FROM rooms WHERE last > 0").fetchall()
        self._removed = {number << ID_BITS: (number << ID_BITS) + last for number, last in gone}
        if not self._agrees():
            with translated(self.path):
                self._renew()

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    @property
    def behind(self) -> bool:
        """Whether something is left to do."""
        return self._index.available and bool(self._waiting or self._removed)

    def look_at(self, rooms: Iterable[str]) -> None:
        """Index these rooms next, in which something was said."""
        self._waiting.update(dict.fromkeys(rooms))

    def forget(self, low: int, high: int) -> None:
        """Forget the messages of the room that begins with the key `low` up to `high`, in a later step."""
        self._removed[low] = high

    def step(self) -> None:
        """Do some of what is left. Raises `JournalError`."""
        with translated(self.path):
            recovered = self._index.recover()
        if recovered:
            self._begin()
        if not self._index.available:
            return
        with self._mended():
            if self._removed:
                self._remove_some()
            if self._waiting and not self._index_some(room := next(iter(self._waiting))):
                self._waiting.pop(room, None)

    def search(self, words: str, rooms: Sequence[str], limit: int) -> list[bytes]:
        """Return the newest messages in these rooms that have all the words, the newest first.

        Raises `UnavailableError` if SQLite was built without FTS5, and `JournalError`.
        """
        found: dict[int, tuple[float, int, bytes]] = {}
        time_left = SearchTime()
        for room in rooms:
            time_left.go_on()
            low, high = self._reader.keys(room)
            with translated(self.path):
                keys = self._index.find(words, low, high, limit, time_left)
            for key in keys:
                id_, line = self._as_it_is_now(room, key - low, words)
                if line:  # else it was deleted, or retention has taken it meanwhile
                    found[low + id_] = self._reader.time(low + id_), low + id_, line
        return [line for _, _, line in sorted(found.values(), reverse=True)[:limit]]

    def _as_it_is_now(self, room: str, id_: int, words: str) -> tuple[int, bytes]:
        """Return what the index found, or if that is an edit the message that it is of, with its id.

        The line is empty if nothing with these words is there any more.
        """
        line = self._reader.read(room, id_ - 1, id_, 1).frames
        if line and self._reader.has_changes(room):
            if line.startswith(EDIT):
                id_ = int(msgspec.json.decode(line)["of"])
                line = self._reader.read(room, id_ - 1, id_, 1).frames
            row = tokens(_decode(line)[0].text) if line else []
            line = line if row and all(is_in(phrase, row) for phrase in phrases(words)) else b""
        return id_, line

    def _agrees(self) -> bool:
        """Tell whether the index knows nothing beyond the journal, which may be an older copy."""
        names = {number: name for name, number in self._reader.rooms.items()}
        return all(
            number in names and key <= (number << ID_BITS) + self._reader.bounds(names[number]).last
            for number, key in self._reached.items()
        )

    @contextlib.contextmanager
    def _mended(self) -> Iterator[None]:
        """Make the index anew where it turns out to be damaged. Raises `JournalError`."""
        try:
            yield
        except sqlite3.Error as error:
            if not is_damage(error):
                raise failure(self.path, error) from error
            with translated(self.path):
                self._renew()

    def _renew(self) -> None:
        self._index.renew()
        self._reached = {}
        self._removed.clear()
        self._waiting = dict.fromkeys(self._reader.rooms.copy())

    def _remove_some(self) -> None:
        """Remove what is noted of one room; whoever stores may note more meanwhile."""
        low, high = self._removed.popitem()
        try:
            self._index.remove(low, high)
        except BaseException:
            self._removed.setdefault(low, high)
            raise

    def _index_some(self, room: str) -> bool:
        """Index a few rows of the room; return whether there may be more."""
        low, _ = self._reader.keys(room)
        reached = self._reached.get(low >> ID_BITS, low)
        texts: list[tuple[int, str]] = []
        size = 0
        with self._reader.snapshot():
            for key, _, frames in self._reader.rows_locked(room, reached - low):
                texts += [(low + said.id, said.text) for said in _readable(frames)]
                reached = key
                size += len(frames)
                if size > STEP_BYTES:
                    break
        if texts:
            self._index.add(low >> ID_BITS, reached, texts)
            self._reached[low >> ID_BITS] = reached
        return size > STEP_BYTES


def _readable(frames: bytes) -> Sequence[Said]:
    """Return what the frames say; nothing where they are damaged, of which `chat-server check` tells."""
    try:
        return _decode(frames)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()
