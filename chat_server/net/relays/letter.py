"""One message as a relay posts it: body, signature, headers, and what an answer to it means. Pure."""

import hashlib
import hmac
import random
from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple
from urllib.parse import quote

from msgspec import Struct, field

from chat_protocol.codec import encode_json
from chat_server import __version__

#: The second try follows after a second, each further one after twice as long, up to this.
LONGEST_PAUSE_SECONDS = 60.0
#: For how many seconds, at most, a receiver may ask to be left alone.
LONGEST_WISH_SECONDS = 300.0
#: Answers after which it is worth another try, beside all from 500 on: a timeout, too early, too many.
_AGAIN = frozenset((408, 425, 429))


class Heard(Struct, gc=False):
    """A stored line, as far as it matters here."""

    type: str
    id: int
    ts: float
    sender: str = field(default="", name="from")
    text: str = ""
    account: bool = False
    notice: bool = False
    deleted: bool = False

    @property
    def is_said(self) -> bool:
        """Whether a person said it: what programs say is passed on to none, or two could go on for ever."""
        return self.type == "MSG" and not (self.notice or self.deleted)


class Letter(NamedTuple):
    """What is posted: the message `id` of a room, by the relay of this number."""

    relay: int
    room: str
    id: int
    body: bytes

    def headers(self, key: str, now: float) -> Mapping[str, str]:
        """Return the headers, signed as of `now`, in seconds since 1970."""
        stamp = str(int(now))
        return {
            "Content-Type": "application/json",
            "User-Agent": f"chat-server/{__version__}",
            "Idempotency-Key": f'"{quote(self.room, safe="")}:{self.id}"',
            "X-Chat-Hook": str(self.relay),
            "X-Chat-Timestamp": stamp,
            "X-Chat-Signature": f"sha256={signature(key, stamp, self.body)}",
            "Connection": "close",
        }


class Verdict(Enum):
    """What an answer means for a letter."""

    DONE = auto()
    AGAIN = auto()
    NEVER = auto()


def letter(relay: int, room: str, heard: Heard) -> Letter:
    """Return a message as it is posted."""
    value = {
        "room": room,
        "id": heard.id,
        "ts": heard.ts,
        "from": heard.sender,
        "account": heard.account,
        "text": heard.text,
    }
    return Letter(relay, room, heard.id, encode_json(value))


def signature(key: str, stamp: str, body: bytes) -> str:
    """Return the HMAC (RFC 2104) of time and body, in hexadecimal digits."""
    return hmac.new(key.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def verdict(status: int) -> Verdict:
    """Return what a status means: redirects are not followed, and what was refused is not tried again."""
    if 200 <= status < 300:  # noqa: PLR2004  # as RFC 9110 has them
        return Verdict.DONE
    return Verdict.AGAIN if status in _AGAIN or status >= 500 else Verdict.NEVER  # noqa: PLR2004  # likewise


def pause(tries: int, wish: float) -> float:
    """Return for how many seconds to wait after so many tries, if the receiver wishes for so many.

    A part of it is chance, so that those who failed together do not come back together.
    """
    longest = min(LONGEST_PAUSE_SECONDS, 2.0 ** min(tries - 1, 30))
    return max(min(wish, LONGEST_WISH_SECONDS), longest * random.uniform(0.5, 1.0))  # noqa: S311  # no secret


def wished(header: str | None) -> float:
    """Return the seconds of a Retry-After; 0 for none, and for a date."""
    text = (header or "").strip()
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0.0  # noqa: PLR2004  # years
