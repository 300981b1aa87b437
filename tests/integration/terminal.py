# ruff: noqa: S603 - starts docker, with what the tests say
"""A command at a pseudo-terminal: what a person at a keyboard types and sees."""

import os
import pty
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Condition, Thread
from types import TracebackType
from typing import Self

_SEQUENCES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A command whose input and output are a terminal; a thread reads the screen."""

    def __init__(self, command: Sequence[str], cwd: Path) -> None:
        self._screen = b""
        self._changed = Condition()
        self._keyboard, inside = pty.openpty()
        self._process = subprocess.Popen(
            command, cwd=cwd, stdin=inside, stdout=inside, stderr=inside, start_new_session=True
        )
        os.close(inside)
        self._reader = Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._reader.join()
        os.close(self._keyboard)

    def _read(self) -> None:
        while received := self._receive():
            with self._changed:
                self._screen += received
                self._changed.notify_all()

    def _receive(self) -> bytes:
        try:
            return os.read(self._keyboard, 65536)
        except OSError:  # how Linux tells that the other side has closed
            return b""

    def types(self, text: str) -> None:
        """Type this; the return key is a carriage return."""
        os.write(self._keyboard, text.encode())

    def shows(self, text: str, seconds: float) -> None:
        """Wait until the screen has had this text on it.

        Raises:
            AssertionError: it did not within `seconds`; the text has the screen.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            while text.encode() not in self._screen:
                assert self._changed.wait(deadline - time.monotonic()), f"not on the screen: {self._screen!r}"

    def text_until(self, end: str, seconds: float) -> str:
        """Return the text on the screen, without control sequences, once `end` is on it."""
        self.shows(end, seconds)
        with self._changed:
            return _SEQUENCES.sub("", self._screen.decode(errors="replace"))

    def status(self, seconds: float) -> int:
        """Wait for the command's end and return its exit status."""
        return self._process.wait(seconds)
