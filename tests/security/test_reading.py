"""Reading what one may not read."""

from collections.abc import Callable

import pytest

from tests.conformance.guests import Guests
from tests.security.table import row
from tests.support.peer import Peer, fresh

SECRET = "the secret"  # noqa: S105  # what nobody else should read

QUESTIONS: list[tuple[str, dict[str, object]]] = [
    ("HISTORY", {}),
    ("HISTORY", {"after": 0}),
    ("HISTORY", {"until": 1e12}),
    ("SEARCH", {"words": SECRET}),
    ("WHO", {}),
    ("TOPIC", {}),
    ("MSG", {"text": "let me in"}),
]


def assert_shut_out(peer: Peer, room: str) -> None:
    """Ask in each way for what is in a room; nothing of it may come."""
    for kind, fields in QUESTIONS:
        peer.send(kind, room=room, ref="q", **fields)
        peer.until("ERROR", code="not_a_member", ref="q")
    peer.send("SEARCH", words=SECRET, ref="s")
    assert peer.until("FOUND", ref="s")["messages"] == []


@row("reading across rooms", defence="each question is answered from the rooms that one is in")
@pytest.mark.parametrize(
    "spelling", [str.lower, str.upper, "#{}".format], ids=["as it is", "upper", "with #"]
)
def test_reading_across_rooms(guests: Guests, room: str, spelling: Callable[[str], str]) -> None:
    """By somebody who never was there, and by one who has left: history, search, members, live messages."""
    insider, former, outsider = guests(room), guests(room), guests(fresh("other"))
    former.send("LEAVE", room=room, ref="l")
    former.until("LEFT", ref="l")
    insider.say(SECRET, room, ref="1")
    insider.until("ACK", ref="1")
    for peer in (former, outsider):
        assert_shut_out(peer, spelling(room))
        assert SECRET not in repr(peer.fence())
        assert not [each for each in peer.seen if each["type"] == "MSG" and each["room"] == room]


@row("a replay in a room that one has left", defence="a resume brings only what a JOIN would")
def test_a_replay_in_a_room_that_one_has_left(guests: Guests, room: str) -> None:
    """`after` names rooms to join, and everybody sees that somebody came: nobody reads unseen."""
    insider, former = guests(room), guests(room)
    former.send("LEAVE", room=room, ref="l")
    former.until("LEFT", ref="l")
    insider.until("LEFT", name=former.name, room=room)
    insider.say(SECRET, room)
    former.close()
    insider.until("LEFT", name=former.name, room="lobby")
    back = guests.stranger()
    back.register(former.name, session=former.session, after={room: 0})
    insider.until("JOINED", name=former.name, room=room)


@row(
    "reading direct messages of others", defence="an inbox is no room, has no name, and opens for its session"
)
@pytest.mark.parametrize("name", ["@", "@{}", "@inbox", "#@", "{}", "@*"])
def test_reading_direct_messages_of_others(guests: Guests, name: str) -> None:
    """Neither by joining it nor by asking for it, nor with a resume of one's own."""
    owner, friend, stranger = guests(), guests(), guests()
    friend.send("DM", to=owner.name, text=SECRET)
    owner.until("DM")
    room = name.format(owner.name)
    if room.startswith(("@", "#@")):
        stranger.send("JOIN", room=room, after=0, ref="j")
        stranger.until("ERROR", code="room_invalid", ref="j")
    assert_shut_out(stranger, room)
    stranger.close()
    friend.until("LEFT", name=stranger.name)
    back = guests.stranger()
    back.register(stranger.name, session=stranger.session, after={"@": 0})
    back.fence()
    assert SECRET not in repr([*back.seen, *stranger.seen])
    friend.send("SEARCH", words=SECRET, ref="s")
    assert friend.until("FOUND", ref="s")["messages"] == []
