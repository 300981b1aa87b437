"""Strangers who raid a chat, as a process of their own: they would slow down the clocks of who measures.

    python -m tests.integration.strangers PORT CA COUNT

They flood until the end of standard input, and then print as JSON what they were shown of which rooms, which
errors they got, and how their connections ended.
"""

import contextlib
import itertools
import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.integration.private import SecurePeer
from tests.support.peer import Frame

#: Lines that a stranger sends in one go; the server takes two a second of them.
VOLLEY = 20
#: How long one waits to come back: at 60 connections a minute, the server would take it no sooner.
RETURN_SECONDS = 1.0
#: What a flood is made of, beside messages.
KINDS = ("MSG", "MSG", "MSG", "LIST", "SEARCH", "WHO", "HISTORY", "DM", "TOPIC")


def volley(number: int, turn: int) -> Iterator[Frame]:
    """Return what a stranger sends in one go: every kind of flood, each stranger in another order."""
    for each in range(VOLLEY):
        kind = KINDS[(number + turn + each) % len(KINDS)]
        fields = {
            "MSG": {"room": "lobby", "text": f"raid {number}.{turn}.{each} " + "x" * 200},
            "DM": {"to": "ann", "text": f"raid {number}.{turn}.{each}"},
            "SEARCH": {"words": "raid"},
            "TOPIC": {"room": "lobby", "topic": f"raid {number}"},
        }.get(kind, {})
        yield {"type": kind, **fields}


class Stranger:
    """One stranger in one thread; comes back under another name whenever the server cuts it."""

    def __init__(self, number: int, connect: Callable[[], SecurePeer], stopped: threading.Event) -> None:
        self.name = f"stranger{number}"
        self.number = number
        self.rooms: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self._connect = connect
        self._stopped = stopped
        self.thread = threading.Thread(target=self._raid, name=self.name)

    def _raid(self) -> None:
        turn = 0
        for life in itertools.count():
            with contextlib.suppress(OSError), self._connect() as peer:
                turn = self._flood(peer, f"{self.name}-{life}", turn)
            if self._stopped.wait(RETURN_SECONDS):
                return

    def _flood(self, peer: SecurePeer, name: str, turn: int) -> int:
        try:
            peer.register(name)
            while not self._stopped.is_set():
                peer.send_frames(*volley(self.number, turn))
                turn += 1
                peer.receive(0.05)
        except (OSError, EOFError) as error:
            self.ends[type(error).__name__] += 1
        self._note(peer.seen)
        return turn

    def _note(self, frames: list[Frame]) -> None:
        for frame in frames:
            if frame["type"] in {"ERROR", "BYE", "NOTICE"}:
                self.codes[frame.get("code") or frame.get("reason") or "slowed down"] += 1
            for room in rooms_in(frame):
                self.rooms[room] += 1


def rooms_in(frame: Frame) -> Iterator[str]:
    """Return the rooms that a frame tells anything of, whatever it is."""
    listed: list[dict[str, Any]] = [*frame.get("messages", ()), *frame.get("rooms", ()), frame]
    for each in listed:
        if isinstance(each, dict) and "room" in each and frame["type"] != "ERROR":
            yield each["room"]


def main() -> None:
    """Do as the lines of standard input say."""
    port, ca, count = int(sys.argv[1]), Path(sys.argv[2]).read_text("ascii"), int(sys.argv[3])
    stopped = threading.Event()
    os.nice(19)  # what they take of this machine's processors, a stranger elsewhere would not
    strangers = [
        Stranger(number, lambda: SecurePeer(("127.0.0.1", port), ca), stopped) for number in range(count)
    ]
    for each in strangers:
        each.thread.start()
    sys.stdin.read()
    stopped.set()
    for each in strangers:
        each.thread.join()
    total: dict[str, Counter[str]] = {"rooms": Counter(), "codes": Counter(), "ends": Counter()}
    for each in strangers:
        total["rooms"] += each.rooms
        total["codes"] += each.codes
        total["ends"] += each.ends
    json.dump(total, sys.stdout)


if __name__ == "__main__":
    main()
