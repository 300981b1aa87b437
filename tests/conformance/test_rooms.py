"""Rooms: coming and going, topics, who and what there is, history."""

import threading

import pytest

from tests.conformance.guests import Guests
from tests.conformance.test_delivery import in_threads
from tests.support.peer import PATIENCE, Frame, fresh


def test_everyone_begins_in_the_lobby(guests: Guests) -> None:
    """Whoever has a name hears what is said in the lobby, and a room left out means the last joined."""
    first, second = guests(), guests()
    text = fresh("to the lobby ")
    first.send("MSG", text=text)
    assert second.hear(text, "lobby")["from"] == first.name


def test_a_room_left_out_means_the_one_joined_last(guests: Guests, room: str) -> None:
    """After JOIN what is said goes there; after LEAVE it goes to the room before."""
    first, second = guests(room), guests(room)
    first.send("MSG", text="here")
    second.hear("here", room)
    first.send("LEAVE", ref="l")
    assert first.until("LEFT", ref="l")["room"] == room
    text = fresh("there ")
    first.send("MSG", text=text)
    second.hear(text, "lobby")


def test_joined_says_what_the_room_is_like(guests: Guests, room: str) -> None:
    """The one who enters hears how many are there, the topic, and after which id all is live."""
    first = guests(room)
    first.say("one", room, ref="1")
    first.until("ACK", ref="1")
    first.send("TOPIC", topic="bees", room=room)
    set_at = first.until("TOPIC", topic="bees")["ts"]
    second = guests()
    joined = second.join(room, ref="j")
    assert joined == {
        "type": "JOINED",
        "room": room,
        "name": second.name,
        "members": 2,
        "topic": "bees",
        "topic_by": first.name,
        "topic_ts": set_at,
        "last": 1,
        "ref": "j",
    }
    assert first.until("JOINED", room=room, name=second.name) == {
        "type": "JOINED",
        "room": room,
        "name": second.name,
    }


@pytest.mark.parametrize(
    ("leave", "reason"),
    [("EXIT", "exit"), ("LEAVE", "left"), ("close", "peer_closed"), ("reset", "peer_reset")],
)
def test_who_leaves_is_seen_to_leave_and_why(guests: Guests, room: str, leave: str, reason: str) -> None:
    """LEFT carries the reason, once, and nothing is heard of the leaver after it."""
    stayer, leaver = guests(room), guests(room)
    if leave.isupper():
        leaver.send(leave)
    else:
        leaver.fence()
        getattr(leaver, leave)()
    left = stayer.until("LEFT", room=room, name=leaver.name)
    assert left["reason"] == reason
    about = [each for each in stayer.fence() + stayer.seen if each.get("name") == leaver.name]
    assert [each["type"] for each in about if each["room"] == room] == ["JOINED", "LEFT"]


def test_a_crowded_room_is_quiet_about_who_comes_and_goes(hasty_guests: Guests, room: str) -> None:
    """Above the presence limit (three here) neither JOINED nor LEFT is told; messages still are."""
    first, second, third = (hasty_guests(room) for _ in range(3))
    first.until("JOINED", name=third.name, room=room)
    fourth = hasty_guests(room)
    fourth.send("LEAVE", room=room, ref="l")
    fourth.until("LEFT", ref="l")
    second.say("all quiet", room)
    start = len(first.seen)
    first.hear("all quiet", room)
    heard = [each for each in first.seen[start:] if each.get("room") == room]
    assert [each["type"] for each in heard if each["type"] != "LEFT"] == ["MSG"]
    third.send("LEAVE", room=room)
    assert first.until("LEFT", room=room)["name"] in (third.name, fourth.name)


def test_who_left_hears_nothing_more(guests: Guests, room: str) -> None:
    """After LEFT no message of that room comes, and none may be sent there."""
    leaver, other = guests(room), guests(room)
    leaver.send("LEAVE", room=room, ref="l")
    leaver.until("LEFT", ref="l")
    other.say("behind your back", room, ref="1")
    other.until("ACK", ref="1")
    leaver.say("hey", room, ref="2")
    leaver.until("ERROR", code="not_a_member", ref="2")
    assert not [each for each in leaver.seen if each["type"] == "MSG" and each["room"] == room]


def test_history_does_not_leak_across_rooms(guests: Guests, room: str) -> None:
    """Who joins one room gets none of another's messages, and cannot ask for them either."""
    insider, outsider = guests(room), guests()
    insider.say("secret", room, ref="1")
    insider.until("ACK", ref="1")
    other_room = fresh("room")
    outsider.join(other_room)
    for kind in ("HISTORY", "WHO", "TOPIC", "LEAVE"):
        outsider.send(kind, room=room, ref=kind)
        outsider.until("ERROR", code="not_a_member", ref=kind)
    outsider.send("HISTORY", room=other_room)
    assert outsider.until("HISTORY")["messages"] == []
    assert "secret" not in repr(outsider.seen)


def test_the_last_messages_come_first(guests: Guests, room: str) -> None:
    """Without `after` the last hundred messages come before all that is live."""
    speaker = guests(room)
    for number in range(150):
        speaker.say(str(number), room)
    speaker.fence()
    newcomer = guests()
    newcomer.join(room)
    speaker.say("live", room)
    assert [each["id"] for each in newcomer.messages(room, "live")] == list(range(51, 152))


@pytest.mark.parametrize("after", [0, 7, 10, 999])
def test_join_after_an_id_replays_what_came_after_it(guests: Guests, room: str, after: int) -> None:
    """Exactly what came after the id comes; an id beyond the last counts as the last."""
    speaker = guests(room)
    for number in range(10):
        speaker.say(str(number), room)
    speaker.fence()
    newcomer = guests()
    newcomer.join(room, after=after)
    speaker.say("live", room)
    assert [each["id"] for each in newcomer.messages(room, "live")] == list(range(min(after, 10) + 1, 12))


def test_what_is_no_longer_kept_is_told_not_hidden(guests: Guests, room: str) -> None:
    """Where the record begins later than what was asked for, JOINED says with which id it begins."""
    speaker = guests(room)
    speaker.raw(b'{"type":"MSG","room":"%s","text":"x"}\n' % room.encode() * 3000)
    speaker.fence()
    newcomer = guests()
    joined = newcomer.join(room, after=5)
    assert joined["first"] > 6
    speaker.say("live", room)
    ids = [each["id"] for each in newcomer.messages(room, "live")]
    assert ids == list(range(joined["first"], 3002))


def test_replay_goes_live_with_no_gap_and_no_repeat(guests: Guests, room: str) -> None:
    """Who joins again and again while two speak all the time hears every id once, in order.

    Somebody who is slower than a thousand messages, which is what is kept, is told where the rest begins.
    """
    speakers = [guests(room), guests(room)]
    joiners = [guests() for _ in range(5)]
    over = threading.Event()

    def speak(number: int) -> None:
        for count in range(1500):
            speakers[number].say(str(count), room)
            if count % 50 == 0:
                speakers[number].fence()

    def rejoin(number: int) -> None:
        peer, position = joiners[number], 0
        while not over.is_set() or position < 3000:
            start = len(peer.seen)
            joined = peer.join(room, after=position)
            position = joined.get("first", position + 1) - 1
            peer.send("LEAVE", room=room, ref="l")
            peer.until("LEFT", ref="l")
            ids = [each["id"] for each in peer.seen[start:] if each["type"] == "MSG" and each["room"] == room]
            assert ids == list(range(position + 1, position + 1 + len(ids)))
            position += len(ids)

    def speak_all() -> None:
        try:
            in_threads(lambda: speak(0), lambda: speak(1))
        finally:
            over.set()

    in_threads(speak_all, *(lambda each=each: rejoin(each) for each in range(5)))


def test_to_join_twice_is_told_and_replays_nothing(guests: Guests, room: str) -> None:
    """Who is there already gets JOINED again, no second copy of anything, and the others hear nothing."""
    member, other = guests(room), guests(room)
    other.say("once", room, ref="1")
    member.hear("once", room)
    member.join(room, after=0, ref="again")
    other.say("end", room)
    assert [each["text"] for each in member.messages(room, "end")] == ["end"]
    assert not [each for each in other.fence() if each["type"] == "JOINED" and each["room"] == room]


@pytest.mark.parametrize("name", ["", "  ", "#", "x" * 33, "a b", "a\u202eb", "a\nb", "@inbox", "\x07"])
def test_a_room_name_that_could_mislead_is_refused(guests: Guests, name: str) -> None:
    """The rules of users' names hold for rooms."""
    peer = guests()
    peer.send("JOIN", room=name, ref="j")
    peer.until("ERROR", code="room_invalid", ref="j")


def test_two_spellings_of_a_room_are_one_room(guests: Guests) -> None:
    """Case and width make no other room, and a # before it is taken off."""
    stem = fresh("tea")
    first, second = guests(), guests()
    first.join(stem)
    second.send("JOIN", room="#" + stem.upper())
    assert second.until("JOINED", name=second.name)["room"] == stem
    first.say("one room", stem)
    second.hear("one room", stem)


def test_the_number_of_rooms_of_one_user_is_bounded(guests: Guests) -> None:
    """The one that is too many is refused by name, and after a LEAVE there is room for it."""
    peer = guests()
    stem = fresh("many-")
    for number in range(49):
        peer.join(f"{stem}.{number}")
    peer.send("JOIN", room=f"{stem}.x", ref="j")
    peer.until("ERROR", code="limit_reached", ref="j")
    peer.send("LEAVE", room=f"{stem}.0", ref="l")
    peer.until("LEFT", ref="l")
    peer.join(f"{stem}.x")


def test_last_words_are_told_to_those_who_stay(guests: Guests, room: str) -> None:
    """Whoever leaves a room or the chat may say why; what is too long is refused, and nobody has left."""
    leaver, other = guests(room), guests(room)
    leaver.send("LEAVE", room=room, text="x" * 201, ref="long")
    leaver.until("ERROR", code="bad_field", ref="long")
    leaver.send("LEAVE", room=room, text="too hot", ref="l")
    leaver.until("LEFT", room=room, ref="l")
    told = {"type": "LEFT", "room": room, "name": leaver.name}
    assert other.until("LEFT", room=room) == {**told, "reason": "left", "text": "too hot"}
    leaver.join(room)
    leaver.send("EXIT", text="good night")
    assert leaver.bye() == "exit"
    assert other.until("LEFT", room=room) == {**told, "reason": "exit", "text": "good night"}


def test_a_topic_is_told_to_all_and_answered(guests: Guests, room: str) -> None:
    """Everybody hears the topic, who set it and when; who set it gets the ref; it can be asked for."""
    setter, other = guests(room), guests(room)
    setter.say("hi", room, ref="before")
    before = setter.until("ACK", ref="before")["ts"]
    setter.send("TOPIC", topic="bees", ref="t")
    told = other.until("TOPIC")
    expected: Frame = {"type": "TOPIC", "room": room, "topic": "bees", "by": setter.name, "ts": told["ts"]}
    assert told == expected
    assert before <= told["ts"] < before + PATIENCE
    assert setter.until("TOPIC") == {**expected, "ref": "t"}
    other.send("TOPIC", room=room, ref="q")
    assert other.until("TOPIC", ref="q") == {**expected, "ref": "q"}
    setter.send("TOPIC", topic="x" * 257, ref="long")
    setter.until("ERROR", code="bad_field", ref="long")
    setter.send("TOPIC", topic="", ref="none")
    setter.until("TOPIC", ref="none")
    assert other.until("TOPIC")["topic"] == ""


def test_who_lists_the_members(guests: Guests, room: str) -> None:
    """USERS has the names in the order of coming, and how many."""
    first, second = guests(room), guests(room)
    first.send("WHO", room=room, ref="w")
    assert first.until("USERS", ref="w") == {
        "type": "USERS",
        "room": room,
        "names": [first.name, second.name],
        "total": 2,
        "ref": "w",
    }


def test_list_has_the_rooms_with_topic_and_members(guests: Guests, room: str) -> None:
    """ROOMS has the rooms, the largest first, each with how many are in it."""
    first = guests(room)
    first.send("TOPIC", topic="bees", room=room)
    guests(room)
    first.send("LIST", ref="l")
    answer = first.until("ROOMS", ref="l")
    assert {"room": room, "members": 2, "topic": "bees"} in answer["rooms"]
    sizes = [each["members"] for each in answer["rooms"]]
    assert sizes == sorted(sizes, reverse=True)
    assert answer["total"] >= len(answer["rooms"])


@pytest.mark.parametrize(
    ("asked", "ids", "more"),
    [
        ({}, range(1, 21), False),
        ({"limit": 5}, range(16, 21), True),
        ({"after": 0, "limit": 5}, range(1, 6), True),
        ({"after": 18}, range(19, 21), False),
        ({"after": 20}, range(0), False),
        ({"before": 6}, range(1, 6), False),
        ({"before": 11, "limit": 5}, range(6, 11), True),
        ({"before": 1}, range(0), False),
        ({"since": 0, "limit": 3}, range(1, 4), True),
        ({"until": 1e12, "limit": 3}, range(18, 21), True),
        ({"until": 0}, range(0), False),
        ({"since": 1e12}, range(0), False),
    ],
    ids=str,
)
def test_history_pages_in_both_directions(
    guests: Guests,
    room: str,
    asked: dict[str, float],
    ids: range,
    more: bool,  # noqa: FBT001  # a case
) -> None:
    """Pages by id or time, forward and back, in order, and whether there is more beyond."""
    peer = guests(room)
    for number in range(20):
        peer.say(str(number), room)
    peer.send("HISTORY", room=room, ref="h", **asked)
    answer = peer.until("HISTORY", ref="h")
    assert [each["id"] for each in answer["messages"]] == list(ids)
    assert answer["more"] is more


def test_history_takes_one_direction_at_a_time(guests: Guests, room: str) -> None:
    """Two bounds at once are an error rather than a guess."""
    peer = guests(room)
    peer.send("HISTORY", room=room, after=1, before=5, ref="h")
    peer.until("ERROR", code="bad_field", ref="h")
