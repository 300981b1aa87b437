"""What a client writes down while it talks, and what the server says is stored. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple


class Registered(NamedTuple):
    """A WELCOME: under which name, in which record; `resumed` is none where no session was asked for."""

    name: str
    epoch: str
    resumed: bool | None = None


class Unexpected(NamedTuple):
    """Something came that the protocol does not have there, or what should have come did not."""

    text: str


class Entered(NamedTuple):
    """JOINED for the client itself: the id it asked to go on `after`, and what the server told."""

    room: str
    after: int | None
    last: int
    first: int | None = None


class Departed(NamedTuple):
    """LEFT for the client itself: nothing of this room may follow."""

    room: str


class Closed(NamedTuple):
    """The connection ended, whoever ended it."""


class Sent(NamedTuple):
    """A message went out for the first time; resends are not written down."""

    ref: str
    room: str
    text: str


class Acknowledged(NamedTuple):
    """An ACK."""

    ref: str
    room: str
    id: int


class Refused(NamedTuple):
    """An ERROR said that the message was not taken; it will be sent again, so its place is open."""

    ref: str


class Heard(NamedTuple):
    """A MSG."""

    room: str
    id: int
    sender: str
    text: str


Event = Registered | Unexpected | Entered | Departed | Closed | Sent | Acknowledged | Refused | Heard


@dataclass
class History:
    """All that one client saw, in its order; `settled` if it stayed until it had everything."""

    client: str
    events: list[Event] = field(default_factory=list)
    settled: bool = True

    @property
    def names(self) -> set[str]:
        """The names it had."""
        return {event.name for event in self.events if isinstance(event, Registered)}


class Stored(NamedTuple):
    """One message of the journal."""

    room: str
    id: int
    sender: str
    text: str


Journal = Iterable[Stored]
