"""What every journal does, and what it takes and gives."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

#: No page is larger than this many bytes, so that it fits an outbox beside other things.
PAGE_BYTES = 256 * 1024


class Record(Struct, eq=False):
    """What is stored at once: messages to one room, in order, as the frames that members are sent.

    `first` to `last` are their ids, `ts` is their time, `frames` holds a line a message. `session` and
    `refs` (ref and id of each message that carried one) make a resend after a restart harmless.
    """

    room: str
    first: int
    last: int
    ts: float
    frames: bytes
    session: str = ""
    refs: Sequence[tuple[str, int]] = ()


class Page(NamedTuple):
    """Some messages of a room: ids `after + 1` to `last`, contiguous; empty where `last == after`."""

    after: int
    last: int
    frames: bytes


class Bounds(NamedTuple):
    """The first and last id that are kept of a room, and the time of the last message.

    `first == last + 1` where none is kept; `last` is 0 where there never was one.
    """

    first: int
    last: int
    ts: float


class Said(Struct, gc=False):
    """What search needs of a stored frame."""

    text: str
    id: int


class FormerKey(NamedTuple):
    """The key of an earlier run, and when the run after it began, in seconds since 1970."""

    secret: bytes
    retired: float


class Journal(Protocol):
    """What every journal does. `commit` is called by one thread at a time, all else by any.

    1. When `commit` returns, all its records are stored; when it raises, none is, or, if a fault came after
       the act, all are. The same records may come again: what is stored already is not stored twice.
    2. Records of one room come to `commit` in the order of their ids, with no hole between.
    3. `read` returns what was committed, and nothing else.
    4. `epoch` changes only when the record itself is new; ids of two epochs have nothing in common.
    5. Ids of a room never go back under one epoch, not even when it was forgotten and comes anew.
    """

    epoch: str
    #: Whether what is stored outlives the process.
    durable: bool
    #: Whether a commit costs more than a switch of threads, so that it pays to let others add to it first.
    costly: bool
    #: Signs the sessions' tokens of this run.
    secret: bytes
    #: The keys of earlier runs, the latest first: so a server knows after a restart which tokens it gave out.
    former: Sequence[FormerKey]
    #: Whether `refs` also answers for what was stored in this run, so that nobody else need remember it.
    keeps_refs: bool

    def commit(self, records: Sequence[Record]) -> None:
        """Store the records. Raises `JournalError` where it cannot; the same call may be made again."""

    def bounds(self, room: str) -> Bounds:
        """Return which ids are kept of the room."""

    def read(self, room: str, after: int, upto: int, limit: int) -> Page:
        """Return the kept messages with `after < id <= upto`, the oldest first, at most `limit`.

        A page ends early at `PAGE_BYTES`, but is empty only where nothing is left to read.
        """

    def id_at(self, room: str, ts: float) -> int:
        """Return the id of the first kept message not older than `ts`, or the last id + 1."""

    def search(self, words: str, rooms: Sequence[str], limit: int) -> list[bytes]:
        """Return the newest messages in these rooms that have all the words, the newest first.

        Raises `UnavailableError` where this journal cannot search. A message may be found only a
        moment after it was stored.
        """

    def refs(self, session: str) -> dict[str, tuple[str, int, float]]:
        """Return what the session published with a ref and is kept: ref to room, id and time."""

    def takes(self, room: str) -> bool:
        """Tell whether messages of this room may be stored: false if it is new and there are too many.

        Reads no file: it may be called under a lock.
        """

    def forget(self, room: str) -> None:
        """Drop all that is kept of the room. Slow; called as `commit` is. Raises `JournalError`."""

    def trim(self) -> None:
        """Do a short piece of what retention asks for; called as `commit` is."""

    @property
    def behind(self) -> bool:
        """Whether `upkeep` has more to do at once."""

    def upkeep(self) -> None:
        """Do a short piece of what follows behind the commits, beside them."""

    def close(self) -> None:
        """Let go of what is open; nothing may be called after it."""


def cut(first: int, frames: bytes, after: int, upto: int) -> list[bytes]:
    """Return the lines with `after < id <= upto` of frames that begin with the id `first`."""
    return frames.splitlines(keepends=True)[max(0, after + 1 - first) : max(0, upto + 1 - first)]


def page(after: int, lines: Sequence[bytes], limit: int) -> Page:
    """Make a page of the lines that follow `after`, within `limit` messages and `PAGE_BYTES`."""
    taken: list[bytes] = []
    size = 0
    for line in lines[:limit]:
        size += len(line)
        if taken and size > PAGE_BYTES:
            break
        taken.append(line)
    return Page(after, after + len(taken), b"".join(taken))
