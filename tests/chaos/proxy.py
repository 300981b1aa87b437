"""A TCP proxy that does to connections what networks do: delay, pieces, cuts, resets, silence."""

import contextlib
import enum
import random
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.peer import Address


class Fate(enum.Enum):
    """What becomes of a connection when it has carried so many bytes."""

    NONE = "nothing"
    CUT = "closed"
    RESET = "reset"
    SILENCE = "open, but nothing passes any more"


@dataclass(frozen=True)
class Plan:
    """One connection's faults: seconds of delay and bytes of each piece (0 is as it comes), then its fate."""

    delay: float = 0.0
    piece: int = 0
    fate: Fate = Fate.NONE
    after: int = 0


def draw(source: random.Random) -> Plan:
    """Draw a plan; most connections get some way before they end, somewhere within a frame."""
    return Plan(
        delay=source.choice((0.0, 0.0, 0.001, 0.02)),
        piece=source.choice((0, 0, 7, 100)),
        fate=source.choice((Fate.CUT, Fate.CUT, Fate.RESET, Fate.SILENCE)),
        after=int(source.expovariate(1 / 30_000)),
    )


class FaultProxy:
    """Listens on a port of its own and carries each connection to `target`, as its plan says.

    A connection's plan counts the bytes of both directions together. `stop` ends everything.
    """

    def __init__(self, target: Callable[[], Address], plan: Callable[[], Plan]) -> None:
        self._target = target
        self._plan = plan
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: Address = self._listener.getsockname()[:2]
        self.stopping = threading.Event()
        # Guards _plan, _carriers and ended.
        self._lock = threading.Lock()
        self._carriers: list[_Carrier] = []
        self.ended: dict[Fate, int] = dict.fromkeys(Fate, 0)
        self._thread = threading.Thread(target=self._accept, name="proxy")
        self._thread.start()

    def stop(self) -> None:
        """Close all connections and end all threads."""
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept, as close would not
        self._thread.join()
        self._listener.close()
        for carrier in self._carriers:
            carrier.end()

    def calm(self) -> None:
        """Cut all connections there are, and do no harm to those that come."""
        with self._lock:
            self._plan = Plan
            carriers = list(self._carriers)
        for carrier in carriers:
            carrier.shut()

    def count(self, fate: Fate) -> None:
        """Count that a connection met its fate."""
        with self._lock:
            self.ended[fate] += 1

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._target(), 5)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._carriers.append(_Carrier(self, near, far, self._plan()))


class _Carrier:
    """One connection: a thread for each direction."""

    def __init__(self, proxy: FaultProxy, near: socket.socket, far: socket.socket, plan: Plan) -> None:
        self._proxy = proxy
        self._sockets = (near, far)
        self._plan = plan
        # Guards _left and _met.
        self._lock = threading.Lock()
        self._left = plan.after
        self._met = False
        for each in self._sockets:
            each.settimeout(None)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._threads = [
            threading.Thread(target=self._carry, args=way, name="carrier")
            for way in ((near, far), (far, near))
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Close both sockets and end both threads."""
        self.shut()
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(self._plan.piece or 65536):
                if self._plan.delay:
                    self._proxy.stopping.wait(self._plan.delay)
                allowed = self._allowed(len(data))
                if allowed:
                    sink.sendall(data[:allowed])
                if allowed < len(data):
                    self._meet()
                    return
        if not self._met:
            self.shut()

    def _allowed(self, size: int) -> int:
        """Return how many of these bytes may pass."""
        if self._plan.fate is Fate.NONE:
            return size
        with self._lock:
            allowed = min(size, self._left)
            self._left -= allowed
            return allowed

    def _meet(self) -> None:
        """Let the connection meet its fate, once."""
        with self._lock:
            if self._met:
                return
            self._met = True
        self._proxy.count(self._plan.fate)
        if self._plan.fate is Fate.RESET:
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RD)  # wakes the other thread from recv, as close would not
                # Lingering for 0 s makes the close a reset (socket(7)).
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.close()
        elif self._plan.fate is Fate.CUT:
            self.shut()

    def shut(self) -> None:
        """Cut it."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
