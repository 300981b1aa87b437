"""What all who have one form are shown of what is said: pure, and made once for each delivery."""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeGuard

from chat_protocol.base import Message
from chat_protocol.server_messages import DeleteFrame, DmFrame, EditFrame, MsgFrame
from chat_server.net.dialects.irc import names
from chat_server.net.dialects.irc.form import Form, Shared
from chat_server.net.dialects.irc.grammar import END_BYTES, LINE_BYTES, compose, escape

#: What stands for a room of direct messages, natively and in a msgid.
DIRECT = "@"
#: What an action is put into, which `/me` makes.
ACTION, ACTION_END = "\x01ACTION ", "\x01"
#: Names the message that one is about.
REPLY_TAG = "+draft/reply"
#: What stands before the text of an edit, and in the place of a text that is gone.
EDITED, DELETED = "(edited) ", "(deleted)"
#: More digits than any id has.
ID_DIGITS = 16
#: What the first bits of a byte are within a character (RFC 3629).
_MARK, _WITHIN = 0xC0, 0x80
#: The most bytes of one character.
UTF8_BYTES = 4
_BREAK = re.compile("\r\n|[\r\n\0]")
_BREAKS = re.compile(b"[\r\n\0]")
#: A line is cut at a space if one is in so much of its end.
_TAIL = 1 / 3
#: Bytes of text that a line has at least, however long the names before it are: it may be too long then.
TEXT_BYTES = 64
#: Begins a text that programs take for a question to them, and answer. They all would, asked in a room.
_ASKING = "\x01"


class Saying(NamedTuple):
    """Somebody said something: by native names, but for the target, which is a channel or a nick."""

    sender: str
    target: str
    text: str
    ts: float
    msgid: str = ""
    account: bool = False
    action: bool = False
    notice: bool = False
    about: str = ""
    bot: bool = False

    @property
    def head(self) -> str:
        """What each of its lines begins with, behind the tags."""
        command = "NOTICE" if self.notice else "PRIVMSG"
        return f":{names.source(self.sender)} {command} {self.target} :"


def msgid(room: str | None, number: int) -> str:
    """Return what IRC knows a message by; without a room it is one of the reader's direct messages."""
    return f"{room or DIRECT}/{number}"


def parse_msgid(written: str) -> tuple[str, int] | None:
    """Return the room and id of a msgid, `@` for direct messages; none if it is no msgid."""
    room, slash, number = written.rpartition("/")
    good = slash and room and number.isascii() and number.isdecimal() and len(number) <= ID_DIGITS
    return (room, int(number)) if good else None


def is_said(frame: Message) -> TypeGuard[MsgFrame | DmFrame]:
    """Tell whether a frame of the past is shown: edits are in the texts already, what was deleted is not."""
    return isinstance(frame, DmFrame) or (isinstance(frame, MsgFrame) and not frame.deleted)


def stamp(ts: float) -> str:
    """Return a time as server-time has it."""
    millis = round(ts * 1000)
    return f"{_second(millis // 1000)}.{millis % 1000:03d}Z"


@functools.lru_cache(maxsize=64)
def _second(ts: int) -> str:
    return datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def lines(form: Form, said: Saying) -> Sequence[bytes]:
    """Return the lines of what somebody said, as many as it takes; the first has the msgid."""
    tags, head = tags_of(form, said, said.msgid), said.head
    text = f"{ACTION}{said.text}{ACTION_END}" if said.action else said.text
    line = f"{head}{text}\r\n".encode("utf-8", "replace")
    if len(line) <= LINE_BYTES and _BREAKS.search(line, 0, len(line) - 2) is None:
        return [tags.encode("utf-8", "replace") + line]
    if form.long is not None:
        return form.long(form, said)
    return [each.encode("utf-8", "replace") for each in _several(form, said, tags, head)]


def _several(form: Form, said: Saying, tags: str, head: str) -> Iterator[str]:
    """Return the lines of what doesn't fit one."""
    opened, closed = (ACTION, ACTION_END) if said.action else ("", "")
    room = space(f"{head}{opened}{closed}")
    later = tags_of(form, said, "")
    for number, part in enumerate(wrapped(said.text, room)):
        yield f"{later if number else tags}{head}{opened}{part}{closed}\r\n"


def space(around: str) -> int:
    """Return how many bytes of text a line has room for, beside what else stands in it."""
    return max(TEXT_BYTES, LINE_BYTES - END_BYTES - len(around.encode("utf-8", "replace")))


def wrapped(text: str, room: int) -> Iterator[str]:
    """Return a text in parts without breaks, of at most so many bytes.

    Empty lines are left out, since clients take them for nothing; a text of nothing else is a space.
    """
    for line in filter(None, _BREAK.split(text)) if text.strip("\r\n\0") else [" "]:
        rest = line.encode("utf-8", "replace")
        while len(rest) > room:
            cut = max(room, 4)
            while rest[cut] & _MARK == _WITHIN:
                cut -= 1
            space = rest.rfind(b" ", int(cut * (1 - _TAIL)), cut)
            yield rest[: cut if space < 0 else space].decode()
            rest = rest[cut:] if space < 0 else rest[space + 1 :]
        if rest:
            yield rest.decode()


def tags_of(form: Form, said: Saying, identity: str) -> str:
    """Return the tags of a line, as far as the form has them, with `@` and the space."""
    tags = []
    if form.time:
        tags.append(f"time={stamp(said.ts)}")
    if form.tags and identity:
        tags.append(f"msgid={escape(identity)}")
    if form.tags and said.about:
        tags.append(f"{REPLY_TAG}={escape(said.about)}")
    if form.account and said.account:
        tags.append(f"account={escape(names.nick(said.sender))}")
    if form.tags and said.bot:
        tags.append("bot")
    return f"@{';'.join(tags)} " if tags else ""


def _direct(form: Form, frame: DmFrame) -> Sequence[bytes]:
    said = Saying(
        frame.sender,
        names.nick(frame.to),
        frame.text,
        frame.ts,
        msgid(None, frame.id),
        frame.account,
        frame.action,
        frame.notice,
        bot=frame.bot,
    )
    return lines(form, said)


class Place(NamedTuple):
    """What the lines of one who talks in one room have in common."""

    head: str
    bytes: int
    msgid: str
    account: str


@functools.lru_cache(maxsize=4096)
def _place(sender: str, room: str) -> Place:
    head = Saying(sender, names.channel(room), "", 0.0).head
    return Place(head, len(head.encode()), escape(msgid(room, 0)[:-1]), escape(names.nick(sender)))


def _message(form: Form, frame: MsgFrame) -> Sequence[bytes]:
    """Return the lines of what somebody said in a room; most are one line without anything special."""
    text = frame.text
    place = _place(frame.sender, frame.room)
    plain = not (frame.action or frame.notice or frame.deleted or frame.bot) and text.isprintable()
    if not plain or place.bytes + UTF8_BYTES * len(text) + END_BYTES > LINE_BYTES:
        return _special(form, frame)
    if form.bare:
        return [f"{place.head}{text}\r\n".encode()]
    tags = []
    if form.time:
        millis = round(frame.ts * 1000)
        tags.append(f"time={_second(millis // 1000)}.{millis % 1000:03d}Z")
    if form.tags:
        tags.append(f"msgid={place.msgid}{frame.id}")
    if form.account and frame.account:
        tags.append(f"account={place.account}")
    if not tags:
        return [f"{place.head}{text}\r\n".encode()]
    return [f"@{';'.join(tags)} {place.head}{text}\r\n".encode()]


def _special(form: Form, frame: MsgFrame) -> Sequence[bytes]:
    said = Saying(
        frame.sender,
        names.channel(frame.room),
        DELETED if frame.deleted else frame.text.replace(_ASKING, ""),
        frame.ts,
        msgid(frame.room, frame.id),
        frame.account,
        frame.action,
        frame.notice,
        bot=frame.bot,
    )
    return lines(form, said)


def _edit(form: Form, frame: EditFrame) -> Sequence[bytes]:
    """Say the new text once more."""
    return () if frame.deleted else _changed(form, frame, EDITED + frame.text)


def _delete(form: Form, frame: DeleteFrame) -> Sequence[bytes]:
    """Take the message away, or say that it is deleted to those whose clients can't."""
    if not form.redaction or frame.room == DIRECT:
        return _changed(form, frame, DELETED)
    tags = tags_of(form, Saying(frame.sender, "", "", frame.ts, account=frame.account), "")
    target = names.channel(frame.room)
    redact = compose("REDACT", target, msgid(frame.room, frame.of), source=names.source(frame.sender))
    return [tags.encode("utf-8", "replace") + redact]


def _changed(form: Form, frame: EditFrame | DeleteFrame, text: str) -> Sequence[bytes]:
    if frame.room == DIRECT:  # there is no telling to whom it was said
        return ()
    said = Saying(
        frame.sender,
        names.channel(frame.room),
        text.replace(_ASKING, ""),
        frame.ts,
        msgid(frame.room, frame.id),
        frame.account,
        about=msgid(frame.room, frame.of),
    )
    return lines(form, said)


#: What is told in one way to all who have one form.
SHARED: Mapping[type[Message], Shared] = {
    MsgFrame: _message,
    DmFrame: _direct,
    EditFrame: _edit,
    DeleteFrame: _delete,
}
