"""What moderators have done: bans and mutes with their end, and a row for each act."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from chat_server.store.file import StoreFile

#: How many acts are kept, some 150 bytes each: the oldest go, and the log still has them.
ACTS_AT_MOST = 1_000_000
#: The end of what has none, in seconds since 1970.
FOR_EVER = 1e12


class Act(NamedTuple):
    """What somebody did to somebody: `act` is one word of a closed list; times are seconds since 1970."""

    actor: str
    act: str
    target: str = ""
    room: str = ""
    detail: str = ""
    number: int = 0
    ts: float = 0.0


class Ban(NamedTuple):
    """Who may not come in until a time, in seconds since 1970; `room` is empty for the whole chat.

    `kind` says what `value` is: name (its key), account (its number), address (a network), or mute (an
    identity that may read but not speak). `shown` is how people know it.
    """

    room: str
    kind: str
    value: str
    shown: str
    until: float = FOR_EVER
    reason: str = ""
    actor: str = ""
    number: int = 0

    @property
    def is_for_ever(self) -> bool:
        """Whether it has no end."""
        return self.until >= FOR_EVER


class Moderation:
    """Bans and acts in the store's file; any thread may call it, none under a lock. Raises `StoreError`.

    A ban that is over is none, and goes when another is added.
    """

    def __init__(self, file: StoreFile, clock: Callable[[], float]) -> None:
        self._file = file
        #: The time, in seconds since 1970, that tells when a ban is over.
        self.clock = clock

    def add_ban(self, ban: Ban) -> None:
        """Keep a ban, in place of another for the same."""
        with self._file.writing() as execute:
            execute("DELETE FROM bans WHERE until <= ?", (self.clock(),))
            execute(
                "INSERT OR REPLACE INTO bans (room, kind, value, shown, until, reason, actor)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                ban[:7],
            )

    def lift(self, room: str, kind: str, value: str) -> bool:
        """End a ban; false if there is none."""
        with self._file.writing() as execute:
            query = "DELETE FROM bans WHERE room = ? AND kind = ? AND value = ? AND until > ?"
            return execute(query, (room, kind, value, self.clock())).rowcount > 0

    def bans(self, room: str | None = None) -> Sequence[Ban]:
        """Return all bans and mutes that are not over, the oldest first; those of one room if it is named."""
        where, values = ("", ()) if room is None else (" AND room = ?", (room,))
        rows = self._file.rows(
            f"SELECT room, kind, value, shown, until, reason, actor, number FROM bans WHERE until > ?{where}"  # noqa: S608  # put together above
            " ORDER BY number",
            self.clock(),
            *values,
        )
        return [Ban(*row) for row in rows]

    def note(self, act: Act) -> None:
        """Keep what was done, as of now if it has no time; the oldest beyond `ACTS_AT_MOST` go."""
        row = (act.ts or self.clock(), act.actor, act.act, act.target, act.room, act.detail)
        with self._file.writing() as execute:
            made = execute(
                "INSERT INTO acts (ts, actor, act, target, room, detail) VALUES (?, ?, ?, ?, ?, ?)", row
            )
            execute("DELETE FROM acts WHERE number <= ?", (int(made.lastrowid or 0) - ACTS_AT_MOST,))

    def acts(self, limit: int, room: str | None = None) -> Sequence[Act]:
        """Return the newest acts, the newest first; those in one room if it is named."""
        where, values = ("", ()) if room is None else (" WHERE room = ?", (room,))
        rows = self._file.rows(
            f"SELECT actor, act, target, room, detail, number, ts FROM acts{where}"  # noqa: S608  # put together above
            " ORDER BY number DESC LIMIT ?",
            *values,
            limit,
        )
        return [Act(*row) for row in rows]
