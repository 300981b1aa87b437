"""A person's terminal: keys in, lines out, whatever becomes of the terminal meanwhile."""

import asyncio
import io
import os
import select
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TextIO

from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.input.posix_utils import PosixStdinReader
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.output import Output as Terminal

from chat_client.ui.output import Output
from chat_client.ui.pasting import Paster

#: How much is read of a keyboard at once: what is pasted shows in few steps.
CHUNK_BYTES = 64 * 1024
#: How much may wait to be printed while the terminal takes nothing, in characters.
WAITING_CHARACTERS = 1024 * 1024


class Screen(io.TextIOBase):
    """Writes to a terminal, and raises nothing once the terminal is gone.

    It has no `buffer`, so prompt_toolkit leaves the encoding to it, which shows as escapes what it lacks.
    prompt_toolkit itself would write question marks.
    """

    def __init__(self, out: Output) -> None:
        super().__init__()
        self.out = out
        #: Called by a thread that finds the terminal gone.
        self.on_gone: Callable[[], object] = lambda: None

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a variable there, which nobody sets
        """The encoding of the terminal."""
        return self.out.encoding

    def write(self, text: str) -> int:
        """Write text at once."""
        gone = self.out.failure is not None
        self.out.write(text)
        if self.out.failure is not None and not gone:
            self.on_gone()
        return len(text)

    def fileno(self) -> int:
        """Return the descriptor of the terminal."""
        return self.out.descriptor

    def isatty(self) -> bool:
        """Return whether it is a terminal still."""
        return self.out.failure is None and os.isatty(self.out.descriptor)

    def spelt(self, text: str) -> str:
        """Return the text as the terminal shows it: what its encoding lacks as escapes."""
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)


class Keyboard(Vt100Input):
    """A terminal's keys, which stay keys while something is printed, and end when the terminal does.

    prompt_toolkit makes the terminal cooked while it prints: a Ctrl-D is lost then, and what is typed shows
    twice. Line ends come out right without it.
    """

    def __init__(self, stdin: TextIO) -> None:
        super().__init__(stdin)
        # What comes in through ASCII and is none is UTF-8 nowadays.
        encoding = "utf-8" if stdin.encoding.lower() in {"ascii", "us-ascii"} else stdin.encoding
        self.stdin_reader = _Reader(stdin.fileno(), encoding=encoding)

    def cooked_mode(self) -> AbstractContextManager[None]:
        """Stay as it is."""
        return nullcontext()


class _Reader(PosixStdinReader):
    """Reads keys. A terminal that cannot be read has ended; prompt_toolkit would ask it for ever."""

    def __init__(self, descriptor: int, encoding: str) -> None:
        super().__init__(descriptor, encoding=encoding)
        self._paster = Paster()

    def read(self, count: int = 1024) -> str:
        """Return what was typed, or nothing if there is nothing yet."""
        try:
            if self.closed or not select.select([self.stdin_fd], [], [], 0)[0]:
                return ""
            data = os.read(self.stdin_fd, max(count, CHUNK_BYTES))
        except BlockingIOError:
            return ""
        except OSError:
            data = b""
        self.closed = not data
        return self._paster.feed(str(self._stdin_decoder.decode(data)))


class Printer:
    """Prints above the line being typed, or plainly while there is none. Any thread may `write`.

    1. What is written goes through the event loop of the prompt while that runs, and what the loop has not
       printed when it ends is printed then: nothing is torn, and nothing is lost in between.
    2. While the event loop runs, nobody who writes waits for the terminal. If it takes nothing, the oldest
       lines are left out beyond `WAITING_CHARACTERS`, and counted on the screen.
    """

    def __init__(self, output: Terminal) -> None:
        self._output = output
        # Guards the output: one thread prints at a time. Taken before `_lock`.
        self._printing = threading.Lock()
        # Guards what follows.
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[str] = deque()
        self._characters = 0
        self._dropped = 0

    def write(self, text: str) -> None:
        """Print whole lines."""
        with self._lock:
            self._add_locked(text)
            if self._loop is not None:
                if len(self._waiting) == 1:
                    self._loop.call_soon_threadsafe(run_in_terminal, self._print)
                return
        self._print_plainly()

    @contextmanager
    def above_prompt(self) -> Iterator[None]:
        """Print through the running event loop, inside of this."""
        with self._printing, self._lock:
            self._loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            with self._lock:
                self._loop = None
            self._print_plainly()

    def _add_locked(self, text: str) -> None:
        """Add a text; the caller holds `_lock`."""
        self._waiting.append(text)
        self._characters += len(text)
        while self._characters > WAITING_CHARACTERS and len(self._waiting) > 1:
            oldest = self._waiting.popleft()
            self._characters -= len(oldest)
            self._dropped += oldest.count("\n")

    def _take_locked(self) -> str:
        """Take all that waits; the caller holds `_lock`."""
        dropped, self._dropped = self._dropped, 0
        text = "".join(self._waiting)
        self._waiting.clear()
        self._characters = 0
        return f"-- lines that the terminal was too slow to show: {dropped}\n{text}" if dropped else text

    def _print_plainly(self) -> None:
        with self._printing:
            with self._lock:
                if self._loop is not None:  # a prompt has begun since it was decided to print plainly
                    self._loop.call_soon_threadsafe(run_in_terminal, self._print)
                    return
                text = self._take_locked()
            self._put(text)

    def _print(self) -> None:
        with self._printing:
            with self._lock:
                text = self._take_locked()
            self._put(text)

    def _put(self, text: str) -> None:
        if text:
            self._output.write_raw(text)
            self._output.flush()
