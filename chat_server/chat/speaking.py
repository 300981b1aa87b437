"""What somebody says, on its way to be stored: without what the session has said before."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chat_protocol.messages import REFS_AT_MOST
from chat_server.chat.session import FLOOD_BYTES, Session, look_for_flood
from chat_server.journal.ledger import Ledger
from chat_server.stream.publication import Publication, Sender

if TYPE_CHECKING:
    from chat_server.chat.room import Room

#: What a message takes beside its text, in bytes: names, id, time, the words of the protocol.
LINE_BYTES = 64


def spoken(room: "Room", sender: Session, messages: Sequence[Any], received: float, to: str) -> Publication:
    """Return what is to be stored and shown if somebody says this in a room, or `to` somebody alone."""
    size = LINE_BYTES * len(messages) + (
        len(messages[0].text) if len(messages) == 1 else sum([len(each.text) for each in messages])
    )
    return Publication(
        room.name,
        len(messages),
        room.now(),
        sender.id,
        delivery=room.delivery,
        sender=sender,
        messages=messages,
        author=sender.identity.name,
        account=sender.identity.account is not None,
        bot=sender.identity.profile.bot,
        to=to,
        received=received,
        kind=room.kind,
        size=size,
    )


def has_refs(messages: Sequence[Any]) -> bool:
    """Tell whether any of the messages carries a ref."""
    if len(messages) == 1:
        return messages[0].ref is not None
    return any(message.ref is not None for message in messages)


def claim_refs(said: Publication, sender: Sender) -> Sequence[Any]:
    """Leave out what the session has published before, and what is refused, which is returned.

    What is left must be submitted, or `cancel_refs` called.
    """
    messages = said.messages
    if (ledger := sender.ledger) is None:
        ledger = sender.ledger = Ledger(REFS_AT_MOST)
    refs = [message.ref for message in messages]
    fresh, refused = ledger.claim(refs)
    said.count = len(fresh)
    said.messages = [messages[index] for index in fresh]
    said.refs = [(ref, place) for place, index in enumerate(fresh) if (ref := refs[index])]
    turned_away = set(refused)
    said.answers = [ref for at, ref in enumerate(refs) if ref and at not in turned_away]
    return [messages[index] for index in refused]


def cancel_refs(said: Publication, sender: Sender) -> None:
    """Forget the refs of what was not submitted after all."""
    if sender.ledger is not None:
        sender.ledger.cancel(ref for ref, _ in said.refs)


def count_bytes(sender: Session, size: int, received: float) -> None:
    """Count what somebody says, and when, and look whether it is a flood."""
    sender.said_at = received
    sender.said_bytes += size
    if sender.said_bytes > FLOOD_BYTES:
        look_for_flood(sender, received)
