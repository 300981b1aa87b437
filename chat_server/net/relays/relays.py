"""The relays of a server: a thread for each that the store has."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

from chat_server.chat.hub import Hub
from chat_server.net.relays.posting import post
from chat_server.net.relays.relay import RESULTS, RelayThread, Source


def relays_of(hub: Hub, clock: Callable[[], float]) -> "Relays":
    """Return the relays of a chat, none of which runs yet."""

    def taken(room: str) -> int | None:
        delivery = hub.room_delivery(room)
        return None if delivery is None else delivery.taken

    journal, table = hub.shared.commit.journal, hub.access.store.hooks
    return Relays(Source(journal, table, taken, post, clock, time.time))


class Relays:
    """Starts and ends the threads of relays. Nobody in the chat waits for one.

    1. `refresh` never waits for a thread: one that ends goes on for as long as a post may take.
    2. `stop` joins every thread.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        # Guards what follows.
        self._lock = threading.Lock()
        self._running: dict[int, RelayThread] = {}
        self._ending: list[RelayThread] = []
        self._former = Counter[str]()
        self._stopped = False

    @property
    def results(self) -> Mapping[str, int]:
        """What became of messages and tries since the start."""
        with self._lock:
            total = Counter(dict.fromkeys(RESULTS, 0)) + self._former
            for each in (*self._running.values(), *self._ending):
                total.update(each.results.copy())
        return {result: total[result] for result in RESULTS}

    def refresh(self) -> None:
        """Start and end threads, as the store says now. Raises `StoreError`."""
        wanted = {each.number: each for each in self._source.table.relays()}
        with self._lock:
            if self._stopped:
                return
            self._forget_ended_locked()
            for number in self._running.keys() - wanted.keys():
                gone = self._running.pop(number)
                gone.stop()
                self._ending.append(gone)
            for number in wanted.keys() - self._running.keys():
                made = RelayThread(wanted[number], self._source)
                made.thread.start()
                self._running[number] = made

    def stop(self) -> None:
        """Have every thread end."""
        with self._lock:
            self._stopped = True
            threads = (*self._running.values(), *self._ending)
            for each in threads:
                each.stop()
        for each in threads:
            each.thread.join()

    def _forget_ended_locked(self) -> None:
        for each in [each for each in self._ending if not each.thread.is_alive()]:
            self._ending.remove(each)
            self._former.update(each.results)
