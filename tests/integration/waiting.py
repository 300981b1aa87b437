# ruff: noqa: S603 - starts docker, with what the tests say
"""How the container tests wait: for a line as it is printed, or for a state that is asked for again.

An external process does not call back when its state changes, so `eventually` asks until a deadline.
Nothing else here waits for time to pass.
"""

import queue
import subprocess
import time
from collections.abc import Callable, Sequence
from threading import Event, Thread
from types import TracebackType
from typing import Self, TypeVar

Answer = TypeVar("Answer")


def eventually(ask: Callable[[], Answer], seconds: float, what: str) -> Answer:
    """Ask until the answer is true, and return it.

    Raises:
        AssertionError: it did not become so within `seconds`; the last answer is in the text.
    """
    deadline = time.monotonic() + seconds
    pause = Event()
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}; last answer: {answer!r}"
        pause.wait(0.2)
    return answer


class Lines:
    """The lines that a command prints, taken as they come; a thread reads them."""

    def __init__(self, command: Sequence[str], cwd: str) -> None:
        self.seen: list[str] = []
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        self._reader = Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._reader.join()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def until(self, text: str, seconds: float) -> str:
        """Return the next line that has this text in it.

        Raises:
            AssertionError: none came within `seconds`, or the command ended; the text has all lines.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._queue.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                line = None
            assert line is not None, "no such line came, only:\n" + "\n".join(self.seen)
            self.seen.append(line)
            if text in line:
                return line
