"""The server under test, as a process of its own; the one place that names an implementation."""

import ctypes
import http.client
import itertools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.peer import PATIENCE, Address

ROOT = Path(__file__).parents[2]


class Running:
    """A server that listens on free ports, and its log as it comes.

    With `lines` only so many lines of it are read, and then the pipe is closed.
    """

    def __init__(self, *flags: str, lines: int | None = None) -> None:
        command = [sys.executable, "-m", "chat_server", "--host", "127.0.0.1", "--port", "0"]
        command += ["--profile", "trusted"]  # most tests send faster than people do
        self.process = subprocess.Popen(  # noqa: S603  # the project's own server
            [*command, "--metrics-port", "0", *flags],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={key: value for key, value in os.environ.items() if not key.startswith("CHAT_")},
        )
        self.lines: list[str] = []
        self._limit = lines
        self._begun = threading.Event()
        self._reader = threading.Thread(target=self._read, name="log-reader")
        self._reader.start()
        assert self._begun.wait(PATIENCE), "no line of log"
        if lines is not None:
            self._reader.join(PATIENCE)
        self.listening = json.loads(self.lines[0])
        self.address: Address = ("127.0.0.1", int(self.listening["port"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.wait()

    def wait(self) -> int:
        """Wait until it has ended; return its exit status."""
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self._reader.join(PATIENCE)

    def events(self) -> list[dict[str, Any]]:
        """Return the log so far."""
        return [json.loads(line) for line in self.lines]

    def cpu_seconds(self) -> float:
        """Return how much CPU time it has used (proc_pid_stat(5): utime and stime)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def threads(self) -> set[int]:
        """Return the ids of its threads; the main one has the process's."""
        return {int(task.name) for task in Path(f"/proc/{self.process.pid}/task").iterdir()}

    def signal_thread(self, thread: int, number: int) -> None:
        """Send a signal to one thread (tgkill(2)); of one to the process, the kernel chooses."""
        if ctypes.CDLL(None, use_errno=True).tgkill(self.process.pid, thread, number):
            raise OSError(ctypes.get_errno(), f"no signal to thread {thread}")

    def metric(self, name: str) -> float:
        """Return what the metrics port tells of a metric without labels."""
        asked = http.client.HTTPConnection("localhost", self.listening["metrics_port"], timeout=PATIENCE)
        try:
            asked.request("GET", "/metrics")
            told = asked.getresponse().read().decode()
        finally:
            asked.close()
        (value,) = [line.split()[1] for line in told.splitlines() if line.startswith(f"{name} ")]
        return float(value)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in itertools.islice(stream, self._limit):
                self.lines.append(line)
                self._begun.set()
        self._begun.set()
