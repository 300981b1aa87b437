"""The outbox's contract, line by line."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, NoReturn

import pytest

from chat_protocol.reasons import CloseReason
from chat_server.net import outbox as module
from chat_server.net.flusher import Flusher
from chat_server.net.outbox import STALLED_SECONDS, Outbox, OutboxLimits, Watcher
from chat_server.net.transport import DONTWAIT, TcpTransport
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import CONGESTED, DROPPED, REFUSED, TAKEN
from tests.chat_server.net.support import PATIENCE, Clock, available, frames, json_lines, tiny_pair, until_end

LIMITS = OutboxLimits(size=100_000, soft=30_000, age=10.0)


def line(number: int, size: int = 1000) -> bytes:
    """Return a line of so many bytes that tells its number."""
    head = b'{"n":%d,"pad":"' % number
    return head + b"x" * (size - len(head) - 3) + b'"}\n'


class Shared(NamedTuple):
    """What the outboxes of a server share."""

    flusher: Watcher
    outbox_limits: OutboxLimits
    clock: Callable[[], float]


def outbox_on(
    sock: socket.socket,
    watcher: Watcher,
    limits: OutboxLimits,
    clock: Callable[[], float],
    on_end: Callable[[CloseReason], None],
) -> Outbox:
    """Return an outbox for JSON lines over a socket."""
    return Outbox(TcpTransport(sock), json_lines(), Shared(watcher, limits, clock), on_end)


class Rig:
    """An outbox on a small socket, who is told when it ends, and who watches it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.ended: list[str] = []
        self.watched = 0
        self.near, self.far = tiny_pair()
        self.outbox = outbox_on(self.near, self, LIMITS, self.clock, self.ended.append)

    def watch(self, outbox: Outbox) -> None:
        """Count that the outbox asked to be flushed."""
        assert outbox is self.outbox
        self.watched += 1

    def clog(self) -> bytes:
        """Fill the socket until one line is sent in part; return what was pushed."""
        pushed = b""
        while not self.outbox.size:
            pushed += (piece := line(0, 20_000))
            self.outbox.push(Frames(piece))
        assert self.outbox.size % 20_000, "no line is begun"
        return pushed

    def drain(self) -> bytes:
        """Read and flush in turns until nothing waits."""
        received = b""
        while self.outbox.flush():
            received += available(self.far)
        return received + available(self.far)


@pytest.fixture
def rig() -> Iterator[Rig]:
    """Return an outbox on a small socket."""
    rig = Rig()
    with rig.near, rig.far:
        yield rig


def test_what_fits_is_sent_at_once(rig: Rig) -> None:
    """A push to an empty outbox reaches the peer without anybody's help."""
    assert rig.outbox.push(Frames(line(1))) == TAKEN
    assert available(rig.far) == line(1)
    assert (rig.outbox.size, rig.watched, rig.outbox.sent) == (0, 0, 1000)


def test_what_does_not_fit_waits_for_a_flush(rig: Rig) -> None:
    """A partial send keeps the rest, asks once to be watched, and the bytes arrive as they were."""
    big = line(1, 80_000)
    rig.outbox.push(Frames(big))
    assert 0 < rig.outbox.size < len(big)
    assert rig.watched == 1
    assert rig.drain() == big
    assert (rig.outbox.size, rig.outbox.sent) == (0, len(big))


class Owing:
    """A transport that takes all it is given and sends it only when it is told to, as TLS may."""

    def __init__(self) -> None:
        self.owed = 0
        self.taken = b""
        self.blocked = True

    def send(self, data: bytes, flags: int = 0) -> int:
        """Take it, once nothing is owed."""
        assert flags == DONTWAIT
        if self.owed:
            raise BlockingIOError(11, "owed", 0)
        self.taken += data
        if self.blocked:
            self.owed = len(data)
            raise BlockingIOError(11, "owed", len(data))
        return len(data)

    def send_pieces(self, pieces: Sequence[bytes | memoryview]) -> int:
        """Take them."""
        return self.send(b"".join(pieces), DONTWAIT)

    def flush(self) -> bool:
        """Send what is owed, unless it is blocked."""
        self.owed = self.owed if self.blocked else 0
        return self.owed > 0

    def fileno(self) -> int:
        """Return any."""
        return 0


class OwingRig(Rig):
    """An outbox on such a transport."""

    def __init__(self) -> None:
        super().__init__()
        self.transport = Owing()
        self.outbox = Outbox(
            self.transport,  # type: ignore[arg-type]  # as much of it as an outbox uses here
            json_lines(),
            Shared(self, LIMITS, self.clock),
            self.ended.append,
        )


def test_what_is_taken_and_not_sent_is_watched() -> None:
    """It is no longer the outbox's, so it counts as sent; what comes after it waits, in its order."""
    rig = OwingRig()
    with rig.near, rig.far:
        assert rig.outbox.push(Frames(line(1))) == TAKEN
        assert (rig.outbox.size, rig.outbox.sent, rig.watched) == (0, 1000, 1)
        assert rig.outbox.push(Frames(line(2))) == TAKEN
        assert (rig.outbox.size, rig.transport.taken) == (1000, line(1))
        assert rig.outbox.flush() is True
        rig.transport.blocked = False
        assert rig.outbox.flush() is False
        assert (rig.outbox.size, rig.transport.taken) == (0, line(1) + line(2))


def test_what_is_taken_by_a_flush_and_not_sent_is_flushed_again() -> None:
    """The pieces that it took are not given to it twice."""
    rig = OwingRig()
    with rig.near, rig.far:
        rig.outbox.push(Frames(line(1)))
        rig.outbox.push(Frames(line(2)))
        rig.transport.owed = 0
        assert rig.outbox.flush() is True
        assert (rig.outbox.size, rig.transport.owed) == (0, 1000)
        rig.transport.blocked = False
        assert rig.outbox.flush() is False
        assert rig.transport.taken == line(1) + line(2)


def test_the_end_waits_for_what_is_taken_and_not_sent() -> None:
    """Or its BYE would be cut off; and whoever waits is told once it is sent."""
    rig = OwingRig()
    with rig.near, rig.far:
        rig.outbox.push(Frames(line(1)))
        waiter = threading.Thread(target=rig.outbox.finish, args=(CloseReason.EXIT, PATIENCE))
        waiter.start()
        while rig.outbox.size == 0:
            waiter.join(0.001)
        rig.transport.blocked = False
        assert rig.outbox.flush() is False
        waiter.join(PATIENCE)
        assert not waiter.is_alive()
        assert b"BYE" in rig.transport.taken


def test_a_flush_sends_only_what_the_socket_takes(rig: Rig) -> None:
    """It never waits, and says that something is left."""
    rig.outbox.push(Frames(line(1, 80_000)))
    waits = rig.outbox.size
    assert rig.outbox.flush() is True
    assert rig.outbox.size == waits


def test_pushes_keep_their_order(rig: Rig) -> None:
    """What is pushed while something waits follows it, however the flushes fall."""
    pushed, received = rig.clog(), b""
    for number in range(1, 60):
        rig.outbox.push(Frames(line(number)))
        pushed += line(number)
        if number % 7 == 0:
            received += available(rig.far)
            rig.outbox.flush()
    assert received + rig.drain() == pushed


def test_more_pieces_than_one_call_gathers(rig: Rig) -> None:
    """Hundreds of small pieces are sent over several gathering calls, none lost or twice."""
    pushed = rig.clog()
    for number in range(500):
        rig.outbox.push(Frames(line(number, 40)))
        pushed += line(number, 40)
    assert rig.drain() == pushed


def test_pushes_of_many_threads_stay_whole() -> None:
    """Eight threads, a real flusher and a slow window: lines never interleave, each thread's keep order."""
    near, far = tiny_pair()
    flusher = Flusher(Clock())
    flusher.start()
    outbox = outbox_on(near, flusher, OutboxLimits(size=1 << 30), Clock(), lambda _: None)

    def push(thread: int) -> None:
        for number in range(100):
            outbox.push(Frames(json.dumps([thread, number, "x" * (number * 37 % 1500)]).encode() + b"\n"))

    threads = [threading.Thread(target=push, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    received = b""
    while received.count(b"\n") < 800:
        received += far.recv(1 << 16)
    for thread in threads:
        thread.join(PATIENCE)
    flusher.forget(outbox)
    flusher.stop()
    near.close()
    far.close()
    lines = [json.loads(each) for each in received.splitlines()]
    for thread_number in range(8):
        own = [number for thread, number, _ in lines if thread == thread_number]
        assert own == list(range(100))


def test_past_the_soft_limit_only_the_droppable_is_dropped(rig: Rig) -> None:
    """Presence goes first; a message never does; below the limit both are kept."""
    rig.clog()
    assert rig.outbox.push(Frames(line(1)), droppable=True) == TAKEN
    while rig.outbox.size <= LIMITS.soft:
        rig.outbox.push(Frames(line(2)))
    size = rig.outbox.size
    assert rig.outbox.push(Frames(line(3)), droppable=True) == DROPPED
    assert rig.outbox.size == size
    assert rig.outbox.push(Frames(line(4))) in (TAKEN, CONGESTED)
    assert [each["n"] for each in frames(rig.drain())][-1] == 4


def test_past_its_size_the_client_is_cut_with_a_bye(rig: Rig) -> None:
    """What is left is the rest of the begun line and a BYE: the peer reads whole lines to the end."""
    rig.clog()
    begun = rig.outbox.size
    pushes = 0
    while rig.outbox.push(Frames(line(1))) != REFUSED:
        pushes += 1
    assert rig.ended == ["slow_consumer"]
    assert rig.outbox.size < begun + 200
    assert rig.outbox.lost == pushes + 1
    received = frames(rig.drain())
    assert received[-1]["reason"] == "slow_consumer"
    assert [each["n"] for each in received[:-1]] == [0] * (len(received) - 1)


def test_a_cut_between_two_lines_keeps_no_line(rig: Rig) -> None:
    """Where the socket stopped just at the end of a line, BYE is all that is left."""
    while True:  # lines as small as the socket's own steps, until one is not taken at all
        sent = rig.outbox.sent
        rig.outbox.push(Frames(b"{}\n"))
        if rig.outbox.sent == sent:
            break
    assert rig.outbox.push(Frames(line(1, LIMITS.size))) == REFUSED
    assert rig.outbox.lost == 2
    received = frames(rig.drain())
    assert received[-1]["type"] == "BYE"
    assert all(each == {} for each in received[:-1])


def test_one_push_larger_than_the_limit_is_cut_too(rig: Rig) -> None:
    """A single push may exceed the bound on its own; its begun line is still finished."""
    assert rig.outbox.push(Frames(line(1, 40_000) + line(2, LIMITS.size))) == REFUSED
    received = frames(rig.drain())
    assert [each.get("n", each.get("reason")) for each in received] == [1, "slow_consumer"]


def test_a_client_is_cut_by_the_age_of_the_oldest(rig: Rig) -> None:
    """Not at the limit, but past it; and only while something waits."""
    rig.outbox.check_age(rig.clock.now + 1000)
    assert rig.ended == []
    rig.clog()
    rig.outbox.check_age(rig.clock.now + LIMITS.age)
    assert rig.ended == []
    rig.outbox.check_age(rig.clock.now + LIMITS.age + 0.1)
    assert rig.ended == ["slow_consumer"]
    rig.outbox.check_age(rig.clock.now + LIMITS.age + 0.2)
    assert rig.ended == ["slow_consumer"]
    assert frames(rig.drain())[-1]["reason"] == "slow_consumer"


def test_the_age_is_that_of_what_waits_now(rig: Rig) -> None:
    """What was sent meanwhile does not count."""
    rig.clog()
    rig.clock.now += 8
    for _ in range(30):
        rig.outbox.push(Frames(line(1)))
    while rig.outbox.size > 30_000:
        available(rig.far)
        assert rig.outbox.flush() is True
    rig.outbox.check_age(rig.clock.now + 5)
    assert rig.ended == []


def test_far_behind_counts_as_congested_only_while_it_reads(rig: Rig) -> None:
    """Past half its size a client that takes something now and then is congested; a frozen one is not."""
    rig.clog()
    states = set()
    while rig.outbox.size <= LIMITS.size // 2:
        states.add(rig.outbox.push(Frames(line(1))))
    assert states == {TAKEN, CONGESTED}
    rig.clock.now += 0.9  # it waits for a packet that was lost
    assert rig.outbox.push(Frames(line(1))) == CONGESTED
    rig.clock.now += STALLED_SECONDS
    assert rig.outbox.push(Frames(line(1))) == TAKEN
    available(rig.far)
    rig.outbox.flush()
    while rig.outbox.size <= LIMITS.size // 2:
        rig.outbox.push(Frames(line(1)))
    assert rig.outbox.push(Frames(line(1))) == CONGESTED


def test_finish_sends_all_and_a_bye_as_the_last_line(rig: Rig) -> None:
    """It returns once everything is sent, and whatever is pushed after it is refused."""
    pushed = rig.clog()
    thread = threading.Thread(target=rig.outbox.finish, args=(CloseReason.EXIT, PATIENCE))
    thread.start()
    received = b""
    while b"BYE" not in received:
        received += rig.far.recv(1 << 16)
        rig.outbox.flush()
    thread.join(PATIENCE)
    assert received.startswith(pushed)
    assert json.loads(received[len(pushed) :]) == {"type": "BYE", "reason": "exit", "text": "goodbye"}
    assert rig.outbox.push(Frames(line(1))) == REFUSED
    assert available(rig.far) == b""


def test_finish_waits_no_longer_than_it_is_told(rig: Rig) -> None:
    """A peer that does not read is given up; `close` then throws away what waits."""
    rig.clog()
    rig.outbox.finish(CloseReason.EXIT, 0.0)
    assert rig.outbox.size > 0
    rig.outbox.close()
    assert rig.outbox.size == 0
    assert rig.outbox.flush() is False


def test_finish_after_a_cut_adds_no_second_bye(rig: Rig) -> None:
    """The BYE of the cut is the last line."""
    rig.clog()
    while rig.outbox.push(Frames(line(1))) != REFUSED:
        pass
    rig.outbox.finish(CloseReason.EXIT, 0.0)
    assert [each["reason"] for each in frames(rig.drain()) if "reason" in each] == ["slow_consumer"]


def test_wait_below_returns_once_enough_was_sent(rig: Rig) -> None:
    """Another thread's flush wakes it."""
    rig.clog()
    for _ in range(30):
        rig.outbox.push(Frames(line(1)))
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(rig.outbox.wait_below(1000, PATIENCE)))
    thread.start()
    while thread.is_alive():
        available(rig.far)
        rig.outbox.flush()
    thread.join()
    assert answers == [True]
    assert rig.outbox.size < 1000


def test_wait_below_says_at_once_that_little_waits(rig: Rig) -> None:
    """Where nothing waits there is nothing to wait for."""
    assert rig.outbox.wait_below(1, 0.0) is True


def test_wait_below_gives_up(rig: Rig) -> None:
    """After its time it says so."""
    rig.clog()
    assert rig.outbox.wait_below(1, 0.0) is False


@pytest.mark.parametrize("how", ["cut", "close"])
def test_wait_below_hears_of_the_end(rig: Rig, how: str) -> None:
    """Who waits for a client that is cut or closed is not left waiting."""
    rig.clog()
    waiting = threading.Event()
    answers: list[bool] = []

    def wait() -> None:
        waiting.set()
        answers.append(rig.outbox.wait_below(rig.outbox.size, PATIENCE))

    thread = threading.Thread(target=wait)
    thread.start()
    assert waiting.wait(PATIENCE)
    if how == "close":
        rig.outbox.close()
    else:
        while rig.outbox.push(Frames(line(1))) != REFUSED:
            pass
        rig.drain()
    thread.join(PATIENCE)
    assert answers == [False]


def test_a_broken_socket_refuses_and_keeps_nothing(rig: Rig) -> None:
    """An error on a direct send costs only this client; no exception comes out."""
    rig.far.close()
    assert rig.outbox.push(Frames(line(1))) == REFUSED
    assert rig.outbox.push(Frames(line(2))) == REFUSED
    assert rig.outbox.size == 0
    assert rig.ended == ["peer_reset"]


def test_a_socket_that_breaks_while_something_waits(rig: Rig) -> None:
    """A flush that meets the error throws away what waits and asks for no other."""
    rig.clog()
    rig.far.close()
    assert rig.outbox.flush() is False
    assert rig.outbox.size == 0
    assert rig.outbox.push(Frames(line(1))) == REFUSED
    assert rig.ended == ["peer_reset"]


def test_the_descriptor_is_gone_once_the_socket_is_closed(rig: Rig) -> None:
    """A flusher can tell a closed one."""
    assert rig.outbox.fileno() == rig.near.fileno()
    rig.near.close()
    assert rig.outbox.fileno() == -1


def test_end_passes_the_reason_on(rig: Rig) -> None:
    """The chat may end a connection through its outbox."""
    rig.outbox.end(CloseReason.SESSION_REPLACED)
    assert rig.ended == ["session_replaced"]


def test_everything_arrives_through_a_flusher() -> None:
    """End to end: 2 MB through a small socket, a flusher's thread, and a reader that reads on."""
    near, far = tiny_pair()
    clock = Clock()
    flusher = Flusher(clock)
    flusher.start()
    outbox = outbox_on(near, flusher, OutboxLimits(size=1 << 30), clock, lambda _: None)
    pushed = b"".join(line(number, 10_000) for number in range(200))
    for number in range(200):
        outbox.push(Frames(line(number, 10_000)))
    received = b""
    while len(received) < len(pushed):
        received += far.recv(1 << 16)
    near.shutdown(socket.SHUT_WR)
    assert received + until_end(far) == pushed
    flusher.forget(outbox)
    flusher.stop()
    near.close()
    far.close()


def fail(*_arguments: object) -> NoReturn:
    """Fail as an epoll without memory does."""
    raise OSError(12, "Cannot allocate memory")


def test_a_line_that_was_torn_by_a_fault_is_followed_by_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract 7: the rest of it cannot be watched; then no later line, nor a BYE, comes in its middle."""
    monkeypatch.setattr(rig, "watch", fail)
    big = line(1, 80_000)
    with pytest.raises(OSError, match="memory"):
        rig.outbox.push(Frames(big))
    assert rig.ended == ["internal_error"]
    sent = available(rig.far)
    assert rig.outbox.push(Frames(line(2))) == REFUSED
    rig.outbox.finish(CloseReason.INTERNAL_ERROR, 0.0)
    assert sent == big[: len(sent)]
    assert (available(rig.far), rig.outbox.size) == (b"", 0)


@pytest.mark.parametrize("what", ["flush", "fail"])
def test_a_fault_of_the_flusher_closes_it(rig: Rig, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Contract 7: what waits would never be sent; who waits for room is let go."""
    rig.clog()
    waited: list[bool] = []
    waiter = threading.Thread(target=lambda: waited.append(rig.outbox.wait_below(1, PATIENCE)))
    waiter.start()
    if what == "fail":
        rig.outbox.fail()
    else:
        monkeypatch.setattr(module, "memoryview", fail, raising=False)
        with pytest.raises(OSError, match="memory"):
            rig.outbox.flush()
    waiter.join(PATIENCE)
    assert (rig.ended, waited, rig.outbox.size) == (["internal_error"], [False], 0)
    assert rig.outbox.push(Frames(line(1))) == REFUSED


def test_nobody_waits_for_room_in_a_connection_that_ends(rig: Rig) -> None:
    """A replay ends when its connection does, before or while it waits; the BYE is waited for."""
    rig.clog()
    waited: list[bool] = []
    waiter = threading.Thread(target=lambda: waited.append(rig.outbox.wait_below(1, PATIENCE)))
    waiter.start()
    rig.outbox.interrupt()
    waiter.join(PATIENCE)
    waited.append(rig.outbox.wait_below(1, PATIENCE))
    waited.append(rig.outbox.wait_below(1 << 20, PATIENCE))
    assert waited == [False] * 3
    finisher = threading.Thread(target=rig.outbox.finish, args=(CloseReason.EXIT, PATIENCE))
    finisher.start()
    received = rig.drain()
    finisher.join(PATIENCE)
    assert frames(received + rig.drain())[-1]["reason"] == "exit"


def test_time_before_a_pause_does_not_age_what_waits(rig: Rig) -> None:
    """The process was suspended meanwhile: nobody could have sent it."""
    rig.clog()
    rig.clock.now += 600
    rig.outbox.check_age(rig.clock.now, rig.clock.now - 1)
    assert rig.ended == []
    rig.clock.now += 10
    rig.outbox.check_age(rig.clock.now, rig.clock.now - 11)
    assert rig.ended == ["slow_consumer"]
