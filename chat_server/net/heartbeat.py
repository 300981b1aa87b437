"""Whether the threads that others rely on are alive and make progress."""

import threading
from collections.abc import Callable

#: After so many seconds without a beat a thread is taken for stuck. Each beats once a second if it is idle.
STUCK_SECONDS = 5.0
#: How often, in seconds, an idle thread shows that it lives.
BEAT_SECONDS = 1.0


class Heartbeat:
    """Beats with one thread; `fault` says what is wrong with it."""

    def __init__(
        self, thread: threading.Thread, clock: Callable[[], float], patience: float = STUCK_SECONDS
    ) -> None:
        self._thread = thread
        self._clock = clock
        self._patience = patience
        self._last = clock()

    def beat(self) -> None:
        """Show that the thread lives; called by it alone."""
        self._last = self._clock()

    def fault(self) -> str | None:
        """Say what is wrong; nothing for a thread that runs or was never started."""
        name = self._thread.name
        if self._thread.ident is not None and not self._thread.is_alive():
            return f"thread {name} has ended"
        silent = self._clock() - self._last
        if self._thread.ident is not None and silent > self._patience:
            return f"thread {name} is stuck for {silent:.0f} s"
        return None
