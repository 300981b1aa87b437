"""TLS over the wire: who gets in, what the others are told, and certificates that change meanwhile."""

import contextlib
import json
import secrets
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from chat_protocol.reasons import CloseReason
from chat_protocol.tls import TlsStream
from chat_server import dev_cert
from chat_server.chat import names as keys
from chat_server.config import Config
from chat_server.errors import ConfigError
from chat_server.journal.memory import MemoryJournal
from chat_server.net.server import Server
from chat_server.net.tls import Certificates
from chat_server.store.base import Naming
from chat_server.values import Endpoint
from tests.chat_server.net.support import PATIENCE, frames, until, until_end, wait_for
from tests.support.certificates import client_context, client_files, made


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Start servers with TLS; they are stopped in the end."""
    servers: list[Server] = []

    def start(**settings: Any) -> Server:  # noqa: ANN401  # of many types
        files = {"tls_cert": str(made() / "cert.pem"), "tls_key": str(made() / "key.pem")}
        usual: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "profile": "trusted", "drain_timeout": 2.0}
        config = Config(**{**usual, **files, **settings})
        server = Server(config, MemoryJournal())
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


def connect(server: Server, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
    """Connect with TLS."""
    sock = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    try:
        return (context or client_context()).wrap_socket(sock, server_hostname="localhost")
    except BaseException:
        sock.close()
        raise


def register(server: Server, name: str, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
    """Connect with TLS and give a name."""
    sock = connect(server, context)
    sock.sendall(b'{"type":"REG_NAME","name":"%s"}\n' % name.encode())
    until(sock, b'"JOINED"')
    return sock


def plain(server: Server) -> socket.socket:
    """Connect without TLS."""
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE)


def test_a_message_goes_from_one_to_the_other(start: Callable[..., Server]) -> None:
    """As without TLS; and who leaves gets a BYE and the end."""
    server = start()
    with register(server, "ann") as ann, register(server, "bob") as bob:
        ann.sendall(b'{"type":"MSG","room":"lobby","text":"hello","ref":"1"}\n')
        assert b'"text":"hello"' in until(bob, b'"MSG"')
        assert b'"ref":"1"' in until(ann, b'"ACK"')
        bob.sendall(b'{"type":"EXIT"}\n')
        assert frames(until_end(bob))[-1]["reason"] == "exit"


@pytest.mark.parametrize("said", [b'{"type":"REG_NAME","name":"ann"}\n', b"GET / HTTP/1.1\r\n\r\n", b""])
def test_a_plain_peer_is_told_to_use_tls(start: Callable[..., Server], said: bytes) -> None:
    """In plain words and one line, also a peer that waits to be greeted; nothing it says is taken."""
    server = start(register_timeout=0.2 if not said else 10.0)
    with plain(server) as sock:
        sock.sendall(said)
        (bye,) = frames(until_end(sock))
    assert (bye["type"], bye["reason"]) == ("BYE", "tls_expected")
    assert "connect with it" in bye["text"]
    assert server.totals()[1].received == {}


def test_tls_on_a_plain_port_is_told_so(start: Callable[..., Server]) -> None:
    """The other way round, where one server has both: each port says what it speaks."""
    both = (Endpoint("chats", "127.0.0.1", 0), Endpoint("chat", "127.0.0.1", 0))  # a field
    server = start(listen=both)
    tls, unencrypted = (each.port for each in server.endpoints)
    with (
        socket.create_connection(("127.0.0.1", tls), PATIENCE) as sock,
        client_context().wrap_socket(sock, server_hostname="localhost") as encrypted,
    ):
        assert encrypted.recv(1) == b"{"
    with socket.create_connection(("127.0.0.1", unencrypted), PATIENCE) as sock:
        assert json.loads(sock.makefile().readline())["type"] == "REG_NAME"
        sock.sendall(b"\x16\x03\x01\x00\x05hello")
        assert frames(until_end(sock))[-1]["text"] == CloseReason.TLS_HELLO.text


@pytest.mark.parametrize("said", [b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
def test_a_handshake_that_stops_ends_in_time(start: Callable[..., Server], said: bytes) -> None:
    """And holds up nobody meanwhile: others get in, and talk."""
    server = start(register_timeout=1.0)
    with plain(server) as sock:
        sock.sendall(said)
        with register(server, "ann") as ann:
            ann.sendall(b'{"type":"PING","ref":"1"}\n')
            until(ann, b'"PONG"')
        assert until_end(sock) == b"", "there is no way to tell it anything"
    wait_for(lambda: server.totals()[1].closed[CloseReason.REGISTER_TIMEOUT] == 1)


def test_what_is_no_handshake_ends_it(start: Callable[..., Server]) -> None:
    """Random bytes after the first: one line in the log, and the reason is counted."""
    server = start()
    with capture_logs() as logged, plain(server) as sock:
        sock.sendall(b"\x16\x03\x01\x00\x20" + b"x" * 32)
        with contextlib.suppress(ConnectionError):
            while sock.recv(1 << 16):
                pass
        wait_for(lambda: server.totals()[1].closed[CloseReason.TLS_FAILED] == 1)
    assert [each["event"] for each in logged].count("tls_failed") == 1


def test_old_versions_are_refused(start: Callable[..., Server]) -> None:
    """TLS 1.1 is broken (RFC 8996)."""
    server = start()
    context = client_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLS"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLS"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError, match=r"(?i)protocol|version|reset"):
        connect(server, context)


def speak(sock: ssl.SSLSocket) -> None:
    """Say something long, and wait until it is delivered."""
    ref = secrets.token_hex(4).encode()
    sock.sendall(b'{"type":"MSG","room":"lobby","text":"%s","ref":"%s"}\n' % (b"x" * 8000, ref))
    until(sock, ref)


def test_a_slow_reader_is_cut_and_told(start: Callable[..., Server]) -> None:
    """What was begun is whole, the last line says why, and the others never wait."""
    server = start(send_queue_bytes=200_000, send_queue_soft_bytes=100_000)
    with register(server, "slow") as slow, register(server, "ann") as ann:
        (outbox, _) = (each.outbox for each in server.connections())
        while not outbox.lost:
            speak(ann)
        received = frames(until_end(slow))
    assert received[-1]["reason"] == "slow_consumer"
    ids = [each["id"] for each in received if each["type"] == "MSG"]
    assert ids == list(range(1, len(ids) + 1))


def test_who_reads_late_misses_nothing(start: Callable[..., Server]) -> None:
    """What the kernel did not take, encrypted or not, comes in order once the client reads on."""
    server = start()
    with register(server, "late") as late, register(server, "ann") as ann:
        count = 0
        while not sum(server.flusher.sizes()):
            speak(ann)
            count += 1
        ann.sendall(b'{"type":"MSG","room":"lobby","text":"the end"}\n')
        received = frames(until(late, b'"the end"'))
    ids = [each["id"] for each in received if each["type"] == "MSG"]
    assert ids == list(range(1, count + 2))


def hear(stream: TlsStream, wanted: int) -> list[tuple[str, int]]:
    """Read on until so many messages have come; return who said which number."""
    heard: list[tuple[str, int]] = []
    rest = b""
    while len(heard) < wanted:
        *lines, rest = (rest + stream.receive(1 << 14)).split(b"\n")
        said = [frame for frame in map(json.loads, lines) if frame["type"] == "MSG"]
        heard += [(frame["from"], int(frame["text"])) for frame in said]
    return heard


def test_many_talk_at_once(start: Callable[..., Server]) -> None:
    """Each sends and reads in two threads at once: nothing is lost, repeated or out of order."""
    server = start()
    people, messages = 8, 60
    names = [f"p{number}" for number in range(people)]
    seen: dict[str, list[tuple[str, int]]] = {}
    socks = [plain(server) for _ in names]
    streams = [TlsStream(sock, client_context(), "localhost", server=False) for sock in socks]
    for name, stream in zip(names, streams, strict=True):
        stream.handshake(PATIENCE)
        stream.send_all(b'{"type":"REG_NAME","name":"%s"}\n' % name.encode(), PATIENCE)
        while b'"JOINED"' not in stream.receive(1 << 14):
            pass

    def read(name: str, stream: TlsStream) -> None:
        seen[name] = hear(stream, (people - 1) * messages)

    readers = [threading.Thread(target=read, args=pair) for pair in zip(names, streams, strict=True)]
    for thread in readers:
        thread.start()
    for text in range(messages):
        for stream in streams:
            stream.send_all(b'{"type":"MSG","room":"lobby","text":"%d"}\n' % text, PATIENCE)
    for thread in readers:
        thread.join(PATIENCE * 3)
    for sock in socks:
        sock.close()
    for name in names:
        told = {other: [text for who, text in seen[name] if who == other] for other in names}
        assert told == {other: list(range(messages)) if other != name else [] for other in names}


def test_clients_may_have_to_show_a_certificate(start: Callable[..., Server]) -> None:
    """Who has none of that CA does not get in; who has one does."""
    server = start(tls_client_ca=str(made() / "cert.pem"))
    with pytest.raises(OSError, match=r"(?i)certificate|reset"), connect(server) as sock:
        sock.recv(1)
    assert server.totals()[1].received == {}


@pytest.mark.parametrize(
    ("names", "asked", "expected"),
    [
        (["ann"], '"name":""', b'"account":true'),
        (["ann"], '"name":"ANN"', b'"account":true'),
        (["ann"], '"name":"bob"', b'"auth_failed"'),
        (["ann", "bob"], '"name":""', b'"auth_failed"'),
        (["nobody"], '"name":""', b'"auth_failed"'),
    ],
)
def test_a_certificate_may_prove_an_account(
    start: Callable[..., Server], tmp_path: Path, names: list[str], asked: str, expected: bytes
) -> None:
    """That of its common name alone."""
    assert expected in _certified(start, tmp_path, names, asked, accounts=True)


def test_a_certificate_proves_nothing_by_itself(start: Callable[..., Server], tmp_path: Path) -> None:
    """Only if the operator says so."""
    assert b'"auth_failed"' in _certified(start, tmp_path, ["ann"], '"name":"ann"', accounts=False)


def _certified(
    start: Callable[..., Server], folder: Path, names: list[str], asked: str, *, accounts: bool
) -> bytes:
    """Return what a client with such a certificate is answered."""
    certificate = client_files(folder, *names)
    server = start(
        tls_client_ca=str(folder / "ca.pem"),
        access="accounts",
        journal=f"sqlite:{folder / 'chat.db'}",
        tls_client_accounts=accounts,
    )
    for name in ("ann", "bob"):
        naming = Naming(name, keys.key(name), keys.keys(name))
        assert server.hub.access.store.add(naming, "no hash") is not None
    context = client_context()
    context.load_cert_chain(certificate)
    with connect(server, context) as sock:
        until(sock, b"\n")
        sock.sendall(f'{{"type":"REG_NAME",{asked},"certificate":true}}\n'.encode())
        return until(sock, b"\n")


def copied(folder: Path) -> tuple[Path, Path]:
    """Return a certificate and key that may be changed."""
    for name in ("cert.pem", "key.pem"):
        shutil.copy(made() / name, folder / name)
    return folder / "cert.pem", folder / "key.pem"


def test_a_new_certificate_is_taken_without_dropping_anyone(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    """Who is there stays; who comes gets the new one."""
    cert, key = copied(tmp_path)
    server = start(tls_cert=str(cert), tls_key=str(key))
    assert server.certificates is not None
    with register(server, "ann") as ann:
        dev_cert.make(tmp_path / "new")
        shutil.copy(tmp_path / "new/key.pem", key)
        shutil.copy(tmp_path / "new/cert.pem", cert)
        with capture_logs() as logged:
            server.certificates.check()
            server.certificates.check()
        events = [each["event"] for each in logged]
        assert events.count("tls_reloaded") <= 1, "the server's own look may be first"
        assert "tls_reload_failed" not in events
        new = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        new.load_verify_locations(tmp_path / "new/ca.pem")
        with register(server, "bob", new) as bob:
            ann.sendall(b'{"type":"MSG","room":"lobby","text":"still here"}\n')
            until(bob, b"still here")


def test_a_bad_certificate_keeps_the_old(tmp_path: Path) -> None:
    """The log says what is wrong, once; the metric goes on with the one in force."""
    cert, key = copied(tmp_path)
    certificates = Certificates(str(cert), str(key))
    before = certificates.context
    cert.write_text("no certificate")
    with capture_logs() as logged:
        certificates.check()
        certificates.check()
        certificates.reload()
    assert [each["event"] for each in logged] == ["tls_reload_failed"] * 2, "and again when it is asked for"
    assert "no certificate with its key" in logged[0]["error"]
    assert certificates.context is before
    cert.unlink()
    with capture_logs() as logged:
        certificates.check()
    assert "cannot read" in logged[0]["error"]
    assert certificates.seconds_left(time.time()) / 86_400 == pytest.approx(dev_cert.VALID_DAYS, abs=1)


@pytest.mark.parametrize(
    ("cert", "key", "ca", "why"),
    [
        ("nowhere", "key.pem", "", "cannot read nowhere: No such file or directory; see --tls-cert"),
        ("cert.pem", "nowhere", "", "see --tls-key"),
        ("cert.pem", "key.pem", "nowhere", "see --tls-client-ca"),
        ("ca.pem", "key.pem", "", "no certificate with its key: key values mismatch"),
        ("key.pem", "key.pem", "", "no certificate with its key"),
        ("cert.pem", "key.pem", "key.pem", "no certificates of a CA"),
    ],
)
def test_files_that_are_no_good(cert: str, key: str, ca: str, why: str) -> None:
    """Each is named, with what to do."""
    folder = made()
    paths = [str(folder / each) if each.endswith(".pem") else each for each in (cert, key, ca)]
    with pytest.raises(ConfigError, match=why):
        Certificates(*paths)
