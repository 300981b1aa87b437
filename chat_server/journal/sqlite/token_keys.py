"""The keys that sign the sessions' tokens: each run of a server has its own, and knows those before."""

import secrets
import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec

from chat_protocol.codec import encode_json
from chat_server.journal.base import FormerKey
from chat_server.sqlite_file import transaction

#: How many keys of earlier runs are kept: more than a loop of crashes makes while a session lasts, at one
#: start a second, as the systemd unit has it.
KEPT_KEYS = 1000

_decoder = msgspec.json.Decoder(list[FormerKey])


def rotate(connection: sqlite3.Connection, now: float) -> None:
    """Give this run a key of its own, and put the one before among the former. Raises `sqlite3.Error`."""
    with transaction(connection):
        meta = dict(connection.execute("SELECT name, value FROM meta"))
        kept = [FormerKey(bytes(meta["secret"]), now), *former(meta)][:KEPT_KEYS]
        rows = {"secret": secrets.token_bytes(32), "former": encode_json(kept)}
        connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows.items())


def former(meta: Mapping[str, Any]) -> list[FormerKey]:
    """Return the keys of earlier runs, the latest first."""
    return _decoder.decode(meta.get("former", b"[]"))
