# ruff: noqa: S603 - starts the server, with what the tests say
"""The server as a process: started, killed, told to end, started again on the same file."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.chaos.faults import Faults
from tests.support.peer import Address

#: Seconds in which a server must have started, and must have ended after SIGTERM.
START = 20.0
END = 30.0


class Server:
    """A server on one journal; its address changes with each start, so ask for it each time."""

    def __init__(
        self, journal: Path, *settings: str, clocked: bool = False, faulty: Faults | None = None
    ) -> None:
        self.journal = journal
        #: How far its clock is off, in seconds; only if it is `clocked`.
        self.offset = 0.0
        self._clocked = clocked
        self._faulty = faulty
        self.errors: list[str] = []
        self._settings = settings
        self._running: _Running | None = None
        self._listening: dict[str, Any] = {}

    @property
    def address(self) -> Address:
        """Where the chat is. Raises `ConnectionError` while it is not there."""
        if self._running is None:
            raise ConnectionError("the server is not running")
        return ("127.0.0.1", self._listening["port"])

    @property
    def metrics_address(self) -> Address:
        """Where metrics and health are."""
        return ("127.0.0.1", self._listening["metrics_port"])

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        command = [sys.executable, "-m", *self._module(), "--port", "0", "--metrics-port", "0"]
        command += ["--journal", f"sqlite:{self.journal}", "--log-format", "json", "--profile", "trusted"]
        command += self._settings
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONFAULTHANDLER": "1"}
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=self.journal.parent,
            stdin=subprocess.PIPE if self._clocked else subprocess.DEVNULL,
            pass_fds=self._faulty.descriptors if self._faulty else (),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        log = _Log(process)
        if not log.started.wait(START) or log.listening is None:
            process.kill()
            raise AssertionError(f"the server did not start:\n{log.text()}")
        self._listening = log.listening
        self._running = _Running(process, log)

    def step(self, seconds: float) -> None:
        """Step its clock."""
        assert self._running is not None
        stdin = self._running.process.stdin
        assert stdin is not None
        self.offset += seconds
        stdin.write(f"{seconds}\n".encode())
        stdin.flush()

    def _module(self) -> Sequence[str]:
        """Return which module to run, with what it takes ahead of the server's own arguments."""
        if self._faulty is not None:
            return self._faulty.module("server")
        return ("tests.chaos.clocked", str(self.offset)) if self._clocked else ("chat_server",)

    def kill(self) -> None:
        """Kill it, as `kill -9` does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order. Raises `AssertionError` where it ends otherwise."""
        status, log = self._end(signal.SIGTERM)
        assert status == 0, f"the server ended with status {status}:\n{log.text()}"

    def close(self) -> None:
        """Kill it if it is still there."""
        if self._running is not None:
            self.kill()

    def _end(self, number: signal.Signals) -> "tuple[int, _Log]":
        assert self._running is not None
        (process, log), self._running = self._running, None
        process.send_signal(number)
        try:
            status = process.wait(END)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # the fault handler prints where each thread is
            process.wait()
            log.thread.join()
            raise AssertionError(f"the server did not end within {END:g} s:\n{log.text()}") from None
        if process.stdin is not None:
            process.stdin.close()
        log.thread.join()
        self.errors += log.errors
        return status, log


class _Log:
    """Reads what the server prints, so that it never waits for that; keeps the end of it, and the errors."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.started = threading.Event()
        self.listening: dict[str, Any] | None = None
        self.errors: list[str] = []
        self._lines: deque[str] = deque(maxlen=100)
        self._process = process
        self.thread = threading.Thread(target=self._read, name="server-log")
        self.thread.start()

    def text(self) -> str:
        """Return its last lines."""
        return "\n".join(self._lines)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._take(line.decode(errors="replace").rstrip())
        self.started.set()

    def _take(self, line: str) -> None:
        self._lines.append(line)
        try:
            entry = json.loads(line)
        except ValueError:
            self.errors.append(line)
            return
        if entry["event"] == "listening":
            self.listening = entry
            self.started.set()
        elif entry["level"] == "error":
            self.errors.append(line)


class _Running(NamedTuple):
    process: "subprocess.Popen[bytes]"
    log: _Log
