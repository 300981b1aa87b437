"""Hooks: programs that say something in rooms, and addresses that are told what is said there."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from chat_protocol.codec import encode_json
from chat_server.store.file import Execute, StoreFile

#: Each hook that is used keeps up to 1,000 refs in memory, some 300 KiB.
HOOKS_AT_MOST = 1_000
#: Each relay has a thread of its own.
RELAYS_AT_MOST = 32


class Hook(NamedTuple):
    """A program that may say something under one name, in these rooms: in the first if it names none.

    `per_minute` is how many messages it may post at once, and then in a minute; `created` is in seconds since
    1970.
    """

    number: int
    name: str
    rooms: Sequence[str]
    per_minute: float
    created: float


class Match(NamedTuple):
    """Which messages a relay passes on: those with any of it; every message if nothing is given."""

    words: Sequence[str] = ()
    prefixes: Sequence[str] = ()
    mentions: Sequence[str] = ()


class Relay(NamedTuple):
    """An address that is told what is said in these rooms, if it matches; `key` signs what it is told."""

    number: int
    url: str
    rooms: Sequence[str]
    match: Match
    key: str
    created: float


class Position(NamedTuple):
    """Up to which id of a room a relay has passed everything on; ids are of an epoch of the journal."""

    epoch: str
    id: int


class _HookDetail(NamedTuple):
    rooms: Sequence[str]
    per_minute: float


class _RelayDetail(NamedTuple):
    url: str
    rooms: Sequence[str]
    match: Match
    key: str


_hook_detail = msgspec.json.Decoder(_HookDetail).decode
_relay_detail = msgspec.json.Decoder(_RelayDetail).decode


class HookTable:
    """The hooks in the store's file; any thread may call it, none under a lock. Raises `StoreError`.

    Of a hook's token it has a digest alone; a relay's key is there as it is, since it signs with it. Both are
    numbered in one row, and no number is given again.
    """

    def __init__(self, file: StoreFile, clock: Callable[[], float]) -> None:
        self._file = file
        self._clock = clock

    def add(
        self, digest: bytes, name: str, keys: Collection[str], rooms: Sequence[str], per_minute: float
    ) -> int | None:
        """Make a hook, and return its number; none if its name is somebody else's, or looks like it.

        `keys` are what the name is known by. Several hooks may have the very same name.
        """
        with self._file.writing() as execute:
            if _is_taken(execute, name, keys):
                return None
            detail = encode_json(_HookDetail(tuple(rooms), per_minute))
            number = self._insert(execute, digest, name, detail)
            for key in keys:
                execute("INSERT INTO hook_names VALUES (?, ?)", (key, number))
            return number

    def find(self, digest: bytes) -> Hook | None:
        """Return the hook whose token that is."""
        return _hook(self._file.row(f"{_ALL} WHERE digest = ?", digest))

    def named(self, key: str) -> Hook | None:
        """Return a hook that is known by this."""
        query = f"{_ALL} JOIN hook_names ON hook = number WHERE key = ? ORDER BY number LIMIT 1"
        return _hook(self._file.row(query, key))

    def is_reserved(self, keys: Collection[str]) -> bool:
        """Tell whether a hook's name is known by one of these."""
        return any(self._file.row("SELECT 1 FROM hook_names WHERE key = ?", key) is not None for key in keys)

    def hooks(self) -> Sequence[Hook]:
        """Return all hooks, in the order in which they were made."""
        rows = self._file.rows(f"{_ALL} WHERE digest IS NOT NULL ORDER BY number")
        return [each for row in rows if (each := _hook(row)) is not None]

    def add_relay(self, url: str, key: str, rooms: Sequence[str], match: Match) -> int:
        """Make a relay; return its number."""
        detail = encode_json(_RelayDetail(url, tuple(rooms), match, key))
        with self._file.writing() as execute:
            return self._insert(execute, None, "", detail)

    def relays(self) -> Sequence[Relay]:
        """Return all relays, in the order in which they were made."""
        rows = self._file.rows(f"{_ALL} WHERE digest IS NULL ORDER BY number")
        found = [(number, _relay_detail(detail), created) for number, _, created, detail in rows]
        return [
            Relay(number, each.url, each.rooms, each.match, each.key, created)
            for number, each, created in found
        ]

    def revoke(self, number: int) -> bool:
        """Forget a hook or a relay; false if there is none of that number."""
        with self._file.writing() as execute:
            execute("DELETE FROM hook_names WHERE hook = ?", (number,))
            execute("DELETE FROM relayed WHERE hook = ?", (number,))
            return execute("DELETE FROM hooks WHERE number = ?", (number,)).rowcount > 0

    def positions(self, relay: int) -> Mapping[str, Position]:
        """Return how far a relay has come in each of its rooms."""
        rows = self._file.rows("SELECT room, epoch, id FROM relayed WHERE hook = ?", relay)
        return {room: Position(epoch, id_) for room, epoch, id_ in rows}

    def set_positions(self, relay: int, positions: Mapping[str, Position]) -> None:
        """Note how far a relay has come; of one that was revoked nothing is kept."""
        with self._file.writing() as execute:
            if execute("SELECT 1 FROM hooks WHERE number = ?", (relay,)).fetchone() is None:
                return
            for room, position in positions.items():
                execute("INSERT OR REPLACE INTO relayed VALUES (?, ?, ?, ?)", (relay, room, *position))

    def _insert(self, execute: Execute, digest: bytes | None, name: str, detail: bytes) -> int:
        row = (digest, name, self._clock(), detail)
        made = execute("INSERT INTO hooks (digest, name, created, detail) VALUES (?, ?, ?, ?)", row)
        return int(made.lastrowid or 0)


_ALL = "SELECT number, name, created, detail FROM hooks"


def _is_taken(execute: Execute, name: str, keys: Collection[str]) -> bool:
    """Tell whether an account, or a hook of another name, is known by one of these."""
    query = "SELECT 1 FROM hook_names JOIN hooks ON number = hook WHERE key = ? AND name != ?"
    return any(
        execute("SELECT 1 FROM names WHERE key = ?", (key,)).fetchone() is not None
        or execute(query, (key, name)).fetchone() is not None
        for key in keys
    )


def _hook(row: tuple[Any, ...] | None) -> Hook | None:
    if row is None:
        return None
    number, name, created, detail = row
    found = _hook_detail(detail)
    return Hook(number, name, found.rooms, found.per_minute, created)
