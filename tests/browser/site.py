"""A server with a page, on ports that it keeps when it is started again."""

from tests.conformance.running import Running
from tests.support.peer import Peer, fresh


class Site:
    """A server for console clients and browsers."""

    def __init__(self, *flags: str) -> None:
        self._flags = flags
        self.endpoints = ["chat://127.0.0.1:0", "http://127.0.0.1:0"]
        self.running = self._start()
        self.endpoints = list(self.running.listening["endpoints"])

    @property
    def page(self) -> str:
        """The address of the page."""
        return f"{self.endpoints[1]}/"

    def peer(self, base: str = "peer") -> Peer:
        """Bring somebody who uses no browser."""
        peer = Peer(self.running.address)
        peer.register(fresh(base))
        return peer

    def kill(self) -> None:
        """Let it end without a word, as a crash does."""
        self.running.process.kill()
        self.running.wait()

    def start_again(self) -> None:
        """Start it again in the same place."""
        self.running = self._start()

    def close(self) -> None:
        """End it."""
        self.running.__exit__(None, None, None)

    def _start(self) -> Running:
        listen = [part for each in self.endpoints for part in ("--listen", each)]
        return Running(*listen, *self._flags)
