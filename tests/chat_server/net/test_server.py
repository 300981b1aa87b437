"""The server as a whole: it begins, serves, and ends with every thread that it started."""

import gc
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from chat_server.config import Config
from chat_server.errors import JournalError, ListenError
from chat_server.journal.base import Placement, Record
from chat_server.journal.memory import MemoryJournal
from chat_server.net import admission
from chat_server.net import linger as linger_module
from chat_server.net import server as module
from chat_server.net.connection import ClientConnection
from chat_server.net.flusher import Flusher
from chat_server.net.heartbeat import STUCK_SECONDS
from chat_server.net.server import JOURNAL_JOB_SECONDS, Server
from chat_server.store.moderation import Ban
from chat_server.stream.frames import Frames
from tests.chat_server.net.support import PATIENCE, Clock, frames, reset, until, until_end, wait_for


def config(**settings: object) -> Config:
    """Return settings for a test: free ports on the loopback."""
    return Config(host="127.0.0.1", port=0, metrics_port=0, **settings)  # type: ignore[arg-type]  # keywords of many types


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Start servers, and stop in the end those that still run."""
    servers: list[Server] = []

    def start(journal: MemoryJournal | None = None, **settings: object) -> Server:
        usual = {"drain_timeout": 2.0, "profile": "trusted"}
        server = Server(config(**{**usual, **settings}), journal or MemoryJournal())
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        if server.ready:
            server.stop()


def connect(server: Server, name: str | None = None) -> socket.socket:
    """Connect, and give a name."""
    sock = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    if name is not None:
        sock.sendall(b'{"type":"REG_NAME","name":"%s"}\n' % name.encode())
        until(sock, b'"WELCOME"')  # alone, so that the name is counted before the PONG
        sock.sendall(b'{"type":"PING","ref":"here"}\n')
        until(sock, b'"here"')
    return sock


def stop_with(server: Server, *socks: socket.socket) -> list[bytes]:
    """Stop the server while its clients read to the end; return what they read."""
    thread = threading.Thread(target=server.stop)
    thread.start()
    received = []
    for sock in socks:
        received.append(until_end(sock))
        sock.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    return received


def test_stop_ends_every_thread(start: Callable[..., Server]) -> None:
    """Afterwards the process has the threads that it had before, and nothing listens."""
    before = set(threading.enumerate())
    server = start()
    socks = [connect(server, f"peer{number}") for number in range(5)] + [connect(server)]
    until(socks[-1], b'"REG_NAME"')
    names = {thread.name for thread in set(threading.enumerate()) - before}
    assert {"accept", "flusher", "journal", "keeper"} <= names
    assert sum(name.startswith("client-") for name in names) == 6
    stop_with(server, *socks)
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError):
        connect(server)


def test_every_thread_has_a_name(start: Callable[..., Server]) -> None:
    """Nobody has to guess what Thread-7 is."""
    start()
    assert not [each.name for each in threading.enumerate() if each.name.startswith("Thread-")]


def test_at_the_end_everybody_hears_why(start: Callable[..., Server]) -> None:
    """NOTICE with a time to come back after, then BYE; nobody hears of the others' leaving."""
    server = start()
    socks = [connect(server, "ann"), connect(server, "bob")]
    for received in stop_with(server, *socks):
        last = [each for each in frames(received) if each["type"] != "JOINED"]
        assert [each["type"] for each in last] == ["NOTICE", "BYE"]
        assert last[1]["reason"] == "server_shutdown"
        assert last[0]["reconnect_after"] >= 0.5


def test_a_frozen_client_holds_up_the_end_no_longer_than_the_drain(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads nothing is dropped when the time is up; all others have their BYE long before."""
    monkeypatch.setattr(linger_module, "LINGER_SECONDS", 0.05)
    server = start(drain_timeout=0.3)
    frozen = socket.socket()
    frozen.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    frozen.connect(("127.0.0.1", server.port))
    frozen.settimeout(PATIENCE)
    frozen.sendall(b'{"type":"REG_NAME","name":"frozen"}\n')
    until(frozen, b'"JOINED"')
    (kept,) = server.connections()
    while kept.outbox.size < 100_000:
        kept.outbox.push(Frames(b'{"type":"NOTICE","text":"%s"}\n' % (b"x" * 10_000)))
    ann = connect(server, "ann")
    begun = time.monotonic()
    stop_with(server, ann)
    assert time.monotonic() - begun < 2.0
    assert server.connections() == []
    frozen.close()


def test_who_has_ended_by_itself_is_counted(start: Callable[..., Server]) -> None:
    """The totals keep what each connection counted, by the reason of its end."""
    server = start()
    with connect(server, "ann") as ann:
        ann.sendall(b'{"type":"EXIT"}\n')
        until_end(ann)
    stop_with(server)
    connections, totals = server.totals()
    assert (connections, totals.opened, dict(totals.closed)) == (0, 1, {"exit": 1})
    assert dict(totals.received) == {"REG_NAME": 1, "PING": 1, "EXIT": 1}


def test_an_address_in_use_is_an_error_and_starts_nothing(start: Callable[..., Server]) -> None:
    """The second server says what to do, and leaves no thread behind."""
    first = start()
    before = set(threading.enumerate())
    second = Server(Config(host="127.0.0.1", port=first.port), MemoryJournal())
    with pytest.raises(ListenError, match="--port"):
        second.start()
    assert set(threading.enumerate()) == before
    assert not second.ready


def test_a_full_server_says_so(start: Callable[..., Server]) -> None:
    """The one too many gets a BYE with the reason, is counted, and has no thread."""
    server = start(connections=1)
    ann = connect(server, "ann")
    with capture_logs() as logs, connect(server) as late:
        assert [each["reason"] for each in frames(until_end(late))] == ["server_full"]
    assert [(each["event"], each["reason"]) for each in logs] == [("rejected", "server_full")]
    _, totals = server.totals()
    assert (totals.opened, dict(totals.rejected)) == (1, {"server_full": 1})
    stop_with(server, ann)


def test_a_system_without_threads_turns_away(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that cannot start is the end of that one connection only."""

    class Threadless(ClientConnection):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]  # passed on
            monkeypatch.setattr(self.thread, "start", self._fail)

        def _fail(self) -> None:
            raise RuntimeError("can't start new thread")

    server = start()
    monkeypatch.setattr(module, "ClientConnection", Threadless)
    with connect(server) as turned_away:
        assert [each["reason"] for each in frames(until_end(turned_away))] == ["no_threads"]
    monkeypatch.setattr(module, "ClientConnection", ClientConnection)
    ann = connect(server, "ann")
    connections, totals = server.totals()
    assert (connections, totals.opened, dict(totals.rejected)) == (1, 1, {"no_threads": 1})
    stop_with(server, ann)


def test_missing_descriptors_are_counted(start: Callable[..., Server]) -> None:
    """The accepting thread reports what it could not even accept."""
    server = start()
    server.no_descriptors()
    assert dict(server.totals()[1].rejected) == {"no_descriptors": 1}


def test_ready_only_while_it_serves(start: Callable[..., Server]) -> None:
    """Not before the start and not from the stop on."""
    assert Server(config(), MemoryJournal()).ready is False
    server = start()
    assert server.ready is True
    server.stop()
    assert server.ready is False


def test_a_thread_that_is_stuck_is_named(start: Callable[..., Server]) -> None:
    """A job of the deliverer for a few seconds, one of the journal for a minute."""
    server = start()
    for worker, patience in ((server.deliverer, STUCK_SECONDS), (server.journalist, JOURNAL_JOB_SECONDS)):
        begun, over = threading.Event(), threading.Event()
        clock = Clock()
        worker.heartbeat._clock = clock  # noqa: SLF001  # time for this thread alone

        def job(begun: threading.Event = begun, over: threading.Event = over) -> None:
            begun.set()
            over.wait(PATIENCE)

        worker(job)
        assert begun.wait(PATIENCE)
        clock.now = worker.heartbeat._last + patience - 0.1  # noqa: SLF001  # likewise
        assert not server.health().faults
        clock.now += 0.2
        assert [fault.split()[:4] for fault in server.health().faults] == [
            ["thread", worker.heartbeat._thread.name, "is", "stuck"]  # noqa: SLF001  # likewise
        ]
        over.set()
        beaten = threading.Event()
        worker(beaten.set)
        assert beaten.wait(PATIENCE)


@pytest.mark.parametrize("part", ["flusher", "keeper", "deliverer", "journalist"])
def test_a_thread_that_has_ended_is_named(start: Callable[..., Server], part: str) -> None:
    """Whichever of them others rely on."""
    server = start()
    assert not server.health().faults
    getattr(server, part).stop()
    assert [fault.endswith("has ended") for fault in server.health().faults] == [True]
    if part == "flusher":
        server.flusher = Flusher(server.clock)


def fault(*_arguments: object, **_fields: object) -> NoReturn:
    """Fail as nobody expects."""
    raise MemoryError("told to")


def test_faults_of_the_items_end_no_thread(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections that cannot be listed, a chore, a job, an upkeep, a look of the epoll: all go on."""
    server = start(register_timeout=0.1, ping_interval=0.1, ping_timeout=0.1)
    done = threading.Event()
    calls: Counter[str] = Counter()

    def fail_a_few_times(name: str, after: Callable[..., Any]) -> Callable[..., Any]:
        def body(*arguments: Any) -> Any:  # noqa: ANN401  # whatever it stands for
            calls[name] += 1
            if min(calls.values()) > 2 and len(calls) == 4:
                done.set()
            if calls[name] <= 2:
                raise MemoryError("told to")
            return after(*arguments)

        return body

    keeper, journal = server.keeper, server.hub.shared.commit.journal
    monkeypatch.setattr(keeper, "_connections", fail_a_few_times("connections", keeper._connections))  # noqa: SLF001  # likewise
    monkeypatch.setattr(keeper, "_chores", (fail_a_few_times("chore", lambda: None),))
    monkeypatch.setattr(journal, "upkeep", fail_a_few_times("upkeep", journal.upkeep))
    monkeypatch.setattr(journal, "trim", fail_a_few_times("trim", journal.trim))
    server.deliverer(fault)
    assert done.wait(PATIENCE)
    assert not server.health().faults


def test_a_connection_that_cannot_be_made_is_turned_away(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without memory for it; the next one is served."""
    server = start()
    with monkeypatch.context() as broken:
        broken.setattr(module, "ClientConnection", fault)
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as refused:
            assert b'"reason":"no_threads"' in until_end(refused)
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as served:
        assert b'"REG_NAME"' in served.recv(1 << 16)
    assert not server.health().faults


def visit(server: Server, number: int) -> None:
    """Have somebody come, say something, and leave in one of the ways."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as guest:
        guest.sendall(b'{"type":"REG_NAME","name":"guest%d"}\n' % number)
        guest.sendall(b'{"type":"JOIN","room":"r%d"}\n{"type":"MSG","text":"x","ref":"1"}\n' % number)
        until(guest, b'"ACK"')
        match number % 4:
            case 0:
                guest.sendall(b'{"type":"EXIT"}\n')
                until_end(guest)
            case 1:
                reset(guest)
            case 2:
                guest.shutdown(socket.SHUT_WR)
                until_end(guest)


def census(server: Server) -> tuple[int, int, int, int]:
    """Return how many threads, descriptors, connections and watched outboxes there are, once all is still."""
    for thread in threading.enumerate():
        if thread.name.startswith("client-"):
            thread.join(PATIENCE)
    gc.collect()  # what an earlier test has left open
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    watched = len(server.flusher._watched)  # noqa: SLF001  # nothing else shows it
    return threading.active_count(), descriptors, len(server.connections()), watched


def test_after_many_came_and_went_all_is_as_before(start: Callable[..., Server]) -> None:
    """Threads, descriptors, connections, what is watched, sessions: however they left."""
    server = start(name_hold=0.0, absent_sessions=10)
    visit(server, 0)
    before = census(server)
    for number in range(1, 200):
        visit(server, number)
    assert census(server) == before
    server.hub.sweep()
    assert server.hub.counts() == (0, 1)
    assert server.hub.registry.absent()[0] <= 10


class Failing(MemoryJournal):
    """A journal whose disk is full for a while."""

    full = False

    def commit(self, records: Sequence[Record]) -> Sequence[Placement]:
        """Store, or fail."""
        if self.full:
            raise JournalError("no space left on device")
        return super().commit(records)


def test_a_journal_that_fails_is_told_and_recovers_by_itself(start: Callable[..., Server]) -> None:
    """Nothing is acknowledged while it cannot be stored; nothing is lost when it can again."""
    journal = Failing()
    server = start(journal, ping_timeout=0.1)  # the shortest deadline sets how often it is tried again
    ann, bob = connect(server, "ann"), connect(server, "bob")
    until(ann, b'"bob"')
    journal.full = True
    ann.sendall(b'{"type":"MSG","text":"hello","ref":"1"}\n')
    assert b"cannot be stored" in until(bob, b'"NOTICE"')
    ann.sendall(b'{"type":"MSG","text":"again","ref":"2"}\n')
    told = frames(until(ann, b'"unavailable"'))
    assert [each["type"] for each in told] == ["NOTICE", "ERROR"]
    assert told[1]["ref"] == "2"
    journal.full = False
    assert json.loads(until(bob, b'"hello"').splitlines()[-1])["text"] == "hello"
    assert b'"ref":"1"' in until(ann, b'"ACK"')
    stop_with(server, ann, bob)


def test_an_address_has_its_share(start: Callable[..., Server]) -> None:
    """One more is told why and when to come back; who is there stays, and room is made by who goes."""
    server = start(connections_per_address=2, exempt_networks=())
    with connect(server, "ann") as ann, connect(server, "bob") as bob:
        with connect(server) as late:
            (bye,) = frames(until_end(late))
        assert (bye["reason"], bye["retry_after"]) == ("address_full", 60.0)
        bob.sendall(b'{"type":"EXIT"}\n')
        until_end(bob)
        ann.sendall(b'{"type":"PING","ref":"still here"}\n')
        until(ann, b"still here")
        wait_for(lambda: server.totals()[0] == 1)
        connect(server, "cat").close()
    assert dict(server.totals()[1].rejected) == {"address_full": 1}


def test_a_ban_that_comes_while_somebody_connects(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the address was looked up, and before the connection can be found: it ends all the same."""
    server = start(exempt_networks=())
    bans, admit = server.hub.access.bans, server.admission.admit

    def banned_meanwhile(host: str) -> object:
        admitted = admit(host)
        bans.add(Ban("", "address", f"{host}/32", host))
        return admitted

    monkeypatch.setattr(server.admission, "admit", banned_meanwhile)
    with connect(server) as late:
        assert frames(until_end(late))[-1]["reason"] == "banned"


def test_an_address_may_open_so_many_a_minute(start: Callable[..., Server]) -> None:
    """Then it is told after how many seconds there is one more."""
    server = start(connects_per_minute=2, exempt_networks=())
    for name in ("ann", "bob"):
        connect(server, name).close()
    with connect(server) as late:
        (bye,) = frames(until_end(late))
    assert bye["reason"] == "address_rate"
    assert 0 < bye["retry_after"] <= 30


def test_who_gives_no_name_takes_no_place_of_others(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenth of all, and no more; those with a name do not count, those who go make room."""
    monkeypatch.setattr(admission, "NAMELESS_AT_LEAST", 2)
    server = start(connections=20)
    with connect(server, "ann"), connect(server, "bob"), connect(server), connect(server) as silent:
        with connect(server) as late:
            assert [each["reason"] for each in frames(until_end(late))] == ["too_many_nameless"]
        silent.close()
        wait_for(lambda: server.totals()[0] == 3)
        connect(server, "cat").close()
