"""What the IRC connections of a server share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chat_protocol.server_messages import Limits, RegNameRequest

#: What the server calls itself, and the hosts of those who talk: nobody's address is told to anybody.
SERVER = "server.chat"
GUEST_HOST = "guest.chat"
ACCOUNT_HOST = "account.chat"


@dataclass(frozen=True, slots=True)
class IrcSettings:
    """What the server says of itself to whoever speaks IRC: the same for all of its connections.

    `caps` and `tokens` are the capabilities and the words of ISUPPORT that there are, with their values.
    """

    request: RegNameRequest
    network: str = "chat"
    caps: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    user_modes: str = "B"
    channel_modes: str = "bikmnostv"

    @property
    def limits(self) -> Limits:
        """What the server takes."""
        return self.request.limits
