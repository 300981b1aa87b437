"""The command `chat-server admin`: what is asked, and what a person or a program is shown."""

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from chat_server import admin_command, cli
from chat_server.admin_command import socket_path
from chat_server.config import Config
from chat_server.errors import ConfigError, OperatorError
from chat_server.ops import admin_messages as admin
from chat_server.unix_socket import SocketFile

PATIENCE = 10.0


class Answering:
    """Answers one shell as the test says, and keeps what it asked."""

    def __init__(self, path: Path) -> None:
        self.file = SocketFile(path)
        self.asked: list[admin.Request] = []
        self.answer = admin.encode(admin.Done()) + b"\n"
        self._thread = threading.Thread(target=self._run, name="answering")
        self._thread.start()

    def say(self, *answers: admin.Answer) -> None:
        """Have it answer so, in full."""
        self.answer = b"".join(admin.encode(each) + b"\n" for each in (*answers, admin.Done()))

    def stop(self) -> None:
        """End it."""
        self.file.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self.file.remove()

    def _run(self) -> None:
        while True:
            try:
                sock, _ = self.file.socket.accept()
            except OSError:  # it is stopped
                return
            with sock, sock.makefile("rb") as lines:
                if line := lines.readline():
                    self.asked.append(admin.decode_request(line))
                    sock.sendall(self.answer)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    """Answer beside the journal that the environment names."""
    monkeypatch.setenv("CHAT_JOURNAL", f"sqlite:{tmp_path}/chat.db")
    made = Answering(tmp_path / "chat.db-admin")
    yield made
    made.stop()


def shown(*arguments: str) -> Sequence[str]:
    """Return what a command shows."""
    return admin_command.main(arguments)


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        (["connections"], admin.Connections()),
        (["users"], admin.Users()),
        (["rooms"], admin.Rooms()),
        (["bans"], admin.ListBans()),
        (["kick", "dave"], admin.Kick("dave")),
        (["kick", "dave", "--reason", "spam"], admin.Kick("dave", "spam")),
        (["ban", "dave"], admin.BanSomebody("dave")),
        (
            ["ban", "192.0.2.0/24", "--for", "2d", "--reason", "spam"],
            admin.BanSomebody("192.0.2.0/24", 172_800.0, "spam"),
        ),
        (["unban", "dave"], admin.Unban("dave")),
        (["mute", "dave", "--for", "10m"], admin.MuteSomebody("dave", 600.0)),
        (["mute", "dave", "--reason", "spam"], admin.MuteSomebody("dave", None, "spam")),
        (["unmute", "dave"], admin.Unmute("dave")),
        (["notice", "we restart"], admin.Tell("we restart")),
        (["drain"], admin.Drain()),
        (["undrain"], admin.Undrain()),
        (["reload"], admin.Reload()),
    ],
)
def test_what_is_typed_is_asked(server: Answering, arguments: list[str], request_: admin.Request) -> None:
    """Each command as its request."""
    server.say(admin.Said("it is done"))
    assert shown(*arguments) == ["it is done"]
    assert server.asked == [request_]
    assert set(admin_command.REQUESTS) >= {arguments[0]}


def test_tables_for_people(server: Answering) -> None:
    """Below each other, with ages, and nothing that a terminal obeys."""
    server.say(
        admin.ConnectionRow(1, "dave", True, "192.0.2.1:5", 185.0, 0, ["lobby"]),  # as its field
        admin.ConnectionRow(12, "", False, "[2001:db8::1]:5", 4.2, 999, []),  # likewise
    )
    assert shown("connections") == [
        "NUMBER  NAME  IS       FROM             SINCE  WAITING  ROOMS",
        "1       dave  account  192.0.2.1:5      3m     0 B      lobby",
        "12      -              [2001:db8::1]:5  4s     999 B",
    ]
    server.say(admin.UserRow("dave", False, 2, [f"r{number}" for number in range(8)]))  # likewise
    assert shown("users")[1] == "dave  guest  2            r0 r1 r2 r3 r4 +3"
    server.say(admin.RoomRow("tea", 3, "a\x1b[2J\u202eb"))
    assert shown("rooms") == ["ROOM  USERS  TOPIC", "tea   3      a\\u001b[2J\\u202eb"]
    server.say(
        admin.BanRow("name", "dave", 7200.0, "spam", "shell:0"), admin.BanRow("address", "::1", None, "", "")
    )
    assert shown("bans") == [
        "KIND     WHO   ENDS IN  BY       REASON",
        "name     dave  2h       shell:0  spam",
        "address  ::1   never",
    ]


@pytest.mark.parametrize("command", sorted(admin_command.EMPTY))
def test_nothing_is_said_in_words(server: Answering, command: str) -> None:
    """To people; a program gets no line at all."""
    assert server is not None
    assert shown(command) == [admin_command.EMPTY[command]]
    assert shown(command, "--json") == []


def test_json_for_programs(server: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    """A line each, in ASCII, so that a terminal obeys none of it; and the status is that of success."""
    server.say(admin.RoomRow("tea", 3, "a\x9b2J\u202e"))
    (line,) = shown("rooms", "--json")
    assert line.isascii()
    assert json.loads(line) == {"type": "room", "name": "tea", "users": 3, "topic": "a\x9b2J\u202e"}
    server.say(admin.Said("done"))
    assert shown("drain", "--json") == ['{"type": "said", "text": "done"}']
    server.say()
    assert cli.main(["admin", "rooms", "--json"]) == 0
    assert capsys.readouterr().out == ""


def test_a_refusal_and_a_warning(server: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    """Go to stderr; the status tells them apart."""
    server.say(admin.Refused("nobody of the name d\x1b[2J is connected"))
    assert cli.main(["admin", "kick", "d"]) == 1
    assert capsys.readouterr().err == "chat-server: nobody of the name d\\u001b[2J is connected\n"
    server.say(admin.Warned("a proxy?"), admin.Said("banned"))
    assert cli.main(["admin", "ban", "192.0.2.1"]) == 0
    assert capsys.readouterr() == ("banned\n", "chat-server: a proxy?\n")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "broke off its answer"),
        (b'{"type":"said","text":"half', "broke off its answer"),
        (b'{"type":"said","text":"all but the end"}\n', "broke off its answer"),
        (b'{"type":"news"}\n{"type":"done"}\n', "of another version"),
    ],
)
def test_an_answer_that_is_none(server: Answering, answer: bytes, said: str) -> None:
    """It is not taken for a success."""
    server.answer = answer
    with pytest.raises(OperatorError, match=said):
        shown("users")


@pytest.mark.parametrize("length", ["", "2", "0h", "1w", "forever", "9999d", "nan"])
def test_a_time_that_is_none(length: str) -> None:
    """Is refused before anybody is asked."""
    with pytest.raises(ConfigError, match="--for"):
        shown("ban", "dave", "--for", length, "--admin-socket", "nowhere")


def test_bytes_that_are_no_text() -> None:
    """What a shell passes on from another encoding is refused in words."""
    with pytest.raises(ConfigError, match="must be UTF-8"):
        shown("kick", "d\udce4ve", "--admin-socket", "nowhere")


def test_where_there_is_no_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence says what to do."""
    path = tmp_path / "admin"
    asked = ["admin", "users", "--admin-socket", str(path)]
    assert cli.main(asked) == 1
    assert "is the server running?" in capsys.readouterr().err
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert cli.main(asked) == 1
    assert capsys.readouterr().err == f"chat-server: nobody answers at {path}; start the server\n"
    path.unlink()
    path.write_text("")
    assert cli.main(asked) == 1
    assert "is no socket" in capsys.readouterr().err
    assert cli.main(["admin", "users", "--journal", "memory"]) == 2
    assert "say with --journal sqlite:PATH" in capsys.readouterr().err


def test_a_socket_that_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said who may use it."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(admin_command, "connected", refuse)
    with pytest.raises(OperatorError, match="ask as the server's user, or as root"):
        shown("users", "--admin-socket", str(tmp_path / "admin"))


def test_a_server_that_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for in vain for ever."""

    def be_silent(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(admin_command, "connected", be_silent)
    with pytest.raises(OperatorError, match="no answer from"):
        shown("users", "--admin-socket", str(tmp_path / "admin"))


def test_where_the_socket_is(tmp_path: Path) -> None:
    """Beside a journal in a file, by itself; elsewhere or nowhere, if a setting says so."""
    journal = f"sqlite:{tmp_path}/chat.db"
    assert socket_path(Config()) is None
    assert socket_path(Config(journal=journal)) == tmp_path / "chat.db-admin"
    assert socket_path(Config(journal=journal, admin_socket="none")) is None
    assert socket_path(Config(admin_socket="run/admin")) == Path("run/admin")


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """And every command."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["admin", "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(command in said for command in admin_command.REQUESTS)
    assert "examples:" in said
