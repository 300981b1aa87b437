"""The fault proxy does what its plans say, and nothing else."""

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.chaos.proxy import Fate, FaultProxy, Plan, draw


@contextmanager
def connection(plan: Plan) -> Iterator[tuple[socket.socket, socket.socket, FaultProxy, socket.socket]]:
    """Yield both ends of a connection through a proxy with this plan, the proxy, and what it leads to."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        proxy = FaultProxy(lambda: listener.getsockname()[:2], lambda: plan)
        stack.callback(proxy.stop)
        near = stack.enter_context(socket.create_connection(proxy.address, 10))
        far, _ = listener.accept()
        stack.enter_context(far)
        far.settimeout(10)
        yield near, far, proxy, listener


def read(sock: socket.socket, size: int) -> bytes:
    """Read so many bytes, or what comes before the end."""
    data = b""
    while len(data) < size and (received := sock.recv(size - len(data))):
        data += received
    return data


@pytest.mark.parametrize("plan", [Plan(), Plan(piece=3), Plan(delay=0.001, piece=100)])
def test_everything_passes_in_order_both_ways(plan: Plan) -> None:
    """Late or in pieces, but whole."""
    data = random.Random(1).randbytes(500)
    with connection(plan) as (near, far, *_):
        near.sendall(data)
        assert read(far, 500) == data
        far.sendall(data)
        assert read(near, 500) == data


def test_a_close_passes() -> None:
    """Whoever ends the connection, the other side sees its end."""
    with connection(Plan()) as (near, far, *_):
        near.close()
        assert far.recv(1) == b""


def test_a_cut_lets_so_many_bytes_pass_and_ends_both_sides() -> None:
    """In the middle of what was sent."""
    with connection(Plan(fate=Fate.CUT, after=4)) as (near, far, proxy, _):
        near.sendall(b"abcdefgh")
        assert read(far, 8) == b"abcd"
        assert read(near, 1) == b""
        assert proxy.ended[Fate.CUT] == 1


def test_a_reset_is_one() -> None:
    """Both sides get ECONNRESET, not an end."""
    with connection(Plan(fate=Fate.RESET)) as (near, far, *_):
        near.sendall(b"abcd")
        for side in (near, far):
            with pytest.raises(ConnectionResetError):
                side.recv(1)


def test_silence_keeps_both_sides_open() -> None:
    """Nothing comes through any more, and no end either: as when a cable is pulled."""
    with connection(Plan(fate=Fate.SILENCE, after=2)) as (near, far, proxy, _):
        near.sendall(b"abcd")
        assert read(far, 2) == b"ab"
        far.sendall(b"efgh")
        for side in (near, far):
            side.settimeout(0.05)
            with pytest.raises(TimeoutError):
                side.recv(1)
        assert proxy.ended[Fate.SILENCE] == 1


def test_calm_ends_what_is_there_and_harms_no_other() -> None:
    """A connection made after it gets through whole."""
    with connection(Plan(fate=Fate.CUT, after=4)) as (near, far, proxy, listener):
        near.sendall(b"a")
        assert far.recv(1) == b"a"
        proxy.calm()
        assert near.recv(1) == far.recv(1) == b""
        with socket.create_connection(proxy.address, 10) as other:
            passed, _ = listener.accept()
            with passed:
                other.sendall(b"abcdefgh")
                assert read(passed, 8) == b"abcdefgh"


def test_one_seed_draws_the_same_plans() -> None:
    """So that a run can be made again."""
    first, second = ([draw(random.Random(seed)) for _ in range(20)] for seed in (1, 1))
    assert first == second
    assert {draw(random.Random(seed)).fate for seed in range(50)} == set(Fate) - {Fate.NONE}
