"""What can be done to TLS from outside."""

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_protocol.tls import DATALESS_BYTES
from chat_server.config import Config
from tests.chat_server.net.support import wait_for
from tests.conformance.running import Running
from tests.security.table import row
from tests.support.certificates import client_context, made
from tests.support.key_updates import Rekeying
from tests.support.peer import PATIENCE, fresh

OPENSSL = shutil.which("openssl")


@contextlib.contextmanager
def member(running: Running) -> Iterator[ssl.SSLSocket]:
    """Bring somebody into the chat who must not notice anything; look at it in the end."""
    with (
        socket.create_connection(running.address, PATIENCE) as plain,
        client_context().wrap_socket(plain, server_hostname="localhost") as sock,
    ):
        sock.sendall(b'{"type":"REG_NAME","name":"%s"}\n' % fresh("member").encode())
        until(sock, b'"JOINED"')
        yield sock
        sock.sendall(b'{"type":"PING","ref":"unharmed"}\n')
        until(sock, b'"unharmed"')


def until(sock: socket.socket, wanted: bytes) -> bytes:
    """Read on until this has come."""
    received = b""
    while wanted not in received:
        data = sock.recv(1 << 16)
        assert data, received
        received += data
    return received


def rest(sock: socket.socket) -> bytes:
    """Read to the end, in order or not."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while data := sock.recv(1 << 16):
            received += data
    return received


def begun() -> bytes:
    """Return the first message of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    stream = client_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        stream.do_handshake()
    return outgoing.read()


@row(
    "a TLS handshake that stops",
    defence="ended in time, in a thread of its own",
    default=f"{Config.register_timeout / 2:g} s",
)
@pytest.mark.parametrize("size", [1, 5, 200, 10_000], ids=["a byte", "a head", "half a hello", "a hello"])
def test_a_tls_handshake_that_stops(encrypted: Running, size: int) -> None:
    """Wherever it stops; others get in and talk meanwhile."""
    with socket.create_connection(encrypted.address, PATIENCE) as sock, member(encrypted):
        sock.sendall(begun()[:size])
        assert b"REG_NAME" not in rest(sock)


@row("truncated TLS records", defence="what was cut is not taken, and only the peer itself can end TLS")
@pytest.mark.parametrize("cut", [1, 30], ids=["without its end", "a byte too few"])
def test_truncated_tls_records(encrypted: Running, cut: int) -> None:
    """Half a record, or half a line in whole records: nobody hears the half."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    stream = client_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(encrypted.address, PATIENCE) as sock, member(encrypted) as other:
        while outgoing is not None:
            try:
                stream.do_handshake()
                break
            except ssl.SSLWantReadError:
                sock.sendall(outgoing.read())
                incoming.write(sock.recv(1 << 16))
        name = fresh("cut").encode()
        stream.write(b'{"type":"REG_NAME","name":"%s"}\n{"type":"MSG","text":"one"}\n' % name)
        sock.sendall(outgoing.read())
        stream.write(b'{"type":"MSG","text":"pay 1')
        whole = outgoing.read()
        stream.write(b'00"}\n')
        sock.sendall(whole if cut == 1 else whole + outgoing.read()[:-1])
        sock.shutdown(socket.SHUT_WR)
        rest(sock)
        heard = until(other, b'"LEFT"')
    assert b'"text":"one"' in heard
    assert b"pay" not in heard


@row("TLS 1.2 renegotiation", defence="refused: a handshake is done once")
@pytest.mark.skipif(OPENSSL is None, reason="this machine has no openssl")
def test_tls_1_2_renegotiation(encrypted: Running) -> None:
    """`openssl s_client` asks for it, is told that there is none, and ends."""
    assert OPENSSL is not None
    address = "{}:{}".format(*encrypted.address)
    command = [OPENSSL, "s_client", "-connect", address, "-tls1_2", "-CAfile", str(made() / "ca.pem"), "-msg"]
    with (
        member(encrypted),
        subprocess.Popen(  # noqa: S603  # the system's own
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as client,
    ):
        assert client.stdin is not None
        assert client.stdout is not None
        told = b""
        while b'"REG_NAME"' not in told:
            told += os.read(client.stdout.fileno(), 1 << 16)
        client.stdin.write(b"R\n")
        client.stdin.flush()
        while data := os.read(client.stdout.fileno(), 1 << 16):
            told += data
    after = told.partition(b"RENEGOTIATING")[2]
    assert b"no_renegotiation" in after
    assert b"ServerHello" not in after


@row(
    "new TLS keys without end",
    defence="given up after so many bytes without data",
    default=f"{DATALESS_BYTES // 1024} KiB",
)
def test_new_tls_keys_without_end(encrypted: Running, tmp_path: Path) -> None:
    """In TLS 1.3 anybody may ask for them at any time, and it costs the other side more."""
    with socket.create_connection(encrypted.address, PATIENCE) as sock, member(encrypted):
        client = Rekeying(sock, tmp_path)
        flood = b"".join([client.request() for _ in range(2000)])
        with contextlib.suppress(ConnectionError):
            while True:
                sock.sendall(flood)
                flood = client.request()
        rest(sock)
    wait_for(lambda: "peer_reset" in {each.get("reason") for each in encrypted.events()})
