"""What operators and moderators do: a line in the log, a row in the store, a number for the metrics."""

import threading
from collections import deque
from collections.abc import Mapping

import structlog

from chat_server.errors import StoreError
from chat_server.store.moderation import Act, Moderation

log = structlog.get_logger()

#: Every act that a server sees: one word each, as the log, the store and the metrics name it.
ACTS = (
    *("kick", "ban", "unban", "notice", "drain", "undrain", "reload"),
    *("mute", "unmute", "invite", "role", "rules", "topic", "delete"),
)
#: So many rows may wait for a disk that is full; beyond it the oldest is left out, and is in the log alone.
ROWS_WAITING = 1000


class Audit:
    """Notes acts; any thread may call it, none under a lock of the chat.

    1. `note` raises nothing: an act whose row cannot be stored is logged and counted all the same.
    2. Such a row waits in memory with the time of its act, and `save` tries again.
    """

    def __init__(self, moderation: Moderation) -> None:
        self._moderation = moderation
        # Guards _waiting and _counts; never held while the store is written.
        self._lock = threading.Lock()
        self._waiting: deque[Act] = deque(maxlen=ROWS_WAITING)
        self._counts = dict.fromkeys(ACTS, 0)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many acts there were since the start, by kind."""
        return self._counts

    def now(self) -> float:
        """Return the time by which bans end and acts are told, in seconds since 1970."""
        return self._moderation.clock()

    def note(self, act: Act) -> None:
        """Log an act, count it, and have its row stored."""
        log.info("act", actor=act.actor, act=act.act, target=act.target, room=act.room, detail=act.detail)
        with self._lock:
            if act.act in self._counts:  # no fault of a word may keep an act from its row
                self._counts[act.act] += 1
            self._waiting.append(act._replace(ts=self._moderation.clock()))
        try:
            self.save()
        except StoreError as error:
            log.warning("act_not_kept", error=str(error))

    def save(self) -> None:
        """Store the rows that wait, in their order. Raises `StoreError`; those left wait on."""
        while True:
            with self._lock:
                if not self._waiting:
                    return
                act = self._waiting.popleft()
            try:
                self._moderation.note(act)
            except BaseException:
                with self._lock:
                    self._waiting.appendleft(act)
                raise
