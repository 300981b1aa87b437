"""A server whose disk fails: nothing is acknowledged or shown, and all goes on in order when it is back."""

import errno
import itertools
import json
import os
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from chat_server.config import Config
from chat_server.journal.sqlite.journal import SqliteJournal
from chat_server.net.server import Server
from chat_server.ops.routes import routes
from tests.chat_server.journal.sqlite.test_journal import full, roomy

PATIENCE = 10.0


class Peer:
    """A client that reads line by line."""

    def __init__(self, server: Server, name: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        self._lines = self._socket.makefile("rb")
        self.received: list[dict[str, Any]] = []
        self.send(type="REG_NAME", name=name)
        self.send(type="PING", ref="here")
        self.until("PONG")

    def send(self, **message: object) -> None:
        """Send a message."""
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def until(self, *kinds: str, **fields: object) -> dict[str, Any]:
        """Read on to the next message of one of these types with these fields."""
        while True:
            message: dict[str, Any] = json.loads(self._lines.readline())
            self.received.append(message)
            if message["type"] in kinds and fields.items() <= message.items():
                return message

    def ids(self, kind: str) -> list[int]:
        """Return the ids of all messages of this type that came."""
        return [each["id"] for each in self.received if each["type"] == kind]

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()


class Outage:
    """What begins and ends a failure of the disk."""

    def __init__(self, begin: Callable[[], None], end: Callable[[], None]) -> None:
        self.begin = begin
        self.end = end


@pytest.fixture(params=["full", "read-only", "taken away", "tmpfs"])
def failing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[SqliteJournal, Outage]]:
    """Return a journal and how its disk fails."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with mounted(folder) if request.param == "tmpfs" else closing(io_nothing()):
        journal = SqliteJournal(folder / "chat.db")
        writer = journal._writer  # noqa: SLF001  # its disk, which is to fail
        yield (
            journal,
            {
                "full": Outage(lambda: full(journal), lambda: roomy(journal)),
                "read-only": Outage(
                    lambda: execute(writer, "PRAGMA query_only = ON"),
                    lambda: execute(writer, "PRAGMA query_only = OFF"),
                ),
                "taken away": Outage(
                    lambda: move(folder / "chat.db", folder / "elsewhere"),
                    lambda: move(folder / "elsewhere", folder / "chat.db"),
                ),
                "tmpfs": Outage(lambda: fill(folder / "filler"), (folder / "filler").unlink),
            }[request.param],
        )


def io_nothing() -> sqlite3.Connection:
    """Return something to be closed."""
    return sqlite3.connect(":memory:")


def execute(connection: sqlite3.Connection, statement: str) -> None:
    """Have the connection do something."""
    connection.execute(statement)


def move(path: Path, elsewhere: Path) -> None:
    """Rename a file."""
    path.rename(elsewhere)


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """Have a small disk of its own there."""
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:  # noqa: S603  # no shell
        pytest.skip("may not mount a tmpfs here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607  # likewise


def fill(path: Path) -> None:
    """Write until the disk is full."""
    try:
        with path.open("wb", buffering=0) as file:
            while file.write(b"x" * 1024):
                pass
    except OSError as error:
        assert error.errno == errno.ENOSPC  # noqa: PT017  # that it is raised is the loop's only end


@contextmanager
def serving(journal: SqliteJournal) -> Iterator[Server]:
    """Have a server on the journal, whose keeper looks at it often."""
    config = Config(host="127.0.0.1", port=0, profile="trusted", ping_timeout=0.2, drain_timeout=2.0)
    server = Server(config, journal)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def until_it_fails(peer: Peer) -> str:
    """Say something again and again until it is not acknowledged; return the ref of what was not."""
    for number in itertools.count(1):
        peer.send(type="MSG", text="m" * 4000, ref=str(number))
        if peer.until("ACK", "NOTICE")["type"] == "NOTICE":
            return str(number)
    raise AssertionError


def test_an_outage_holds_everything_back_and_loses_nothing(failing: tuple[SqliteJournal, Outage]) -> None:
    """Who says something hears that it cannot be done now; what was under way comes once, in order."""
    journal, outage = failing
    with capture_logs() as logs, serving(journal) as server, closing(Peer(server, "ann")) as ann:
        bob = Peer(server, "bob")
        readyz = routes(server.snapshot, server.health)["/readyz"]
        assert readyz("").status == 200
        outage.begin()
        stuck = until_it_fails(ann)
        ann.send(type="MSG", text="refused", ref="refused")
        assert ann.until("ERROR", "ACK") == {
            "type": "ERROR",
            "code": "unavailable",
            "text": "messages cannot be stored at the moment; send it again later",
            "ref": "refused",
        }
        assert (readyz("").status, b"cannot be stored" in readyz("").body) == (503, True)
        assert "cannot be stored" in bob.until("NOTICE")["text"]
        assert bob.ids("MSG") == ann.ids("ACK") == list(range(1, int(stuck)))
        outage.end()
        assert ann.until("ACK")["ref"] == stuck
        ann.until("NOTICE") if ann.received[-2]["type"] != "NOTICE" else None
        for ref in (stuck, "refused"):
            ann.send(type="MSG", text="refused", ref=ref)
            ann.until("ACK", ref=ref)
        assert readyz("").status == 200
        bob.until("MSG", id=int(stuck) + 1)
        assert bob.ids("MSG") == list(range(1, int(stuck) + 2))
        assert ann.ids("ACK") == [*range(1, int(stuck) + 1), int(stuck), int(stuck) + 1]
        assert journal.bounds("lobby").last == int(stuck) + 1
        bob.close()
    events = [each["event"] for each in logs if each["event"].startswith("journal")]
    assert events == ["journal_failed", "journal_recovered"]


def test_a_journal_that_cannot_be_read_costs_nobody_the_connection(tmp_path: Path) -> None:
    """Who asks for what was said hears that it cannot be had now, and may ask again."""
    journal = SqliteJournal(tmp_path / "chat.db")
    with serving(journal) as server, closing(Peer(server, "ann")) as ann:
        whole, journal._connection = journal._connection, io_nothing()  # noqa: SLF001  # a disk that cannot be read
        for kind, fields in (("HISTORY", {}), ("JOIN", {"room": "den"}), ("HISTORY", {"since": 1.0})):
            ann.send(type=kind, ref=kind, **fields)
            error = ann.until("ERROR", ref=kind)
            assert (error["code"], "cannot be read" in error["text"]) == ("unavailable", True)
        journal._connection.close()  # noqa: SLF001  # likewise
        journal._connection = whole  # noqa: SLF001  # likewise
        ann.send(type="JOIN", room="den", ref="again")
        assert ann.until("JOINED", "ERROR", ref="again")["type"] == "JOINED"
