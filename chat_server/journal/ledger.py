"""What one session has published with a ref: a resend is answered, not stored again."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chat_server.journal.base import Placed

#: What one ref takes beside its characters, in bytes (measured).
REF_BYTES = 240


class Judged(NamedTuple):
    """The indexes of messages that are new, and of those refused since too many refs are remembered."""

    fresh: list[int]
    refused: list[int]


class Question(NamedTuple):
    """A PONG with this ref says that all acknowledgements of the room up to this id have been read."""

    ref: str
    room: str
    last: int


class Ledger:
    """Refs of one session, and where their messages are.

    1. `claim` tells which messages are new; their refs are under way until `settle` or `cancel`.
    2. Nothing is forgotten that may come again: only `answered`, since the client has read the
       acknowledgement then. At most `limit` refs are remembered; past it `claim` refuses.
    3. From half the limit on `question` returns what to ask the client.
    """

    __slots__ = ("_asked", "_known", "_limit", "_lock", "_question")

    def __init__(self, limit: int, known: Mapping[str, Placed] | None = None) -> None:
        self._limit = limit
        # Guards what follows: the session's thread claims, whoever stores settles.
        self._lock = threading.Lock()
        # Where each is; none while it is under way.
        self._known: dict[str, Placed | None] = dict(list((known or {}).items())[-(limit // 2) :])
        self._question: Question | None = None
        self._asked = 0

    def __len__(self) -> int:
        return len(self._known)

    @property
    def weight(self) -> int:
        """How many bytes it takes, about."""
        with self._lock:
            return len(self._known) * REF_BYTES + sum(map(len, self._known))

    def knows(self, ref: str) -> bool:
        """Tell whether a message with this ref was published, or is under way."""
        with self._lock:
            return ref in self._known

    def has_published(self, room: str, id_: int) -> bool:
        """Tell whether the session has published this message of the room, as far as it is remembered."""
        with self._lock:
            return any(placed is not None and placed[:2] == (room, id_) for placed in self._known.values())

    def claim(self, refs: Sequence[str | None]) -> Judged:
        """Return which of these messages are new, and which are refused; the others are known already."""
        judged = Judged([], [])
        with self._lock:
            for index, ref in enumerate(refs):
                if ref is None:
                    judged.fresh.append(index)
                elif ref in self._known:
                    continue
                elif len(self._known) >= self._limit:
                    judged.refused.append(index)
                else:
                    self._known[ref] = None
                    judged.fresh.append(index)
        return judged

    def cancel(self, refs: Iterable[str]) -> None:
        """Forget refs whose messages were not taken after all."""
        with self._lock:
            for ref in refs:
                self._known.pop(ref, None)

    def settle(self, placed: Mapping[str, Placed]) -> None:
        """Take note of where messages are that are stored now."""
        with self._lock:
            self._known.update(placed)

    def find(self, refs: Iterable[str]) -> list[tuple[str, Placed]]:
        """Return where these messages are, but for those that are neither stored nor known."""
        with self._lock:
            return [(ref, placed) for ref in refs if (placed := self._known.get(ref)) is not None]

    def question(self, room: str, last: int) -> str | None:
        """Return the ref of a PING to send behind a room's acknowledgements up to `last`, if it is time."""
        with self._lock:
            asked = self._question
            if asked is not None:  # the same again, if the line with it could not be made
                return asked.ref if (room, last) == asked[1:] else None
            if len(self._known) < self._limit // 2:
                return None
            self._asked += 1
            self._question = Question(f"read-{self._asked}", room, last)
            return self._question.ref

    def answered(self, ref: str | None) -> None:
        """Forget the refs whose acknowledgements the client has read, if the PONG says so."""
        with self._lock:
            question = self._question
            if question is None or ref != question.ref:
                return
            self._question = None
            self._known = {
                each: placed
                for each, placed in self._known.items()
                if placed is None or placed[0] != question.room or placed[1] > question.last
            }

    def forget_oldest(self, keep: int) -> None:
        """Forget what was settled first, but for the last `keep` to twice as many.

        For a sender that is asked nothing, and so never says what it has read.
        """
        with self._lock:
            if len(self._known) > 2 * keep:
                settled = [ref for ref, placed in self._known.items() if placed is not None]
                for ref in settled[:-keep]:
                    del self._known[ref]

    def ask_anew(self) -> None:
        """Wait for no answer: another connection's question is never answered on this one."""
        with self._lock:
            self._question = None
