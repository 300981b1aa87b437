"""Installs what the benchmark needs, where that is allowed: as root, from the distribution's packages."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import build, testing
from bench.peers.base import UNPACKED, InstalledPeer, Peer

COMPILER = ("gcc", "libc6-dev")
# Debian's packages ask this script whether a service may be started; 101 is no.
POLICY = Path("/usr/sbin/policy-rc.d")
APT = ("apt-get", "--quiet=2", "--option", "DPkg::Lock::Timeout=120")


def wanted(peers: Sequence[Peer], compiler: str | None) -> list[tuple[str, ...]]:
    """Name the packages that are missing, in groups of which each can do without the others."""
    groups: list[tuple[str, ...]] = [] if compiler else [COMPILER]
    groups += [("libssl-dev",)] if build.missing_openssl() else []
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
        for peer in peers:
            if (
                isinstance(peer, InstalledPeer)
                and peer.newer
                and not str(peer.path()).startswith(str(UNPACKED))
            ):
                print(f"bench: unpacking {peer.package} of Debian's testing suite", file=sys.stderr)
                if not testing.unpack(peer.package):
                    print(f"bench: that failed; {peer.package} comes from the stable suite", file=sys.stderr)
    groups = wanted(peers, shutil.which("cc"))
    if not groups or os.geteuid() or not shutil.which("apt-get"):
        return
    with services_kept_down():
        apt("update")
        for packages in groups:
            print(f"bench: installing {' '.join(packages)} with apt-get", file=sys.stderr)
            apt("install", "--yes", "--no-install-recommends", *packages)
