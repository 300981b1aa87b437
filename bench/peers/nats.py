"""nats-server (Go): a message broker; a room is a subject."""

from pathlib import Path

from bench.peers.base import InstalledPeer


class Nats(InstalledPeer):
    """nats-server with its limits lifted."""

    name = "nats-server"
    protocol = "nats"
    program = "nats-server"
    package = "nats-server"
    configuration = "nats-server.conf"
    version_flag = "--version"

    def command(self, directory: Path, port: int) -> list[str]:
        """Foreground, with the configuration beside this file."""
        return [self.path() or self.program, "--config", str(self.configure(directory, port))]
