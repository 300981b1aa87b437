"""The server as a process: many connections, signals, what is held when it ends."""

import contextlib
import resource
import signal
import threading
from collections.abc import Iterator

import pytest

from tests.conformance.guests import Guests
from tests.conformance.running import Running
from tests.support.peer import PATIENCE, Peer, fresh

CONNECTIONS = 2000
#: Descriptors that pytest and the server's pipes need beside the connections.
SPARE = 200


@pytest.fixture
def descriptors() -> Iterator[None]:
    """Raise the soft limit of open files for the test, or skip it where the hard one is too low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + SPARE
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"the hard limit of open files is {hard}, and {wanted} are needed: raise it (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("descriptors")
def test_two_thousand_connections_are_held_and_each_is_a_thread() -> None:
    """All of them register, each has a thread, one message reaches all the others, and all go."""
    with Running() as running, contextlib.ExitStack() as guests:
        threads = len(running.threads())
        peers = []
        for _ in range(CONNECTIONS):  # named one by one: the deadline of a name is no test of this machine
            peers.append(guests.enter_context(Peer(running.address)))
            peers[-1].register(fresh("peer"))
        assert len(running.threads()) == threads + CONNECTIONS
        peers[0].send("MSG", text="to all of you", ref="1")
        assert peers[0].until("ACK", ref="1")["id"] == 1
        for peer in peers[1:]:
            peer.hear("to all of you", "lobby")
    assert running.process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_in_order(number: int) -> None:
    """Everybody gets a NOTICE with a time to come back after, what was under way, and a BYE; status 0."""
    with Running() as running:
        guests = Guests(running.address)
        peers = [guests() for _ in range(5)]
        stranger = guests.stranger()
        for count in range(100):
            peers[0].send("MSG", text=str(count), ref=str(count))
        peers[0].until("ACK", ref="99")
        running.process.send_signal(number)
        for peer in (*peers, stranger):
            notice, bye = [each for each in peer.rest() if each["type"] in ("NOTICE", "BYE")]
            assert notice["text"]
            assert bye["reason"] == "server_shutdown"
            assert 0 < notice["reconnect_after"] < 60
            peer.close()
        for peer in peers[1:]:
            assert [each["text"] for each in peer.seen if each["type"] == "MSG"] == [*map(str, range(100))]
            assert not [each for each in peer.seen if each["type"] == "LEFT"]
        assert running.wait() == 0
    events = [each["event"] for each in running.events()]
    assert events[-1] == "stopped"
    assert events.count("stopping") == 1
    assert running.events()[events.index("stopping")]["reason"] == signal.Signals(number).name


def test_a_signal_ends_the_server_whichever_thread_gets_it() -> None:
    """The kernel chooses one; Python's handlers run in the main thread, which sleeps on."""
    with Running() as running:
        guests = Guests(running.address)
        peer = guests()
        other = max(running.threads() - {running.process.pid})
        running.signal_thread(other, signal.SIGTERM)
        assert peer.bye() == "server_shutdown"
        assert running.wait() == 0
        guests.leave()


def test_a_log_that_nobody_reads_ends_no_chat() -> None:
    """People come, talk, leave and are seen to leave; the lost lines are counted; a stop is in order."""
    with Running(lines=1) as running:
        guests = Guests(running.address)
        room = fresh("room")
        ann, bob, cat = guests(room), guests(room), guests(room)
        ann.say("can you hear me?", room, ref="1")
        assert ann.until("ACK", ref="1")["id"] == 1
        for peer in (bob, cat):
            peer.hear("can you hear me?", room)
        bob.send("EXIT")
        assert bob.bye() == "exit"
        cat.reset()
        for gone in (bob, cat):
            ann.until("LEFT", room=room, name=gone.name)
        ann.send("WHO", room=room, ref="who")
        assert ann.until("USERS", ref="who")["names"] == [ann.name]
        assert guests(name=bob.name).name.startswith(bob.name)
        assert running.metric("chat_log_lines_lost_total") >= 3 * len(("connected", "registered", "joined"))
        running.process.terminate()
        assert ann.bye() == "server_shutdown"
        assert running.wait() == 0
        guests.leave()


def test_a_second_signal_ends_it_at_once() -> None:
    """Whoever insists is not made to wait for the drain."""
    with Running() as running:
        guests = Guests(running.address)
        room = fresh("room")
        speaker = guests(room)
        frozen = guests.stranger(receive_buffer=4096)
        frozen.register("frozen")
        frozen.join(room)
        for _ in range(80):
            speaker.say("x" * 10_000, room)
        speaker.fence()
        running.process.terminate()
        speaker.until("NOTICE")
        running.process.terminate()
        assert running.process.wait(5) == 1  # the drain alone would take 20 seconds
        guests.leave()


def test_messages_under_way_at_the_end_are_stored_or_unacknowledged() -> None:
    """A stop in the middle of a flood: whatever was acknowledged was heard, in order, without a hole."""
    with Running() as running:
        guests = Guests(running.address)
        sender, reader = guests(), guests()
        flowing = threading.Event()

        def flood() -> None:
            try:
                for count in range(100_000):
                    sender.send("MSG", text="x" * 100, ref=str(count))
                    if count == 500:
                        flowing.set()
            except OSError:
                return

        def listen() -> None:
            reader.rest()

        threads = [threading.Thread(target=body) for body in (flood, listen, sender.rest)]
        for thread in threads:
            thread.start()
        assert flowing.wait(PATIENCE)
        running.process.terminate()
        assert running.wait() == 0
        for thread in threads:
            thread.join(PATIENCE)
        guests.leave()
    heard = [each["id"] for each in reader.seen if each["type"] == "MSG"]
    acknowledged = [each["id"] for each in sender.seen if each["type"] == "ACK"]
    assert heard == list(range(1, len(heard) + 1))
    assert acknowledged == list(range(1, len(acknowledged) + 1))
    assert len(heard) > 0
