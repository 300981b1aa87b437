"""What is said reaches all the others: whole, once, in order."""

import socket
import threading
from collections.abc import Callable

import pytest

from tests.conformance.guests import Guests
from tests.support.peer import PATIENCE, Peer, fresh


def in_threads(*bodies: Callable[[], object]) -> None:
    """Run bodies at once, each in a thread; raise what one of them raised."""
    errors: list[BaseException] = []

    def run(body: Callable[[], object]) -> None:
        try:
            body()
        except BaseException as error:  # noqa: BLE001  # raised again below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(6 * PATIENCE)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def test_what_one_says_goes_to_all_the_others(guests: Guests, room: str) -> None:
    """Every other member gets the message with room, id, time and sender; the sender gets none."""
    sender, *others = (guests(room) for _ in range(4))
    sender.say("hello", room)
    for other in others:
        frame = other.hear("hello", room)
        assert (frame["from"], frame["id"]) == (sender.name, 1)
        assert frame["ts"] > 1.6e9
    assert [each for each in sender.fence() if each["type"] == "MSG"] == []


def test_an_ack_comes_only_to_a_message_with_a_ref(guests: Guests, room: str) -> None:
    """A ref is acknowledged with the id that the others see; without a ref there is no answer."""
    sender, other = guests(room), guests(room)
    sender.say("with", room, ref="r1")
    ack = sender.until("ACK")
    frame = other.hear("with", room)
    assert (ack["ref"], ack["room"], ack["id"], ack["ts"]) == ("r1", room, frame["id"], frame["ts"])
    sender.say("without", room)
    other.hear("without", room)
    assert [each for each in sender.fence() if each["type"] == "ACK"] == []


def test_a_resend_with_the_same_ref_is_published_once(guests: Guests, room: str) -> None:
    """The same session and ref is acknowledged again with the same id, and shown once."""
    sender, other = guests(room), guests(room)
    for _ in range(2):
        sender.say("once", room, ref="same")
    acks = [sender.until("ACK", ref="same")["id"] for _ in range(2)]
    sender.say("end", room)
    assert acks == [1, 1]
    assert [each["text"] for each in other.messages(room, "end")] == ["once", "end"]


def test_what_others_hear_and_what_is_acknowledged_has_no_holes(guests: Guests, room: str) -> None:
    """A member's MSG and ACK ids together are contiguous from 1, with several speaking at once."""
    speakers = [guests(room) for _ in range(3)]
    for number in range(100):
        for speaker in speakers:
            speaker.say(f"{number}", room, ref=f"{number}")
    for speaker in speakers:
        ids: list[int] = []
        while len(ids) < 300:
            frame = speaker.read()
            if frame["type"] in ("MSG", "ACK"):
                ids.append(frame["id"])
        assert ids == list(range(1, 301))


def test_frames_of_many_senders_never_interleave(guests: Guests, room: str) -> None:
    """Eight threads that send at once: every line that a member reads is one whole message."""
    listener = guests(room)
    speakers = [guests(room, "speaker") for _ in range(8)]
    bodies = {each.name: letter * 4000 for each, letter in zip(speakers, "abcdefgh", strict=True)}

    def speak(speaker: Peer) -> None:
        for _ in range(25):
            speaker.say(bodies[speaker.name], room)

    def listen() -> None:
        for _ in range(200):
            frame = listener.until("MSG", room=room)
            assert frame["text"] == bodies[frame["from"]]

    in_threads(listen, *(lambda each=each: speak(each) for each in speakers))


def test_a_reader_with_a_tiny_window_gets_every_line_whole(guests: Guests, room: str) -> None:
    """Partial sends: what the socket takes in pieces arrives whole and in order."""
    speaker = guests(room)
    reader = guests.stranger(receive_buffer=2048)
    reader.register(fresh("reader"))
    reader.join(room)
    texts = [f"{number:03}" * 3000 for number in range(40)]
    for text in texts:
        speaker.say(text, room)
    assert [each["text"] for each in reader.messages(room, texts[-1])] == texts


def test_a_frozen_client_is_cut_and_the_others_do_not_notice(guests: Guests, room: str) -> None:
    """Who does not read is cut once 1 MiB waits; all the others hear everything; its BYE says why."""
    speaker, reader = guests(room), guests(room)
    frozen = guests.stranger(receive_buffer=4096)
    frozen.register(fresh("frozen"))
    frozen.join(room)

    def speak() -> None:
        for number in range(800):
            speaker.say(f"{number}:" + "x" * 10_000, room)
        speaker.say("end", room)

    def read() -> None:
        numbers = [each["text"].partition(":")[0] for each in reader.messages(room, "end")]
        assert numbers == [*map(str, range(800)), "end"]

    in_threads(speak, read)
    assert reader.seen.count(left := next(each for each in reader.seen if each["type"] == "LEFT")) == 1
    assert (left["name"], left["reason"]) == (frozen.name, "slow_consumer")
    assert frozen.bye() == "slow_consumer"


def test_a_frozen_client_is_cut_by_age(hasty_guests: Guests, room: str) -> None:
    """Few bytes that wait too long end the connection as well."""
    speaker, reader = hasty_guests(room), hasty_guests(room)
    frozen = hasty_guests.stranger(receive_buffer=4096)
    frozen.register(fresh("frozen"))
    frozen.join(room)
    sent = 0
    while sent < 900_000:  # below the size at which it would be cut
        speaker.say("x" * 15_000, room)
        sent += 15_000
    assert reader.until("LEFT", name=frozen.name)["reason"] in ("slow_consumer", "ping_timeout")
    assert frozen.bye() in ("slow_consumer", "ping_timeout")


FLOOD = 50_000


def flood(sender: Peer, room: str) -> None:
    """Say 50 MB as fast as the socket takes them."""
    line = b'{"type":"MSG","room":"%s","text":"%s"}\n' % (room.encode(), b"x" * 1000)
    for _ in range(FLOOD // 100):
        sender.raw(line * 100)


def test_a_flood_reaches_a_reader_who_takes_each_line_apart(guests: Guests, room: str) -> None:
    """50 MB to one who reads on all the time, though slower than they come: all arrive, in order."""
    sender, reader = guests(room), guests(room)

    def read() -> None:
        ids = [reader.until("MSG", room=room)["id"] for _ in range(FLOOD)]
        assert ids == list(range(1, FLOOD + 1))

    in_threads(lambda: flood(sender, room), read)
    sender.fence()


def test_a_flood_reaches_all_who_read_on(guests: Guests, room: str) -> None:
    """50 MB to three who read as fast as they can: every line arrives, and nobody is cut."""
    sender, *readers = (guests(room) for _ in range(4))

    def read(reader: Peer) -> None:
        lines = 0
        while lines < FLOOD:
            received = reader.socket.recv(1 << 18)
            assert received
            lines += received.count(b"\n")
        assert lines == FLOOD

    for reader in readers:
        reader.fence()
    in_threads(lambda: flood(sender, room), *(lambda each=each: read(each) for each in readers))
    for reader in readers:
        reader.fence()


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_receiver_that_dies_does_not_harm_the_sender(guests: Guests, room: str, how: str) -> None:
    """Receivers that break off in the middle of a flood: the sender goes on, the others hear it all."""
    sender, reader = guests(room), guests(room)
    doomed = [guests(room) for _ in range(5)]

    def speak() -> None:
        for number in range(500):
            if number % 100 == 50:
                getattr(doomed[number // 100], how)()
            sender.say(f"{number}:" + "x" * 2000, room)
        sender.say("end", room)

    def read() -> None:
        assert len(reader.messages(room, "end")) == 501

    in_threads(speak, read)
    sender.fence()


def test_members_may_come_and_go_while_it_is_said(guests: Guests, room: str) -> None:
    """The list of members changes all the time during a broadcast: who stays misses nothing."""
    sender, stayer = guests(room), guests(room)
    churners = [guests() for _ in range(4)]
    over = threading.Event()

    def churn(peer: Peer) -> None:
        while not over.is_set():
            ids: list[int] = []
            peer.join(room)
            peer.send("LEAVE", room=room, ref="l")
            start = len(peer.seen)
            peer.until("LEFT", ref="l")
            ids = [each["id"] for each in peer.seen[start:] if each["type"] == "MSG"]
            assert ids == list(range(ids[0], ids[0] + len(ids))) if ids else True

    def speak() -> None:
        for number in range(1000):
            sender.say(str(number), room)
        sender.fence()
        sender.say("end", room)

    def stay() -> None:
        try:
            texts = [each["text"] for each in stayer.messages(room, "end")]
            assert texts == [*map(str, range(1000)), "end"]
        finally:
            over.set()

    in_threads(speak, stay, *(lambda each=each: churn(each) for each in churners))


def test_several_lines_in_one_packet_are_several_messages(guests: Guests, room: str) -> None:
    """Packets are not lines: CRLF, empty lines and white space between messages do no harm."""
    sender, other = guests(room), guests(room)
    message = '{{"type":"MSG","room":"{}","text":"{}"}}'
    sender.raw("\r\n".join(["", message.format(room, "a"), " ", message.format(room, "b"), ""]).encode())
    sender.raw(message.format(room, "c").encode() + b"\r\n")
    assert [each["text"] for each in other.messages(room, "c")] == ["a", "b", "c"]


def test_silent_connections_hold_up_nobody(guests: Guests, room: str) -> None:
    """No handshake in the accepting thread: behind fifty who say nothing the next is served at once."""
    for _ in range(50):
        guests.stranger()
    late = guests.stranger()
    late.socket.settimeout(2)  # far less than the time that the silent ones have
    late.register(fresh("late"))
    late.join(room)


def test_the_largest_text_comes_through_with_every_character(guests: Guests, room: str) -> None:
    """Text is text: escapes, emoji, right-to-left and line separators arrive as they were sent."""
    sender, other = guests(room), guests(room)
    text = 'quote " back \\ slash / tab \t newline \n nul \0 \u2028 \u202e עברית 👩\u200d🚀 é'
    sender.say(text, room)
    assert other.until("MSG", room=room)["text"] == text


def test_a_notice_is_marked(guests: Guests, room: str) -> None:
    """What is from a program carries `notice`: live, replayed, read back, found and edited."""
    sender, other = guests(room), guests(room)
    word = fresh("built")
    sender.say(word, room, notice=True, ref="n")
    assert other.hear(word, room)["notice"] is True
    id_ = sender.until("ACK", ref="n")["id"]
    late = guests()
    late.join(room)
    assert late.hear(word, room)["notice"] is True
    late.send("HISTORY", room=room)
    assert late.until("HISTORY")["messages"][-1]["notice"] is True
    late.send("SEARCH", words=word, room=room)
    assert late.until("FOUND")["messages"][0]["notice"] is True
    sender.send("EDIT", room=room, id=id_, text=f"{word} again", ref="e")
    sender.until("ACK", ref="e")
    late.send("HISTORY", room=room, ref="after")
    (edited,) = [each for each in late.until("HISTORY", ref="after")["messages"] if each["id"] == id_]
    assert (edited["notice"], edited["edited"]) == (True, True)
    sender.say("hello", room)
    assert "notice" not in other.hear("hello", room)


def test_an_action_is_marked(guests: Guests, room: str) -> None:
    """What is done rather than said carries `action`; what is said does not."""
    sender, other = guests(room), guests(room)
    sender.say("waves", room, action=True)
    assert other.hear("waves", room)["action"] is True
    sender.say("hello", room)
    assert "action" not in other.hear("hello", room)


def test_both_directions_at_full_speed_do_not_lock_up(guests: Guests, room: str) -> None:
    """Two who flood each other and read on all the while: both hear everything."""
    pair = [guests(room), guests(room)]
    count = 3000

    def speak(peer: Peer) -> None:
        for _ in range(count):
            peer.say("x" * 1000, room)

    def read(peer: Peer) -> None:
        for _ in range(count):
            peer.until("MSG", room=room)

    in_threads(*(lambda b=body, p=peer: b(p) for peer in pair for body in (speak, read)))
    for peer in pair:
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.bye() == "peer_closed"
