# ruff: noqa: S603 - starts the client, with what the tests say
"""The client as a process, with faults: lines are typed into it, and it saves what it sees to a file."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

from tests.chaos.faults import Faults
from tests.support.peer import Address

#: Seconds in which a client must have sent everything and ended, once its input has.
END = 60.0
_SAVED = re.compile(r"\S+ lobby #(\d+) \S+: (.*)")


class Ending(NamedTuple):
    """How a client ended: its status, what it printed, and each message that it saved: id and text."""

    status: int
    printed: str
    saved: list[tuple[int, str]]


class Typist:
    """Types lines into a client; `finish` ends its input, and returns once the client has ended."""

    def __init__(self, name: str, address: Address, file: Path, faults: Faults) -> None:
        host, port = address
        self._file = file
        command = [sys.executable, "-m", *faults.module("client"), "--name", name, "--host", host]
        command += ["--port", str(port), "--file", str(self._file), "--retry", str(END), "--wait", str(END)]
        self._process = subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONFAULTHANDLER": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=faults.descriptors,
        )
        self._printed: list[bytes] = []
        self._reader = threading.Thread(target=self._read, name=f"typist-{name}")
        self._reader.start()

    def say(self, text: str) -> None:
        """Type a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())
        self._process.stdin.flush()

    def finish(self) -> Ending:
        """End its input, and wait for its end; one that does not end is killed, with status -9."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            status = self._process.wait(END)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._process.returncode
        self._reader.join()
        saved = self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() else []
        found = [(int(match[1]), match[2]) for line in saved if (match := _SAVED.fullmatch(line))]
        return Ending(status, b"".join(self._printed).decode(), found)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            self._printed.extend(output)
