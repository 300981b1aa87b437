"""How fast one user may go: what is too fast waits, what is far too fast is cut, and nobody else notices."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.conformance.guests import Guests
from tests.conformance.running import ROOT, Running
from tests.support.peer import PATIENCE, fresh, joined

#: At 100 a second they take 6 s.
LINES = [f"line {number}" for number in range(600)]


@pytest.fixture(scope="module")
def brisk() -> Iterator[Running]:
    """Run a server with the limits of everybody, 25 times as fast, so that nobody waits for long."""
    with Running(
        *("--profile", "default", "--messages-per-second", "50", "--flood-seconds", "1.2"),
    ) as running:
        yield running


@pytest.fixture(scope="module")
def lenient() -> Iterator[Running]:
    """Run one for honest clients, who must not be cut if the machine stands still for a moment."""
    with Running("--profile", "default", "--messages-per-second", "100", "--flood-seconds", "3") as running:
        yield running


@pytest.fixture
def crowd(brisk: Running) -> Iterator[Guests]:
    """Bring peers to it."""
    guests = Guests(brisk.address)
    yield guests
    guests.leave()


def spoken(running: Running, *flags: str, typed: str) -> subprocess.CompletedProcess[str]:
    """Run the client on these lines, to its end."""
    command = [sys.executable, "-m", "chat_client", "--port", str(running.address[1]), *flags]
    return subprocess.run(  # noqa: S603  # the project's own client
        command, input=typed, capture_output=True, text=True, cwd=ROOT, timeout=6 * PATIENCE, check=False
    )


def test_a_flood_from_one_is_slowed_and_then_cut_and_nobody_else_waits(crowd: Guests) -> None:
    """What was acknowledged is in order and was heard; the others' messages come all the while."""
    flooder, ann, bob = crowd(), crowd(), crowd()
    frames = [{"type": "MSG", "room": "lobby", "text": f"f{n}", "ref": f"f{n}"} for n in range(1000)]
    flooder.send_frames(*frames)
    for number in range(5):
        ann.say(f"ann {number}", ref=f"a{number}")
        assert ann.until("ACK")["ref"] == f"a{number}"
        bob.until("MSG", text=f"ann {number}")
    received = flooder.rest()
    kinds = [each["type"] for each in received]
    assert kinds.index("NOTICE") < kinds.index("BYE")
    assert "slow down" in received[kinds.index("NOTICE")]["text"]
    assert received[-1]["reason"] == "flooding"
    assert received[-1]["retry_after"] > 0
    taken = [each["ref"] for each in received if each["type"] == "ACK"]
    assert taken == [f"f{n}" for n in range(len(taken))]
    assert 60 <= len(taken) <= 100
    left = bob.until("LEFT", name=flooder.name)
    assert left["reason"] == "flooding"
    heard = [each["text"] for each in bob.seen if each["type"] == "MSG" and each["from"] == flooder.name]
    assert heard == taken


def test_a_paste_arrives_whole_and_in_order(crowd: Guests) -> None:
    """Forty lines at once, as `nc` sends them: slowed down, and not cut."""
    writer, reader = crowd(), crowd()
    writer.send_frames(*[{"type": "MSG", "room": "lobby", "text": text} for text in LINES[:40]])
    for text in LINES[:40]:
        reader.until("MSG", text=text)
    assert all(each["type"] != "BYE" for each in writer.fence())


def test_a_flood_of_anything_is_cut(crowd: Guests) -> None:
    """Searches, pages of history, rooms, lists: all of it counts, and a search as four."""
    for frame in (
        {"type": "SEARCH", "words": "x"},
        {"type": "HISTORY"},
        {"type": "LIST"},
        {"type": "JOIN", "room": fresh("flooded")},
    ):
        flooder = crowd()
        flooder.send_frames(*[frame] * 1000)
        assert flooder.bye() == "flooding"


def test_tries_of_a_name_are_cut_too(crowd: Guests) -> None:
    """Before there is a name."""
    guest = crowd.stranger()
    guest.until("REG_NAME")
    guest.send_frames(*[{"type": "REG_NAME", "name": ""}] * 1000)
    assert guest.bye() == "flooding"


def test_answering_pings_costs_nothing(crowd: Guests) -> None:
    """A client that asks and answers all the time is never slowed."""
    peer = crowd()
    peer.send_frames(*[{"type": "PONG"}] * 300, *[{"type": "PING"}] * 100)
    assert all(each["type"] == "PONG" for each in peer.fence())


@pytest.mark.parametrize("kind", ["pipe", "lines"])
def test_the_client_loses_nothing(lenient: Running, kind: str) -> None:
    """Six seconds' worth of lines, where more than three are a flood: it keeps to the pace by itself."""
    reader, name = joined(lenient.address[1], fresh("reader")), fresh("writer")
    frames = [json.dumps({"type": "MSG", "room": "lobby", "text": text}) for text in LINES]
    flags = ("--name", name, *(("--pipe",) if kind == "pipe" else ()))
    done = spoken(lenient, *flags, typed="\n".join(frames if kind == "pipe" else LINES) + "\n")
    assert done.returncode == 0, done.stderr
    for text in LINES:
        reader.until("MSG", text=text)
    assert reader.until("LEFT", name=name)["reason"] == "exit"
    reader.close()


def test_a_room_is_entered_before_what_is_said_in_it(lenient: Running) -> None:
    """Behind a paste too, whose lines are sent for seconds."""
    room, reader = fresh("tea"), joined(lenient.address[1], fresh("reader"))
    reader.join(room)
    typed = "\n".join([*LINES[:100], f"/join {room}", "one", "two"]) + "\n"
    assert spoken(lenient, "--name", fresh("writer"), typed=typed).returncode == 0
    said = [reader.until("MSG", room=room)["text"] for _ in range(2)]
    assert said == ["one", "two"]
    reader.close()


def test_a_delay_is_counted(brisk: Running, crowd: Guests) -> None:
    """Operators see how many wait, and how many were cut."""
    flooder = crowd()
    flooder.send_frames(*[{"type": "WHO"}] * 1000)
    assert flooder.bye() == "flooding"
    assert brisk.metric('chat_delays_total{limit="user"}') >= 5
    assert brisk.metric('chat_delay_seconds_total{limit="user"}') >= 1
    assert brisk.metric('chat_connections_closed_total{reason="flooding"}') >= 1
