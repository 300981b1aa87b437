"""Which session has which name, on whichever node."""

import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

from chat_protocol.errors import NameTakenError
from chat_server.chat import names


class Directory(Protocol):
    """Names and sessions of all nodes. A call may be a round trip: none is made under a lock of the chat."""

    def claim(self, session: str) -> None:
        """Have a session be this node's alone. Raises `UnavailableError` if another does not let go of it."""

    def take(self, session: str, name: str) -> None:
        """Give a session a name in place of the one that it has. Raises `NameTakenError`."""

    def find(self, name: str) -> str | None:
        """Return the session that has the name, in whatever spelling, connected or held for it."""

    def hold(self, session: str, seconds: float) -> None:
        """Keep a session's name for it, for so long from now: its connection is about to end."""

    def release(self, session: str) -> None:
        """Free a session's name."""


class _Holder(NamedTuple):
    """Who has a name, and until when if the connection has ended."""

    session: str
    until: float | None = None


class LocalDirectory:
    """The directory of a server that is alone."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # Guards what follows.
        self._lock = threading.Lock()
        self._holders: dict[str, _Holder] = {}
        self._keys: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._holders)

    def claim(self, session: str) -> None:
        """Do nothing: there is no other node."""

    def take(self, session: str, name: str) -> None:
        """Give a session a name in place of the one that it has. Raises `NameTakenError`."""
        key = names.key(name)
        with self._lock:
            holder = self._holders.get(key)
            if holder is not None and holder.session != session and not self._is_over(holder):
                raise NameTakenError(self._taken(holder, name))
            if holder is not None:
                self._keys.pop(holder.session, None)
            self._release_locked(session)
            self._holders[key] = _Holder(session)
            self._keys[session] = key

    def find(self, name: str) -> str | None:
        """Return the session that has the name, in whatever spelling, connected or held for it."""
        with self._lock:
            holder = self._holders.get(names.user_key(name))
            return None if holder is None or self._is_over(holder) else holder.session

    def hold(self, session: str, seconds: float) -> None:
        """Keep a session's name for it, for so long from now."""
        with self._lock:
            if (key := self._keys.get(session)) is not None:
                self._holders[key] = _Holder(session, self._clock() + seconds)

    def release(self, session: str) -> None:
        """Free a session's name."""
        with self._lock:
            self._release_locked(session)

    def _release_locked(self, session: str) -> None:
        if (key := self._keys.pop(session, None)) is not None:
            del self._holders[key]

    def _is_over(self, holder: _Holder) -> bool:
        return holder.until is not None and self._clock() > holder.until

    def _taken(self, holder: _Holder, name: str) -> str:
        if holder.until is None:
            return f"the name {name} is taken; choose another"
        left = holder.until - self._clock()
        return (
            f"the name {name} is kept for {left:.0f} s for who lost the connection; choose another, or wait"
        )
