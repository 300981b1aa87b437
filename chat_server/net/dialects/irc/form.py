"""The forms in which many are told the same: made once for all whose capabilities are alike in this."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from chat_protocol.base import Message
from chat_protocol.server_messages import ServerMessage
from chat_server.stream.frames import Rendered

#: The capabilities that change what is the same for many.
SHAPING = frozenset(
    {"message-tags", "server-time", "account-tag", "batch", "draft/multiline", "draft/message-redaction"}
)
#: Makes lines of a message that all who have the same form are told alike; pure.
Shared = Callable[["Form", Any], Sequence[bytes]]
#: Decodes what this server has encoded: nothing of it is too long or too deep.
_decode = msgspec.json.Decoder(ServerMessage).decode
#: What is said in a room begins so; it is kept how the last ones of so many bytes at most are shown.
_SAID = b'{"type":"MSG"'
KEPT, KEPT_BYTES = 256, 1024


class Form:
    """One way to show what rooms hand out; `shared` makes the lines of what many are shown alike.

    The forms of two connections with the same capabilities are one object: what it makes is shared by them.
    Each who speaks is sent what others said meanwhile, without the own words; where many do, what was made of
    a message for one of them is taken for all.
    """

    __slots__ = ("_kept", "_shared", "account", "bare", "batch", "caps", "long", "redaction", "tags", "time")

    def __init__(
        self, caps: frozenset[str], shared: Mapping[type[Message], Shared], long: Shared | None = None
    ) -> None:
        self._shared = shared
        self._kept = functools.lru_cache(KEPT)(self._made)
        self.caps = caps
        self.tags = "message-tags" in caps
        self.time = "server-time" in caps
        self.account = "account-tag" in caps
        #: Whether no line has any tag.
        self.bare = not (self.tags or self.time or self.account)
        self.batch = "batch" in caps
        #: Makes the lines of a `render.Saying` that takes several; none if they are just sent one by one.
        self.long = long if "draft/multiline" in caps and self.batch and self.tags else None
        self.redaction = "draft/message-redaction" in caps and self.tags

    def __call__(self, lines: bytes) -> Rendered:
        """Return JSON lines in this form; messages that each is told in its own way stay messages."""
        pieces: list[bytes | Message] = []
        shown: list[bytes] = []
        several = lines.count(b"\n") > 1
        for line in lines.split(b"\n"):
            if several and line.startswith(_SAID) and len(line) <= KEPT_BYTES:
                shown.append(self._kept(line))
                continue
            if not line:
                continue
            each = _decode(line)
            if (shared := self._shared.get(type(each))) is not None:
                shown.extend(shared(self, each))
                continue
            if shown:
                pieces.append(b"".join(shown))
                shown.clear()
            pieces.append(each)
        if not pieces:
            return b"".join(shown)
        return [*pieces, b"".join(shown)] if shown else pieces

    def _made(self, line: bytes) -> bytes:
        """Return the lines of one message that many are shown alike."""
        return b"".join(self.lines(_decode(line)))

    def lines(self, message: Message) -> Sequence[bytes]:
        """Return the lines of one message that many are shown alike."""
        return self._shared[type(message)](self, message)
