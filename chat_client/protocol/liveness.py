"""Finds out whether the other side is still there. Pure: the time is an argument."""

#: After so many seconds without a byte the server is asked whether it is there.
IDLE_SECONDS = 25.0
#: Within so many seconds it must answer that.
ANSWER_SECONDS = 10.0
#: Within so many seconds a chat server speaks first. One that does not is asked: other servers answer with
#: something that tells what they are, and would else wait as we do. It does a slow chat server no harm.
GREETING_SECONDS = 0.5
#: Within so many seconds it must let us in, whatever else it says meanwhile.
ADMISSION_SECONDS = 30.0


class Liveness:
    """When to ask a silent server, and when to give it up. Times are of a monotonic clock."""

    def __init__(self, now: float) -> None:
        self._asked = False
        self.deadline = now + GREETING_SECONDS
        self._admitted_by = now + ADMISSION_SECONDS

    def waits_for_no_admission(self, now: float) -> None:
        """Note that the server owes us none: we are in, or it waits for a name."""
        self._admitted_by = now + ADMISSION_SECONDS

    def is_kept_waiting(self, now: float) -> bool:
        """Tell whether the server should have let us in by now."""
        return now > self._admitted_by

    def heard(self, now: float) -> None:
        """Note that bytes came."""
        self._asked = False
        self.deadline = now + IDLE_SECONDS

    def ask(self, now: float) -> bool:
        """Call it when the deadline has passed: true if a PING is due, false if all hope is gone."""
        if self._asked:
            return False
        self._asked = True
        self.deadline = now + ANSWER_SECONDS
        return True
