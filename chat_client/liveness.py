"""Finds out whether the other side is still there. Pure: the time is an argument."""

#: After so many seconds without a byte the server is asked whether it is there.
IDLE = 25.0
#: Within so many seconds it must answer that.
ANSWER = 10.0
#: Within so many seconds a chat server speaks first. One that does not is asked: other servers answer with
#: something that tells what they are, and would else wait as we do. It does a slow chat server no harm.
GREETING = 0.5


class Liveness:
    """When to ask a silent server, and when to give it up. Times are of a monotonic clock."""

    def __init__(self, now: float) -> None:
        self._asked = False
        self.deadline = now + GREETING

    def heard(self, now: float) -> None:
        """Note that bytes came."""
        self._asked = False
        self.deadline = now + IDLE

    def ask(self, now: float) -> bool:
        """Call it when the deadline has passed: true where a PING is due, false where all hope is gone."""
        if self._asked:
            return False
        self._asked = True
        self.deadline = now + ANSWER
        return True
