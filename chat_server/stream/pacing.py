"""How work is cut into turns and passes: the numbers that came from a benchmark, with what each was worth.

The journals' own stand beside what they are for: a journal knows nothing of what is above it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pacing:
    """The measured numbers. Correctness needs none: `PLAIN` does without, and passes the same tests."""

    #: For how long one thread works on for the others before it hands over: a publisher that serves the whole
    #: room goes back to its own client in time. It costs nothing: 0.91 to 1.07 by no end to a turn.
    turn_seconds: float = 0.005
    #: How much one pass hands to each member; what is more waits for the next pass.
    pass_bytes: int = 128 * 1024
    #: For how long a room rests whose members are far behind while they read on.
    rest_seconds: float = 0.005
    #: After so many rests, a second in all, somebody who says much is let through to slow readers.
    rests: int = 200
    #: Whether a publisher lets the threads run that are ready to before it stores, if several speak or a
    #: commit is costly, and after its turn: what they say goes along. Before it stores, 2 to 2.6 times as
    #: many deliveries at 1 to 100 in flight; after its turn, 1.5 times as many in a room of 5,000.
    yields: bool = True
    #: How often a piece of upkeep tries for its turn among those who store, and how long it waits in
    #: between. At the first try alone it had none in 6 s beside a flood.
    upkeep_tries: int = 20
    upkeep_pause_seconds: float = 0.001


MEASURED = Pacing()
#: One publication a pass, nobody waits for anybody, and whoever begins ends it.
PLAIN = Pacing(
    turn_seconds=float("inf"),
    pass_bytes=0,
    rests=1,
    yields=False,
)

#: How long a thread waits for the interpreter's lock before it asks for it. Threads here let go of it at
#: every system call; with Python's 5 ms a thousand that wait wake 200 times a second each, for nothing:
#: 1,500 busy rooms of 4 were 1.7 times as fast so, with 0.4 of the p99; 1,200 speakers 2.1 times, with 0.3.
SWITCH_SECONDS = 0.1
#: So many connections leave their rooms at once; the others wait for their turn. 5,000 that were closed
#: together held everybody up for 2.9 s without it.
LEAVING_AT_ONCE = 8
