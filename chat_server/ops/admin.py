"""The admin socket: what an operator's shell asks, one line a connection, and what it is answered."""

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from chat_server.faults import report
from chat_server.net.heartbeat import BEAT_SECONDS, Heartbeat
from chat_server.ops.admin_messages import (
    ANSWER_BYTES,
    REQUEST_BYTES,
    Answer,
    Done,
    Refused,
    Request,
    Warned,
    decode_request,
    encode,
)
from chat_server.unix_socket import SocketFile

#: Seconds from a connection to the last byte of its answer.
ANSWER_SECONDS = 10.0
#: Connections at once. When one more comes, the oldest gives way: whoever asks properly asks at once.
OPEN_EXCHANGES = 16
#: For how many seconds one request may take: it writes to the store, and a disk may be slow.
PATIENCE_SECONDS = 60.0
RECEIVE_BYTES = 4096
#: struct ucred (unix(7)): process, user, group.
_CREDENTIALS = struct.Struct("=iII")

#: Does what somebody asks for; is given who that is, as the audit names them.
Perform = Callable[[Request, str], Iterable[Answer]]


class AdminServer:
    """Answers shells, in one thread that waits for none of them.

    1. Whoever may open the socket's file may do everything. Whoever asks is known by the user id that the
       system vouches for.
    2. A shell that hangs is left after `ANSWER_SECONDS`, and holds up no other meanwhile.
    3. A fault of one request ends that one alone.

    Raises `ListenError` if there can be no such socket.
    """

    def __init__(self, path: Path, perform: Perform, clock: Callable[[], float]) -> None:
        self._perform = perform
        self._clock = clock
        self._file = SocketFile(path)
        self._file.socket.setblocking(False)  # socket's own signature
        self._waker, self._wake = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._selector.register(self._file.socket, selectors.EVENT_READ)
        self._exchanges: dict[socket.socket, _Exchange] = {}
        self._thread = threading.Thread(target=self._run, name="admin")
        self.heartbeat = Heartbeat(self._thread, clock, PATIENCE_SECONDS)

    def start(self) -> None:
        """Start to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, and take the socket's file away."""
        self._waker.close()
        if self._thread.ident is not None:
            self._thread.join()
        for sock in (*self._exchanges, self._wake):
            sock.close()
        self._selector.close()
        self._file.remove()

    def _run(self) -> None:
        while True:
            try:
                if self._turn():
                    return
            except Exception:  # noqa: BLE001  # no descriptor, say; the next request must be answered
                report("admin")
                with selectors.DefaultSelector() as rest:
                    rest.register(self._wake, selectors.EVENT_READ)
                    rest.select(BEAT_SECONDS)

    def _turn(self) -> bool:
        """Do what can be done now; return whether it is told to stop."""
        ready = self._selector.select(BEAT_SECONDS)
        self.heartbeat.beat()
        for key, _ in ready:
            if key.fileobj is self._wake:
                return True
            if key.data is None:
                self._accept()
            elif key.data.sock in self._exchanges:  # else it has just given way to another
                self._go_on(key.data)
        now = self._clock()
        for exchange in [each for each in self._exchanges.values() if now > each.deadline]:
            self._close(exchange)
        return False

    def _accept(self) -> None:
        try:
            sock, _ = self._file.socket.accept()
        except (BlockingIOError, ConnectionError):  # it has gone already
            return
        if len(self._exchanges) >= OPEN_EXCHANGES:
            self._close(next(iter(self._exchanges.values())))
        sock.setblocking(False)  # socket's own signature
        self._exchanges[sock] = exchange = _Exchange(sock, self._clock() + ANSWER_SECONDS)
        self._selector.register(sock, selectors.EVENT_READ, exchange)

    def _go_on(self, exchange: "_Exchange") -> None:
        """Take more of the request, or send more of the answer."""
        try:
            if exchange.answer is None:
                exchange.receive()
                if not exchange.is_complete():
                    return
                exchange.answer = memoryview(self._answered(exchange))
                self._selector.modify(exchange.sock, selectors.EVENT_WRITE, exchange)
            exchange.answer = exchange.answer[exchange.sock.send(exchange.answer) :]
            if exchange.answer:
                return
        except BlockingIOError:
            return
        except OSError:  # the shell has gone
            pass
        except Exception:  # noqa: BLE001  # a fault of this request
            report("admin")
        self._close(exchange)

    def _answered(self, exchange: "_Exchange") -> bytes:
        line, ended, _ = bytes(exchange.asked).partition(b"\n")
        if not ended:
            return _lines([Refused(f"a request is one line of JSON, of {REQUEST_BYTES} bytes at most")])
        try:
            request = decode_request(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return _lines([Refused(f"this server does not take that: {error}")])
        return _lines(self._perform(request, exchange.actor()))

    def _close(self, exchange: "_Exchange") -> None:
        self._exchanges.pop(exchange.sock, None)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(exchange.sock)
        exchange.sock.close()


class _Exchange:
    """One request and its answer."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.sock = sock
        self.deadline = deadline
        self.asked = bytearray()
        self.answer: memoryview | None = None
        self._ended = False

    def receive(self) -> None:
        """Take what has come."""
        data = self.sock.recv(RECEIVE_BYTES)
        self._ended = not data
        self.asked += data

    def is_complete(self) -> bool:
        """Tell whether the request can be answered, or is none."""
        return b"\n" in self.asked or len(self.asked) > REQUEST_BYTES or self._ended

    def actor(self) -> str:
        """Return who asks, as the audit names them."""
        told = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return f"shell:{_CREDENTIALS.unpack(told)[1]}"


def _lines(answers: Iterable[Answer]) -> bytes:
    """Return the lines of an answer, as many as there may be, and the last one."""
    lines: list[bytes] = []
    size = left_out = 0
    for answer in answers:
        line = encode(answer)
        if size + len(line) > ANSWER_BYTES:
            left_out += 1
            continue
        lines.append(line)
        size += len(line) + 1
    if left_out:
        lines.append(encode(Warned(f"{left_out} more lines are left out")))
    return b"\n".join([*lines, encode(Done()), b""])
