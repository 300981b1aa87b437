"""One to one, and one who comes back: direct messages, sessions, PING, EXIT."""

import socket

from tests.conformance.guests import Guests
from tests.support.peer import Peer, fresh


def test_a_direct_message_reaches_one_alone(guests: Guests, room: str) -> None:
    """The receiver gets it with sender, id and time; the sender gets an ACK; nobody else hears it."""
    sender, receiver, third = (guests(room) for _ in range(3))
    sender.send("DM", to=receiver.name, text="psst", ref="d")
    frame = receiver.until("DM")
    assert (frame["from"], frame["to"], frame["text"]) == (sender.name, receiver.name, "psst")
    ack = sender.until("ACK", ref="d")
    assert (ack["id"], ack["ts"]) == (frame["id"], frame["ts"])
    assert "room" not in ack
    sender.say("end", room)
    third.hear("end", room)
    assert not [each for each in third.seen if each["type"] == "DM"]


def test_an_action_is_marked_to_one_alone_too(guests: Guests) -> None:
    """What is done rather than said carries `action`; what is said does not."""
    sender, receiver = guests(), guests()
    sender.send("DM", to=receiver.name, text="waves", action=True)
    sender.send("DM", to=receiver.name, text="hello")
    assert receiver.until("DM", text="waves")["action"] is True
    assert "action" not in receiver.until("DM", text="hello")


def test_a_notice_is_marked_to_one_alone_too(guests: Guests) -> None:
    """What is from a program carries `notice`, live and when it is replayed."""
    sender, receiver = guests(), guests()
    sender.send("DM", to=receiver.name, text="it is built", notice=True)
    assert receiver.until("DM", text="it is built")["notice"] is True
    receiver.send("HISTORY", room="@")
    assert receiver.until("HISTORY")["messages"][-1]["notice"] is True


def test_direct_messages_of_a_receiver_are_contiguous(guests: Guests) -> None:
    """Ids count for each receiver, whoever sends; another spelling of the name will do."""
    receiver, *senders = (guests(name="dm") for _ in range(3))
    for number in range(10):
        for sender in senders:
            sender.send("DM", to=receiver.name.upper(), text=str(number))
    assert [receiver.until("DM")["id"] for _ in range(20)] == list(range(1, 21))


def test_a_direct_message_to_nobody_is_an_error(guests: Guests) -> None:
    """Who is not here cannot be told anything."""
    peer = guests()
    for to in (fresh("nobody"), ""):
        peer.send("DM", to=to, text="x", ref="d")
        peer.until("ERROR", code="no_such_user", ref="d")


def test_one_can_write_to_oneself(guests: Guests) -> None:
    """It is acknowledged in place of what was said, kept among what others said, and replayed like that."""
    peer, other = guests(), guests()
    peer.send("DM", to=peer.name.upper(), text="buy milk", ref="m")
    ack = peer.until("ACK", ref="m")
    assert not [each for each in peer.fence() if each["type"] == "DM"]
    other.send("DM", to=peer.name, text="hi")
    assert peer.until("DM")["id"] == ack["id"] + 1
    peer.close()
    back, _ = resume(guests, peer, **{"@": 0})
    assert [(back.until("DM")["from"], each) for each in ("buy milk", "hi")] == [
        (peer.name, "buy milk"),
        (other.name, "hi"),
    ]


def test_ping_is_answered_with_its_ref(guests: Guests) -> None:
    """PONG carries the PING's ref, or none."""
    peer = guests()
    peer.send("PING", ref="p")
    assert peer.until("PONG") == {"type": "PONG", "ref": "p"}
    peer.send("PING")
    assert peer.until("PONG") == {"type": "PONG"}


def test_exit_is_answered_with_bye_and_an_end(guests: Guests, room: str) -> None:
    """What was sent before EXIT counts, what comes after it does not."""
    leaver, stayer = guests(room), guests(room)
    leaver.raw(
        b'{"type":"MSG","room":"%s","text":"farewell"}\n{"type":"EXIT"}\n'
        b'{"type":"MSG","room":"%s","text":"afterthought"}\n' % (room.encode(), room.encode())
    )
    assert leaver.bye() == "exit"
    stayer.hear("farewell", room)
    assert stayer.until("LEFT", name=leaver.name, room=room)["reason"] == "exit"
    assert "afterthought" not in repr(stayer.fence())


def resume(guests: Guests, gone: Peer, **after: int) -> tuple[Peer, dict[str, object]]:
    """Connect again with the session of one who has gone; return the peer and its WELCOME."""
    peer = guests.stranger()
    return peer, peer.register(gone.name, session=gone.session, after=after)


def test_a_session_is_resumed_with_what_was_missed(guests: Guests, room: str) -> None:
    """The name, the rooms and exactly what was said meanwhile come back, then all is live."""
    speaker, gone = guests(room), guests(room)
    speaker.say("before", room)
    last = gone.hear("before", room)["id"]
    gone.close()
    speaker.until("LEFT", name=gone.name, room=room)
    for text in ("missed 1", "missed 2"):
        speaker.say(text, room)
    speaker.fence()
    back, welcome = resume(guests, gone, **{room: last})
    assert welcome["resumed"] is True
    assert welcome["session"] == gone.session
    assert set(back.seen[1]["rooms"]) == {"lobby", room}
    speaker.say("live", room)
    frames = [each for each in back.seen if each["type"] == "MSG" and each["room"] == room]
    frames += back.messages(room, "live") if "live" not in [each["text"] for each in frames] else []
    assert [each["text"] for each in frames] == ["missed 1", "missed 2", "live"]


def test_a_ref_counts_across_a_resume(guests: Guests, room: str) -> None:
    """What was sent before the connection broke is not published again by a resend after it."""
    sender, other = guests(room), guests(room)
    sender.say("once", room, ref="r")
    first = sender.until("ACK", ref="r")
    sender.reset()
    back, _ = resume(guests, sender, **{room: first["id"]})
    back.say("once", room, ref="r")
    assert back.until("ACK", ref="r")["id"] == first["id"]
    back.say("end", room)
    assert [each["text"] for each in other.messages(room, "end")] == ["once", "end"]


def test_a_resume_replaces_a_connection_that_still_hangs(guests: Guests, room: str) -> None:
    """The old connection is ended with its reason, and the name passes on without a collision."""
    hanging, other = guests(room), guests(room)
    back, welcome = resume(guests, hanging, **{room: 0})
    assert (welcome["resumed"], welcome["name"]) == (True, hanging.name)
    assert hanging.bye() == "session_replaced"
    back.say("it is me", room)
    assert other.hear("it is me", room)["from"] == hanging.name
    other.send("WHO", room=room)
    assert sorted(other.until("USERS")["names"]) == sorted([hanging.name, other.name])


def test_a_resume_replaces_even_a_frozen_connection(guests: Guests, room: str) -> None:
    """A connection whose peer reads nothing holds up its successor no longer than a second or two."""
    speaker = guests(room)
    frozen = guests.stranger(receive_buffer=4096)
    frozen.register(fresh("frozen"))
    frozen.join(room)
    for _ in range(60):
        speaker.say("x" * 10_000, room)
    speaker.fence()
    back, welcome = resume(guests, frozen, **{room: 0})
    assert welcome["resumed"] is True
    speaker.say("end", room)
    ids = [each["id"] for each in back.seen if each["type"] == "MSG" and each["room"] == room]
    ids += [each["id"] for each in back.messages(room, "end")]
    assert ids == list(range(1, 62))


def test_direct_messages_are_replayed_too(guests: Guests) -> None:
    """Under the key @ a client says which direct message it has last."""
    sender, gone = guests(), guests()
    sender.send("DM", to=gone.name, text="one")
    sender.send("DM", to=gone.name, text="two", ref="2")
    gone.until("DM", text="two")
    sender.until("ACK", ref="2")
    gone.reset()
    back, _ = resume(guests, gone, **{"@": 1})
    assert back.until("DM")["text"] == "two"


def test_a_session_that_is_gone_begins_anew(hasty_guests: Guests) -> None:
    """An unknown session gets `resumed` false, a new session and the lobby."""
    peer = hasty_guests.stranger()
    welcome = peer.register(fresh("new"), session="bm9uc2Vuc2U=", after={"nowhere": 3})
    assert welcome["resumed"] is False
    assert welcome["session"] != "bm9uc2Vuc2U="
    assert welcome["rooms"] == ["lobby"]


def test_after_exit_a_session_is_gone(guests: Guests) -> None:
    """Who left on purpose does not come back as the same."""
    gone = guests()
    gone.send("EXIT")
    gone.bye()
    _, welcome = resume(guests, gone)
    assert welcome["resumed"] is False


def test_another_epoch_begins_anew(guests: Guests) -> None:
    """Ids of another record mean nothing here, so the session does not count either."""
    gone = guests()
    gone.reset()
    peer = guests.stranger()
    welcome = peer.register(fresh("new"), session=gone.session, epoch="another")
    assert welcome["resumed"] is False


def test_a_session_cannot_be_taken_by_its_holders_name(guests: Guests) -> None:
    """The name alone gives nobody's session: it is taken."""
    holder, thief = guests(), guests.stranger()
    thief.send("REG_NAME", name=holder.name, session="guess", after={})
    thief.until("ERROR", code="name_taken")
    holder.fence()


def test_silence_is_pinged_and_an_answer_keeps_it(hasty_guests: Guests) -> None:
    """A silent peer that answers each PING stays."""
    peer = hasty_guests()
    for _ in range(3):
        peer.until("PING")
        peer.send("PONG")
    peer.fence()


def test_who_answered_before_and_then_does_not_is_ended(hasty_guests: Guests, room: str) -> None:
    """A peer that knows PING and stops answering is taken for dead, and leaves no ghost."""
    stayer, dead = hasty_guests(room), hasty_guests(room)
    dead.until("PING")
    dead.send("PONG")
    assert dead.bye() == "ping_timeout"
    while True:
        frame = stayer.read()
        if frame["type"] == "PING":
            stayer.send("PONG")
        if frame["type"] == "LEFT" and frame["name"] == dead.name and frame["room"] == room:
            assert frame["reason"] == "ping_timeout"
            break


def test_a_person_with_nc_may_stay_silent(hasty_guests: Guests) -> None:
    """Who never answers a PING but whose host takes every byte is alive, for a round and more."""
    peer = hasty_guests()
    for _ in range(2):
        peer.until("PING")
    assert peer.fence() == []


def test_a_peer_that_closes_only_its_reading_side_is_served_on(guests: Guests, room: str) -> None:
    """SHUT_RD is local to the peer: what it says still reaches the others."""
    half, other = guests(room), guests(room)
    half.socket.shutdown(socket.SHUT_RD)
    half.say("half here", room)
    other.hear("half here", room)
