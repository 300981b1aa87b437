"""nats-server (Go): a message broker; a room is a subject."""

from bench.peers.base import InstalledPeer


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
