"""A conversation over the wire that survives the loss of its connection."""

import socket
import threading

import pytest

from chat_client.connection.connection import Connection
from chat_client.connection.session import DELIVER_SECONDS
from chat_client.protocol.events import Cause, Ended, Gap, Lost, NameRefused, NotTaken, Registered, Said
from chat_client.protocol.liveness import ADMISSION_SECONDS, GREETING_SECONDS, IDLE_SECONDS
from chat_protocol.messages import Exit, Msg, Ping, Pong, RegName
from chat_protocol.server_messages import Bye, ErrorFrame, Limits, Notice, Pace
from tests.support.fake_server import (
    DEADLINE,
    Client,
    FakeServer,
    LeapingClock,
    Peer,
    entered,
    request,
    said,
    welcome,
)


def connected(server: FakeServer, client: Client) -> Peer:
    """Register the client; return the server's end."""
    peer = server.accept()
    peer.register()
    client.next(Registered)
    return peer


def say(client: Client, text: str) -> None:
    """Say something in the lobby."""
    client.session.send(Msg(text=text, room="lobby"))


# Talking


def test_says_and_hears(server: FakeServer) -> None:
    """What is said arrives, and what comes is told, one's own with the acknowledgement."""
    with Client(server.port) as client:
        peer = connected(server, client)
        say(client, "hello")
        message = peer.receive(Msg)
        peer.send(said(1))
        peer.acknowledge(message, 2)
        assert client.next(Said) == Said(said(1))
        assert client.next(Said) == Said(said(2, "hello", "dave", ts=2.0), own=True)


def test_pings_are_answered_by_the_listener(server: FakeServer) -> None:
    """A PING is answered whatever the program does meanwhile."""
    with Client(server.port) as client:
        peer = connected(server, client)
        peer.send(Ping(ref="k7"))
        assert peer.receive(Pong) == Pong(ref="k7")
        assert "listener" in [thread.name for thread in threading.enumerate()]


def test_threads_that_send_do_not_tear_each_others_lines(server: FakeServer) -> None:
    """Each line arrives whole, and each thread's lines in its order."""
    count = 50
    with Client(server.port) as client:
        peer = connected(server, client)
        start = threading.Barrier(4)

        def send(name: str) -> None:
            start.wait(DEADLINE)
            for number in range(count):
                say(client, f"{name} {number} {'x' * 500}")

        threads = [threading.Thread(target=send, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        texts = [peer.receive(Msg).text.split() for _ in range(4 * count)]
        for thread in threads:
            thread.join(DEADLINE)
        for name in "abcd":
            assert [int(text[1]) for text in texts if text[0] == name] == list(range(count))


def test_a_server_that_does_not_read_is_still_heard(server: FakeServer) -> None:
    """A sender that is stuck in the middle of a line keeps nobody from listening."""
    with Client(server.port) as client:
        peer = server.accept()
        peer.register(limits=Limits(100_000, 32, 256, 50))
        client.next(Registered)

        def send() -> None:
            for _ in range(900):
                say(client, "x" * 60_000)

        stuck = threading.Thread(target=send)
        stuck.start()
        peer.send(Notice(text="still here"))
        assert client.next(Notice).text == "still here"
        client.session.close()
        stuck.join(DEADLINE)
        assert not stuck.is_alive()


def test_what_is_unavailable_is_sent_again_later(server: FakeServer) -> None:
    """After a while, by itself, with the same ref."""
    clock = LeapingClock()
    with Client(server.port, clock=clock) as client:
        peer = connected(server, client)
        say(client, "hello")
        message = peer.receive(Msg)
        clock.step = 3.0
        peer.send(ErrorFrame(code="unavailable", text="disk full", ref=message.ref))
        assert client.next(NotTaken).again
        assert peer.receive(Msg) == message


# Leaving


def test_leaves_properly(server: FakeServer) -> None:
    """EXIT comes after what was said is acknowledged, and BYE is waited for."""
    with Client(server.port) as client:
        peer = connected(server, client)
        say(client, "last words")
        undelivered: list[object] = [None]
        leaving = threading.Thread(target=lambda: undelivered.__setitem__(0, client.session.leave("bye")))
        leaving.start()
        peer.acknowledge(peer.receive(Msg), 1)
        assert peer.receive(Exit).text == "bye"
        peer.send(Bye(reason="exit", text="goodbye"))
        peer.close()
        leaving.join(DEADLINE)
        assert undelivered == [[]]
        assert client.next(Bye).reason == "exit"
        assert client.next(Ended).cause is Cause.LEFT
        assert server.is_left_alone()


def test_leaving_is_bounded(server: FakeServer) -> None:
    """What is not acknowledged in time is told, and nobody is kept."""
    with Client(server.port) as client:
        connected(server, client)
        say(client, "into the void")
        assert [message.text for message in client.session.leave(timeout=0.01)] == ["into the void"]
        assert client.next(Ended).cause is Cause.LEFT


def test_leaves_at_once_where_nothing_waits(server: FakeServer) -> None:
    """Without a connection and with nothing to deliver there is nothing to wait for."""
    with Client(server.port) as client:
        peer = connected(server, client)
        server.close()
        peer.close()
        client.next(Lost)
        assert client.session.leave(timeout=60.0) == []
        assert client.next(Ended).cause is Cause.LEFT


# Names


def test_another_name_goes_over_the_same_connection(server: FakeServer) -> None:
    """A person who is quick enough needs no second connection."""
    with Client(server.port, asks_name=True) as client:
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        peer.send(ErrorFrame(code="name_taken", text="taken"))
        assert client.next(NameRefused) == NameRefused("dave", "name_taken", "taken")
        client.session.take_name("eve")
        assert peer.receive(RegName) == RegName(name="eve")


def test_a_person_may_take_time_to_find_a_name(server: FakeServer) -> None:
    """Where the server has not waited, the next connection is made when there is a name; no loss is told."""
    with Client(server.port, asks_name=True) as client:
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        peer.send(ErrorFrame(code="name_taken", text="taken"))
        client.next(NameRefused)
        peer.close()
        client.session.take_name("eve")
        assert server.accept().register() == RegName(name="eve")
        client.next(Registered)
        assert not [event for event in client.rest() if isinstance(event, Lost)]


@pytest.mark.parametrize("code", ["name_taken", "name_invalid"])
def test_without_a_person_a_refused_name_is_the_end(server: FakeServer, code: str) -> None:
    """Nobody can be asked for another."""
    with Client(server.port) as client:
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        peer.send(ErrorFrame(code=code, text="no"))
        ended = client.next(Ended)
        assert (ended.cause, ended.text) == (Cause.REFUSED, "the name dave was refused: no")


def test_a_taken_name_may_become_free(server: FakeServer) -> None:
    """With patience a taken name is tried again: it may be one's own, of a connection that just died."""
    with Client(server.port, at_start=60.0) as client:
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        peer.send(ErrorFrame(code="name_taken", text="taken"))
        assert "taken" in client.next(Lost).reason
        assert server.accept().register() == RegName(name="dave")
        client.next(Registered)


# Losing the connection


def test_comes_back_with_what_was_not_acknowledged(server: FakeServer) -> None:
    """The session is resumed where it stood; what waits goes out in order, then what is new."""
    with Client(server.port) as client:
        peer = connected(server, client)
        peer.send(said(1))
        client.next(Said)
        say(client, "a")
        lost = peer.receive(Msg)
        peer.close()
        client.next(Lost)
        say(client, "b")
        peer = server.accept()
        assert peer.register(said(2), resumed=True) == RegName(
            name="dave", session="s1", after={"lobby": 1, "@": 0}, epoch="e1"
        )
        assert peer.receive(Msg) == lost
        assert peer.receive(Msg).text == "b"
        assert client.next(Registered).resent == 2
        assert client.next(Said) == Said(said(2))
        say(client, "c")
        assert peer.receive(Msg).text == "c"


def test_a_cut_in_the_middle_of_a_line_loses_nothing(server: FakeServer) -> None:
    """Half a line is no message; the rest of the old connection is not mixed with the new one."""
    with Client(server.port) as client:
        peer = connected(server, client)
        peer.socket.sendall(b'{"type":"MSG","room":"lobby","id":1,"ts":0,"from":"bob","te')
        peer.close()
        peer = server.accept()
        peer.register(said(1), said(2), resumed=True)
        assert [client.next(Said).message.id for _ in range(2)] == [1, 2]


def test_a_gap_is_told_after_coming_back(server: FakeServer) -> None:
    """What retention has cut meanwhile is not hidden."""
    with Client(server.port) as client:
        peer = connected(server, client)
        peer.send(said(1))
        client.next(Said)
        peer.close()
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        peer.send(welcome(resumed=True), entered(last=9, first=5), said(5))
        assert client.next(Gap) == Gap("lobby", 2, 4)


def test_a_restarting_server_says_when(server: FakeServer) -> None:
    """After a NOTICE with `reconnect_after` and a BYE, the client waits so long and comes back."""
    with Client(server.port) as client:
        peer = connected(server, client)
        peer.send(
            Notice(text="restart", reconnect_after=0.01), Bye(reason="server_shutdown", text="stopping")
        )
        peer.close()
        assert client.next(Lost) == Lost("stopping", 0.01, 1)
        server.accept().register(resumed=True)
        assert client.next(Registered).resumed


def test_a_session_that_goes_on_elsewhere_is_over(server: FakeServer) -> None:
    """Two clients must not take a session from each other for ever."""
    with Client(server.port) as client:
        peer = connected(server, client)
        peer.send(Bye(reason="session_replaced", text="replaced"))
        peer.close()
        ended = client.next(Ended)
        assert ended.cause is Cause.LOST
        assert "another" in ended.text
        assert server.is_left_alone()


@pytest.mark.parametrize("reason", ["kicked", "banned", "address_banned"])
def test_whoever_is_unwanted_does_not_come_back(server: FakeServer, reason: str) -> None:
    """By themselves: the operator would have to do it again and again."""
    with Client(server.port) as client:
        peer = connected(server, client)
        peer.send(Bye(reason=reason, text="the server's words"))
        peer.close()
        ended = client.next(Ended)
        assert ended.cause is Cause.LOST
        assert ended.text.startswith("you")
        assert server.is_left_alone()


def test_a_server_that_talks_and_lets_nobody_in_is_given_up(server: FakeServer) -> None:
    """A limit for each silence is none for the whole: whatever else it says, it must let us in."""
    clock = LeapingClock()
    with Client(server.port, clock=clock) as client:
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        clock.now += ADMISSION_SECONDS + 1
        peer.send(Ping())
        assert client.next(Ended) == Ended(Cause.LOST, "the server does not let anybody in")


def test_a_person_may_take_long_for_another_name(server: FakeServer) -> None:
    """While the server waits for a name, it owes nothing."""
    clock = LeapingClock()
    with Client(server.port, asks_name=True, clock=clock) as client:
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        peer.send(ErrorFrame(code="name_taken", text="the name dave is taken; choose another"))
        client.next(NameRefused)
        clock.now += ADMISSION_SECONDS + 1
        peer.send(Notice(text="still here"))
        client.next(Notice)
        client.session.take_name("dora")
        assert peer.receive(RegName).name == "dora"
        peer.send(welcome("dora"))
        assert client.next(Registered).name == "dora"


def test_a_dead_server_is_found_by_asking(server: FakeServer) -> None:
    """A silent server is asked, and given up where it does not answer."""
    clock = LeapingClock()
    with Client(server.port, clock=clock) as client:
        peer = connected(server, client)
        clock.step = IDLE_SECONDS + 1
        peer.send(Notice(text="the last for a long time"))
        peer.receive(Ping)
        assert client.next(Lost).reason == "the server does not answer"


def test_a_server_that_turns_one_away_is_tried_again(server: FakeServer) -> None:
    """An error that is not about the name ends this connection, not the session."""
    with Client(server.port, at_start=60.0) as client:
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        peer.send(ErrorFrame(code="unavailable", text="try later"))
        assert client.next(Lost).reason == "try later"
        server.accept().register()
        client.next(Registered)


def test_gives_up_when_its_time_is_up(server: FakeServer) -> None:
    """Without patience a lost connection is the end, and its reason is told."""
    with Client(server.port, afterwards=0.0) as client:
        connected(server, client).close()
        assert client.next(Ended) == Ended(Cause.LOST, "the server closed the connection")


def test_nothing_listens() -> None:
    """The first connection fails: the reason is told at once."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with Client(port) as client:
        assert client.next(Ended) == Ended(Cause.LOST, f"nothing listens on 127.0.0.1 port {port}")


def test_what_answers_may_be_no_chat_server(server: FakeServer) -> None:
    """Another protocol's banner is told as such, and not tried again."""
    with Client(server.port, at_start=60.0) as client:
        server.accept().socket.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        assert client.next(Ended) == Ended(
            Cause.INCOMPATIBLE, "what answers there is no chat server; see --host and --port"
        )


def test_what_waits_for_a_request_is_asked_and_is_no_chat_server(server: FakeServer) -> None:
    """A server that does not speak first is asked at once, which a chat server that is only slow answers."""
    clock = LeapingClock()
    clock.step = GREETING_SECONDS
    with Client(server.port, at_start=60.0, clock=clock) as client:
        peer = server.accept()
        assert peer.socket.recv(100) == b'{"type":"PING"}\n\r\n'
        peer.socket.sendall(b"<!DOCTYPE HTML>")
        assert "HTTP" in client.next(Ended).text


def test_a_slow_chat_server_is_waited_for(server: FakeServer) -> None:
    """Its answer to the question is no event, and it asks for the name whenever it likes."""
    clock = LeapingClock()
    clock.step = GREETING_SECONDS
    with Client(server.port, at_start=60.0, clock=clock) as client:
        peer = server.accept()
        peer.receive(Ping)
        clock.step = 0.0
        peer.send(Pong())
        peer.register()
        client.next(Registered)
        assert not any(isinstance(event, Pong) for event in client.rest())


def test_a_full_server_says_so(server: FakeServer) -> None:
    """A BYE may come before anything else; it is the reason of the loss."""
    with Client(server.port) as client:
        peer = server.accept()
        peer.send(Bye(reason="server_full", text="the server is full"))
        peer.close()
        assert client.next(Ended) == Ended(Cause.LOST, "the server is full")


def test_a_farewell_explains_one_loss_only(server: FakeServer) -> None:
    """Once nobody listens any more, that is the reason, and no longer what the server said at its end."""
    with Client(server.port) as client:
        peer = connected(server, client)
        peer.send(Bye(reason="server_shutdown", text="stopping"))
        server.close()
        assert client.next(Lost).reason == "stopping"
        assert "nothing listens" in client.next(Lost).reason


@pytest.mark.parametrize("fault", [MemoryError(), OSError(12, "Cannot allocate memory"), ValueError("x")])
def test_a_fault_costs_its_connection_alone(
    server: FakeServer, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails while one listens, the client comes back, and what was said is sent again."""
    faults = [fault]
    receive = Connection.receive

    def failing(connection: Connection, timeout: float) -> list[object] | None:
        found = receive(connection, timeout)
        if found == [said(1)] and faults:
            raise faults.pop()
        return found

    monkeypatch.setattr(Connection, "receive", failing)
    with Client(server.port) as client:
        peer = connected(server, client)
        say(client, "hello")
        message = peer.receive(Msg)
        peer.send(said(1))
        assert "client failed" in client.next(Lost).reason
        again = server.accept()
        again.register(resumed=True)
        assert again.receive(Msg) == message


def test_a_refusal_that_lasts_is_the_end(server: FakeServer) -> None:
    """The server would say the same again, so nobody waits for it for ever."""
    with Client(server.port, at_start=60.0) as client:
        peer = server.accept()
        peer.send(request(), ErrorFrame(code="bad_field", text="no such thing"))
        assert client.next(Ended) == Ended(Cause.LOST, "no such thing")


def test_a_refusal_that_passes_is_tried_again(server: FakeServer) -> None:
    """A server that cannot store anything now may do so in a moment."""
    with Client(server.port, at_start=60.0) as client:
        peer = server.accept()
        peer.send(request(), ErrorFrame(code="unavailable", text="later"))
        assert client.next(Lost).reason == "later"
        connected(server, client)


# Keeping to the server's pace

PACED = Limits(1024, 32, 256, 50, pace=Pace(10, 200.0, {}))


def test_a_paste_comes_whole_at_the_server_s_pace(server: FakeServer) -> None:
    """Nobody need do anything for it: who listens sends the rest."""
    with Client(server.port) as client:
        peer = server.accept()
        peer.register(limits=PACED)
        client.next(Registered)
        for number in range(40):
            say(client, str(number))
        assert [peer.receive(Msg).text for _ in range(40)] == [str(number) for number in range(40)]


def test_leaving_waits_as_long_as_the_server_takes_messages(server: FakeServer) -> None:
    """Each acknowledgement may take as long as all of them else; what was pasted is delivered first."""
    with Client(server.port) as client:
        peer = server.accept()
        peer.register(limits=PACED)
        client.next(Registered)
        for number in range(40):
            say(client, str(number))
        undelivered: list[object] = [None]
        leaving = threading.Thread(target=lambda: undelivered.__setitem__(0, client.session.leave()))
        leaving.start()
        for number in range(1, 41):
            peer.acknowledge(peer.receive(Msg), number)
        peer.part()
        leaving.join(DEADLINE)
        assert undelivered == [[]]


def test_leaving_waits_no_longer_than_that(server: FakeServer) -> None:
    """A server that takes a message now and then keeps nobody for ever."""
    clock = LeapingClock()
    with Client(server.port, clock=clock) as client:
        connected(server, client)
        say(client, "one")
        clock.step = DELIVER_SECONDS + 1
        assert [message.text for message in client.session.leave(timeout=600.0)] == ["one"]


def test_a_flood_is_cut_and_comes_back_when_the_server_says(server: FakeServer) -> None:
    """With all that was not acknowledged, at the pace of the server: no second cut follows."""
    with Client(server.port) as client:
        peer = connected(server, client)
        for number in range(3):
            say(client, str(number))
        [peer.receive(Msg) for _ in range(3)]
        peer.send(Bye(reason="flooding", text="too fast", retry_after=0.01))
        peer.close()
        assert client.next(Lost).reason == "too fast"
        peer = server.accept()
        peer.register(resumed=True, limits=PACED)
        assert [peer.receive(Msg).text for _ in range(3)] == ["0", "1", "2"]
