"""What a person sees: events in, lines out; and which room the person is turned to."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from chat_client import terms
from chat_client.protocol.events import DirectSaid, Event, LeftOut, Lost, Registered, Said
from chat_client.sanitize import visible
from chat_client.ui import wording
from chat_client.ui.mention import mentions
from chat_client.ui.paint import Painter
from chat_client.ui.wording import Line, note, problem
from chat_client.ui.wrapping import wrapped
from chat_protocol.moderation_messages import Ignored
from chat_protocol.server_messages import (
    Bye,
    DeleteFrame,
    DmFrame,
    EditFrame,
    Found,
    HistoryFrame,
    Joined,
    Left,
    MsgFrame,
    NameChanged,
    Notice,
    Users,
)

#: What a page of history may have.
Readable = MsgFrame | DmFrame | EditFrame | DeleteFrame
#: How many names are remembered, to complete what is typed.
NAMES_REMEMBERED = 1000


class View:
    """Writes each event as whole lines. Any thread may use it."""

    def __init__(
        self, write: Callable[[str], object], painter: Painter, columns: Callable[[], int] = lambda: 80
    ) -> None:
        self._write = write
        #: How wide what is shown may be, now.
        self.columns = columns
        #: Whether remarks are broken between words to fit; a terminal breaks them anywhere.
        self.fits = False
        self._painter = painter
        # Guards what follows, and keeps the lines of a batch together. It is as of the last line shown, while
        # the protocol may be ahead: who is meant, and who left, depends on the name of that moment.
        self._lock = threading.Lock()
        self._rooms: dict[str, None] = {}
        self._room: str | None = None
        self._live_after: dict[str, int] = {}
        self._names: dict[str, None] = {}
        self._own_name = ""
        #: Whether the server knows who people are, so that those whom it does not know are marked.
        self._marks_guests = False
        self._day = ""
        #: Whom the person ignores, in small letters.
        self._ignored: frozenset[str] = frozenset()
        #: Of each who spoke in a room, the id of the latest message.
        self._latest: dict[tuple[str, str], int] = {}
        #: What the server told last, which its BYE mostly says again.
        self._notice = ""
        #: What the server's BYE said, until the loss of the connection that follows it is told.
        self._farewell = ""

    @property
    def room(self) -> str | None:
        """The room that the person is turned to."""
        with self._lock:
            return self._room

    @property
    def registered(self) -> bool:
        """Whether it was shown that the server has taken the person's name."""
        with self._lock:
            return bool(self._own_name)

    @property
    def rooms(self) -> tuple[str, ...]:
        """The rooms that the person is in."""
        with self._lock:
            return tuple(self._rooms)

    @property
    def names(self) -> tuple[str, ...]:
        """The names seen, the latest first."""
        with self._lock:
            return tuple(reversed(self._names))

    def latest(self, room: str, name: str = "") -> int | None:
        """Return the id of the latest message that somebody, or the person here, said in a room."""
        with self._lock:
            return self._latest.get((room, (name or self._own_name).casefold()))

    def turn_to(self, room: str) -> None:
        """Turn to another of the rooms that the person is in."""
        with self._lock:
            self._room = room
            self._put(note(f"you are turned to {room}"))

    def show(self, events: Sequence[Event]) -> None:
        """Write what happened."""
        with self._lock:
            self._put([line for event in events for line in self._lines(event)])

    def tell(self, *texts: str) -> None:
        """Write remarks of the client's own."""
        with self._lock:
            self._put([line for text in texts for line in note(text)])

    def problem(self, text: str) -> None:
        """Write what went wrong."""
        with self._lock:
            self._put(problem(text))

    def _put(self, lines: Iterable[Line]) -> None:
        text = "".join(self._painter.line(part) + "\n" for line in lines for part in self._fitted(line))
        if text:
            self._write(text)

    def _fitted(self, line: Line) -> list[Line]:
        """Break a remark between words if it is to fit; what was said is left whole, for who copies it."""
        (style, text), *others = line
        if others or not self.fits or style not in wording.REMARKS:
            return [line]
        return [[(style, part)] for part in wrapped(visible(text), self.columns(), "   ")]

    def _lines(self, event: Event) -> list[Line]:
        handler = self._handlers.get(type(event))
        return handler(self, event) if handler else wording.remarks(event)

    def _on_ignored(self, ignored: Ignored) -> list[Line]:
        self._ignored = frozenset(name.casefold() for name in ignored.names)
        return wording.remarks(ignored)

    def _on_said(self, said: Said) -> list[Line]:
        if said.message.sender.casefold() in self._ignored:
            return []
        self._remember(said.message.sender)
        message = said.message
        self._latest.pop(key := (message.room, message.sender.casefold()), None)
        self._latest[key] = message.id
        if len(self._latest) > NAMES_REMEMBERED:
            del self._latest[next(iter(self._latest))]
        lines = self._message(message, dim=said.replayed, bold=self._is_meant(message))
        if said.replayed and message.id == self._live_after.get(message.room):
            lines.append(
                [("dim", f"--- said while you were not here, up to this{self._where(message.room)} ---")]
            )
        return lines

    def _message(self, frame: Readable, *, dim: bool, bold: bool = False) -> list[Line]:
        if isinstance(frame, EditFrame | DeleteFrame):
            return []  # a page has the messages as they are now
        if isinstance(frame, DmFrame):
            return self._direct(frame, own=frame.sender == self._own_name)
        mark = self._mark(frame)
        return [*self._new_day(frame.ts), *wording.message(frame, self._room, mark, dim=dim, bold=bold)]

    def _direct(self, frame: DmFrame, *, own: bool) -> list[Line]:
        return [*self._new_day(frame.ts), *wording.direct(frame, "" if own else self._mark(frame), own=own)]

    def _mark(self, frame: MsgFrame | DmFrame) -> str:
        return wording.GUEST if self._marks_guests and not frame.account else ""

    def _is_meant(self, frame: MsgFrame) -> bool:
        if not self._own_name or frame.sender == self._own_name:
            return False
        return mentions(frame.text, self._own_name)

    def _on_direct(self, said: DirectSaid) -> list[Line]:
        self._remember(said.message.to if said.own else said.message.sender)
        return self._direct(said.message, own=said.own)

    def _new_day(self, ts: float) -> list[Line]:
        day, self._day = self._day, wording.day(ts)
        return [] if day == self._day else [[("dim", f"--- {self._day} ---")]]

    def _on_joined(self, joined: Joined) -> list[Line]:
        if joined.last is None:
            self._remember(joined.name)
            return note(f"{joined.name} joined{self._where(joined.room)}")
        self._live_after[joined.room] = joined.last
        if joined.room in self._rooms:
            return []  # entered again after a loss of the connection
        self._room = joined.room
        self._rooms[joined.room] = None
        topic = f"; topic: {joined.topic}" if joined.topic else ""
        topic += wording.set_by(joined.topic_by, joined.topic_ts) if topic else ""
        return note(f"you are in {joined.room}, {joined.members or 1} here{topic}")

    def _on_left(self, left: Left) -> list[Line]:
        why, text = terms.departure(left.reason), f": {left.text}" if left.text else ""
        if left.by:
            why, text = f"{why} by {left.by}{text}", ""
        if left.name != self._own_name:
            self._names.pop(left.name, None)
            words = "" if left.name.casefold() in self._ignored else text
            return note(f"{left.name} left{self._where(left.room)}" + (f" ({why})" if why else "") + words)
        self._rooms.pop(left.room, None)
        if self._room == left.room:
            self._room = next(reversed(self._rooms), None)
        now = f"you are turned to {self._room}" if self._room else "/join a room"
        return problem(f"you were {why}; {now}") if left.by else note(f"you left {left.room}; {now}")

    def _where(self, room: str) -> str:
        return "" if room == self._room else f" {room}"

    def _on_name(self, changed: NameChanged) -> list[Line]:
        self._names.pop(changed.old, None)
        if changed.old == self._own_name:
            self._own_name = changed.name
            return note(f"you are now {changed.name}")
        self._remember(changed.name)
        return note(f"{changed.old} is now {changed.name}")

    def _on_users(self, users: Users) -> list[Line]:
        for name in users.names[:NAMES_REMEMBERED]:
            self._remember(name)
        return wording.users(users, marks_guests=self._marks_guests)

    def _on_history(self, history: HistoryFrame) -> list[Line]:
        if not history.messages:
            return note(f"nothing was said in {history.room} there")
        lines = note(f"history of {history.room}:")
        for message in history.messages:
            lines += self._message(message, dim=True)
        earlier = f"; /history {len(history.messages)} before {history.messages[0].id} shows earlier ones"
        return [*lines, *note("end of history" + (earlier if history.more else ""))]

    def _on_found(self, found: Found) -> list[Line]:
        lines = [line for message in reversed(found.messages) for line in self._message(message, dim=True)]
        return [*lines, *note(f"found: {len(found.messages)}" if found.messages else "nothing was found")]

    def _on_registered(self, registered: Registered) -> list[Line]:
        self._own_name = registered.name
        self._marks_guests = registered.marks_guests
        return wording.remarks(registered)

    def _remember(self, name: str) -> None:
        self._names.pop(name, None)
        self._names[name] = None
        if len(self._names) > NAMES_REMEMBERED:
            del self._names[next(iter(self._names))]

    def _on_notice(self, notice: Notice) -> list[Line]:
        self._notice = notice.text
        return wording.remarks(notice)

    def _on_bye(self, bye: Bye) -> list[Line]:
        lines = [] if bye.text and bye.text == self._notice else wording.remarks(bye)
        self._farewell = bye.text
        return lines

    def _on_lost(self, lost: Lost) -> list[Line]:
        told, self._farewell = self._farewell, ""
        return wording.lost(lost, why=not told or lost.reason != told)

    def _on_left_out(self, left_out: LeftOut) -> list[Line]:
        for room in left_out.rooms:
            self._rooms.pop(room, None)
        if self._room in left_out.rooms:
            self._room = None  # what is meant for that room must not be said in another
        why = terms.plain(left_out.text)
        return problem(f"you are no longer in {', '.join(left_out.rooms)}: {why}")

    _handlers: ClassVar[dict[type, Callable[["View", Any], list[Line]]]] = {
        Said: _on_said,
        Ignored: _on_ignored,
        DirectSaid: _on_direct,
        Joined: _on_joined,
        Left: _on_left,
        NameChanged: _on_name,
        Users: _on_users,
        HistoryFrame: _on_history,
        Found: _on_found,
        Registered: _on_registered,
        Notice: _on_notice,
        Bye: _on_bye,
        Lost: _on_lost,
        LeftOut: _on_left_out,
    }
