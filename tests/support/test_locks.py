"""Locks are taken only downward, and none is held during a commit: seen in a busy server."""

import contextlib
import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from chat_server.chat import directory, leftovers, people, registry, room, rooms, standing, tries, watching
from chat_server.chat.directory import Directory
from chat_server.config import Config
from chat_server.journal import ledger as ledger_module
from chat_server.journal import memory
from chat_server.journal.base import Journal
from chat_server.journal.memory import MemoryJournal
from chat_server.journal.sqlite.journal import SqliteJournal
from chat_server.net import connection, entrances, flusher, outbox, server, worker
from chat_server.stream import arrival, commit, delivery
from chat_server.values import Endpoint
from tests.support import locks
from tests.support.locks import Ledger, RankedLock

MODULES: Sequence[ModuleType] = (
    server, rooms, registry, leftovers, room, delivery, arrival, commit, outbox, flusher, connection, worker,
    memory, directory, people, tries, standing, ledger_module, watching, entrances,
)  # fmt: skip
ROUNDS = 15
TIMEOUT = 20.0


def test_taking_upward_is_found() -> None:
    """In one thread, whatever other threads hold."""
    ledger = Ledger()
    outer, inner, same = (RankedLock(module, ledger) for module in ("rooms", "outbox", "outbox"))
    with outer, inner:
        pass
    assert ledger.breaches == []
    with inner, outer:
        pass
    with inner, same:
        pass
    assert ["rooms under outbox" in each for each in ledger.breaches] == [True, False]
    assert ledger.held() == []
    assert len(ledger.breaches) == 2


def test_to_wait_for_what_is_tried_is_found() -> None:
    """A lock is tried by all or waited for by all; a tried one may be held across anything."""
    ledger = Ledger()
    tried, outer = RankedLock("commit", ledger), RankedLock("rooms", ledger)
    assert tried.acquire(blocking=False)
    with outer:
        pass
    assert not tried.acquire(blocking=False)
    tried.release()
    assert ledger.breaches == []
    with tried:
        pass
    assert len(ledger.breaches) == 1


def test_a_condition_lets_go_of_its_lock() -> None:
    """A wait under another lock is seen when it ends, and leaves nothing behind."""
    ledger = Ledger()
    lock = RankedLock("rooms", ledger)
    condition = threading.Condition(lock)  # type: ignore[arg-type]  # it has what a condition needs
    with condition:
        assert not condition.wait(0.0)
        assert ledger.held() == ["rooms"]
    assert ledger.held() == []


class Watched:
    """A journal or a directory; notes which locks of the chat whoever asks it holds."""

    def __init__(self, watched: Journal | Directory, ledger: Ledger) -> None:
        self.held: set[tuple[str, str]] = set()
        self.asked: Counter[str] = Counter()
        self._watched = watched
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the other has
        asked = getattr(self._watched, name)
        if name == "takes" or not callable(asked):  # it reads no file, and says so
            return asked
        self.asked[name] += 1
        self.held.update((name, lock) for lock in self._ledger.held())
        return asked


class Peer:
    """A client on a socket, which a thread of its own reads to the end."""

    def __init__(self, port: int, name: str, **fields: Any) -> None:  # noqa: ANN401  # of REG_NAME
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self.welcome: dict[str, Any] = {}
        self.welcomed = threading.Event()
        self._thread = threading.Thread(target=self._read, name=f"reader-{name}")
        self._thread.start()
        self.send(type="REG_NAME", name=name, **fields)

    def send(self, **message: Any) -> None:  # noqa: ANN401  # whatever the protocol has
        """Send one message."""
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def close(self) -> None:
        """Say that nothing more comes, and read to the end."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self._thread.join(TIMEOUT)
        self._socket.close()

    def _read(self) -> None:
        with contextlib.suppress(OSError), self._socket.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                if message["type"] == "WELCOME":
                    self.welcome = message
                if message["type"] in ("WELCOME", "ERROR"):
                    self.welcomed.set()


@pytest.fixture(params=["memory", "sqlite"])
def busy(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[SimpleNamespace]:
    """Return a server whose locks are watched, with small bounds so that all of it is used."""
    ledger = locks.patch(monkeypatch, *MODULES)
    kind = SqliteJournal(tmp_path / "chat.db") if request.param == "sqlite" else MemoryJournal()
    journal: Any = Watched(kind, ledger)
    config = Config(
        listen=(Endpoint("chat", "127.0.0.1", 0), Endpoint("irc", "127.0.0.1", 0)),
        profile="trusted",
        join_history=5,
        send_queue_bytes=4096,
        send_queue_soft_bytes=1024,
    )
    running = server.Server(config, journal)
    names: Any = Watched(running.hub.directory, ledger)
    running.hub.registry._directory = names  # noqa: SLF001  # which nobody else asks
    before = threading.stack_size()
    running.start()
    yield SimpleNamespace(ledger=ledger, journal=journal, directory=names, server=running)
    if running.ready:
        running.stop()
    threading.stack_size(before)


def talk(peer: Peer, name: str, others: Sequence[str]) -> None:
    """Do everything that a client may do, again and again."""
    assert peer.welcomed.wait(TIMEOUT)
    for number in range(ROUNDS):
        peer.send(type="MSG", text="x" * 200, room="lobby", ref=f"{name}{number}")
        peer.send(type="JOIN", room=f"room{number % 3}", after=0)
        peer.send(type="MSG", text="hello")
        peer.send(type="TOPIC", topic=f"topic {number}")
        peer.send(type="DM", to=others[number % len(others)], text="psst")
        peer.send(type="HISTORY", limit=3)
        peer.send(type="WHO")
        peer.send(type="LIST")
        peer.send(type="NAME", name=f"{name}{number % 2}")
        peer.send(type="WATCH", names=[*others, f"{name}0"])
        peer.send(type="PROFILE", away=f"away {number}")
        peer.send(type="WHOIS", name=others[number % len(others)])
        peer.send(type="LEAVE")


def talk_irc(port: int) -> None:
    """Do much of what a client of IRC may do, and read what comes."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as sock, sock.makefile("rb") as lines:
        caps = "echo-message message-tags labeled-response batch"
        sock.sendall(f"CAP REQ :{caps}\r\nNICK eve\r\nUSER e 0 * :E\r\nCAP END\r\n".encode())
        for number in range(ROUNDS):
            sock.sendall(
                f"JOIN #lobby,#room{number % 3}\r\nPRIVMSG #lobby,ann0 :hello\r\nWHO #lobby\r\nLIST\r\n"
                f"@label=x TOPIC #lobby :{number}\r\nPART #room{number % 3}\r\nPING {number}\r\n".encode()
            )
            while (line := lines.readline()) and not line.endswith(
                f" PONG server.chat :{number}\r\n".encode()
            ):
                pass


def together(*bodies: Callable[[], None]) -> None:
    """Run all of it at once."""
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def look_around(running: server.Server) -> None:
    """Do what the keeper and a scrape do."""
    for _ in range(ROUNDS):
        running.hub.sweep()
        running.hub.counters()
        running.totals()
        running.flusher.sizes()
        running.flusher.check_ages()
        running.hub.shared.commit.maintain(running.hub.shared.commit.journal.trim)


def test_a_busy_server_keeps_the_order(busy: SimpleNamespace) -> None:
    """People talk, come, go, are replaced and are cut, while others look: nobody takes a lock upward."""
    port, names = busy.server.port, ["ann", "bob", "cat", "dan"]
    frozen = socket.create_connection(("127.0.0.1", port), TIMEOUT)
    frozen.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    frozen.sendall(b'{"type":"REG_NAME","name":"frozen"}\n{"type":"LIST"}\n' * 2)
    peers = [Peer(port, name) for name in names]
    together(
        *(
            lambda peer=peer, name=name: talk(peer, name, names)
            for peer, name in zip(peers, names, strict=True)
        ),
        lambda: look_around(busy.server),
        lambda: talk_irc(busy.server.endpoints[1].port),
    )
    look_around(busy.server)
    token = peers[0].welcome["session"]
    replacing = Peer(port, "ann", session=token, after={"lobby": 0, "@": 0})
    assert replacing.welcomed.wait(TIMEOUT)
    for peer in [*peers[1:], replacing]:
        peer.close()
    busy.server.stop()
    busy.server.hub.sweep()  # until now somebody may have been on the way into each room
    peers[0].close()
    frozen.close()
    assert busy.ledger.breaches == []
    assert replacing.welcome.get("resumed") is True
    nested = busy.ledger.nested
    assert {("rooms", "room"), ("room", "commit"), ("room", "outbox"), ("outbox", "entrances")} <= nested


def test_no_lock_is_held_while_journal_or_directory_is_asked(busy: SimpleNamespace) -> None:
    """A disk that is slow holds up who stores or reads, and nobody who wants in, out, or to look.

    So does a directory whose calls are round trips.
    """
    names = ["ann", "bob"]
    peers = [Peer(busy.server.port, name) for name in names]
    together(
        *(
            lambda peer=peer, name=name: talk(peer, name, names)
            for peer, name in zip(peers, names, strict=True)
        )
    )
    for peer in peers:
        peer.close()
    token = peers[0].welcome["session"]
    again = Peer(busy.server.port, "ann", session=token, after={"lobby": 0, "@": 0, "room1": 0})
    assert again.welcomed.wait(TIMEOUT)
    again.close()
    look_around(busy.server)
    assert {"bounds", "read", "trim", "commit"} <= set(busy.journal.asked)
    assert {"claim", "take", "find", "hold"} <= set(busy.directory.asked)
    assert (busy.journal.held, busy.directory.held) == (set(), set())
