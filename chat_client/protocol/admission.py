"""What happens on a connection before the server welcomes us. Pure."""

from chat_client.errors import IncompatibleError
from chat_client.protocol.credentials import UNPROVED
from chat_client.protocol.events import NameRefused
from chat_protocol.messages import PROTOCOL, Ping, Pong
from chat_protocol.server_messages import Bye, ErrorFrame, Notice, RegNameRequest, Welcome

#: How many messages that come too early wait for the WELCOME at most.
EARLY_MESSAGES = 1000
_OPENING = (RegNameRequest, Welcome, ErrorFrame, Ping, Pong, Notice, Bye)
#: Errors that say how the server is at the moment, and are no answer to what we said.
_PASSING = frozenset(("unavailable", "limit_reached", "rate_limited"))
#: Errors that another name may get past.
_OF_THE_NAME = frozenset(("name_taken", "name_invalid"))


class Admission:
    """Whether and why the server does not let us in, and what it said too early.

    A server that does not take the rooms we name on coming back, since it was given other rules, is asked
    without them; they are joined one by one then. One that refuses even that does so for good.
    """

    def __init__(self) -> None:
        #: Why the server did not register us, though not for the name.
        self.turned_away: str | None = None
        #: It would not do so another time either.
        self.for_good = False
        #: It wants other proof of who we are, or some.
        self.unproved = False
        self.names_rooms = True
        self._early: list[object] = []

    def connecting(self) -> None:
        """Note that a new connection is about to be made."""
        self.turned_away = None
        self._early.clear()

    def is_early(self, message: object) -> bool:
        """Return whether a message has to wait for the WELCOME; then it is kept."""
        early = not isinstance(message, _OPENING) and len(self._early) < EARLY_MESSAGES
        if early:
            self._early.append(message)
        return early

    def refused(self, error: ErrorFrame, name: str, *, back: bool) -> NameRefused | None:
        """Note that the server did not let us in, and return whether that is for the name.

        `back` says that we asked to come back to a session.
        """
        if error.code in _OF_THE_NAME:
            return NameRefused(name, error.code, error.text)
        named = back and self.names_rooms
        self.turned_away = error.text
        self.unproved = error.code in UNPROVED
        self.for_good = self.unproved or (not named and error.code not in _PASSING)
        self.names_rooms = self.names_rooms and not named
        return None

    def welcomed(self) -> list[object]:
        """Note that we are in; return what came too early."""
        self.names_rooms = True
        early, self._early = self._early, []
        return early


def check_protocol(protocol: int) -> None:
    """Raise `IncompatibleError` if the server speaks another protocol."""
    if protocol != PROTOCOL:
        older = "client" if protocol > PROTOCOL else "server"
        raise IncompatibleError(
            f"the server speaks protocol {protocol}, this client {PROTOCOL}; update the {older}"
        )
