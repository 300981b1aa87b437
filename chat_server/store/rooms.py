"""What a room keeps while nobody is in it: its topic, its rules, who has which role."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from msgspec import Struct

from chat_protocol.codec import encode_json
from chat_server.store.file import StoreFile


class RoomRules(Struct, frozen=True, omit_defaults=True):
    """How a room is run; a room without any of it is everybody's, as in an open chat.

    `announce`: only moderators and speakers speak. `slow_seconds`: a member speaks once in so many seconds.
    `hash` is that of the password, empty if there is none.
    """

    invite_only: bool = False
    announce: bool = False
    unlisted: bool = False
    slow_seconds: float = 0.0
    hash: str = ""


class RoomTopic(NamedTuple):
    """What a room is about, who said so, and when, in seconds since 1970; by nobody if nobody has."""

    text: str = ""
    by: str = ""
    ts: float = 0.0


class StoredRoom(NamedTuple):
    """What is stored of a room: the roles are words, by the number of the account."""

    topic: RoomTopic
    rules: RoomRules
    roles: Mapping[int, str]


_rules = msgspec.json.Decoder(RoomRules).decode


class RoomTable:
    """The rooms in the store's file; any thread may call it, none under a lock. Raises `StoreError`."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def load(self, room: str) -> StoredRoom | None:
        """Return what is stored of a room; none if it is everybody's."""
        row = self._file.row("SELECT rules, topic, topic_by, topic_ts FROM rooms WHERE name = ?", room)
        if row is None:
            return None
        roles = self._file.rows("SELECT account, role FROM roles WHERE room = ?", room)
        return StoredRoom(RoomTopic(*row[1:]), _rules(row[0]), dict(roles))

    def save(self, room: str, topic: RoomTopic, rules: RoomRules) -> None:
        """Keep topic and rules of a room from now on."""
        with self._file.writing() as execute:
            execute(
                "INSERT OR REPLACE INTO rooms (name, topic, topic_by, topic_ts, rules)"
                " VALUES (?, ?, ?, ?, ?)",
                (room, *topic, encode_json(rules)),
            )

    def set_role(self, room: str, account: int, role: str | None) -> None:
        """Give an account a role in a room, or none."""
        with self._file.writing() as execute:
            if role is None:
                execute("DELETE FROM roles WHERE room = ? AND account = ?", (room, account))
            else:
                execute("INSERT OR REPLACE INTO roles VALUES (?, ?, ?)", (room, account, role))

    def owned(self, account: int) -> int:
        """Return how many rooms an account owns."""
        row = self._file.row("SELECT count(*) FROM roles WHERE account = ? AND role = 'owner'", account)
        return int(row[0]) if row else 0
