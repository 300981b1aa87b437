"""The example of docs/operations.md, with the HAProxy of this machine, if it has one."""

import contextlib
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.running import Running
from tests.docs.page import section
from tests.support.certificates import made
from tests.support.peer import PATIENCE, Address, Peer

#: Debian installs it where only root looks.
FOUND = shutil.which("haproxy", path=f"{Path('/usr/sbin')}:{Path('/usr/local/sbin')}") or shutil.which(
    "haproxy"
)
pytestmark = pytest.mark.skipif(FOUND is None, reason="this machine has no HAProxy")
#: HAProxy reserves memory for each connection that it may have: few are enough here.
HEAD = "global\n    maxconn 100\n"


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def proxy(server: Address, folder: Path) -> Iterator[Address]:
    """Run HAProxy with the page's configuration before a server; return where it listens."""
    port = free_port()
    (written,) = re.findall(r"```haproxy\n(.*?)```", section("docs/operations.md", "Proxies"), re.DOTALL)
    here = written.replace("bind :9443", f"bind 127.0.0.1:{port}")
    here = here.replace("192.0.2.20:9090", f"127.0.0.1:{server[1]}")
    assert here.count("127.0.0.1") == 2
    file = folder / "haproxy.cfg"
    file.write_text(HEAD + here)
    assert FOUND is not None
    checked = subprocess.run([FOUND, "-c", "-f", str(file)], capture_output=True, text=True, check=False)  # noqa: S603  # as above
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen([FOUND, "-db", "-f", str(file)], stderr=subprocess.DEVNULL)  # noqa: S603  # as above
    try:
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait(PATIENCE)


def reach(address: Address) -> Peer:
    """Connect as soon as somebody listens."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionRefusedError):
            return Peer(address)
    raise TimeoutError("HAProxy does not listen")


def test_the_server_sees_who_comes_through_haproxy(tmp_path: Path) -> None:
    """Two talk through it, a check keeps the proxy's own address, and no header is missing."""
    with (
        Running("--proxies", "127.0.0.1") as running,
        proxy(running.address, tmp_path) as address,
        reach(address) as ann,
        Peer(address) as bob,
    ):
        near = "{}:{}".format(*bob.socket.getsockname())
        ann.register("ann")
        bob.register("bob")
        ann.say("hello")
        bob.hear("hello")
    events = running.events()
    connected = {each["peer"]: each["proxy"] for each in events if each["event"] == "connected"}
    assert connected[near].startswith("127.0.0.1:")
    assert connected[near] != near
    assert "proxy_failed" not in {each["event"] for each in events}


def test_the_server_decrypts_what_comes_through_haproxy(tmp_path: Path) -> None:
    """The header stands before the TLS handshake, which goes through untouched."""
    files = ("--tls-cert", str(made() / "cert.pem"), "--tls-key", str(made() / "key.pem"))
    context = ssl.create_default_context(cafile=str(made() / "ca.pem"))
    with (
        Running("--proxies", "127.0.0.1", *files) as running,
        proxy(running.address, tmp_path) as address,
        reach(address).socket as sock,
    ):
        near = "{}:{}".format(*sock.getsockname())
        with context.wrap_socket(sock, server_hostname="localhost") as encrypted:
            encrypted.sendall(b'{"type":"EXIT"}\n')
            assert encrypted.makefile().read().endswith('"reason":"exit","text":"goodbye"}\n')
    assert near in [each.get("peer") for each in running.events()]
