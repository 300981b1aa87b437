"""The server or the client with faults at random: `python -m tests.chaos.faulty SEED CONTROL PROGRAM ...`.

CONTROL is the descriptor of a socket. Each line that comes there is a rate: 0 is calm, 1 is all of them.
At the end, a line of JSON goes back that says how many faults struck, by place. Whatever the program asks
of the system is replaced before the program is imported, so nothing in it knows of that.
"""

import json
import os
import select
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

from tests.chaos.injection import Dice

#: How often, in seconds, the clocks may jump.
JUMPS = 0.25
#: Seconds by which they jump: ahead as for a process that was stopped, to and fro as for a clock that is set.
AHEAD = 12.0
STEP = 7200.0

STDOUT = 1

Wrapped = Callable[..., Any]
Program = Callable[[Sequence[str]], int]


class Clocks:
    """The monotonic clock, which may jump ahead, and the wall clock, which may be stepped either way."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._step = 0.0
        self._monotonic, self._time = time.monotonic, time.time
        time.monotonic, time.time = self.monotonic, self.time

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self._monotonic() + self._ahead

    def time(self) -> float:
        """Return seconds since 1970, or what the clock takes for it."""
        return self._time() + self._step

    def jump(self, dice: Dice) -> None:
        """Jump, if it strikes."""
        if dice.strikes("clock ahead"):
            self._ahead += dice.between(0.0, AHEAD)
        if dice.strikes("clock stepped"):
            self._step = dice.between(-STEP, STEP)


def faulty_sockets(dice: Dice) -> None:
    """Have sockets fail, and take and give less than was asked for."""

    class FaultySocket(socket.socket):
        def accept(self) -> tuple[socket.socket, Any]:
            dice.may_raise("socket.accept")
            return super().accept()

        def setsockopt(self, *arguments: Any) -> None:  # noqa: ANN401  # as socket's own
            dice.may_raise("socket.setsockopt")
            super().setsockopt(*arguments)

        def recv(self, size: int, flags: int = 0) -> bytes:
            dice.may_raise("socket.recv")
            return super().recv(1 if dice.strikes("socket.recv, short") else size, flags)

        def send(self, data: Any, flags: int = 0) -> int:  # noqa: ANN401  # any buffer
            dice.may_raise("socket.send")
            return super().send(data[: _some(dice, len(data))], flags)

        def sendmsg(self, pieces: Iterable[Any], *arguments: Any) -> int:  # noqa: ANN401  # any buffers
            dice.may_raise("socket.sendmsg")
            return super().sendmsg(pieces, *arguments)

        def shutdown(self, how: int) -> None:
            super().shutdown(how)
            dice.may_raise("socket.shutdown")

        def close(self) -> None:
            super().close()
            dice.may_raise("socket.close")

    socket.socket = FaultySocket  # type: ignore[misc]  # that is the point


def _some(dice: Dice, size: int) -> int:
    if size > 1 and dice.strikes("socket.send, short"):
        return int(dice.between(1, size))
    return size


def faulty_epoll(dice: Dice) -> None:
    """Have epoll run out of memory and of watches."""
    real = select.epoll

    class FaultyEpoll:
        def __init__(self) -> None:
            self._epoll = real()

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever epoll has
            return getattr(self._epoll, name)

        def register(self, *arguments: Any) -> None:  # noqa: ANN401  # as epoll's own
            dice.may_raise("epoll.register")
            self._epoll.register(*arguments)

        def modify(self, *arguments: Any) -> None:  # noqa: ANN401  # likewise
            dice.may_raise("epoll.modify")
            self._epoll.modify(*arguments)

        def poll(self, *arguments: Any) -> Any:  # noqa: ANN401  # likewise
            dice.may_raise("epoll.poll")
            return self._epoll.poll(*arguments)

    select.epoll = FaultyEpoll  # type: ignore[misc, assignment]  # that is the point


def faulty_threads(dice: Dice) -> None:
    """Have the system refuse a thread to a client now and then."""
    start = threading.Thread.start

    def faulty(thread: threading.Thread) -> None:
        if thread.name.startswith("client-"):
            dice.may_raise("thread.start")
        start(thread)

    threading.Thread.start = faulty  # type: ignore[assignment, method-assign]  # that is the point


def faulty_writes(dice: Dice, *, log: bool) -> None:
    """Have files fail, or take less than is written, and standard output too; what wakes threads is spared.

    Standard output fails only if it is a `log`: a client whose words nobody can read leaves.
    """
    write = os.write

    def faulty(descriptor: int, data: bytes) -> int:
        place = "log.write" if descriptor == STDOUT else "file.write"
        if descriptor != STDOUT and not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return write(descriptor, data)
        if log or descriptor != STDOUT:
            dice.may_raise(place)
        short = len(data) > 1 and dice.strikes(f"{place}, short")
        return write(descriptor, data[: len(data) // 2] if short else data)

    os.write = faulty  # type: ignore[assignment]  # that is the point


def faulty_journal(dice: Dice) -> None:
    """Have the disk fail before something is stored, and after it, so that the answer is lost."""
    from chat_server.journal.sqlite.journal import SqliteJournal  # noqa: PLC0415  # only now: sockets and clocks come first

    commit = SqliteJournal.commit

    def faulty(journal: SqliteJournal, records: Sequence[Any]) -> Sequence[Any]:
        dice.may_raise("journal.commit")
        placed = commit(journal, records)
        dice.may_raise("journal.commit, stored")
        return placed

    SqliteJournal.commit = faulty  # type: ignore[assignment, method-assign]  # that is the point
    for name in ("bounds", "open", "read", "known", "upkeep", "trim"):
        setattr(SqliteJournal, name, before(dice, f"journal.{name}", getattr(SqliteJournal, name)))


def faulty_memory(dice: Dice) -> None:
    """Have allocations fail while messages are encoded, decoded and cut into lines."""
    from chat_protocol import codec, framing  # noqa: PLC0415  # likewise

    for name in ("encode", "encode_lines"):
        setattr(codec, name, before(dice, "encode", getattr(codec, name)))
    codec.Decoder.decode = before(dice, "decode", codec.Decoder.decode)  # type: ignore[method-assign]  # the point
    framing.Framer.feed = before(dice, "frame", framing.Framer.feed)  # type: ignore[method-assign]  # likewise


def before(dice: Dice, place: str, function: Wrapped) -> Wrapped:
    """Return the function with a fault ahead of it."""

    @wraps(function)
    def faulty(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  # whatever it takes
        dice.may_raise(place)
        return function(*arguments, **named)

    return faulty


def follow(dice: Dice, clocks: Clocks, control: socket.socket) -> None:
    """Set the rate as CONTROL says, and let the clocks jump meanwhile."""
    with control.makefile("r") as lines:
        while True:
            if select.select([control], [], [], JUMPS)[0]:
                line = lines.readline()
                if not line:
                    return
                dice.rate = float(line)
            clocks.jump(dice)


def server(dice: Dice) -> Program:
    """Return the server, once all that it asks of the system may fail."""
    faulty_memory(dice)  # first: others import these functions by name
    faulty_epoll(dice)
    faulty_threads(dice)
    faulty_journal(dice)
    from chat_server.cli import main  # noqa: PLC0415  # only now, so that it finds all of this

    return main


def client(dice: Dice) -> Program:
    """Return the client: of what it asks the system for, sockets, files and clocks may fail."""
    dice.spared = MemoryError
    from chat_client.cli import main  # noqa: PLC0415  # likewise

    return main


def main() -> int:
    """Run the program, and report."""
    seed, descriptor, program, *arguments = sys.argv[1:]
    control = socket.socket(fileno=int(descriptor))
    dice, clocks = Dice(int(seed)), Clocks()
    faulty_sockets(dice)
    faulty_writes(dice, log=program == "server")
    run = {"server": server, "client": client}[program](dice)
    threading.Thread(
        target=follow,
        args=(dice, clocks, control),
        daemon=True,  # it reads until the socket is closed, which must not hold up the exit
    ).start()
    try:
        return run(arguments)
    finally:
        control.sendall(json.dumps(dice.struck).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
