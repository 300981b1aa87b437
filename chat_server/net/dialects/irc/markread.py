"""MARKREAD: how far one has read, as a time; natively it is the id of a message, which an account keeps.

What was marked on this connection is remembered as it was written. Marks of direct messages are this
connection's alone: natively one position counts for those of all people.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from chat_protocol.messages import History
from chat_protocol.reading_messages import Positions, PositionsFrame, Read, ReadFrame
from chat_protocol.server_messages import ErrorFrame, HistoryFrame, Joined
from chat_server.chat.names import user_key
from chat_server.net.dialects.irc import names, render
from chat_server.net.dialects.irc.commands import Command, Part, plain
from chat_server.net.dialects.irc.grammar import Line
from chat_server.net.dialects.irc.selectors import SelectorError, time_of
from chat_server.net.dialects.irc.state import Asked, State

#: How many targets a connection's marks are remembered of; past it the oldest are forgotten.
MARKS_AT_MOST = 200
CAPABILITY = "draft/read-marker"
#: What stands for a target that nothing was read of.
UNREAD = "*"
_MILLISECOND = 0.001


@dataclass(slots=True)
class Marks:
    """Up to when each target was read, in seconds since 1970."""

    read: dict[str, float] = field(default_factory=dict)

    def get(self, key: str) -> float | None:
        """Return up to when a target was read, as far as this connection knows."""
        return self.read.get(key)

    def move(self, key: str, ts: float) -> float:
        """Note that a target was read; return up to when it is now, which never goes back."""
        ts = max(ts, self.read.pop(key, ts))
        self.read[key] = ts
        if len(self.read) > MARKS_AT_MOST:
            del self.read[next(iter(self.read))]
        return ts


def _markread(state: State, line: Line) -> None:
    target, written = line.param(0), line.param(1)
    if not target:
        state.tell(state.fail("NEED_MORE_PARAMS", text="MARKREAD takes a channel or a nick"))
    elif not written:
        _get(state, target)
    else:
        try:
            ts = _time(written)
        except SelectorError as error:
            state.tell(state.fail("INVALID_PARAMS", target, written, text=error.text))
        else:
            _set(state, target, ts)


def _time(written: str) -> float:
    kind, _, value = written.partition("=")
    if kind != "timestamp":
        raise SelectorError("INVALID_PARAMS", "MARKREAD takes timestamp=...")
    return time_of(value)


def _set(state: State, target: str, ts: float) -> None:
    moved = state.part(Marks).move(_key(target), ts)
    line = mark(state, target, moved)
    if not names.is_channel(target):
        state.tell(line)
        return
    room = names.room(target)
    asked = History(room, until=moved + _MILLISECOND, limit=1)
    state.ask(asked, partial(_found, line), partial(_not_found, line), about=target)


def _found(line: bytes, state: State, page: HistoryFrame) -> Sequence[bytes]:
    """Have the account keep it, with the client's next line: nothing can be asked here."""
    if page.messages:
        room, id_ = page.room, page.messages[-1].id
        state.wishes.append(lambda state: state.say(Read(id_, room)))
    return [line]


def _not_found(line: bytes, state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    """Remember it for this connection alone: of such a room nothing is known."""
    del state, asked, error
    return [line]


def _get(state: State, target: str) -> None:
    known = state.part(Marks).get(_key(target))
    if known is not None or not names.is_channel(target):
        state.tell(mark(state, target, known))
    else:
        state.ask(Positions(names.room(target)), partial(_came, target), partial(_unknown, target))


def _came(target: str, state: State, frame: PositionsFrame) -> Sequence[bytes]:
    """Show the account's mark, unless this connection has moved it on."""
    key = _key(target)
    for each in frame.rooms:
        if each.read_ts is not None:
            state.part(Marks).move(key, each.read_ts)
    return [mark(state, target, state.part(Marks).get(key))]


def _unknown(target: str, state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    del asked, error
    return [mark(state, target, None)]


def _joined(state: State, joined: Joined) -> Sequence[bytes]:
    """Tell the mark of a room that one is in now; an account's comes behind it, if there is another."""
    if CAPABILITY not in state.caps:
        return ()
    target = names.channel(joined.room)
    known = state.part(Marks).get(_key(target))
    if known is None and state.account:
        state.wishes.append(lambda state: _get(state, target))
    return [mark(state, target, known)]


def _read_elsewhere(state: State, read: ReadFrame) -> Sequence[bytes]:
    """Tell what another connection of the account has read."""
    if CAPABILITY not in state.caps or read.ts is None or read.room == render.DIRECT:
        return ()
    target = names.channel(read.room)
    return [mark(state, target, state.part(Marks).move(_key(target), read.ts))]


def mark(state: State, target: str, ts: float | None) -> bytes:
    """Return the line that says up to when a target was read."""
    shown = UNREAD if ts is None else f"timestamp={render.stamp(ts)}"
    return state.told("MARKREAD", target, shown)


def _key(target: str) -> str:
    return names.CHANNEL + names.room(target) if names.is_channel(target) else user_key(target)


PART = Part(
    commands={
        "MARKREAD": Command(_markread, usage="MARKREAD target [timestamp=...] - tell how far you read")
    },
    caps={CAPABILITY: plain},
    events={ReadFrame: _read_elsewhere},
    joined=_joined,
)
