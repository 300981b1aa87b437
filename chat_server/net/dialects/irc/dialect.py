"""One connection's IRC: its bytes to native messages, and what the server says to its bytes."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from chat_protocol.base import Message
from chat_protocol.framing import Framer, rest_of_line
from chat_protocol.reasons import CloseReason, RejectReason
from chat_server.net.dialects import Heard
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.grammar import END_BYTES, LINE_BYTES, TAGS_BYTES, Line, compose, parse
from chat_server.net.dialects.irc.settings import IrcSettings
from chat_server.net.dialects.irc.state import INVALID_UTF8, State
from chat_server.net.dialects.irc.tables import BATCHED, COMMANDS, EVENTS, form_of
from chat_server.net.sniff import sniff
from chat_server.net.transport import Transport
from chat_server.stream.frames import Render, Rendered

#: What is said of a line that is too long: nothing is cut silently.
TOO_LONG = f"a line takes {LINE_BYTES} bytes, and its tags {TAGS_BYTES}; say it in several lines"
#: Reasons whose sentences speak of what IRC doesn't have.
_TEXTS: Mapping[str, str] = {
    CloseReason.REGISTER_TIMEOUT: "no nick in time; connect again and send NICK and USER",
    CloseReason.SLOW_CONSUMER: "too far behind with reading; connect again",
    CloseReason.TLS_EXPECTED: "this port speaks TLS; connect with it",
    CloseReason.INTERNAL_ERROR: "the server failed; connect again",
}
#: So many bytes without the end of a line, and the peer is given up.
ENDLESS_BYTES = 1024 * 1024


class Irc:
    """One connection's lines; see `state.py` for what it remembers."""

    __slots__ = ("_framer", "_state", "render")

    #: A connection that comes again is somebody new.
    resumable = False
    is_open = True

    def __init__(self, settings: IrcSettings, lock: AbstractContextManager[object]) -> None:
        form = form_of(frozenset())
        self._framer = Framer(TAGS_BYTES + LINE_BYTES)
        self._state = State(settings, form, lock)
        self.render: Render | None = form

    def open(self, transport: Transport, seconds: float, host: str) -> CloseReason | None:
        """Do nothing: there is one way to speak."""

    def mistaken(self, first: bytes) -> CloseReason | None:
        """Return what the first bytes of a peer are, if they are another protocol's."""
        return sniff(first)

    def greeting(self) -> bytes:
        """Return nothing: in IRC the client speaks first."""
        return b""

    def feed(self, data: bytes) -> Heard:
        """Take what was received; return what its lines ask for."""
        self._take_all(self._framer.feed(data))
        for _ in range(self._framer.overlong):
            self._tell_too_long()
        self._framer.overlong = 0
        return self._heard()

    def finish(self) -> Heard:
        """Return what the last line asks for, if it came without its end."""
        self._take_all(self._framer.finish())
        return self._heard()

    @property
    def over(self) -> CloseReason | None:
        """Give the peer up if the end of a line is nowhere in sight."""
        return CloseReason.LINE_TOO_LONG if self._framer.skipped > ENDLESS_BYTES else None

    def complete(self, rendered: Rendered) -> bytes:
        """Return lines: those that are shared as they are, and those of messages that are for this one."""
        if isinstance(rendered, bytes):
            return rendered
        with self._state.lock:
            return b"".join([each if isinstance(each, bytes) else self._said(each) for each in rendered])

    def rest(self, piece: bytes, sent: int) -> bytes:
        """Return the rest of a line that has begun."""
        return rest_of_line(piece, sent)

    def farewell(self, reason: CloseReason | RejectReason, retry_after: float | None = None) -> bytes:
        """Return an ERROR with the reason."""
        later = "" if retry_after is None else f"; try again in {retry_after:g} s"
        return compose("ERROR", f"{_TEXTS.get(reason, reason.text)}{later}")

    def _said(self, message: Message) -> bytes:
        """Return the lines of a message of the server that this connection is told in its own way."""
        state = self._state
        lines = state.answered(message)
        if lines is None and (event := EVENTS.get(type(message))) is not None:
            lines = event(state, message)
        return b"".join(lines or ())

    def _heard(self) -> Heard:
        state = self._state
        heard, state.heard = state.heard, []
        return heard

    def _take_all(self, block: bytes) -> None:
        for line in block.split(b"\n"):
            self._take(line)

    def _take(self, raw: bytes) -> None:
        """Do what one line asks for."""
        raw = raw.removesuffix(b"\r")
        text = raw.decode("utf-8", "replace")
        if (line := parse(text)) is None:
            return
        state = self._state
        with state.lock:
            if state.wishes:
                self._fulfil_wishes()
            caps = state.caps
            state.begin(line.command, line.tags.get("label", "") if "labeled-response" in caps else "")
            if len(raw) > LINE_BYTES - END_BYTES and _is_too_long(raw):
                state.tell(state.numeric(n.ERR_INPUTTOOLONG, TOO_LONG))
            elif "\ufffd" in text and not _is_utf8(raw):
                state.tell(
                    state.fail(INVALID_UTF8, text="this server speaks UTF-8 alone; have your client do so")
                )
            else:
                self._perform(line)
            state.end()
            if state.caps is not caps:
                self.render = state.form = form_of(state.caps)

    def _fulfil_wishes(self) -> None:
        state = self._state
        state.begin("*", "")
        for wish in state.wishes:
            wish(state)
        state.wishes.clear()

    def _perform(self, line: Line) -> None:
        state = self._state
        command = COMMANDS.get(line.command)
        if command is None:
            state.tell(state.numeric(n.ERR_UNKNOWNCOMMAND, line.command, "no such command; HELP lists them"))
        elif not command.nameless and not state.name and not state.enters:
            state.tell(state.numeric(n.ERR_NOTREGISTERED, "give your nick first: NICK and USER"))
        elif len(line.params) < command.needs:
            state.tell(state.numeric(n.ERR_NEEDMOREPARAMS, line.command, "not enough parameters"))
        elif BATCHED is not None and "batch" in line.tags:
            BATCHED(state, line)
        else:
            command.handler(state, line)

    def _tell_too_long(self) -> None:
        state = self._state
        with state.lock:
            state.begin("*", "")
            state.tell(state.numeric(n.ERR_INPUTTOOLONG, TOO_LONG))


def _is_too_long(raw: bytes) -> bool:
    """Tell whether a line without its end is longer than its tags and the rest of it may be."""
    tags = raw.find(b" ") + 1 if raw.startswith(b"@") else 0
    return tags > TAGS_BYTES or len(raw) - tags > LINE_BYTES - END_BYTES


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
