"""Faults in another process: how it is started with them, how often they strike, how many did."""

import json
import socket
from collections import Counter
from collections.abc import Sequence


class Faults:
    """The faults of one process, which runs `tests.chaos.faulty`; calm until `strike`."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._control, self._theirs = socket.socketpair()

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The descriptors that the process must inherit."""
        return (self._theirs.fileno(),)

    def module(self, program: str) -> Sequence[str]:
        """Return what follows `python -m` for `server` or `client`, ahead of its own arguments."""
        return "tests.chaos.faulty", str(self._seed), str(self._theirs.fileno()), program

    def strike(self, rate: float) -> None:
        """Set how often faults strike: 0 is never, 1 is as `injection.PLACES` has it."""
        self._control.sendall(f"{rate}\n".encode())

    def struck(self) -> Counter[str]:
        """Return how many faults struck, by place, once the process has ended in order."""
        self._theirs.close()
        with self._control, self._control.makefile() as lines:
            return Counter(json.loads(lines.read() or "{}"))
