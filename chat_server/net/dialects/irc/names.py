"""Names, native and of IRC. What IRC can't have in a nick is shown by a character that NFKC maps back."""

import functools

from chat_server.chat.names import room_key, user_key
from chat_server.net.dialects.irc.settings import HOST, USER

#: A dot means a server to clients; the others at the beginning are prefixes of members, or of modes.
_DOT = str.maketrans({".": "\u2024"})
_FIRST = {"+": "\uff0b", "-": "\uff0d"}

#: What all channels begin with.
CHANNEL = "#"


@functools.lru_cache(maxsize=10_000)
def nick(name: str) -> str:
    """Return the nick of somebody with this native name; it is taken in its place, too."""
    shown = name.translate(_DOT)
    return _FIRST.get(shown[:1], shown[:1]) + shown[1:]


def source(name: str) -> str:
    """Return the nick, user and host of somebody; the last two are the same for all, and tell nothing."""
    return f"{nick(name)}!{USER}@{HOST}"


def channel(room: str) -> str:
    """Return the channel of a native room."""
    return CHANNEL + room


@functools.lru_cache(maxsize=1024)
def room(channel: str) -> str:
    """Return the native room of a channel, in its one spelling; the name need not be a good one."""
    return room_key(channel)


def is_channel(target: str) -> bool:
    """Tell whether a target is a channel rather than a nick."""
    return target.startswith(CHANNEL)


def same(one: str, other: str) -> bool:
    """Tell whether two spellings are one user's name."""
    return user_key(one) == user_key(other)
