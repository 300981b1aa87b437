"""The machine's means run out: a server in a process of its own, whose limits are set low while it runs."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chat_server.net.support import wait_for
from tests.conformance.guests import Guests
from tests.conformance.running import Running
from tests.security.table import row
from tests.support.peer import Frame, Peer, fresh

MIB = 1 << 20


@pytest.fixture
def short(tmp_path: Path) -> Iterator[Running]:
    """Run a server that may be short of something, with its journal in a file."""
    with Running("--journal", f"sqlite:{tmp_path / 'chat.db'}", "--log-level", "debug") as running:
        yield running
    assert running.process.returncode == 0, "it still ends in order"


class Shortage:
    """One limit of a server's process, set low and set free again (prlimit(2))."""

    def __init__(self, running: Running, limit: int) -> None:
        self._running = running
        self._limit = limit
        self._before = resource.prlimit(running.process.pid, limit)

    def set(self, most: int) -> None:
        """Set it low."""
        resource.prlimit(self._running.process.pid, self._limit, (most, self._before[1]))

    def free(self) -> None:
        """Set it as it was."""
        resource.prlimit(self._running.process.pid, self._limit, self._before)


def descriptors(running: Running) -> int:
    """Return the highest number of an open descriptor of the server, and one."""
    return max(int(each.name) for each in Path(f"/proc/{running.process.pid}/fd").iterdir()) + 1


def address_space(running: Running) -> int:
    """Return how many bytes of address space the server has."""
    pages = Path(f"/proc/{running.process.pid}/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * os.sysconf("SC_PAGESIZE")


def private_memory(running: Running) -> int:
    """Return how many bytes of memory count for its limit of data (RLIMIT_DATA)."""
    status = Path(f"/proc/{running.process.pid}/status").read_text(encoding="ascii")
    (line,) = [each for each in status.splitlines() if each.startswith("VmData:")]
    return int(line.split()[1]) * 1024


def talk(speaker: Peer, listener: Peer, room: str) -> None:
    """Have one say something and the other hear it."""
    text = fresh("still here ")
    speaker.say(text, room, ref=text)
    listener.hear(text, room)
    speaker.until("ACK", ref=text)


@row(
    "out of descriptors",
    defence="new ones wait or are refused; old ones go on",
    default="raised at the start; a reserve",
)
def test_out_of_descriptors(short: Running) -> None:
    """Those who wait are served as soon as somebody goes."""
    guests = Guests(short.address)
    room = fresh("room")
    ann, bob = guests(room), guests(room)
    shortage = Shortage(short, resource.RLIMIT_NOFILE)
    shortage.set(descriptors(short) + 2)
    first, second, late = (guests.stranger() for _ in range(3))
    first.until("REG_NAME")
    second.until("REG_NAME")
    talk(ann, bob, room)
    second.send("EXIT")
    assert second.bye() == "exit"
    late.register(fresh("late"))
    third = guests.stranger()
    talk(bob, ann, room)
    shortage.free()
    third.register(fresh("third"))
    talk(late, third, "lobby")
    guests.leave()
    wait_for(lambda: "accept_failed" in {each["event"] for each in short.events()})


@row(
    "out of threads", defence="refused with a reason; the accepting thread goes on", default="512 KiB a stack"
)
def test_out_of_threads(short: Running) -> None:
    """There is no address space for another stack, which is how it shows when a limit of threads is met."""
    guests = Guests(short.address)
    room = fresh("room")
    ann, bob = guests(room), guests(room)
    shortage = Shortage(short, resource.RLIMIT_AS)
    shortage.set(address_space(short) + 2 * MIB)
    told: list[Frame] = []
    while not told or told[-1]["type"] != "BYE":
        told.append(guests.stranger().read())
        assert len(told) < 100
    assert told[-1]["reason"] == "no_threads"
    talk(ann, bob, room)
    shortage.free()
    talk(guests(room), bob, room)
    guests.leave()
    wait_for(lambda: "no_threads" in {each.get("reason") for each in short.events()})


@row(
    "out of memory",
    defence="a fault costs one step or one connection; what cannot be stored waits",
    default="MemoryMax= of the unit",
)
def test_out_of_memory(short: Running) -> None:
    """Long pages are asked for while there is none: who asks is ended, what others say waits and comes."""
    guests = Guests(short.address)
    room = fresh("room")
    ann, bob = guests(room), guests(room)
    offenders = [guests.stranger(receive_buffer=4096) for _ in range(8)]
    for peer in offenders:
        peer.register(fresh("offender"))
    ann.send_frames(*[{"type": "MSG", "room": room, "text": "x" * 15_000}] * 40)
    ann.fence()
    bob.fence()
    shortage = Shortage(short, resource.RLIMIT_DATA)
    shortage.set(private_memory(short) + MIB // 2)
    for peer in offenders:
        peer.send("JOIN", room=room)
        peer.raw(b'{"type":"HISTORY","room":"%s","limit":200}\n' % room.encode() * 8)
    wait_for(lambda: "internal_error" in {each.get("reason") for each in short.events()})
    texts = [fresh("still here ") for _ in range(5)]
    for text in texts:
        ann.say(text, room, ref=text)
    for peer in offenders:
        peer.close()
    shortage.free()
    for text in texts:
        bob.hear(text, room)
        ann.until("ACK", ref=text)
    talk(guests(room), bob, room)
    assert short.metric("chat_threads_stuck") == 0
    guests.leave()


@row(
    "out of disk",
    defence="nothing is acknowledged that is not stored; nothing said is lost",
    default="durability os",
)
def test_out_of_disk(short: Running) -> None:
    """The file may not grow; who speaks is told so, and hears the rest when there is room again."""
    guests = Guests(short.address)
    room = fresh("room")
    ann, bob = guests(room), guests(room)
    talk(ann, bob, room)
    shortage = Shortage(short, resource.RLIMIT_FSIZE)
    shortage.set(1)
    ann.say("kept for later", room, ref="kept")
    assert "cannot be stored" in bob.until("NOTICE")["text"]
    bob.say("not taken", room, ref="no")
    bob.until("ERROR", code="unavailable", ref="no")
    assert "kept for later" not in repr(bob.fence())
    late = guests.stranger()
    late.register(fresh("late"))
    shortage.free()
    bob.hear("kept for later", room)
    ann.until("ACK", ref="kept")
    talk(late, ann, "lobby")
    guests.leave()
    wait_for(lambda: {"journal_failed", "journal_recovered"} <= {each["event"] for each in short.events()})
