"""What is said to one person alone."""

from chat_server.chat.room import Room, RoomContext
from chat_server.chat.session import Session
from chat_server.journal.base import Bounds
from chat_server.stream.outgoing import Outgoing

#: What is kept of an inbox that nobody has written to.
EMPTY = Bounds(1, 0, 0.0)


class Inbox(Room):
    """A room with one member, in which everybody may speak."""

    kind = "dm"
    members_only = False

    def __init__(self, owner: Session, shared: RoomContext, bounds: Bounds = EMPTY) -> None:
        super().__init__(inbox_name(owner.id), shared, bounds)
        self._owner = owner

    def go_live(self, outbox: Outgoing) -> None:
        """Bring the owner all that comes from now on; reads nothing."""
        self.delivery.enter(outbox, self.delivery.taken)

    def open(self, outbox: Outgoing, after: int) -> None:
        """Replay everything after `after` to the owner, then go live. Raises `JournalError`."""
        self._replay(self.approach(outbox, after))

    def close(self, outbox: Outgoing) -> None:
        """Deliver no more to this connection of the owner."""
        self.delivery.leave(outbox)

    @property
    def addressee(self) -> str:
        """The owner."""
        return self._owner.identity.name


def inbox_name(session: str) -> str:
    """Return the name under which the journal keeps what is said to a session alone."""
    return f"@{session}"
