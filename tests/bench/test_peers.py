"""The servers under test: how each is configured, and known to be up."""

import json
import os
import shutil
from pathlib import Path

import pytest

from bench import build, machine, node
from bench.generator import Generator
from bench.peers import PEERS, chat
from bench.peers.base import InstalledPeer, Peer
from bench.peers.chat import ChatServer
from bench.peers.inspircd import InspIrcd
from bench.peers.naive import Naive
from bench.peers.websocket import Websockets, Ws
from bench.results import Measurement
from bench.scenarios import options

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


def test_members_may_speak_something_else_than_json_lines(tmp_path: Path) -> None:
    """The endpoint says so; JSON lines are asked for in words that older revisions know."""
    command = ChatServer(protocol="irc").command(tmp_path, 12345)
    assert command[command.index("--listen") + 1] == "irc://127.0.0.1:12345"
    assert "--listen" not in ChatServer().command(tmp_path, 12345)


def test_a_dialect_that_a_revision_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older server is left out, and said why."""
    monkeypatch.setattr(chat, "SCHEMES", {"irc": "smoke-signals"})
    assert ChatServer(protocol="irc").missing() == "this revision has no smoke-signals://"


@pytest.mark.parametrize("user", [0, 1000])
def test_inspircd_is_told_to_run_as_root_only_as_root(
    user: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses the option to others, and to root without it."""
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert ("--runasroot" in InspIrcd().command(tmp_path, 1)) is (user == 0)


@pytest.mark.skipif(shutil.which("cc") is None, reason="the generator needs a C compiler (cc)")
@pytest.mark.parametrize("peer", [Websockets(), Ws()], ids=lambda peer: peer.name)
def test_what_one_says_to_a_relay_reaches_all_others(peer: Peer, tmp_path: Path) -> None:
    """And nobody of another room."""
    if peer.missing():
        pytest.skip(peer.missing())
    generator = Generator(build.load(), machine.choose_cores().generator)
    with peer.start(machine.choose_cores().server, tmp_path) as running:
        load = options(mode="token", rooms=2, members=4, messages=50, warmup=0, seconds=60)
        result = generator.run(running, list(load))
    assert Measurement("", "", "", 1, result).problem() == ""
    assert result["delivered"] == 3 * result["sent"] >= 150
    assert peer.version()


def test_a_library_of_node_that_is_not_there_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that brings it, or Node first."""
    monkeypatch.setattr(node, "MODULES", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda _program: "/usr/bin/node")
    assert "npm install" in Ws().missing()
    monkeypatch.setattr(shutil, "which", lambda _program: None)
    assert "apt-get install nodejs npm" in Ws().missing()
