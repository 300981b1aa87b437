"""What the IRC connections of a server share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chat_protocol.server_messages import Joined, Limits, RegNameRequest

#: The user and host of all who talk: nobody's address is told to anybody.
USER = "user"
HOST = "hidden.chat"


@dataclass(frozen=True, slots=True)
class IrcSettings:
    """What the server says of itself to whoever speaks IRC: the same for all of its connections.

    `server` is what it calls itself. `caps` and `tokens` are the capabilities and the words of ISUPPORT that
    there are, with their values.
    """

    request: RegNameRequest
    server: str
    network: str = "chat"
    caps: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    #: What HELP tells of each command; what else is shown to somebody who has come into a room.
    usages: Mapping[str, str] = field(default_factory=dict)
    joined: Sequence[Callable[[Any, Joined], Sequence[bytes]]] = ()
    user_modes: str = "B"
    channel_modes: str = "bikmnostv"

    @property
    def limits(self) -> Limits:
        """What the server takes."""
        return self.request.limits
