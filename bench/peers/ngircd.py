"""ngIRCd (C): an IRC server; a room is a channel."""

from bench.peers.base import InstalledPeer


class NgIrcd(InstalledPeer):
    """ngIRCd with its limits lifted."""

    name = "ngIRCd"
    protocol = "irc"
    # Its listen backlog is 10: more at once wait a second each for a lost SYN.
    handshakes = 8
    longest_text = 400
    program = "ngircd"
    package = "ngircd"
    configuration = "ngircd.conf"
    flags = ("--nodaemon", "--config")
    version_flag = "--version"
