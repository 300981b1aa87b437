"""The command line, run as users run it."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from chat_client.cli import build_parser, main
from chat_protocol.messages import Dm, Msg, RegName, Who
from chat_protocol.server_messages import Ack, ErrorFrame
from tests.chat_server.net.test_listener import has_ipv6
from tests.support.fake_server import DEADLINE, FakeServer, entered, playing, request, said, welcome
from tests.support.terminal import ROOT, Terminal


def run(
    arguments: Sequence[str], typed: str = "", environment: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the client in a process of its own; return how it ended."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("CHAT_CLIENT_")}
    return subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "chat_client", *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=4 * DEADLINE,
        check=False,
        cwd=ROOT,
        env={**clean, "PYTHONIOENCODING": "utf-8", **(environment or {})},
    )


def test_says_what_it_is_given(server: FakeServer) -> None:
    """The whole program: a line in, the conversation out, status 0."""

    def part() -> None:
        peer = server.accept()
        assert peer.register().name == "dave"
        peer.acknowledge(peer.receive(Msg), 1)
        peer.part()

    environment = {
        "CHAT_CLIENT_NAME": "dave",
        "CHAT_CLIENT_HOST": "127.0.0.1",
        "CHAT_CLIENT_PORT": str(server.port),
    }
    with playing(server, part):
        done = run([], "hello\n", environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "dave: hello\n" in done.stdout


def test_nothing_listens() -> None:
    """Status 1, and what to do about it."""
    server = FakeServer()
    port = server.port
    server.close()
    done = run(["--host", "127.0.0.1", "--port", str(port), "--name", "dave"])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("start a server with chat-server, or see --host and --port\n")


def test_help_teaches() -> None:
    """Examples, exit statuses and the other helps are there."""
    done = run(["--help"])
    assert done.returncode == 0
    for word in ("--file", "--script", "--pipe", "Exit status:", "CHAT_CLIENT_NAME", "echo", "/help"):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--port", "0"], "no port"),
        (["--port", "x"], "no port"),
        (["--port", "65536"], "no port"),
        (["--duration", "long"], "no number of seconds"),
        (["--duration", "-1"], "no number of seconds"),
        (["--retry", "inf"], "more than the most"),
        (["--duration", "1e10"], "more than the most"),
        (["--wait", "1e18"], "more than the most"),
        (["--host", "localhost:9090"], "--port 9090"),
        (["--file", ""], "--file: it is empty"),
        (["--pulse", ""], "--pulse: it is empty"),
        (["--script", ""], "--script: it is empty"),
        (["--room", ""], "--room: it is empty"),
        (["--script", "x", "--pipe"], "choose one"),
        ([], "give --name"),
        (["--name", "dave", "--script", "/nonexistent"], "cannot read the script /nonexistent"),
        (["--name", "dave", "--file", "/nonexistent/x"], "cannot save to /nonexistent/x"),
        (["--name", "dave", "--frobnicate"], "--frobnicate"),
    ],
)
def test_wrong_usage(
    arguments: list[str],
    complaint: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Status 2, and what is wrong, before anything is connected."""
    for variable in ("HOST", "PORT", "NAME"):
        monkeypatch.delenv(f"CHAT_CLIENT_{variable}", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert complaint in capfd.readouterr().err


@pytest.mark.parametrize("option", ["--help-script", "--help-pipe", "--version"])
def test_other_helps(option: str, capfd: pytest.CaptureFixture[str]) -> None:
    """They print and end."""
    with pytest.raises(SystemExit) as ended:
        main([option])
    assert ended.value.code == 0
    assert capfd.readouterr().out.strip()


def test_a_flag_beats_the_environment() -> None:
    """The environment stands in only for what is not given."""
    parser = build_parser({"CHAT_CLIENT_HOST": "a", "CHAT_CLIENT_PORT": "1", "CHAT_CLIENT_NAME": "b"})
    given = parser.parse_args(["--port", "2"])
    assert (given.host, given.port, given.name) == ("a", 2, "b")
    defaults = build_parser({}).parse_args([])
    assert (defaults.host, defaults.port, defaults.name) == ("localhost", 9090, None)


def test_an_output_that_cannot_show_it_all(server: FakeServer) -> None:
    """A character that the output's encoding lacks is escaped, not a traceback."""

    def part() -> None:
        peer = server.accept()
        peer.register()
        peer.acknowledge(peer.receive(Msg), 1)
        peer.part()

    with playing(server, part):
        done = run(
            ["--host", "127.0.0.1", "--port", str(server.port), "--name", "dave"],
            "grüße\n",
            {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert "dave: gr" in done.stdout


def test_without_a_standard_input(server: FakeServer) -> None:
    """A closed one has ended, and no other file is taken for it."""

    def part() -> None:
        peer = server.accept()
        peer.register()
        peer.part()

    command = f"{sys.executable} -m chat_client --host 127.0.0.1 --port {server.port} --name dave <&- >&-"
    with playing(server, part):
        done = subprocess.run(  # noqa: S602  # the shell closes the streams
            command, shell=True, cwd=ROOT, timeout=4 * DEADLINE, check=False, stderr=subprocess.PIPE
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_persons_terminal(server: FakeServer) -> None:
    """In a terminal the name is asked for, what is said is shown, and Ctrl-D leaves."""
    with Terminal(["--host", "127.0.0.1", "--port", str(server.port)]) as terminal:

        def part() -> None:
            peer = server.accept()
            assert peer.register().name == "dave"
            peer.receive(Who)
            message = peer.receive(Msg)
            assert message.text == "hello"
            peer.acknowledge(message, 1)
            terminal.type("\x04")
            peer.part()

        with playing(server, part):
            terminal.wait_for("Your name:")
            terminal.type("dave\r")
            terminal.wait_for("you are in lobby")
            terminal.type("hello\r")
            terminal.wait_for("you left the chat")
        assert terminal.status() == 0


def test_keys_and_pastes_that_are_no_text(server: FakeServer) -> None:
    """Ctrl-Z does nothing; a paste is one message, with blanks for its line ends and without its controls."""
    arguments = ["--host", "127.0.0.1", "--port", str(server.port), "--name", "dave"]
    with Terminal(arguments) as terminal:

        def part() -> None:
            peer = server.accept()
            peer.register()
            peer.receive(Who)
            terminal.wait_for("you are in lobby")
            terminal.wait_for_prompt()
            terminal.type("be\x1afore\r")
            message = peer.receive(Msg)
            assert message.text == "before"
            peer.acknowledge(message, 1)
            terminal.type("\x1b[200~one\r\ntwo\rthree\nfour\tfive \x1b[31mred\x07\x00\u202e\x1b[201~\r")
            message = peer.receive(Msg)
            peer.acknowledge(message, 2)
            assert message.text == "one two three four    five red\u202e"
            terminal.wait_for("control characters: 3")
            terminal.type("\x1b[200~ /msg bob secret\nno secret\x1b[201~\r")
            direct = peer.receive(Dm)
            assert (direct.to, direct.text) == ("bob", "secret no secret")
            peer.send(Ack(ref=direct.ref or "", id=1, ts=3.0))
            terminal.type("\x04")
            peer.part()

        with playing(server, part):
            pass
        assert terminal.finish() == 0


@pytest.mark.parametrize(
    ("more", "environment", "coloured"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"CLICOLOR": "0"}, False),
        (["--color", "never"], {"CLICOLOR_FORCE": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
    ids=["usual", "NO_COLOR", "CLICOLOR", "--color never", "--color always"],
)
def test_colours_of_a_terminal(
    server: FakeServer,
    more: list[str],
    environment: dict[str, str],
    coloured: bool,  # noqa: FBT001  # a column of the table
) -> None:
    """Names, remarks, the menu of the Tab key and the toolbar all have colours, or none of them has."""
    arguments = ["--host", "127.0.0.1", "--port", str(server.port), "--name", "dave", *more]
    with Terminal(arguments, environment) as terminal:

        def part() -> None:
            peer = server.accept()
            peer.register(said(1))
            peer.receive(Who)
            terminal.wait_for(" hi")
            terminal.type("/\t")
            terminal.wait_for("/history")
            terminal.type("\x03\x04")
            peer.part()

        with playing(server, part):
            pass
        assert terminal.finish() == 0
    menu = terminal.shown.partition(b" hi")[2]
    for shown in (terminal.shown, menu):
        assert bool(re.search(rb"\x1b\[[\d;]*\b[349]\d", shown)) is coloured


@pytest.mark.parametrize("term", ["dumb", "", "unknown"])
def test_a_terminal_that_understands_nothing(server: FakeServer, term: str) -> None:
    """It gets plain lines, and takes them; one that does not say what it is, too."""
    arguments = ["--host", "127.0.0.1", "--port", str(server.port), "--name", "dave"]
    with Terminal(arguments, {"TERM": term}) as terminal:

        def part() -> None:
            peer = server.accept()
            peer.register(said(1))
            terminal.type("hello\n")
            peer.acknowledge(peer.receive(Msg), 2)
            terminal.type("exit\n")
            peer.part()

        with playing(server, part):
            pass
        assert terminal.finish() == 0
    assert b"dave: hello" in terminal.shown
    assert b"\x1b" not in terminal.shown


def test_variables_of_others_are_no_settings(server: FakeServer) -> None:
    """A Kubernetes service named chat-client does not keep the client from starting, nor an empty one."""

    def part() -> None:
        peer = server.accept()
        peer.register()
        peer.part()

    environment = {
        "CHAT_CLIENT_PORT": "tcp://10.96.0.12:9090",
        "CHAT_CLIENT_SERVICE_HOST": "10.96.0.12",
        "CHAT_CLIENT_PORT_9090_TCP_ADDR": "10.96.0.12",
        "CHAT_CLIENT_HOST": "",
        "CHAT_CLIENT_NAME": "",
    }
    assert build_parser(environment).parse_args([]).port == 9090
    with playing(server, part):
        done = run(["--host", "127.0.0.1", "--port", str(server.port), "--name", "dave"], "", environment)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
def test_brackets_around_an_address_are_none_of_it() -> None:
    """As they stand in addresses of web pages."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as unused:
        port = unused.getsockname()[1]
    done = run(["--host", "[::1]", "--port", str(port), "--name", "dave"])
    assert done.stderr.startswith(f"chat-client: nothing listens on ::1 port {port};")


def test_a_password_in_a_file_is_shown_to_the_server(server: FakeServer, tmp_path: Path) -> None:
    """And to nobody else."""
    (tmp_path / "password").write_text("correct horse\n")

    def part() -> None:
        peer = server.accept()
        peer.send(request())
        assert peer.receive(RegName).password == "correct horse"  # noqa: S105  # a test's
        peer.send(ErrorFrame("auth_failed", "wrong name or password; try again"))

    where = ["--host", "127.0.0.1", "--port", str(server.port)]
    with playing(server, part):
        done = run([*where, "--name", "dave", "--password-file", f"{tmp_path}/password"])
    assert done.returncode == 6
    assert "wrong name or password; try again (--help tells how to give it)" in done.stderr
    assert "correct horse" not in done.stdout + done.stderr


def test_at_a_terminal_the_password_is_asked_for(server: FakeServer) -> None:
    """Until it is right; it is never shown."""

    def part() -> None:
        for given in (None, "wrong one", "correct horse"):
            peer = server.accept()
            peer.send(request())
            assert peer.receive(RegName).password == given
            if given != "correct horse":
                peer.send(ErrorFrame("auth_failed", f"not {len(given or '')}"))
                peer.close()
        peer.send(welcome(), entered())
        peer.receive(Who)
        peer.part()

    with playing(server, part), Terminal(["--port", str(server.port), "--name", "dave"]) as terminal:
        terminal.wait_for("not 0")
        terminal.wait_for_prompt()
        terminal.type("wrong one\r")
        terminal.wait_for("not 9")
        terminal.wait_for_prompt()
        terminal.type("correct horse\r")
        terminal.wait_for("connected as dave")
        terminal.type("exit\r")
        assert terminal.finish() == 0
        assert b"horse" not in terminal.shown


def test_an_account_is_made_with_a_password_typed_twice(server: FakeServer) -> None:
    """Two different ones are asked for again."""

    def part() -> None:
        peer = server.accept()
        peer.send(request())
        asked = peer.receive(RegName)
        assert (asked.password, asked.invitation, asked.register) == ("correct horse", "i1", True)
        peer.send(welcome(), entered())
        peer.receive(Who)
        peer.part()

    arguments = ["--port", str(server.port), "--name", "dave", "--register"]
    with playing(server, part), Terminal(arguments) as terminal:
        terminal.wait_for("Invitation")
        terminal.type("i1\r")
        terminal.wait_for("New password")
        terminal.type("correct horse\r")
        terminal.wait_for("Once more")
        terminal.type("correct house\r")
        terminal.wait_for("two different")
        terminal.wait_for_prompt()
        terminal.type("correct horse\r")
        terminal.wait_for("Once more")
        terminal.type("correct horse\r")
        terminal.wait_for("connected as dave")
        terminal.type("exit\r")
        assert terminal.finish() == 0
