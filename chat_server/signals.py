"""The signals of the process: which end it, which has it read its settings again."""

import os
import signal
import threading
from collections.abc import Callable

from chat_server.faults import contained

#: The signals that end the server in order, and those that are for others and do nothing here. SIGHUP
#: reads the settings again.
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
IGNORED = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGPIPE)


class Signals:
    """Waits for the signal to end; the second one ends the process at once. SIGHUP calls `on_reload`.

    The handlers do nothing: one runs only once the main thread executes bytecode again, and a signal that
    another thread gets, or that comes just before the wait, would not end that. The interpreter writes each
    signal's number to a pipe at once (`signal.set_wakeup_fd`).
    """

    def __init__(self, on_reload: Callable[[], object]) -> None:
        self.reason = ""
        self._on_reload = on_reload
        self._told = threading.Event()
        self._numbers, written = os.pipe()
        os.set_blocking(written, False)
        for number in (*ENDING, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(written)
        threading.Thread(
            target=self._run,
            name="signals",
            daemon=True,  # a second signal need never come, and no exit waits for it
        ).start()

    def wait(self) -> None:
        """Wait until one that ends it has come; `reason` names it then."""
        self._told.wait()

    def _run(self) -> None:
        self.reason = self._next()
        self._told.set()
        self._next()
        os._exit(1)

    def _next(self) -> str:
        while True:
            (number,) = os.read(self._numbers, 1)
            if number in ENDING:
                return signal.Signals(number).name
            if number == signal.SIGHUP:
                with contained("reload"):
                    self._on_reload()
