"""What all who have one form are shown of what is said: pure, and made once for each delivery."""

import functools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from chat_protocol.base import Message
from chat_protocol.server_messages import MsgFrame
from chat_server.net.dialects.irc import names
from chat_server.net.dialects.irc.form import Form, Shared
from chat_server.net.dialects.irc.grammar import escape

#: What stands for a room of direct messages in a msgid.
DIRECT = "@"


def msgid(room: str | None, number: int) -> str:
    """Return what IRC knows a message by; without a room it is one of the reader's direct messages."""
    return f"{room or DIRECT}/{number}"


def parse_msgid(written: str) -> tuple[str, int] | None:
    """Return the room and id of a msgid, `@` for direct messages; none if it is no msgid."""
    room, slash, number = written.rpartition("/")
    return (room, int(number)) if slash and room and number.isascii() and number.isdecimal() else None


def stamp(ts: float) -> str:
    """Return a time as server-time has it."""
    millis = round(ts * 1000)
    return f"{_second(millis // 1000)}.{millis % 1000:03d}Z"


@functools.lru_cache(maxsize=64)
def _second(ts: int) -> str:
    return datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Saying(NamedTuple):
    """Somebody said something to a room or to somebody, by native names."""

    sender: str
    target: str
    text: str
    ts: float
    account: bool = False
    action: bool = False
    notice: bool = False


def lines(form: Form, saying: Saying, identity: str) -> Sequence[bytes]:
    """Return the lines of what somebody said, as many as it takes; the first has the msgid."""
    head = f":{names.source(saying.sender, account=saying.account)} PRIVMSG {saying.target} :"
    tags = written_tags(form, saying.sender, saying.ts, identity, account=saying.account)
    return [f"{tags}{head}{saying.text}\r\n".encode("utf-8", "replace")]


def written_tags(form: Form, sender: str, ts: float, identity: str, *, account: bool) -> str:
    """Return the tags of a line, as far as the form has them, with `@` and the space."""
    tags = []
    if form.time:
        tags.append(f"time={stamp(ts)}")
    if form.tags and identity:
        tags.append(f"msgid={escape(identity)}")
    if form.account and account:
        tags.append(f"account={escape(names.nick(sender))}")
    return f"@{';'.join(tags)} " if tags else ""


def _message(form: Form, frame: MsgFrame) -> Sequence[bytes]:
    saying = Saying(
        frame.sender, names.channel(frame.room), frame.text, frame.ts, frame.account, frame.action
    )
    return lines(form, saying, msgid(frame.room, frame.id))


SHARED: Mapping[type[Message], Shared] = {MsgFrame: _message}
