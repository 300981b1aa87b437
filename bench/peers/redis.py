"""redis-server (C): a room is a channel of its pub/sub."""

from bench.peers.base import InstalledPeer


class Redis(InstalledPeer):
    """redis-server with its limits lifted, storing nothing."""

    name = "redis-server"
    protocol = "redis"
    program = "redis-server"
    package = "redis-server"
    configuration = "redis.conf"
    flags = ()
    version_flag = "--version"
