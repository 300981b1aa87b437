"""InspIRCd (C++): an IRC server; a room is a channel."""

import os
from pathlib import Path

from bench.peers.base import InstalledPeer


class InspIrcd(InstalledPeer):
    """InspIRCd with its limits lifted."""

    name = "InspIRCd"
    protocol = "irc"
    longest_text = 400
    program = "inspircd"
    package = "inspircd"
    configuration = "inspircd.conf"
    flags = ("--nofork", "--nopid", "--nolog", "--config")
    version_flag = "--version"

    def command(self, directory: Path, port: int) -> list[str]:
        """Run it as root too, which it does only if told to."""
        root = [] if os.geteuid() else ["--runasroot"]
        path, *rest = super().command(directory, port)
        return [path, *root, *rest]
