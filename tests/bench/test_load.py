"""The load generator against real and faulty servers: its checks fail exactly when they should."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench import build, machine
from bench.errors import RunFailedError
from bench.generator import Generator
from bench.peers.base import Running
from bench.peers.chat import SCHEMES, ChatServer
from bench.peers.limit import Limit
from bench.peers.server_naive import ClientThread, Room, Server, encode, listen
from bench.results import Measurement
from bench.scenarios import options

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the generator needs a C compiler (cc)")

# Ended by time, at a rate, so that a message that never arrives does not hold up the rest.
SMALL_ROOM = options(mode="rate", rate=400, members=4, senders=2, warmup="0.05", seconds="0.15", drain="0.3")
# Ended by the number of messages, however slow the machine is.
FEW = options(messages=200, warmup=0, seconds=60)

#: As many as a session may have.
REFS = 10_000
Send = Callable[[Room, str, socket.socket, bytes], None]


@pytest.fixture(scope="module")
def generator() -> Generator:
    """Compile the generator."""
    return Generator(build.load(), machine.choose_cores().generator)


class Faulty(Server):
    """The naive server with a fault: each 20th delivery is sent by `fault` instead."""

    def __init__(self, fault: Send) -> None:
        super().__init__()
        self.fault = fault
        self.deliveries = 0

    def send_or_forget(self, room: Room, name: str, member: socket.socket, line: bytes) -> None:
        """Send well, or badly when it is time to; the server's lock is held."""
        self.deliveries += 1
        send = super().send_or_forget if self.deliveries % 20 else self.fault
        send(room, name, member, line)


@contextmanager
def serving(server: Server) -> Iterator[Running]:
    """Serve in this process, until the block ends."""
    with listen(0) as listener:
        thread = threading.Thread(target=accept, args=(server, listener), name="accept")
        thread.start()
        try:
            yield Running(0, listener.getsockname()[1], "chat", 4)
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes `accept`, which a close would not
            thread.join()


def accept(server: Server, listener: socket.socket) -> None:
    """Give each client its thread."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        ClientThread(server, client).start()


def load(generator: Generator, server: Server) -> Measurement:
    """One short run against a server in this process."""
    with serving(server) as running:
        return Measurement("", "", "", 1, generator.run(running, list(SMALL_ROOM)))


def test_a_server_without_fault_passes(generator: Generator) -> None:
    """All that was sent reached each of the three others."""
    measurement = load(generator, Server())
    assert measurement.problem() == ""
    assert measurement.result["delivered"] == 3 * measurement.result["sent"] > 0


def drop(_room: Room, _name: str, _member: socket.socket, _line: bytes) -> None:
    """Send nothing."""


def repeat(_room: Room, _name: str, member: socket.socket, line: bytes) -> None:
    """Send twice."""
    member.sendall(line + line)


def echo(room: Room, _name: str, _member: socket.socket, line: bytes) -> None:
    """Send to all, also to who said it."""
    for member in room.members.values():
        member.sendall(line)


class Delay:
    """Keeps one message, and sends it as a late one after the next that it gets."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def __call__(self, _room: Room, name: str, member: socket.socket, line: bytes) -> None:
        """Send what was kept, or keep this."""
        kept = self.kept.pop(name, b"")
        if kept:
            member.sendall(line + kept)
        else:
            self.kept[name] = line


def cut(_room: Room, _name: str, member: socket.socket, _line: bytes) -> None:
    """Close the connection."""
    member.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("fault", "count"),
    [
        (drop, "lost"),
        (repeat, "repeated_or_late"),
        (Delay(), "repeated_or_late"),
        (echo, "misplaced"),
        (cut, "closed"),
    ],
    ids=["drop", "repeat", "delay", "echo", "cut"],
)
def test_a_fault_is_found(generator: Generator, fault: Send, count: str) -> None:
    """What the server did wrong is counted under its name."""
    measurement = load(generator, Faulty(fault))
    assert measurement.result["ok"] is False
    assert measurement.result[count] > 0
    assert count.replace("_", " ") in measurement.problem()


class Unacknowledging(Server):
    """Delivers all, and acknowledges only the first ten."""

    def publish(self, sender: str, request: dict[str, Any]) -> None:
        """Forget the ref of the later ones."""
        if self.rooms[request["room"]].last_id >= 10:
            request.pop("ref", None)
        super().publish(sender, request)


def test_a_missing_acknowledgement_is_found(generator: Generator) -> None:
    """Also when all was delivered."""
    with serving(Unacknowledging()) as running:
        result = generator.run(running, [*SMALL_ROOM, "--ack"])
    assert result["acknowledged"] == 10
    assert result["lost"] == 0
    assert Measurement("", "", "", 1, result).problem() == "not all acknowledged"


class Refusing(Server):
    """Lets nobody into a room."""

    def join(self, room: str, name: str, client: socket.socket) -> None:
        """Say why."""
        client.sendall(encode({"type": "ERROR", "code": "full", "text": f"{name}: {room} is full"}))


def test_a_refusal_ends_the_run_with_its_words(generator: Generator) -> None:
    """Rather than with a figure for nothing."""
    with serving(Refusing()) as running, pytest.raises(RunFailedError, match="room0000 is full"):
        generator.run(running, list(SMALL_ROOM))


def test_an_option_that_is_wrong_is_explained(generator: Generator) -> None:
    """By the generator itself."""
    with pytest.raises(RunFailedError, match="--size must be at least 33"):
        generator.run(Running(0, 1, "chat", 4), ["--size", "8"])


@pytest.mark.parametrize(
    ("load_options", "listeners"),
    [
        (options(mode="window", members=10, senders=2, window=20), 9),
        (options(mode="token", rooms=3, members=3), 2),
        (options(mode="ack", members=2), 1),
    ],
    ids=["window", "token", "ack"],
)
def test_the_chat_server_delivers_all(
    generator: Generator, tmp_path: Path, load_options: tuple[str, ...], listeners: int
) -> None:
    """As a process of its own, as the benchmark runs it."""
    with ChatServer().start(machine.choose_cores().server, tmp_path) as running:
        result = generator.run(running, [*load_options, *FEW])
    assert Measurement("", "", "", 1, result).problem() == ""
    assert result["sent"] >= 200
    assert result["delivered"] == result["sent"] * listeners


@pytest.mark.parametrize("protocol", SCHEMES)
def test_the_chat_server_delivers_all_in_each_dialect(
    generator: Generator, tmp_path: Path, protocol: str
) -> None:
    """Over IRC and WebSocket as well."""
    load_options = [*options(mode="window", members=4, senders=2, window=20), *FEW]
    with ChatServer(protocol=protocol).start(machine.choose_cores().server, tmp_path) as running:
        result = generator.run(running, load_options)
    assert Measurement("", "", "", 1, result).problem() == ""
    assert result["delivered"] == result["sent"] * 3


@pytest.mark.parametrize(("protocol", "mode"), [("chat", "ack"), ("irc", "window")])
def test_more_acknowledgements_than_a_session_may_leave_unread(
    generator: Generator, tmp_path: Path, protocol: str, mode: str
) -> None:
    """The chat server asks whether they were read, and the generator says so; of IRC's nobody else knows."""
    load_options = options(mode=mode, members=2, senders=1, window=100, warmup=0, seconds=60)
    with ChatServer(protocol=protocol).start(machine.choose_cores().server, tmp_path) as running:
        result = generator.run(running, [*load_options, "--messages", str(REFS + 500)])
    assert Measurement("", "", "", 1, result).problem() == ""
    assert result["sent"] == REFS + 500
    assert result["pings"] >= 2  # more if the run takes so long that they are also asked whether they live


def test_idle_connections_are_looked_at_while_they_last(generator: Generator) -> None:
    """All are there when the looking starts, and none afterwards."""
    server = Server()
    with serving(server) as running:
        result = generator.hold(running, list(options(mode="idle", members=5)), lambda: {"seen": True})
    assert result["seen"] is True
    assert result["connections"] == 5


def test_the_limit_is_read_with_the_same_checks(generator: Generator, tmp_path: Path) -> None:
    """Each of the hundred gets its numbers in order."""
    with Limit().start(machine.choose_cores().server, tmp_path) as running:
        result = generator.run(running, [*options(mode="receive", warmup=0, seconds=1)])
    assert Measurement("", "", "", 1, result).problem() == ""
    assert result["delivered"] > 0
