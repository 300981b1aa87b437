"""The loopback limit: a C loop that writes 64 KiB slices and does nothing else."""

from pathlib import Path

from bench import build
from bench.peers.base import AnnouncingPeer

CONNECTIONS = 100
TEXT_BYTES = 64


class Limit(AnnouncingPeer):
    """What no server can pass on this machine."""

    name = "loopback limit"
    protocol = "raw"

    def missing(self) -> str:
        """Say nothing: it is compiled like the generator."""
        return ""

    def version(self) -> str:
        """None of its own."""
        return ""

    def command(self, directory: Path, port: int) -> list[str]:  # noqa: ARG002  it needs no file and picks its port
        """One room of 100, 64 bytes."""
        return [str(build.limit()), str(CONNECTIONS), str(TEXT_BYTES)]
