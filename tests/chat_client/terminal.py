"""The client at a pseudo-terminal."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.chat_client.fake_server import DEADLINE

ROOT = Path(__file__).parents[2]


class Terminal:
    """The client at a pseudo-terminal of its own, which answers where its cursor is as terminals do."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
        size: tuple[int, int] = (24, 80),
    ) -> None:
        self._keyboard, inside = pty.openpty()
        self.resize(*size)
        inherited = {each: value for each, value in os.environ.items() if each not in NOT_INHERITED}
        self._client = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-c", CONTROLLED, *arguments],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            cwd=ROOT,
            env={**inherited, "TERM": "xterm", **(environment or {})},
            start_new_session=True,
        )
        os.close(inside)
        self.shown = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.kill()
        self._client.wait()
        self.hang_up()

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size, as a window manager does."""
        fcntl.ioctl(self._keyboard, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._keyboard, text.encode())

    def is_raw(self) -> bool:
        """Return whether keys go to the client at once instead of line by line."""
        return not termios.tcgetattr(self._keyboard)[3] & termios.ICANON

    def signal(self, number: int) -> None:
        """Send the client a signal."""
        self._client.send_signal(number)

    def hang_up(self) -> None:
        """Close the terminal, as somebody does who closes the window."""
        if self._keyboard >= 0:
            os.close(self._keyboard)
            self._keyboard = -1

    def wait_for(self, text: str) -> None:
        """Wait until this has been shown."""
        while text.encode() not in self.shown:
            assert self._read(), self.shown

    def finish(self) -> int:
        """Read what is shown until the client closes the terminal; return the exit status."""
        while self._read():
            pass
        return self.status()

    def status(self) -> int:
        """Wait for the end; return the exit status."""
        return self._client.wait(DEADLINE)

    def _read(self) -> bool:
        """Take what is shown next; return whether there was anything."""
        ready, _, _ = select.select([self._keyboard], [], [], DEADLINE)
        try:
            shown = os.read(self._keyboard, 65536) if ready else b""
        except OSError:  # nobody has it open any more
            return False
        self.shown += shown
        while b"\x1b[6n" in self.shown:
            self.shown = self.shown.replace(b"\x1b[6n", b"", 1)
            self.type("\x1b[1;1R")
        return bool(shown)


#: What of the tests' own environment would change what the client shows.
NOT_INHERITED = frozenset(("COLUMNS", "LINES", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PYTHONIOENCODING"))
#: Runs the client with its standard input as the terminal that controls it, so that its end sends SIGHUP.
CONTROLLED = """
import fcntl, runpy, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runpy.run_module("chat_client", run_name="__main__", alter_sys=True)
"""
