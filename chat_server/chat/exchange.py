"""What two people have said to each other alone: those of somebody's direct messages, page by page."""

from msgspec import structs

from chat_protocol.errors import BadFieldError
from chat_protocol.messages import PAGE_MESSAGES, History
from chat_protocol.server_messages import DmFrame, HistoryFrame
from chat_server.chat import history, names
from chat_server.chat.inbox import Inbox
from chat_server.chat.room import Room
from chat_server.journal.base import PAGE_BYTES, Journal

#: How many pages of direct messages one request looks through.
PAGES_AT_MOST = 20


def answer(journal: Journal, room: Room, asked: History, name: str) -> HistoryFrame:
    """Return the page of messages with one person alone, of somebody with this name.

    Raises `BadFieldError`, `JournalError`.
    """
    if not isinstance(room, Inbox):
        raise BadFieldError("HISTORY: a peer is for direct messages; ask with room @")
    peer, own = names.user_key(asked.peer or ""), names.key(name)
    forward = asked.after is not None or asked.since is not None
    step = structs.replace(asked, limit=PAGE_MESSAGES, peer=None)
    found: list[DmFrame] = []
    for _ in range(PAGES_AT_MOST):
        page = history.answer(journal, room, step)
        theirs = [each for each in page.messages if isinstance(each, DmFrame) and _is_with(each, peer, own)]
        found = [*found, *theirs] if forward else [*theirs, *found]
        if not page.messages or not page.more or len(found) >= asked.limit:
            break
        step = _onward(step, page, forward=forward)
    return _cut(page, found, asked, forward=forward)


def _is_with(said: DmFrame, peer: str, own: str) -> bool:
    """Tell whether something was said by somebody to `peer`, or by `peer` to somebody."""
    sender, to = names.key(said.sender), names.key(said.to)
    return to == peer if sender == own else sender == peer


def _onward(step: History, page: HistoryFrame, *, forward: bool) -> History:
    """Return what asks for the next page."""
    edge = page.messages[-1 if forward else 0].id
    after, before = (edge, None) if forward else (None, edge)
    return structs.replace(step, after=after, before=before, since=None, until=None)


def _cut(page: HistoryFrame, found: list[DmFrame], asked: History, *, forward: bool) -> HistoryFrame:
    """Return the messages that are nearest to where the page begins, as many as were asked for and fit."""
    kept, size = 0, 0
    for each in found if forward else reversed(found):
        size += len(each.text.encode()) + 256
        if kept >= asked.limit or (kept and size > PAGE_BYTES):
            break
        kept += 1
    whole = kept == len(found)
    cut = found[:kept] if forward else found[len(found) - kept :]
    last = page.messages if whole else cut
    edge = last[-1 if forward else 0].id if last else None
    return HistoryFrame(page.room, [*cut], page.more or not whole, asked.ref, edge)
