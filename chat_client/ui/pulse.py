"""`--pulse`: a file whose time of change tells others that the client takes part in a conversation.

find pulse -mmin -2 | grep -q .         fails unless something was said within two minutes
"""

import os
import time
from collections.abc import Callable, Sequence

from chat_client.protocol.events import DirectSaid, Event, Said
from chat_client.terms import reason

#: The file is touched at most once in so many seconds: a busy room must not keep the disk busy.
BETWEEN_SECONDS = 1.0


class Pulse:
    """Touches a file when a message arrives live, or is acknowledged. One thread calls `beat`.

    The file is made with the first message. What was said before one came does not count.
    `on_problem` is told when the file cannot be touched; once, until it can be touched again.
    """

    def __init__(
        self, path: str, on_problem: Callable[[str], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._on_problem = on_problem
        self._clock = clock
        self._next = clock()
        self._failing = False

    def beat(self, events: Sequence[Event]) -> None:
        """Touch the file if there is a message among the events. Never fails."""
        if self._clock() < self._next or not any(map(_is_live, events)):
            return
        self._next = self._clock() + BETWEEN_SECONDS
        try:
            _touch(self._path)
        except OSError as error:
            self._on_failure(error)
        else:
            self._failing = False

    def _on_failure(self, error: OSError) -> None:
        if not self._failing:
            self._on_problem(f"cannot touch {self._path} (--pulse): {reason(error)}")
        self._failing = True


def _is_live(event: Event) -> bool:
    return isinstance(event, DirectSaid) or (isinstance(event, Said) and not event.replayed)


def _touch(path: str) -> None:
    """Set the file's time of change to now. Opens no file that is there: opening a pipe may block."""
    try:
        os.utime(path)
    except FileNotFoundError:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
