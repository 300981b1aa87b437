"""ClientConnection: its thread's body is run inline, on a pair of sockets."""

import dataclasses
import json
import os
import socket
import threading
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from chat_protocol.messages import RegName
from chat_protocol.reasons import CloseReason
from chat_server.chat.hub import Hub
from chat_server.net import connection as module
from chat_server.net import linger as linger_module
from chat_server.net.connection import ClientConnection
from chat_server.net.dialects import jsonlines
from chat_server.stream.frames import Frames
from tests.chat_server.net.support import PATIENCE, Stage, frames, reset, tcp_pair, until_end

REGISTER = b'{"type":"REG_NAME","name":"ann"}\n'


@pytest.fixture(autouse=True)
def _ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a connection that ends wait but a moment for a peer that reads later."""
    monkeypatch.setattr(linger_module, "ARRIVAL_STEP_SECONDS", (0.002,))


def converse(stage: Stage, *sent: bytes) -> tuple[ClientConnection, list[dict[str, Any]]]:
    """Send all this and the end of the stream, run the connection, and return what the peer reads."""
    connection, far = stage.connection()
    for each in sent:
        far.sendall(each)
    far.shutdown(socket.SHUT_WR)
    connection.run()
    return connection, frames(until_end(far))


def begin(stage: Stage, *sent: bytes) -> tuple[ClientConnection, socket.socket]:
    """Run a connection in its thread; return it once it has answered a PING."""
    connection, far = stage.connection()
    connection.thread.start()
    for each in sent:
        far.sendall(each)
    far.sendall(b'{"type":"PING","ref":"begun"}\n')
    received = b""
    while b'"begun"' not in received:
        received += far.recv(1 << 16)
    return connection, far


def kinds(received: list[dict[str, Any]]) -> list[str]:
    """Return the types of frames."""
    return [each["type"] for each in received]


def test_a_life_from_greeting_to_bye(stage: Stage) -> None:
    """The server speaks first; each line is performed; the end of the stream is answered with a BYE."""
    connection, received = converse(stage, REGISTER, b'{"type":"PING"}\n')
    assert kinds(received) == ["REG_NAME", "WELCOME", "JOINED", "PONG", "BYE"]
    assert received[-1] == {
        "type": "BYE",
        "reason": "peer_closed",
        "text": CloseReason.PEER_CLOSED.text,
    }
    assert connection.reason == "peer_closed"
    assert connection.outbox.fileno() == -1


def test_a_line_that_the_server_cuts_short_is_no_bad_line(stage: Stage) -> None:
    """Whoever is ended in the middle of one is told why; and half of it is not taken."""
    connection, far = begin(stage, REGISTER)
    far.sendall(b'{"type":"MSG","text":"h')
    while connection.bytes_received < len(REGISTER) + 30 + 23:
        os.sched_yield()
    connection.end(CloseReason.SESSION_REPLACED)
    received = frames(until_end(far))
    connection.thread.join(PATIENCE)
    assert [(each["type"], each["reason"]) for each in received] == [("BYE", "session_replaced")]
    assert dict(connection.conversation.errors) == {}


def test_it_leaves_no_ghost(stage: Stage) -> None:
    """Afterwards nobody of that name is here."""
    converse(stage, REGISTER)
    assert stage.hub.counts() == (0, 1)
    converse(stage, REGISTER)


def test_the_server_hears_of_the_end_once() -> None:
    """`on_closed` is called a single time, when the descriptor is closed."""
    closed: list[int] = []
    stage = Stage(lambda connection: closed.append(connection.outbox.fileno()))
    converse(stage, REGISTER, b'{"type":"EXIT"}\n')
    assert closed == [-1]
    stage.close()


@pytest.mark.parametrize("cut", range(1, 40, 6))
def test_lines_may_be_cut_anywhere(stage: Stage, cut: int) -> None:
    """Two packets that meet in the middle of a line make the same conversation."""
    data = REGISTER + b'{"type":"PING","ref":"p"}\n'
    connection, far = stage.connection()
    connection.thread.start()
    far.sendall(data[:cut])
    far.sendall(data[cut:])
    far.shutdown(socket.SHUT_WR)
    assert kinds(frames(until_end(far))) == ["REG_NAME", "WELCOME", "JOINED", "PONG", "BYE"]
    connection.thread.join(PATIENCE)


def test_more_than_one_read_at_a_time(stage: Stage) -> None:
    """Thousands of bytes, read first in small and then in large pieces, are all taken."""
    stage.flusher.start()
    connection, far = stage.connection()
    connection.thread.start()
    far.sendall(REGISTER + b'{"type":"PING"}\n' * 5000)
    far.shutdown(socket.SHUT_WR)
    assert kinds(frames(until_end(far))).count("PONG") == 5000
    connection.thread.join(PATIENCE)
    assert connection.bytes_received == len(REGISTER) + 16 * 5000
    assert connection.conversation.received["PING"] == 5000


def test_a_last_line_without_its_end_counts(stage: Stage) -> None:
    """What stood complete before the end of the stream is a message."""
    _, received = converse(stage, REGISTER, b'{"type":"PING","ref":"last"}')
    assert received[-2] == {"type": "PONG", "ref": "last"}


def test_what_comes_after_exit_is_not_performed(stage: Stage) -> None:
    """EXIT ends the conversation, also in the middle of a packet."""
    connection, received = converse(stage, REGISTER + b'{"type":"EXIT"}\n{"type":"PING"}\n')
    assert kinds(received) == ["REG_NAME", "WELCOME", "JOINED", "BYE"]
    assert connection.reason == "exit"


@pytest.mark.parametrize(
    ("first", "reason"),
    [(b"GET / HTTP/1.1\r\n\r\n", "http_request"), (b"\x16\x03\x01\x02\x00\x01\x00", "tls_hello")],
)
def test_another_protocol_is_told_so(stage: Stage, first: bytes, reason: str) -> None:
    """No ERROR for each of its lines, but one BYE."""
    connection, received = converse(stage, first)
    assert kinds(received) == ["REG_NAME", "BYE"]
    assert (received[-1]["reason"], connection.reason) == (reason, reason)


def test_a_long_line_is_answered_once(stage: Stage) -> None:
    """One ERROR, whether its end comes or not, and the next line counts again."""
    connection, received = converse(stage, REGISTER, b"x" * 40_000, b'\n{"type":"PING"}\n')
    assert kinds(received) == ["REG_NAME", "WELCOME", "JOINED", "ERROR", "PONG", "BYE"]
    assert connection.conversation.errors == {"line_too_long": 1}


def test_a_line_that_never_ends_ends_the_connection(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the bound it is given up with a reason, after one ERROR."""
    monkeypatch.setattr(jsonlines, "ENDLESS_BYTES", 30_000)
    connection, received = converse(stage, REGISTER, b"x" * 90_000)
    assert kinds(received) == ["REG_NAME", "WELCOME", "JOINED", "ERROR", "BYE"]
    assert connection.reason == "line_too_long"


def test_errors_are_logged_once_for_each_code(stage: Stage) -> None:
    """A peer that goes on being wrong cannot fill the log."""
    with capture_logs() as logs:
        converse(stage, REGISTER, b"bad\n" * 20 + b'{"type":"X"}\n' * 20 + b"bad\n" * 20)
    errors = [each["code"] for each in logs if each["event"] == "protocol_error"]
    assert errors == ["bad_json", "unknown_type"]


def test_its_steps_are_logged_in_order(stage: Stage) -> None:
    """One line a step, and the last one sums up."""
    with capture_logs() as logs:
        connection, received = converse(stage, REGISTER)
    assert [each["event"] for each in logs] == ["connected", "registered", "joined", "left", "disconnected"]
    sent = sum(len(json.dumps(each, separators=(",", ":"))) + 1 for each in received)
    assert logs[-1] == {
        "event": "disconnected",
        "log_level": "info",
        "reason": "peer_closed",
        "seconds": 0.0,
        "messages_received": 1,
        "bytes_received": len(REGISTER),
        "bytes_sent": sent,
    }
    assert connection.outbox.sent == sent


def test_end_wakes_a_reading_thread(stage: Stage) -> None:
    """A connection that hears nothing ends at once when it is told to, with that reason."""
    connection, far = begin(stage, REGISTER)
    connection.end(CloseReason.SERVER_SHUTDOWN)
    connection.end(CloseReason.PING_TIMEOUT)
    far.shutdown(socket.SHUT_WR)
    assert frames(until_end(far))[-1]["reason"] == "server_shutdown"
    connection.thread.join(PATIENCE)
    assert connection.reason == "server_shutdown"


def test_a_reset_ends_it_in_order(stage: Stage) -> None:
    """A broken connection is a reason like the others, and no exception comes out."""
    near, far = tcp_pair()
    connection, _ = stage.connection((near, far))
    reset(far)
    with capture_logs() as logs:
        connection.run()
    assert connection.reason == "peer_reset"
    assert logs[-1]["reason"] == "peer_reset"


def test_a_fault_of_the_server_leaves_no_ghost(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails in the thread, the client is told, the rooms are left, and the log has the trace."""

    def faulty(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(stage.hub.rooms, "listing", faulty)
    with capture_logs() as logs:
        _, received = converse(stage, REGISTER, b'{"type":"LIST"}\n')
    assert received[-1]["reason"] == "internal_error"
    assert stage.hub.counts() == (0, 1)
    assert "connection_failed" in [each["event"] for each in logs]


def test_a_slow_consumer_reads_its_reason(stage: Stage) -> None:
    """Cut by its outbox it ends by itself; what the peer then reads are whole lines and the BYE."""
    connection, far = begin(stage, REGISTER)
    stage.flusher.start()
    while connection.reason is None:
        connection.outbox.push(Frames(b'{"type":"NOTICE","text":"%s"}\n' % (b"x" * 50_000)))
    far.shutdown(socket.SHUT_WR)
    received = frames(until_end(far))
    connection.thread.join(PATIENCE)
    assert (received[-1]["type"], received[-1]["reason"]) == ("BYE", "slow_consumer")
    assert connection.outbox.lost > 0


def test_the_peer_may_read_its_bye_though_it_still_sends(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With unread bytes a close would be a reset that destroys the BYE: they are read first."""
    monkeypatch.setattr(linger_module, "LINGER_SECONDS", PATIENCE)
    near, far = tcp_pair()
    connection, _ = stage.connection((near, far))
    far.sendall(REGISTER + b'{"type":"EXIT"}\n' + b"x" * 100_000)
    connection.thread.start()
    far.sendall(b"y" * 100_000)
    far.shutdown(socket.SHUT_WR)
    assert frames(until_end(far))[-1]["reason"] == "exit"
    connection.thread.join(PATIENCE)


def test_a_peer_that_sends_for_ever_is_not_read_for_ever(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The patience for what a peer still sends is bounded in bytes."""
    monkeypatch.setattr(linger_module, "LINGER_BYTES", 200_000)
    monkeypatch.setattr(linger_module, "LINGER_SECONDS", PATIENCE)
    connection, far = begin(stage, REGISTER)
    connection.end(CloseReason.PING_TIMEOUT)
    with pytest.raises(OSError, match=r"Broken pipe|reset"):
        far.sendall(b"x" * 10_000_000)
    connection.thread.join(PATIENCE)
    assert not connection.thread.is_alive()


def test_threads_carry_the_number_of_the_connection(stage: Stage) -> None:
    """A thread can be told from its name."""
    connection, _ = stage.connection()
    assert connection.thread.name == f"client-{connection.id}"
    assert isinstance(connection.thread, threading.Thread)


def fail(*_arguments: object, **_fields: object) -> NoReturn:
    """Fail as nobody expects."""
    raise MemoryError("told to")


@pytest.mark.parametrize(
    ("owner", "method"),
    [
        ("hub", "disconnect"),
        ("hub", "release"),
        ("outbox", "finish"),
        ("outbox", "close"),
        ("flusher", "forget"),
        ("connection", "linger"),
        ("log", "info"),
    ],
)
def test_the_end_keeps_its_promises_whatever_fails(
    monkeypatch: pytest.MonkeyPatch, owner: str, method: str
) -> None:
    """Contract 2: the descriptor is closed, and the server hears of it, whichever step raised."""
    closed: list[str | None] = []
    stage = Stage(lambda connection: closed.append(connection.reason))
    connection, far = stage.connection()
    far.sendall(REGISTER + b'{"type":"EXIT"}\n')
    far.shutdown(socket.SHUT_WR)
    owners = {
        "hub": type(stage.hub),
        "outbox": type(connection.outbox),
        "flusher": type(stage.flusher),
        "connection": module,
    }
    with monkeypatch.context() as broken:
        if owner == "log":
            broken.setattr(module, "log", SimpleNamespace(info=fail, exception=fail, debug=fail))
        else:
            broken.setattr(owners[owner], method, fail)
        connection.run()
    assert closed == ["internal_error" if owner == "log" else "exit"]
    assert connection.outbox.fileno() == -1
    if method != "disconnect":
        assert stage.hub.counts() == (0, 1)
    stage.close()


def test_its_stages(stage: Stage) -> None:
    """Naming, at work, live, ending: each has its name."""
    connection, far = stage.connection()
    seen = [connection.stage]
    handle = connection.conversation.handle

    def look(*arguments: Any) -> None:  # noqa: ANN401  # as what it stands for
        seen.append(connection.stage)
        handle(*arguments)

    conversation = connection.conversation
    connection.conversation = SimpleNamespace(  # type: ignore[assignment]  # looks, then does the same
        handle=look, over=None, errors={}, has_session=True, session=None, received={}
    )
    connection._take([RegName("ann")])  # noqa: SLF001  # as its thread does
    connection.conversation = conversation
    seen.append(connection.stage)
    connection.end(CloseReason.EXIT)
    seen.append(connection.stage)
    assert [each.name for each in seen] == ["NAMING", "WORKING", "LIVE", "ENDING"]
    far.close()


def test_only_so_many_leave_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands that are closed together take turns, so that the others are served meanwhile."""
    stage = Stage()
    stage.context = dataclasses.replace(stage.context, leaving=threading.Semaphore(2))
    leaving: list[int] = []
    most: list[int] = []
    lock = threading.Lock()
    disconnect = Hub.disconnect

    def watched(*arguments: Any, **fields: Any) -> Any:  # noqa: ANN401  # as what it stands for
        with lock:
            leaving.append(1)
            most.append(len(leaving))
        try:
            return disconnect(*arguments, **fields)
        finally:
            with lock:
                leaving.pop()

    monkeypatch.setattr(Hub, "disconnect", watched)
    begun = [begin(stage, REGISTER.replace(b"ann", b"user%d" % number)) for number in range(20)]
    for _, far in begun:
        far.shutdown(socket.SHUT_WR)
    for connection, _ in begun:
        connection.thread.join(PATIENCE)
    assert stage.hub.counts() == (0, 1)
    assert len(most) == 20
    assert max(most) <= 2
    stage.close()


@pytest.mark.parametrize("said", [b"\n", b'{"type":"PING"}\n', b"x"], ids=["nothing", "PING", "half a line"])
def test_who_talks_on_without_a_name_is_ended_in_time(stage: Stage, said: bytes) -> None:
    """The keeper judges nobody of whom something is unread, and a peer may never pause."""
    connection, far = begin(stage)
    stage.clock.now += stage.context.register_seconds
    far.sendall(b'{"type":"PING","ref":"in time"}\n')
    received = b""
    while b"in time" not in received:
        received += far.recv(1 << 16)
    stage.clock.now += 0.1
    far.sendall(said)
    assert frames(until_end(far))[-1]["reason"] == "register_timeout"
    connection.thread.join(PATIENCE)


def test_a_name_that_comes_late_but_before_the_end_is_taken(stage: Stage) -> None:
    """A busy machine reads it after its time: what was heard is looked at first."""
    connection, far = begin(stage)
    stage.clock.now += stage.context.register_seconds + 1
    far.sendall(REGISTER + b'{"type":"EXIT"}\n')
    assert frames(until_end(far))[-1]["reason"] == "exit"
    connection.thread.join(PATIENCE)
