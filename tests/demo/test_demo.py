# ruff: noqa: S603 - starts the demo, as `make demo` does
"""The demo, started as `make demo` starts it, on free ports."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = [sys.executable, str(ROOT / "demo/demo.py"), "--metrics-port=0", "--web-port=0"]


@contextmanager
def demo(folder: Path, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """Run the demo; what is still alive at the end is told to stop."""
    with subprocess.Popen(
        [*DEMO, f"--folder={folder}", *arguments],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def read_until(process: subprocess.Popen[str], *texts: str) -> str:
    """Return what the demo prints, up to where each of the texts has come."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if all(text in seen for text in texts):
            return seen
    pytest.fail(f"never printed: {texts}, only:\n{seen}")


def test_it_says_how_to_join_and_shows_the_conversation_until_ctrl_c(tmp_path: Path) -> None:
    """The addresses to join come first, then people are heard; Ctrl-C stops all with status 0."""
    with demo(tmp_path, "--port=0") as process:
        seen = read_until(process, "bob", "carol")
        port = re.search(r"nc localhost (\d+)", seen)
        assert port is not None
        assert seen.index("--name you") < seen.index("bob")
        page = re.search(r"http://localhost:(\d+)/ +in a browser", seen)
        assert page is not None
        with socket.create_connection(("localhost", int(page[1]))) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert sock.recv(15) == b"HTTP/1.1 200 OK"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
        assert (process.returncode, errors) == (0, "")
        assert output.endswith("demo: stopped\n")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port[1])))


def test_it_ends_by_itself_when_told_how_long(tmp_path: Path) -> None:
    """With a duration it stops in order, with status 0."""
    with demo(tmp_path, "--port=0", "--duration=0.5") as process:
        output, _ = process.communicate()
        assert process.returncode == 0
        assert output.endswith("demo: stopped\n")


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_nothing_outlives_it_however_it_is_told_to_stop(tmp_path: Path, signal_: signal.Signals) -> None:
    """A closed terminal or Ctrl-Backslash stops all in order as well."""
    with demo(tmp_path, "--port=0") as process:
        port = re.search(r"nc localhost (\d+)", read_until(process, "stop"))
        process.send_signal(signal_)
        output, _ = process.communicate()
        assert (process.returncode, output.endswith("demo: stopped\n")) == (0, True)
    assert port is not None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port[1])))


def test_the_settings_of_others_are_not_the_demo_s(tmp_path: Path) -> None:
    """Whatever the person has exported for a server or client, the demo shows the same."""
    settings = {
        "CHAT_LOG_LEVEL": "error",
        "CHAT_LOG_FORMAT": "text",
        "CHAT_JOURNAL": "sqlite:/nope/x.db",
        "CHAT_CLIENT_NAME": "eve",
    }
    with demo(tmp_path, "--port=0", **settings) as process:
        read_until(process, "bob")


def test_whoever_reads_no_more_ends_it(tmp_path: Path) -> None:
    """As in `make demo | head`: all is stopped, without a traceback."""
    with demo(tmp_path, "--port=0") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        read_until(process, "stop")
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait() == 1
    assert "Traceback" not in errors
    assert "Broken pipe" in errors


def test_a_taken_port_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    """Where something listens already, it names the port and how to choose others."""
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        with demo(tmp_path, f"--port={port}") as process:
            _, errors = process.communicate()
            assert process.returncode == 1
            assert f"Port {port} cannot be used" in errors
            assert "make demo PORT=" in errors
