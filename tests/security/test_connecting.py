"""Peers that only connect, or speak something else."""

import contextlib
import resource
import socket
import threading
from collections.abc import Iterator

import pytest

from chat_server.config import Config
from tests.chat_server.net.support import wait_for
from tests.conformance.guests import Guests
from tests.conformance.running import Running
from tests.security.table import row
from tests.support.certificates import client_context
from tests.support.peer import PATIENCE, Address, Peer, fresh
from tests.support.proxying import header

SLOW = 500
HTTP = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HELLO = bytes.fromhex("16030100c5010000c10303") + b"\n" * 186
NAME = b'{"type":"REG_NAME","name":"ann"}\n'
V1 = b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"


@pytest.fixture
def descriptors() -> Iterator[None]:
    """Raise the soft limit of open files for the peers of a test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def answer(address: Address, said: bytes) -> bytes:
    """Say something to a port, and return all that it answers."""
    with socket.create_connection(address, PATIENCE) as sock:
        sock.sendall(said)
        received = b""
        with contextlib.suppress(ConnectionError):
            while data := sock.recv(1 << 16):
                received += data
        return received


@row(
    "slow registration by 500 at once",
    defence="a thread each; a time for the name; a bound on those without one",
    default=f"{Config.register_timeout:g} s, {Config.connections // 10}",
)
@pytest.mark.usefixtures("descriptors")
def test_slow_registration_by_500_at_once(hasty: Running) -> None:
    """Others get in and talk meanwhile; each of the 500 is told why it ends."""
    with contextlib.ExitStack() as all_:
        slow = [all_.enter_context(Peer(hasty.address)) for _ in range(SLOW)]
        for peer in slow:
            peer.raw(b'{"type":"REG')
        ann, bob = (all_.enter_context(Peer(hasty.address)) for _ in range(2))
        ann.register(fresh("ann"))
        bob.register(fresh("bob"))
        ann.say("still here")
        bob.hear("still here")
        assert {peer.bye() for peer in slow} == {"register_timeout"}
        bob.fence()


@row(
    "a peer that never pauses and gives no name",
    defence="its own thread ends it, whatever it sends",
    default=f"{Config.register_timeout:g} s",
)
@pytest.mark.parametrize("noise", [b"\n" * 65_536, b'{"type":"PING"}\n' * 4096], ids=["lines", "PING"])
def test_a_peer_that_never_pauses_and_gives_no_name(hasty: Running, noise: bytes) -> None:
    """So much is on its way at any moment that nobody ever finds it silent."""
    with socket.create_connection(hasty.address, PATIENCE) as sock:

        def read() -> None:
            with contextlib.suppress(OSError):
                while sock.recv(1 << 20):
                    pass

        reader = threading.Thread(target=read)
        reader.start()
        try:
            while reader.is_alive():
                sock.sendall(noise)
        except OSError:
            pass
        reader.join(PATIENCE)
    wait_for(lambda: "register_timeout" in {each.get("reason") for each in hasty.events()})


@row(
    "many connections from one address",
    defence="so many at once and a minute; a reason, and when to come back",
    default=f"{Config.connections_per_address} and {Config.connects_per_minute} a minute",
)
def test_many_connections_from_one_address() -> None:
    """The one too many is turned away; whoever is in goes on, and who goes makes room."""
    with Running("--exempt-networks", "none") as running:
        guests = Guests(running.address)
        peers = [guests() for _ in range(Config.connections_per_address)]
        late = guests.stranger()
        assert late.read()["reason"] == "address_full"
        peers[0].say("still here", ref="1")
        peers[1].hear("still here")
        peers[2].send("EXIT")
        peers[2].rest()
        opened = [guests.stranger().read() for _ in range(Config.connects_per_minute)]
        assert {each.get("reason") for each in opened} >= {None}
        assert opened[-1]["reason"] in {"address_full", "address_rate"}
        guests.leave()


@row(
    "HTTP, TLS and PROXY bytes where they do not belong",
    defence="known by their first bytes, ended, told why",
)
@pytest.mark.parametrize(
    ("port", "said", "told"),
    [
        ("chat", HTTP, b'"http_request"'),
        ("chat", HELLO, b'"tls_hello"'),
        ("chat", header("192.0.2.1"), b'"proxy_unexpected"'),
        ("chat", V1, b'"proxy_unexpected"'),
        ("tls", HTTP, b'"tls_expected"'),
        ("tls", NAME, b'"tls_expected"'),
        ("tls", header("192.0.2.1"), b'"proxy_unexpected"'),
        ("metrics", HELLO, b""),
        ("metrics", header("192.0.2.1") + HTTP, b""),
    ],
    ids=range(9),
)
def test_http_tls_and_proxy_bytes_where_they_do_not_belong(
    server: Running, encrypted: Running, port: str, said: bytes, told: bytes
) -> None:
    """No port takes what is another's, on the metrics port neither; the server serves on."""
    metrics = ("127.0.0.1", int(server.listening["metrics_port"]))
    address = {"chat": server.address, "tls": encrypted.address, "metrics": metrics}[port]
    received = answer(address, said)
    assert told in received
    assert b"200 OK" not in received
    assert server.metric("chat_threads_stuck") == 0
    with (
        socket.create_connection(encrypted.address, PATIENCE) as sock,
        client_context().wrap_socket(sock, server_hostname="localhost") as served,
    ):
        assert served.recv(1) == b"{"


@row("PROXY from a stranger", defence="only named proxies are believed", default="none are named")
@pytest.mark.parametrize("claim", [header("192.0.2.66"), V1], ids=["version 2", "version 1"])
@pytest.mark.parametrize("inside", [False, True], ids=["plain", "inside of TLS"])
def test_proxy_from_a_stranger(server: Running, encrypted: Running, claim: bytes, inside: bool) -> None:  # noqa: FBT001  # a case
    """The address in it is nowhere in the log; the connection is ended with a reason of its own."""
    running = encrypted if inside else server
    with socket.create_connection(running.address, PATIENCE) as plain, contextlib.ExitStack() as layers:
        sock = plain
        if inside:
            sock = layers.enter_context(client_context().wrap_socket(plain, server_hostname="localhost"))
        sock.sendall(claim + NAME)
        said = sock.makefile("rb").read()
    assert b'"reason":"proxy_unexpected"' in said
    assert b"WELCOME" not in said
    assert "192.0.2.66" not in "".join(running.lines)
