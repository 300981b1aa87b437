"""The server under a system clock that is stepped: each line on standard input is a number of seconds.

The monotonic clock goes on as ever, as it does when a machine's clock is set.
"""

import sys
import threading
import time

_real = time.time


class SteppedClock:
    """The time, off by what the steps add up to."""

    def __init__(self, offset: float) -> None:
        self.offset = offset

    def __call__(self) -> float:
        """Return seconds since 1970."""
        return _real() + self.offset

    def follow(self) -> None:
        """Step as standard input says."""
        for line in sys.stdin:
            self.offset += float(line)


def main() -> int:
    """Run the server; the first argument is how far the clock is off at the start."""
    clock = SteppedClock(float(sys.argv.pop(1)))
    time.time = clock
    threading.Thread(
        target=clock.follow,
        daemon=True,  # it reads until the pipe is closed, which must not hold up the exit
    ).start()
    from chat_server.cli import main as serve  # noqa: PLC0415  # only now, so that it finds this clock

    return serve(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
