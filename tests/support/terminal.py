"""The client at a pseudo-terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from chat_client.waker import Waker
from tests.support.fake_server import DEADLINE

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
        self._hanging_up = Waker()
        self._hung_up = False
        # Guards what follows.
        self._changed = threading.Condition()
        self.shown = b""
        self._reader = threading.Thread(target=self._read_all)
        self._reader.start()

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
        self._hung_up = True
        self._hanging_up.wake()
        self._reader.join(DEADLINE)
        if self._keyboard >= 0:
            os.close(self._keyboard)
            self._keyboard = -1

    def wait_for(self, text: str) -> None:
        """Wait until this has been shown."""
        with self._changed:
            assert self._changed.wait_for(lambda: text.encode() in self.shown, DEADLINE), self.shown

    def wait_for_prompt(self) -> None:
        """Wait until keys go to the client, no more to the terminal's own editing of lines."""
        with self._changed:
            assert self._changed.wait_for(self.is_raw, DEADLINE), self.shown

    def finish(self) -> int:
        """Read what is shown until the client closes the terminal; return the exit status."""
        self._reader.join(DEADLINE)
        return self.status()

    def status(self) -> int:
        """Wait for the end; return the exit status."""
        return self._client.wait(DEADLINE)

    def _read_all(self) -> None:
        """Take what is shown until nobody has the terminal open any more, or one hangs up."""
        while self._hanging_up.wait(descriptor=self._keyboard) and not self._hung_up:
            try:
                shown = os.read(self._keyboard, 65536)
            except OSError:
                return
            with self._changed:
                self.shown += shown
                asked = self.shown.count(ASKS_FOR_CURSOR)
                self.shown = self.shown.replace(ASKS_FOR_CURSOR, b"")
                self._changed.notify_all()
            self.type("\x1b[1;1R" * asked)


ASKS_FOR_CURSOR = b"\x1b[6n"
#: What of the tests' own environment would change what the client shows.
NOT_INHERITED = frozenset(("COLUMNS", "LINES", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PYTHONIOENCODING"))
#: Runs the client with its standard input as the terminal that controls it, so that its end sends SIGHUP.
CONTROLLED = """
import fcntl, runpy, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runpy.run_module("chat_client", run_name="__main__", alter_sys=True)
"""
