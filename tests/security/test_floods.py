"""Much of what is allowed."""

from collections.abc import Iterator

import pytest

from chat_server.chat.answers import ANSWER_ROWS
from chat_server.config import Config
from tests.conformance.guests import Guests
from tests.conformance.running import Running
from tests.security.table import row
from tests.support.peer import Peer, fresh

ROOMS = 10_000
#: Names of rooms are short here: a user's rooms stand in one line.
CROWDED = ("--rooms-per-user", "5000", "--name-length", "16", "--rooms", str(ROOMS))


@pytest.fixture(scope="module")
def crowded() -> Iterator[Running]:
    """Run a server on which a user may be in 5,000 rooms, and of which 10,000 are the most."""
    with Running(*CROWDED) as running:
        yield running


@row(
    "10,000 rooms",
    defence="so many rooms at once, and for one user; answers are cut",
    default=f"{Config.rooms}, {Config.rooms_per_user}",
)
def test_10_000_rooms(crowded: Running) -> None:
    """The one beyond is refused; rooms that exist may still be joined, and a list of them has an end."""
    guests = Guests(crowded.address)
    greedy = [guests(name="greedy") for _ in range(3)]
    made = 0
    for peer in greedy:
        count = min(4999, ROOMS - 1 - made)
        peer.send_frames(*[{"type": "JOIN", "room": f"r{made + each}"} for each in range(count)])
        made += count
        peer.fence()
    ann, bob = guests(), guests()
    ann.send("JOIN", room="one-more", ref="j")
    ann.until("ERROR", code="limit_reached", ref="j")
    ann.join("r17")
    ann.send("LIST", ref="l")
    listed = ann.until("ROOMS", ref="l")
    assert (listed["total"], len(listed["rooms"])) == (ROOMS, ANSWER_ROWS)
    ann.say("still here")
    bob.hear("still here")
    guests.leave()


def asked_for_ever(kind: str, room: str) -> bytes:
    """Return as many questions of a kind as go in a second or so."""
    many = {
        "HISTORY": b'{"type":"HISTORY","room":"%s","limit":200}\n' % room.encode() * 400,
        "LIST": b'{"type":"LIST"}\n' * 4000,
        "SEARCH": b'{"type":"SEARCH","words":"needle x y z"}\n' * 400,
        "WHO": b'{"type":"WHO","room":"lobby"}\n' * 4000,
        "JOIN": b'{"type":"JOIN","room":"%s"}\n{"type":"LEAVE","room":"%s"}\n'
        % (room.encode(), room.encode())
        * 1000,
    }
    return many[kind]


@row(
    "a flood of HISTORY, LIST, JOIN, SEARCH",
    defence="a thread each, answers bounded; a page has an end",
    default=f"{Config.send_queue_bytes >> 20} MiB unread",
)
@pytest.mark.parametrize("kind", ["HISTORY", "LIST", "SEARCH", "WHO", "JOIN"])
@pytest.mark.parametrize("reads", [True, False], ids=["read", "unread"])
def test_a_flood_of_history_list_join_search(guests: Guests, room: str, kind: str, reads: bool) -> None:  # noqa: FBT001  # a case
    """Others say and hear something while it is worked off, whether its answers are read or not."""
    ann, bob = guests(), guests()
    offender = guests.stranger(receive_buffer=None if reads else 4096)
    offender.register(fresh("offender"))
    offender.join(room)
    offender.send_frames(*[{"type": "MSG", "room": room, "text": "needle " + "x" * 200}] * 200)
    offender.fence()
    ann.fence()
    offender.raw(asked_for_ever(kind, room))
    for number in range(20):
        ann.say(f"{room} {number}")
        bob.hear(f"{room} {number}")
    if reads:
        offender.send("EXIT")
        ends(offender)
    assert not [each for each in ann.fence() if each["type"] == "BYE"]


def ends(peer: Peer) -> None:
    """Read to the end, whatever the reason."""
    assert peer.bye() in {"exit", "slow_consumer"}
