"""TlsStream: nothing is lost, torn or swapped, however little the kernel takes and whoever uses it."""

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.tls import DATALESS_BYTES, OWED_BYTES, WRITE_BYTES, TlsStream, waited
from tests.support.certificates import client_context, server_context
from tests.support.key_updates import Rekeying

#: Seconds after which a test fails that waits for another thread.
PATIENCE = 10.0


class Pair(NamedTuple):
    """Two ends, and the sockets below."""

    server: TlsStream
    client: TlsStream
    near: socket.socket
    far: socket.socket


def pair(
    server: ssl.SSLContext | None = None, client: ssl.SSLContext | None = None, buffer: int | None = None
) -> Pair:
    """Return two ends that have not agreed on anything yet."""
    near, far = socket.socketpair()
    if buffer is not None:
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
    return Pair(
        TlsStream(near, server or server_context(), server=True),
        TlsStream(far, client or client_context(), "localhost", server=False),
        near,
        far,
    )


def agree(ends: Pair) -> Pair:
    """Have both agree on keys."""
    thread = threading.Thread(target=ends.client.handshake, args=(PATIENCE,))
    thread.start()
    ends.server.handshake(PATIENCE)
    thread.join(PATIENCE)
    return ends


def close(ends: Pair) -> None:
    """Close the sockets."""
    ends.near.close()
    ends.far.close()


@pytest.fixture
def ends() -> Iterator[Pair]:
    """Return two ends that have agreed, of which the server's kernel takes little at once."""
    ends = agree(pair(buffer=4096))
    yield ends
    close(ends)


def read_all(stream: TlsStream, size: int, step: int = 1000) -> bytes:
    """Receive so many bytes."""
    received = b""
    while len(received) < size:
        data = stream.receive(min(step, size - len(received)))
        assert data, received
        received += data
    return received


def test_both_ways(ends: Pair) -> None:
    """What one sends, the other receives."""
    ends.server.send_all(b"to the client", PATIENCE)
    ends.client.send_all(b"to the server", PATIENCE)
    assert ends.client.receive(100) == b"to the client"
    assert ends.server.receive(100) == b"to the server"


def test_a_little_at_a_time(ends: Pair) -> None:
    """Who asks for few bytes gets few, and the rest after that."""
    ends.server.send_all(b"abcdef", PATIENCE)
    assert [ends.client.receive(4), ends.client.receive(4)] == [b"abcd", b"ef"]


def test_what_the_kernel_does_not_take_is_owed(ends: Pair) -> None:
    """The error tells how much is taken, nothing more is until that is sent, and `flush` sends it."""
    data = bytes(range(256)) * (WRITE_BYTES // 128)
    with pytest.raises(BlockingIOError) as first:
        ends.server.send(data)
    assert first.value.characters_written == WRITE_BYTES
    assert ends.server.owed > 0
    with pytest.raises(BlockingIOError) as second:
        ends.server.send(data)
    assert second.value.characters_written == 0
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(read_all(ends.client, WRITE_BYTES)))
    reader.start()
    while ends.server.flush():
        assert waited(ends.near, select.POLLOUT, PATIENCE)
    reader.join(PATIENCE)
    assert received == [data[:WRITE_BYTES]]
    assert ends.server.owed == 0


@given(st.lists(st.binary(min_size=1, max_size=40_000), min_size=1, max_size=6), st.integers(1, 20_000))
def test_pieces_arrive_in_their_order(pieces: list[bytes], step: int) -> None:
    """However they are cut, in both directions at once, by two threads on each end."""
    ends = agree(pair(buffer=4096))
    whole = b"".join(pieces)
    received: dict[str, bytes] = {}

    def speak(stream: TlsStream) -> None:
        for piece in pieces:
            stream.send_all(piece, PATIENCE)

    def hear(name: str, stream: TlsStream) -> None:
        received[name] = read_all(stream, len(whole), step)

    threads = [
        threading.Thread(target=speak, args=(ends.server,)),
        threading.Thread(target=speak, args=(ends.client,)),
        threading.Thread(target=hear, args=("client", ends.client)),
        threading.Thread(target=hear, args=("server", ends.server)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    close(ends)
    assert received == {"client": whole, "server": whole}


def test_several_pieces_go_at_once(ends: Pair) -> None:
    """As far as one call encrypts."""
    assert ends.client.send_pieces([b"one ", memoryview(b"two")]) == len(b"one two")
    assert ends.server.receive(100) == b"one two"
    with pytest.raises(BlockingIOError) as blocked:
        ends.server.send_pieces([b"x" * WRITE_BYTES, b"never looked at"])
    assert blocked.value.characters_written == WRITE_BYTES


def test_nothing_is_sent_before_the_handshake() -> None:
    """Not even encrypted with keys that nobody has checked yet."""
    ends = pair()
    with pytest.raises(ConnectionError, match="handshake"):
        ends.client.send(b"secret")
    close(ends)


def test_a_handshake_that_stops_ends_in_time() -> None:
    """A peer that says nothing, or half of it."""
    ends = pair()
    with pytest.raises(TimeoutError):
        ends.server.handshake(0.01)
    ends.far.send(b"\x16\x03\x01\x02\x00")
    with pytest.raises(TimeoutError):
        ends.server.handshake(0.01)
    close(ends)


def test_the_end_that_the_peer_tells(ends: Pair) -> None:
    """What came before it is received first; then `receive` and `decrypted` find the end."""
    ends.client.send_all(b"last", PATIENCE)
    ends.client.close_notify()
    assert ends.server.receive(100) == b"last"
    assert ends.server.receive(100) == b""
    assert ends.server.decrypted() == b""


def test_a_connection_that_is_cut_is_no_end(ends: Pair) -> None:
    """Or anybody in between could cut a message short, unseen (RFC 8446, 6.1)."""
    ends.client.send_all(b"half a mess", PATIENCE)
    ends.far.shutdown(socket.SHUT_WR)
    assert ends.server.receive(100) == b"half a mess"
    with pytest.raises(ConnectionAbortedError):
        ends.server.receive(100)
    ends.server.send_all(b"but you are told", PATIENCE)
    assert ends.client.receive(100) == b"but you are told"


def test_nothing_is_owed_to_a_peer_that_has_gone(ends: Pair) -> None:
    """Or whoever waits until all is sent would wait in vain."""
    with pytest.raises(BlockingIOError):
        ends.server.send(b"x" * WRITE_BYTES)
    ends.far.close()
    with pytest.raises(ConnectionError):
        ends.server.flush()
    assert ends.server.owed == 0


def test_who_polls_takes_what_is_there(ends: Pair) -> None:
    """`take` and `decrypted` give whole records, none for half of one, and all of several."""
    assert ends.client.decrypted() is None
    ends.server.send_all(b"one", PATIENCE)
    ends.server.send_all(b"two", PATIENCE)
    ends.client.take()
    assert ends.client.decrypted() == b"onetwo"
    assert ends.client.unread() == 0


def test_a_record_that_is_forged_ends_it(ends: Pair) -> None:
    """Whatever was received before stays right."""
    ends.far.send(b"\x17\x03\x03\x00\x20" + b"x" * 32)
    with pytest.raises(ssl.SSLError):
        ends.server.receive(100)


def test_send_all_gives_up_on_a_peer_that_does_not_read(ends: Pair) -> None:
    """After so long without room."""
    with pytest.raises(TimeoutError):
        ends.server.send_all(b"x" * 10 * WRITE_BYTES, 0.01)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions(version: ssl.TLSVersion) -> None:
    """1.2 as well as 1.3."""
    context = client_context()
    context.maximum_version = version
    ends = agree(pair(client=context))
    ends.server.send_all(b"hello", PATIENCE)
    assert ends.client.receive(100) == b"hello"
    close(ends)


def test_a_certificate_that_is_not_trusted() -> None:
    """The client ends it, and the server is told why."""
    ends = pair(client=ssl.create_default_context())
    errors: list[Exception] = []

    def refuse() -> None:
        try:
            ends.client.handshake(PATIENCE)
        except ssl.SSLError as error:
            errors.append(error)

    thread = threading.Thread(target=refuse)
    thread.start()
    with pytest.raises(ssl.SSLError, match=r"(?i)unknown.ca"):
        ends.server.handshake(PATIENCE)
    thread.join(PATIENCE)
    assert isinstance(errors[0], ssl.SSLCertVerificationError)
    close(ends)


def rekeying(folder: Path) -> tuple[TlsStream, Rekeying, socket.socket, socket.socket]:
    """Return a server's end, and a client that may ask for new keys."""
    near, far = socket.socketpair()
    server = TlsStream(near, server_context(), server=True)
    thread = threading.Thread(target=server.handshake, args=(PATIENCE,))
    thread.start()
    client = Rekeying(far, folder)
    thread.join(PATIENCE)
    return server, client, near, far


def test_new_keys_may_be_asked_for(tmp_path: Path) -> None:
    """Now and then, as RFC 8446 has it: what is said before and after arrives."""
    server, client, near, far = rekeying(tmp_path)
    with near, far:
        for _ in range(50):
            far.sendall(client.request() + client.data(b"hello"))
            assert server.receive(100) == b"hello"


def test_a_peer_that_only_asks_for_new_keys_is_given_up(tmp_path: Path) -> None:
    """It would keep a thread busy for ever, and never be heard: `receive` has nothing to return."""
    server, client, near, far = rekeying(tmp_path)
    with near, far:
        flood = b"".join([client.request() for _ in range(4000)])
        assert len(flood) > 2 * DATALESS_BYTES

        def send() -> None:
            far.sendall(flood)
            far.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=send)
        thread.start()
        with pytest.raises(ConnectionAbortedError, match="new keys"):
            server.receive(100)
        while near.recv(1 << 16):
            pass
        thread.join(PATIENCE)


def test_a_peer_that_reads_no_answer_is_given_up(tmp_path: Path) -> None:
    """Each request is answered; with data between them they go on for as long as the answers have room."""
    server, client, near, far = rekeying(tmp_path)
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with near, far:

        def ask() -> None:
            while True:
                far.sendall(client.request() + client.data(b"x"))
                assert server.receive(100) == b"x"

        with pytest.raises(ConnectionAbortedError, match="new keys"):
            ask()
        assert OWED_BYTES < server.owed < OWED_BYTES + 1000
