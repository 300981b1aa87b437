"""What an SQLite journal's file holds, read without a server."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

from chat_protocol.messages import PAGE_MESSAGES
from chat_protocol.server_messages import MsgFrame
from chat_server.journal.sqlite.journal import SqliteJournal
from tests.chaos.load import ROOMS
from tests.chaos.records import Stored

_decode = msgspec.json.Decoder(MsgFrame).decode_lines


def read_file(path: Path) -> list[Stored]:
    """Return all messages of the rooms, in the order of their ids."""
    return [
        Stored(frame.room, frame.id, frame.sender, frame.text) for room in _frames(path) for frame in room
    ]


def times_go_back(path: Path) -> Iterator[str]:
    """Yield where a message is older than the one before it in its room."""
    for room in _frames(path):
        for before, frame in pairwise(room):
            if frame.ts < before.ts:
                yield f"{frame.room}: {frame.id} is {before.ts - frame.ts:.3f} s older than the one before"


def _frames(path: Path) -> list[list[MsgFrame]]:
    journal = SqliteJournal(path)
    try:
        return [list(_room(journal, room)) for room in ROOMS]
    finally:
        journal.close()


def _room(journal: SqliteJournal, room: str) -> Iterator[MsgFrame]:
    first, last, _ = journal.bounds(room)
    after = first - 1
    while after < last:
        page = journal.read(room, after, last, PAGE_MESSAGES)
        yield from _decode(page.frames)
        after = page.last
