"""Pages of what was said in a room."""

from collections.abc import Sequence

import msgspec

from chat_protocol.errors import BadFieldError
from chat_protocol.messages import History, Search
from chat_protocol.server_messages import DeleteFrame, DmFrame, EditFrame, Found, HistoryFrame, MsgFrame
from chat_server.chat.room import Room
from chat_server.journal.base import PAGE_BYTES, Journal

_decode = msgspec.json.Decoder(MsgFrame | DmFrame | EditFrame | DeleteFrame).decode_lines
_decode_found = msgspec.json.Decoder(MsgFrame | DmFrame).decode_lines


def answer(journal: Journal, room: Room, asked: History) -> HistoryFrame:
    """Return the page asked for: beside an id or a time, or the last one. Raises `BadFieldError`.

    `after` and `since` read forward from there, `before` and `until` give the page that ends there.
    """
    if sum(each is not None for each in (asked.before, asked.after, asked.until, asked.since)) > 1:
        raise BadFieldError("HISTORY: give one of before, after, until, since")
    first, _, _ = journal.bounds(room.name)
    shown = room.delivery.taken
    if asked.after is not None or asked.since is not None:
        start = asked.after if asked.after is not None else journal.id_at(room.name, asked.since or 0.0) - 1
        page = journal.read(room.name, start, shown, asked.limit, raw=asked.raw)
        return HistoryFrame(room.title, _decode(page.frames), page.last < shown, asked.ref)
    end = shown
    if asked.before is not None:
        end = min(asked.before - 1, shown)
    elif asked.until is not None:
        end = min(journal.id_at(room.name, asked.until) - 1, shown)
    start = max(first - 1, end - asked.limit)
    page = journal.read(room.name, start, end, asked.limit, raw=asked.raw)
    while start < page.last < end:  # cut by its size: the messages nearest to where it ends count
        start = page.last
        page = journal.read(room.name, start, end, asked.limit, raw=asked.raw)
    return HistoryFrame(room.title, _decode(page.frames), start > first - 1 or page.last < end, asked.ref)


def time_of(journal: Journal, room: Room, id_: int) -> float | None:
    """Return when a message was said; none if it is not kept."""
    page = journal.read(room.name, id_ - 1, id_, 1)
    return _decode(page.frames)[0].ts if page.frames else None


def found(journal: Journal, rooms: Sequence[str], asked: Search) -> Found:
    """Return what is found, as far as it fits a page. Raises `BadFieldError`, `UnavailableError`."""
    if not asked.words.strip():
        raise BadFieldError("SEARCH: give at least one word")
    lines = journal.search(asked.words, rooms, asked.limit)
    while sum(map(len, lines)) > PAGE_BYTES:
        lines.pop()
    return Found(_decode_found(b"".join(lines)), asked.ref)
