"""A server with its journal in a file, and an operator's shells beside it."""

import http.client
import signal
import subprocess
import sys
from pathlib import Path

from tests.conformance.running import ROOT, Running
from tests.support.peer import PATIENCE, Peer


class Operated:
    """A server with its journal in a file, shells beside it, and people."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.journal = f"sqlite:{folder}/chat.db"
        self.socket = folder / "chat.db-admin"
        self._flags = ("--journal", self.journal, "--exempt-networks", "none", *flags)
        self._peers: list[Peer] = []
        self.running = Running(*self._flags)

    def shell(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Return what came of a command."""
        return subprocess.run(  # noqa: S603  # the project's own command
            [sys.executable, "-m", "chat_server", *arguments, "--journal", self.journal],
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )

    def admin(self, *arguments: str) -> str:
        """Return what an admin command shows, which must do well."""
        done = self.shell("admin", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stranger(self) -> Peer:
        """Return a connection that has said nothing."""
        peer = Peer(self.running.address)
        self._peers.append(peer)
        return peer

    def come(self, name: str, **fields: object) -> Peer:
        """Bring somebody in."""
        peer = self.stranger()
        peer.register(name, **fields)
        peer.fence()
        return peer

    def refused(self, name: str, **fields: object) -> dict[str, object]:
        """Return the error that somebody gets instead of a WELCOME."""
        peer = self.stranger()
        peer.until("REG_NAME")
        peer.send("REG_NAME", name=name, **fields)
        return peer.until("ERROR")

    def restart(self, number: int = signal.SIGTERM) -> None:
        """End the server by a signal, and start another."""
        self.leave()
        self.running.process.send_signal(number)
        self.running.wait()
        self.running = Running(*self._flags)

    def ready(self) -> int:
        """Return the status of /readyz."""
        asked = http.client.HTTPConnection(
            "localhost", self.running.listening["metrics_port"], timeout=PATIENCE
        )
        asked.request("GET", "/readyz")
        status = asked.getresponse().status
        asked.close()
        return status

    def leave(self) -> None:
        """Close all connections."""
        for peer in self._peers:
            peer.close()
        self._peers.clear()

    def stop(self) -> None:
        """End it all; nothing is left but files."""
        self.leave()
        self.running.process.terminate()
        assert self.running.wait() == 0
        assert not self.socket.exists()
