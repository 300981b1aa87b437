"""The servers under test: how each is configured, and known to be up."""

import json
from pathlib import Path

import pytest

from bench import build
from bench.peers import PEERS
from bench.peers.base import InstalledPeer
from bench.peers.chat import ChatServer
from bench.peers.naive import Naive

INSTALLED = [peer for peer in PEERS if isinstance(peer, InstalledPeer)]


@pytest.mark.parametrize("peer", INSTALLED, ids=lambda peer: peer.name)
def test_a_peers_configuration_gets_its_port(peer: InstalledPeer, tmp_path: Path) -> None:
    """In the run's own directory, where the command line finds it."""
    command = peer.command(tmp_path, 12345)
    text = (tmp_path / peer.configuration).read_text()
    assert "12345" in text
    assert "@PORT@" not in text
    assert str(tmp_path / peer.configuration) in command


def test_names_are_given_once() -> None:
    """A name is a column of the tables."""
    names = [peer.name for peer in PEERS]
    assert len(set(names)) == len(names)


def test_a_server_is_up_when_it_says_so(tmp_path: Path) -> None:
    """Not before, and not on a line that is only half written."""
    log = tmp_path / "server.log"
    line = json.dumps({"event": "listening", "port": 4321})
    log.write_text("starting\n" + line[:-5])
    assert Naive().look(1, log, 0) is None
    log.write_text("starting\n" + line + "\n")
    running = Naive().look(1, log, 0)
    assert running is not None
    assert (running.pid, running.port, running.protocol) == (1, 4321, "chat")


def test_every_form_of_the_chat_server_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option that a form takes is one that the server has."""
    monkeypatch.setattr(build, "OPENSSL", Path(__file__))
    forms = [peer for peer in PEERS if isinstance(peer, ChatServer)]
    assert {form.name: form.missing() for form in forms if form.missing()} == {}


def test_an_option_that_a_revision_lacks_is_named() -> None:
    """An older server is left out, and said why."""
    assert ChatServer(options=("--no-such-option", "1")).missing() == "this revision has no --no-such-option"


def test_files_of_a_server_go_into_the_runs_directory(tmp_path: Path) -> None:
    """So that they are gone with it."""
    server = ChatServer(options=("--journal", "sqlite:@DIRECTORY@/chat.db"))
    assert f"sqlite:{tmp_path}/chat.db" in server.command(tmp_path, 1)


def test_the_callers_settings_do_not_leak_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CHAT_ variable would change what is measured."""
    monkeypatch.setenv("CHAT_JOURNAL", "sqlite:elsewhere")
    environment = ChatServer().environment()
    assert "CHAT_JOURNAL" not in environment
    assert environment["PYTHONPATH"] == str(ChatServer().tree)
