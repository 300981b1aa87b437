"""Installs what the benchmark needs, where that is allowed: as root, from the distribution's packages."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import build, node, testing
from bench.peers.base import UNPACKED, InstalledPeer, Peer
from bench.peers.websocket import Ws

COMPILER = ("gcc", "libc6-dev")
# Debian's packages ask this script whether a service may be started; 101 is no.
POLICY = Path("/usr/sbin/policy-rc.d")
APT = ("apt-get", "--quiet=2", "--option", "DPkg::Lock::Timeout=120")


def wanted(peers: Sequence[Peer], compiler: str | None) -> list[tuple[str, ...]]:
    """Name the packages that are missing, in groups of which each can do without the others."""
    groups: list[tuple[str, ...]] = [] if compiler else [COMPILER]
    groups += [("libssl-dev",)] if build.missing_openssl() else []
    groups += (
        [(each,) for each in node.missing_packages()] if any(isinstance(one, Ws) for one in peers) else []
    )
    return groups + [(peer.package,) for peer in peers if isinstance(peer, InstalledPeer) and not peer.path()]


@contextlib.contextmanager
def services_kept_down(policy: Path = POLICY) -> Iterator[None]:
    """Let no package start its service: the benchmark starts each server itself, when its turn comes."""
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


def apt(*words: str) -> bool:
    """Run apt-get, and say what it says only when it fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run([*APT, *words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"bench: apt-get {' '.join(words)}: {done.stderr.strip()[-500:]}", file=sys.stderr)
    return done.returncode == 0


def install(peers: Sequence[Peer]) -> None:
    """Install what is missing. What cannot be installed is left out later, by name."""
    if not os.geteuid() and shutil.which("apt-get"):
        unpack_newer(peers)
        install_packages(wanted(peers, shutil.which("cc")))
    install_libraries(peers)


def unpack_newer(peers: Sequence[Peer]) -> None:
    """Take from Debian's testing suite what the stable one has years old."""
    for peer in (one for one in peers if isinstance(one, InstalledPeer) and one.newer):
        if str(peer.path()).startswith(str(UNPACKED)):
            continue
        print(f"bench: unpacking {peer.package} of Debian's testing suite", file=sys.stderr)
        if not testing.unpack(peer.package):
            print(f"bench: that failed; {peer.package} comes from the stable suite", file=sys.stderr)


def install_packages(groups: Sequence[tuple[str, ...]]) -> None:
    """Install the distribution's packages, each group apart."""
    if not groups:
        return
    with services_kept_down():
        apt("update")
        for packages in groups:
            print(f"bench: installing {' '.join(packages)} with apt-get", file=sys.stderr)
            apt("install", "--yes", "--no-install-recommends", *packages)


def install_libraries(peers: Sequence[Peer]) -> None:
    """Bring the libraries that peers on Node use, which takes no root."""
    for peer in peers:
        if isinstance(peer, Ws) and not node.install(peer.library, peer.wanted):
            print(f"bench: npm could not bring {peer.library}", file=sys.stderr)
