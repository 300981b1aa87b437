"""How somebody who comes into a room gets what was said before, then all that is live."""

import threading
from collections.abc import Callable
from typing import NamedTuple

from chat_server.journal.base import PAGE_BYTES, Journal, Page
from chat_server.stream.delivery import Delivery
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import Outgoing

#: How long, in seconds, a replay waits for its reader before it gives up.
REPLAY_SECONDS = 10.0
#: How many messages a replay reads at once, at most; `PAGE_BYTES` bounds it too.
REPLAY_MESSAGES = 5_000
#: How many times a newcomer may fall behind what is said meanwhile, by 256 KiB each, before it is given up.
CHASES_AT_MOST = 100


class Entrance(NamedTuple):
    """What somebody who has approached a room needs to enter it.

    `page` is what comes after the id `position`, the rest up to `mark` is read later. `gap` is the first id
    that is kept if some after the one asked for are not.
    """

    outbox: Outgoing
    position: int
    mark: int
    page: Page | None
    gap: int | None


def entrance(  # noqa: PLR0913, PLR0917  # each is a thing of its own
    journal: Journal, room: str, delivery: Delivery, outbox: Outgoing, after: int | None, history: int
) -> Entrance:
    """Get somebody ready to enter who has everything up to the id `after`; nobody is told yet.

    Without `after` the last `history` messages come first. From now on what is handed out is held.
    Raises `JournalError`.
    """
    mark = delivery.begin(outbox)
    try:
        first = journal.bounds(room).first
        wanted = mark - history if after is None else after
        position = min(mark, max(first - 1, wanted))
        page = journal.read(room, position, mark, REPLAY_MESSAGES) if position < mark else None
    except BaseException:
        delivery.leave(outbox)
        raise
    gap = position + 1 if after is not None and position > after else None
    return Entrance(outbox, position, mark, page, gap)


class Replay(NamedTuple):
    """One replay. It ends as soon as `is_here` says no, which is asked under the room's `lock`.

    So nothing is pushed to somebody after the LEFT that tells them that they were put out.
    """

    room: str
    journal: Journal
    delivery: Delivery
    lock: threading.Lock
    is_here: Callable[[], bool]

    def run(self, entrance: Entrance) -> bool:
        """Send it all and go live, or stop if the newcomer was put out; false if it cannot keep up.

        Raises `JournalError`.
        """
        outbox, position, mark, page, _ = entrance
        for _ in range(CHASES_AT_MOST):
            while position < mark and self.is_here():
                page = page or self.journal.read(self.room, position, mark, REPLAY_MESSAGES)
                position = page.last if page.frames else mark  # retention may have taken the rest
                with self.lock:
                    if self.is_here():
                        outbox.push(Frames(page.frames))
                page = None
                if not outbox.wait_below(PAGE_BYTES, REPLAY_SECONDS):
                    return False
            with self.lock:
                is_here = self.is_here()
                if is_here and self.delivery.enter(outbox, position):
                    return True
            if not is_here:
                self.delivery.leave(outbox)  # it may be held anew since it was put out
                return True
            mark = self.delivery.begin(outbox)
        return False
