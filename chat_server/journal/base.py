"""What every journal does, and what it takes and gives."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

#: No page is larger than this many bytes, so that it fits an outbox beside other things.
PAGE_BYTES = 256 * 1024


#: Where a message with a ref is: the room, its id, its time.
Placed = tuple[str, int, float]


class Placement(Struct, gc=False):
    """Where a record is: ids `first` to `last`, their time, and their lines.

    `known` has the refs of messages that are not stored again, since the session published them before.
    """

    first: int
    last: int
    ts: float
    frames: bytes
    known: Mapping[str, Placed] | None = None


class Record(Struct, eq=False, gc=False):
    """What is stored at once: `count` messages to one room, in this order; the journal gives them their ids.

    `ts` is when they were said, in seconds since 1970. `session` and `refs` (ref and index of each message
    that carried one) make a resend harmless. Whoever makes a record says how its messages are written:
    `lines` returns what members are sent, `bodies` the same without what depends on the place, for a
    journal that cannot know the place before it has stored them (`heads.py`).
    """

    room: str
    count: int
    ts: float
    session: str = ""
    refs: Sequence[tuple[str, int]] = ()
    #: What it makes of an earlier message of the room: that one's id, and its text, none if it is deleted.
    change: tuple[int, str | None] | None = None
    #: The type of its lines, in small letters.
    kind: str = "msg"
    #: Where it is stored. A record that has its place is not stored again, whatever went wrong after that.
    placement: Placement | None = None

    def lines(self, first: int, ts: float) -> bytes:
        """Return a line a message; `first` is the id of the first, `ts` the time of all."""
        raise NotImplementedError

    def bodies(self) -> bytes:
        """Return a line a message without type, room, id and time."""
        raise NotImplementedError


class Page(NamedTuple):
    """Some messages of a room: ids `after + 1` to `last`, contiguous; empty where `last == after`."""

    after: int
    last: int
    frames: bytes


class Bounds(NamedTuple):
    """The first and last id that are kept of a room, and the time of the last message.

    `first == last + 1` if none is kept; `last` is 0 if there never was one.
    """

    first: int
    last: int
    ts: float


class Said(Struct, gc=False):
    """What search needs of a stored frame; one that deletes has no text."""

    id: int
    text: str = ""


class FormerKey(NamedTuple):
    """The key of an earlier run, and when the run after it began, in seconds since 1970."""

    secret: bytes
    retired: float


class Announcement(NamedTuple):
    """Others have stored messages of a room up to the id `last`.

    `frames` are those of the ids `first` to `last`, if they came along; else they are to be read.
    """

    room: str
    first: int
    last: int
    frames: bytes | None = None


class Journal(Protocol):
    """What every journal does. `commit` is called by one thread at a time, all else by any.

    1. The journal gives the order: ids of a room are contiguous from 1, and its times never go back.
    2. When `commit` returns, all its records are stored. If it raises, none is or, after a fault behind the
       write, all are. The caller passes the same records again, before any new ones; those that are stored
       keep their place and are not stored twice.
    3. `read` returns what was committed, and nothing else.
    4. `epoch` changes only when the record itself is new; ids of two epochs have nothing in common.
    5. Ids of a room never go back under one epoch, not even when it was forgotten and comes anew.
    6. A `change` is stored with its record, or not. From then on the message that it is of is read, found and
       exported as it was changed (`outcome.py`); only `read` with `raw` gives what was said.
    7. What others have stored, if several processes share the record, is told to the sink of `follow`:
       late, twice, out of order or not at all. Who needs all of it looks at the ids.
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

    def commit(self, records: Sequence[Record]) -> Sequence[Placement]:
        """Store the records; return where each is.

        Raises `JournalError` if that cannot be; the same call may be made again.
        """

    def follow(self, sink: Callable[[Announcement], None]) -> None:
        """Call the sink from now on with what others have stored; never, if nobody else can.

        It is called by a thread of the journal's, or by `commit` of another handle; it raises nothing.
        """

    def open(self, room: str) -> Bounds:
        """Return which ids are kept of a room that is about to be followed and written to."""

    def bounds(self, room: str) -> Bounds:
        """Return which ids are kept of the room."""

    def read(self, room: str, after: int, upto: int, limit: int, *, raw: bool = False) -> Page:
        """Return the kept messages with `after < id <= upto`, the oldest first, at most `limit`.

        A page ends early at `PAGE_BYTES`, but is empty only if nothing is left to read.
        """

    def id_at(self, room: str, ts: float) -> int:
        """Return the id of the first kept message not older than `ts`, or the last id + 1."""

    def search(self, words: str, rooms: Sequence[str], limit: int) -> list[bytes]:
        """Return the newest messages in these rooms that have all the words, the newest first.

        Raises `UnavailableError` where this journal cannot search. A message may be found only a
        moment after it was stored.
        """

    def known(self, session: str) -> Mapping[str, Placed]:
        """Return what the session published with a ref elsewhere and is kept; the newest come last.

        Elsewhere is what this process has not stored itself: an earlier run, another node.
        """

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
