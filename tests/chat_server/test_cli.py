"""The command `chat-server`: help, settings and their precedence, errors that say what to do, status."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chat_server.cli import main
from chat_server.config import Config
from chat_server.journal.sqlite.journal import SqliteJournal
from chat_server.ops.http import SideServer, text
from tests.support.world import record

PATIENCE = 10.0
COMMAND = [sys.executable, "-m", "chat_server", "--cpus", "all"]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take what the tests' own environment sets out of it."""
    for name in Config.__dataclass_fields__:
        monkeypatch.delenv(f"CHAT_{name.upper()}", raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    """Write a settings file; return its path."""

    def write(content: str) -> str:
        path = tmp_path / "chat.toml"
        path.write_text(content)
        return str(path)

    return write


@pytest.fixture
def health() -> Iterator[Callable[[int], int]]:
    """Serve /healthz with a status; return the port."""
    servers: list[SideServer] = []

    def serve(status: int) -> int:
        server = SideServer("127.0.0.1", 0, {"/healthz": lambda _accept: text(status, f"it is {status}\n")})
        servers.append(server)
        server.start()
        return server.port

    yield serve
    for server in servers:
        server.stop()


def settings(printed: str) -> dict[str, tuple[str, str]]:
    """Return key -> value and source, as --print-config shows them."""
    lines = [re.fullmatch(r"(\w+) = (.*?)\s+# (.*)", line) for line in printed.splitlines()]
    return {match[1]: (match[2], match[3]) for match in lines if match}


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """--help says what it is, shows examples, and lists every setting with its default."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "nc localhost 9090" in said
    assert "examples:" in said
    for name in Config.__dataclass_fields__:
        assert "--" + name.replace("_", "-") in said


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version is one line."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert re.fullmatch(r"chat-server \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_the_defaults_are_those_of_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """--print-config shows each key once, with its value and that it is a default."""
    assert main(["--print-config"]) == 0
    shown = settings(capsys.readouterr().out)
    assert list(shown) == list(Config.__dataclass_fields__)
    assert shown["host"] == ('"localhost"', "default")
    assert shown["port"] == ("9090", "default")
    assert shown["metrics_port"] == ("9464", "default")
    assert shown["send_queue_bytes"] == ("1048576", "default")
    assert {source for _, source in shown.values()} == {"default"}


def test_flag_beats_environment_beats_file_beats_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: Callable[[str], str]
) -> None:
    """Each level overrides the next, key by key, and it is said where a value came from."""
    path = file('port = 1\nline_bytes = 1000\nrooms = 1\nlog_level = "debug"\n')
    monkeypatch.setenv("CHAT_PORT", "2")
    monkeypatch.setenv("CHAT_LINE_BYTES", "2000")
    assert main(["--port", "3", "--config", path, "--print-config"]) == 0
    shown = settings(capsys.readouterr().out)
    assert shown["port"] == ("3", "--port")
    assert shown["line_bytes"] == ("2000", "CHAT_LINE_BYTES")
    assert shown["rooms"] == ("1", f"{path}: rooms")
    assert shown["log_level"] == ('"debug"', f"{path}: log_level")
    assert shown["connections"][1] == "default"


def test_what_is_printed_can_be_read_again(
    capsys: pytest.CaptureFixture[str], file: Callable[[str], str]
) -> None:
    """The output is a file of settings itself."""
    main(["--port", "7777", "--ping-interval", "12.5", "--print-config"])
    path = file(capsys.readouterr().out)
    assert main(["--config", path, "--print-config"]) == 0
    shown = settings(capsys.readouterr().out)
    assert shown["port"] == ("7777", f"{path}: port")
    assert shown["ping_interval"][0] == "12.5"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "70000"], "--port: '70000' must be from 0 to 65535"),
        (["--port", "x"], "--port: 'x' must be a whole number"),
        (["--port", ""], "--port: '' must be a whole number"),
        (["--ping-interval", "soon"], "--ping-interval: 'soon' must be a number of seconds"),
        (["--ping-interval", "nan"], "--ping-interval: 'nan' must be a number of seconds"),
        (["--log-level", "loud"], "--log-level: 'loud' must be one of debug, info, warning, error"),
        (["--host", ""], "--host: '' must be a text that is not empty"),
        (["--cpus", "most"], "--cpus: 'most' must be auto, all or a list of CPUs"),
        (["--config", "/does/not/exist"], "cannot read /does/not/exist: No such file"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_bad_value_is_named(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    """Status 2, and the text says which setting, what was given and what is possible."""
    assert main([*arguments, "--print-config"]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("prot = 1", "unknown key prot; chat-server --print-config lists them all"),
        ("port = ", "is not TOML"),
        ("port = true", "port: True must be a whole number"),
        ("[server]\nport = 1", "unknown key server"),
        ("host = 5", "host: 5 must be a text"),
        ("port = 1.5", "port: 1.5 must be a whole number"),
    ],
)
def test_a_bad_file_is_named(
    capsys: pytest.CaptureFixture[str], file: Callable[[str], str], content: str, said: str
) -> None:
    """Status 2, and the text has the file's path."""
    path = file(content)
    assert main(["--config", path, "--print-config"]) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert path in printed


def test_an_unknown_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip in the environment is an error as well; what is the client's is left alone."""
    monkeypatch.setenv("CHAT_CLIENT_NAME", "dave")
    assert main(["--print-config"]) == 0
    monkeypatch.setenv("CHAT_PROT", "1")
    assert main(["--print-config"]) == 2
    assert "unknown variable CHAT_PROT" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--prot", "1"], ["--por", "1"], ["server"], ["--port"]])
def test_an_unknown_flag_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Status 2, and how it is used; no abbreviation is guessed at."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: chat-server" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--prot", "7"], "unknown option --prot, did you mean --port?"),
        (["--prot=7"], "unknown option --prot, did you mean --port?"),
        (["--room", "tea", "export", "--jurnal", "sqlite:chat.db"], "unknown option --jurnal, did you mean"),
        (["-p", "7"], "unknown option -p\n"),
        (["--port", "7", "7"], "argument command: invalid choice: '7'"),
        (["serve", "away"], "serve takes no TARGET"),
        (["--port"], "argument --port: expected one argument"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_mistake_is_named_and_help_is_pointed_to(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """The option that does not exist is what is wrong, not the value behind it."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    printed = capsys.readouterr().err
    assert f"chat-server: error: {said}" in printed
    assert printed.endswith("\nchat-server --help lists commands and options, with examples\n")


@pytest.mark.parametrize("arguments", [["--prot", "--help"], ["-h", "--prot"]])
def test_help_is_shown_to_who_asks_for_it(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """A mistake beside it does not matter."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    assert "examples:" in capsys.readouterr().out


def test_what_follows_two_dashes_is_no_option(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As everywhere: a file may be called so."""
    monkeypatch.chdir(tmp_path)
    assert main(["backup", "--journal", "sqlite:chat.db", "--", "--prot"]) == 1
    assert "chat.db" in capsys.readouterr().err


def test_what_looks_like_a_number_is_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    """A negative one is refused by its setting, not taken for an option."""
    assert main(["--port", "-1", "--print-config"]) == 2
    assert "--port: '-1' must be a whole number from 0 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize(("status", "expected"), [(200, 0), (503, 1)])
def test_healthcheck_answers_with_its_status(
    capsys: pytest.CaptureFixture[str], health: Callable[[int], int], status: int, expected: int
) -> None:
    """0 where the server is well, 1 where it is not, and what it says."""
    port = health(status)
    assert main(["healthcheck", "--metrics-port", str(port), "--metrics-host", "127.0.0.1"]) == expected
    assert capsys.readouterr().out == f"it is {status}\n"


def test_healthcheck_of_a_server_on_every_address(health: Callable[[int], int]) -> None:
    """What listens on 0.0.0.0 is asked on the loopback."""
    assert main(["healthcheck", "--metrics-port", str(health(200)), "--metrics-host", "0.0.0.0"]) == 0  # noqa: S104  # as configured


def test_healthcheck_without_a_server(capsys: pytest.CaptureFixture[str]) -> None:
    """1, and where nobody answered."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert main(["healthcheck", "--metrics-port", str(port), "--metrics-host", "127.0.0.1"]) == 1
    assert f"no answer from 127.0.0.1:{port}" in capsys.readouterr().err


def test_healthcheck_of_the_wrong_port(capsys: pytest.CaptureFixture[str]) -> None:
    """What answers, but not in HTTP (the chat's own port, say), is not well either."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def greet() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.sendall(b'{"type":"REG_NAME"}\n')

        thread = threading.Thread(target=greet)
        thread.start()
        assert main(["healthcheck", "--metrics-port", str(port), "--metrics-host", "127.0.0.1"]) == 1
        thread.join(PATIENCE)
    assert "no answer" in capsys.readouterr().err


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(  # noqa: S603  # the project's own command
        [*COMMAND, *flags], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def run_in_shell(redirection: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end as a shell does, with streams closed or led elsewhere."""
    return subprocess.run(  # noqa: S603  # the project's own command
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *flags],
        cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("export", "the export is not whole"),
        ("check", "the report is not whole"),
        ("--print-config", "could not be shown"),
    ],
)
def test_what_cannot_be_told_is_no_traceback(
    tmp_path: Path, redirection: str, command: str, complaint: str
) -> None:
    """If stdout is closed or full, a sentence on stderr says what was not told."""
    path = tmp_path / "chat.db"
    with closing(SqliteJournal(path)) as journal:
        journal.commit([record("lobby", 1, 1)])
    ended = run_in_shell(redirection, command, "--journal", f"sqlite:{path}")
    assert ended.returncode == (0 if command == "check" else 1)
    assert complaint in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_no_socket_gets_the_number_of_a_closed_stream() -> None:
    """What is meant for a standard stream would go to a client, or into the journal."""
    script = """if True:
        import os, socket
        from chat_server.net import system
        os.closerange(0, 3)
        system.hold_standard_descriptors()
        held = [os.readlink(f"/proc/self/fd/{number}") for number in range(3)]
        os._exit(held != [os.devnull] * 3 or socket.socket().fileno() < 3)
    """
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)  # noqa: S603  # as above
    assert ended.returncode == 0


@pytest.mark.parametrize("flag", ["--port", "--metrics-port"])
def test_a_port_in_use_is_said(flag: str) -> None:
    """Status 1, one line for a person on stderr: which port, why, and what to do; no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ports = {"--port": "0", "--metrics-port": "0", flag: port}
        hosts = ("--host", "127.0.0.1", "--metrics-host", "127.0.0.1")
        ended = run(*hosts, *(each for pair in ports.items() for each in pair))
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in ended.stderr
    assert "in use" in ended.stderr
    assert f"choose another with {flag}" in ended.stderr
    assert "listening" not in ended.stdout


def test_the_first_line_says_where_it_listens() -> None:
    """`listening` is JSON and carries the ports in use; both answer; SIGTERM ends it with status 0."""
    with subprocess.Popen(  # noqa: S603  # the project's own command
        [*COMMAND, "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            first = json.loads(process.stdout.readline())
            assert first["event"] == "listening"
            assert first["pid"] == process.pid
            assert first["endpoints"] == [f"chat://127.0.0.1:{first['port']}"]
            with socket.create_connection(("127.0.0.1", first["port"]), PATIENCE) as chat:
                assert chat.recv(100).startswith(b'{"type":"REG_NAME"')
            assert main(["healthcheck", "--metrics-port", str(first["metrics_port"])]) == 0
        finally:
            process.terminate()
        rest = [json.loads(line) for line in process.stdout]
        assert process.wait(PATIENCE) == 0
    assert rest[-1]["event"] == "stopped"


@pytest.mark.parametrize("option", ["--host", "--metrics-host"])
@pytest.mark.parametrize("value", ["a..b", "192.0.2.1", "no.such.host.invalid"])
def test_a_host_that_cannot_be_listened_on_is_said(option: str, value: str) -> None:
    """Status 1 and one line for a person; the process is gone, and so is what it had begun."""
    hosts = {"--host": "127.0.0.1", "--metrics-host": "127.0.0.1", option: value}
    ended = run("--port", "0", "--metrics-port", "0", *(each for pair in hosts.items() for each in pair))
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert f"give another {option}" in ended.stderr


LIMITED = """
import threading
from chat_server import cli
start, started = threading.Thread.start, []
def limited(thread):
    started.append(thread)
    if len(started) > {number}:
        raise RuntimeError("can't start new thread")
    start(thread)
threading.Thread.start = limited
raise SystemExit(cli.main(["--cpus", "all", "--port", "0", "--metrics-port", "0"]))
"""


@pytest.mark.parametrize("number", [1, 2, 4, 5])
def test_a_start_without_threads_is_said(number: int) -> None:
    """Whichever of them could not be started: a sentence, and no process that serves nobody."""
    ended = subprocess.run(  # noqa: S603  # the project's own code
        [sys.executable, "-c", LIMITED.format(number=number)],
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "no thread can be started; raise the limit" in ended.stderr


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Return a server that runs, and its file of settings."""
    path = tmp_path / "chat.toml"
    path.write_text('log_level = "info"\n')
    flags = ["--host", "127.0.0.1", "--port", "0", "--metrics-port", "0", "--config", str(path)]
    with subprocess.Popen(  # noqa: S603  # the project's own command
        [*COMMAND, *flags], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process, path
        process.kill()


def event(process: "subprocess.Popen[str]") -> dict[str, object]:
    """Return the next line of the log."""
    assert process.stdout is not None
    line: dict[str, object] = json.loads(process.stdout.readline())
    return line


def test_signals(running: tuple["subprocess.Popen[str]", Path]) -> None:
    """HUP reads the settings again, a mistake in them changes nothing, QUIT ends in order, others nothing."""
    process, path = running
    assert event(process)["event"] == "listening"
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF):
        process.send_signal(number)
    path.write_text('log_level = "debug"\n')
    process.send_signal(signal.SIGHUP)
    said = event(process)
    assert (said["event"], said["log_level"]) == ("reloaded", "debug")
    path.write_text("prot = 1\n")
    process.send_signal(signal.SIGHUP)
    assert event(process)["event"] == "reload_failed"
    process.send_signal(signal.SIGQUIT)
    said = event(process)
    assert (said["event"], said["reason"]) == ("stopping", "SIGQUIT")
    assert process.wait(PATIENCE) == 0


HANGING = """
import threading
from chat_server import cli
from chat_server.journal.memory import MemoryJournal
cli.OVERDUE_SECONDS = 0.2
MemoryJournal.close = lambda self: threading.Event().wait()
hosts, ports = ["--host", "127.0.0.1"], ["--port", "0", "--metrics-port", "0"]
cli.main(["--cpus", "all", *hosts, *ports, "--drain-timeout", "0"])
"""


def test_a_stop_ends_whatever_hangs() -> None:
    """A disk that never answers: status 1, and the log says what was left."""
    with subprocess.Popen(  # noqa: S603  # the project's own code
        [sys.executable, "-c", HANGING], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert event(process)["event"] == "listening"
        process.terminate()
        assert process.wait(PATIENCE) == 1
        assert process.stdout is not None
        said = [json.loads(line) for line in process.stdout]
    assert [each["event"] for each in said] == ["stopping", "stop_overdue"]
    assert "MainThread" in said[-1]["threads"]


def test_healthcheck_has_a_time_for_the_whole() -> None:
    """A peer that sends a byte now and then does not keep it waiting."""
    code = "from chat_server import cli; cli.HEALTHCHECK_SECONDS = 0.3; cli.main(['healthcheck',"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with subprocess.Popen(  # noqa: S603  # the project's own code
            [sys.executable, "-c", f"{code} '--metrics-host', '127.0.0.1', '--metrics-port', '{port}'])"],
            cwd=ROOT, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            sock, _ = listener.accept()
            with sock, contextlib.suppress(OSError):
                sock.settimeout(0.05)
                sock.sendall(b"HTTP/1.0 200 OK\r\nX: ")
                while process.poll() is None:
                    sock.sendall(b"x")
                    with contextlib.suppress(TimeoutError):
                        sock.recv(1)
            assert process.wait(PATIENCE) == 1
            assert process.stderr is not None
            assert "within 0.3 s" in process.stderr.read()
