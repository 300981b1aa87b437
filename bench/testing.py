"""Takes a package from Debian's testing suite without installing it: unpacked below build/bench."""

import subprocess
import tempfile
from pathlib import Path

from bench.peers.base import UNPACKED

#: Prints the address of each repository that this machine uses, and its suite.
TARGETS = ("apt-get", "indextargets", "--format", "$(REPO_URI) $(SITE) $(RELEASE)", "Created-By: Packages")


def repository(listed: str) -> str | None:
    """Return the address of the main archive among the repositories that are in use; none without it."""
    for line in listed.splitlines():
        address, *_ = line.split()
        if address.rstrip("/").endswith("/debian"):
            return address
    return None


def unpack(package: str) -> bool:
    """Unpack the package below `UNPACKED`; return whether that was possible."""
    address = repository(_output(*TARGETS))
    if address is None:
        return False
    UNPACKED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder, "sources.list")
        sources.write_text(f"deb {address} testing main\n")
        lists = Path(folder, "lists/partial")
        lists.mkdir(parents=True)
        options = (
            *("-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-"),
            *("-o", f"Dir::State::lists={lists.parent}", "-o", "APT::Sandbox::User=root"),
        )
        return (
            _done("apt-get", *options, "--quiet=2", "update", cwd=folder)
            and _done("apt-get", *options, "--quiet=2", "download", package, cwd=folder)
            and all(_done("dpkg-deb", "-x", str(each), str(UNPACKED)) for each in Path(folder).glob("*.deb"))
        )


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def _done(*command: str, cwd: str | None = None) -> bool:
    return subprocess.run(command, cwd=cwd, capture_output=True, check=False).returncode == 0
