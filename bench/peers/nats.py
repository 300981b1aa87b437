"""nats-server (Go): a message broker; a room is a subject."""

from pathlib import Path

from bench.build import missing_openssl
from bench.peers.base import InstalledPeer
from chat_server import dev_cert


class Nats(InstalledPeer):
    """nats-server with its limits lifted."""

    name = "nats-server"
    protocol = "nats"
    program = "nats-server"
    package = "nats-server"
    newer = True
    configuration = "nats-server.conf"
    flags = ("--config",)
    version_flag = "--version"


class NatsTls(Nats):
    """The same with TLS from the first byte on."""

    name = "nats-server, TLS"
    configuration = "nats-server-tls.conf"
    tls = True

    def missing(self) -> str:
        """Why it cannot run here; empty when it can."""
        return super().missing() or missing_openssl()

    def configure(self, directory: Path, port: int) -> Path:
        """Make a certificate, and write the configuration."""
        dev_cert.make(directory / "tls")
        return super().configure(directory, port)
