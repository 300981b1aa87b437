"""A team that talks during a raid: each member says something at a steady pace, and notes what it hears."""

import threading
import time
from collections.abc import Callable, Sequence

from tests.integration.private import SecurePeer
from tests.support.peer import Frame

#: How often a member speaks: within the server's pace of two messages a second.
PAUSE_SECONDS = 0.6


class Member:
    """One member of the team: a connection and its thread."""

    def __init__(self, peer: SecurePeer, room: str) -> None:
        self.peer = peer
        self.room = room
        #: When each text arrived, and in which order.
        self.heard: dict[str, float] = {}
        self.ids: list[int] = []
        self.said: dict[str, float] = {}
        #: What ended the connection, if anything did.
        self.fault: BaseException | None = None

    def talk(self, what: str, count: int, delay: float) -> None:
        """Say `count` texts at a steady pace, after a delay in seconds, and listen meanwhile."""
        due = time.monotonic() + delay
        for number in range(count):
            self._listen_until(due)
            text = f"{what} {self.peer.name} {number}"
            self.said[text] = time.monotonic()
            self.peer.say(text, self.room)
            due += PAUSE_SECONDS
        self._listen_until(due)

    def listen_for(self, texts: Sequence[str]) -> None:
        """Listen until all these have arrived, for as long as a test waits."""
        missing = set(texts) - set(self.heard)
        while missing:
            self._note(self.peer.read())
            missing -= set(self.heard)

    def _listen_until(self, due: float) -> None:
        while (remaining := due - time.monotonic()) > 0:
            for frame in self.peer.receive(remaining):
                self._note(frame)

    def _note(self, frame: Frame) -> None:
        if frame["type"] == "MSG" and frame["room"] == self.room:
            self.heard[frame["text"]] = time.monotonic()
            self.ids.append(frame["id"])


class Team:
    """Members in one room; what one says, all the others must hear."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members

    def talk(self, what: str, count: int) -> list[float]:
        """Have all talk, each in its turn; return how long each text took to each other member, sorted.

        Raises what ended a member's connection, or `TimeoutError` if a text did not arrive.
        """
        turn = {each: PAUSE_SECONDS * number / len(self.members) for number, each in enumerate(self.members)}
        self._all(lambda member: member.talk(what, count, turn[member]))
        said = {text: moment for each in self.members for text, moment in each.said.items() if what in text}
        self._all(lambda member: member.listen_for(sorted(set(said) - set(member.said))))
        heard = (pair for each in self.members for pair in each.heard.items())
        return sorted(moment - said[text] for text, moment in heard if text in said)

    def _all(self, deed: Callable[[Member], None]) -> None:
        def run(member: Member) -> None:
            try:
                deed(member)
            except (OSError, EOFError) as error:
                member.fault = error

        threads = [threading.Thread(target=run, args=(each,)) for each in self.members]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for member in self.members:
            if member.fault is not None:
                raise member.fault


def share(latencies: Sequence[float], percent: float) -> float:
    """Return the latency, in milliseconds, that so many percent do not exceed."""
    return 1000 * latencies[min(int(len(latencies) * percent / 100), len(latencies) - 1)]
