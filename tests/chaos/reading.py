"""Looking into rooms from outside of the load."""

import contextlib
from collections.abc import Iterator

from tests.chaos.records import Stored
from tests.support.peer import Address, Peer

#: The most messages that one page of history has.
PAGE = 200
#: The name of whoever looks.
READER = "reader"


def read_journal(address: Address, rooms: tuple[str, ...]) -> list[Stored]:
    """Return all that HISTORY has of the rooms. Raises `OSError`."""
    with _reader(address) as peer:
        return [message for room in rooms for message in _read_room(peer, room)]


def read_members(address: Address, rooms: tuple[str, ...]) -> dict[str, list[str]]:
    """Return who is in each of the rooms, `READER` too. Raises `OSError`."""
    members = {}
    with _reader(address) as peer:
        for room in rooms:
            peer.join(room)
            peer.send("WHO", room=room, ref=f"who {room}")
            members[room] = peer.until("USERS", ref=f"who {room}")["names"]
    return members


@contextlib.contextmanager
def _reader(address: Address) -> Iterator[Peer]:
    peer = Peer(address)
    try:
        peer.register(READER)
        yield peer
        peer.send("EXIT")
        peer.until("BYE")
    finally:
        peer.close()


def _read_room(peer: Peer, room: str) -> Iterator[Stored]:
    peer.join(room)
    after, more = 0, True
    while more:
        ref = f"{room} {after}"
        peer.send("HISTORY", room=room, after=after, limit=PAGE, ref=ref)
        page = peer.until("HISTORY", ref=ref)
        for each in page["messages"]:
            yield Stored(room, each["id"], each["from"], each["text"])
            after = each["id"]
        more = page["more"] and bool(page["messages"])
