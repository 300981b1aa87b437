"""What is said to one person alone."""

from collections.abc import Sequence
from typing import Any

from chat_server.chat.identity import Identity
from chat_server.chat.room import Room, RoomContext
from chat_server.chat.session import Session
from chat_server.chat.speaking import cancel_refs, claim_refs, count_bytes, has_refs, spoken
from chat_server.journal.base import Bounds
from chat_server.stream.outgoing import Outgoing

#: Under this name a client means its direct messages.
INBOX = "@"
#: What is kept of an inbox that nobody has written to.
EMPTY = Bounds(1, 0, 0.0)


class Inbox(Room):
    """A room with one member, in which everybody may speak.

    An account's has also what the account said to others: its other connections show it, and it can be
    read again. That is stored in one step with what the other one gets.
    """

    kind = "dm"
    members_only = False

    def __init__(self, owner: Identity, shared: RoomContext, bounds: Bounds = EMPTY) -> None:
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
    def title(self) -> str:
        """What its owner calls it; nobody else does."""
        return INBOX

    @property
    def addressee(self) -> str:
        """The owner."""
        return self._owner.name

    def _submit(self, sender: Session, messages: Sequence[Any], received: float) -> Sequence[Any]:
        """Have the messages stored and shown here, and if an account says them in its own inbox as well."""
        own = sender.identity.inbox
        if own is None or own is self or not sender.identity.is_account:
            return super()._submit(sender, messages, received)
        copy = spoken(own, sender, messages, received, self.addressee)
        size = copy.size
        refused = claim_refs(copy, sender) if has_refs(messages) else ()
        told = spoken(self, sender, copy.messages, received, self.addressee)
        try:
            self._shared.commit.submit_together([told, copy] if copy.count else [copy])
        except BaseException:
            cancel_refs(copy, sender)
            raise
        count_bytes(sender, size, received)
        return refused


def inbox_name(owner: str) -> str:
    """Return the name under which the journal keeps what is said to a guest or an account alone."""
    return f"@{owner}"
