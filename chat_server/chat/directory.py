"""Who has which name, on whichever node."""

import threading
from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

from chat_protocol.errors import NameTakenError
from chat_server.chat import names


class Directory(Protocol):
    """Names and sessions of all nodes. A call may be a round trip: none is made under a lock of the chat.

    A name belongs to its owner, a guest's session. Names of accounts are not here: they are never free.
    """

    def claim(self, session: str) -> None:
        """Have a session be this node's alone. Raises `UnavailableError` if another does not let go of it."""

    def take(self, owner: str, name: str) -> None:
        """Give an owner a name in place of the one that it has. Raises `NameTakenError`."""

    def find(self, name: str) -> str | None:
        """Return who has the name, in whatever spelling, connected or held for them."""

    def alike(self, name: str) -> Collection[str]:
        """Return those who have this name, or one that is the same to a reader."""

    def hold(self, owner: str, seconds: float) -> None:
        """Keep an owner's name for it, for so long from now: its connection is about to end."""

    def release(self, owner: str) -> None:
        """Free an owner's name."""


class _Holding(NamedTuple):
    """What a name is found by, all that it is known by, and until when if its connection has ended."""

    key: str
    keys: frozenset[str]
    until: float | None = None


class LocalDirectory:
    """The directory of a server that is alone."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # Guards what follows.
        self._lock = threading.Lock()
        self._holdings: dict[str, _Holding] = {}
        # By all that a name is known by, the owner: no two names share any of it.
        self._owners: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._holdings)

    def claim(self, session: str) -> None:
        """Do nothing: there is no other node."""

    def take(self, owner: str, name: str) -> None:
        """Give an owner a name in place of the one that it has. Raises `NameTakenError`."""
        holding = _Holding(names.key(name), names.keys(name))
        with self._lock:
            others = {self._owners[key] for key in holding.keys if key in self._owners} - {owner}
            for other in others:
                if not self._is_over(self._holdings[other]):
                    raise NameTakenError(self._taken(self._holdings[other], holding, name))
            for gone in (owner, *others):
                self._release_locked(gone)
            self._holdings[owner] = holding
            self._owners.update(dict.fromkeys(holding.keys, owner))

    def find(self, name: str) -> str | None:
        """Return who has the name, in whatever spelling, connected or held for them."""
        key = names.user_key(name)
        with self._lock:
            owner = self._owners.get(key)
            if owner is None:
                return None
            holding = self._holdings[owner]
            return owner if holding.key == key and not self._is_over(holding) else None

    def alike(self, name: str) -> Collection[str]:
        """Return those who have this name, or one that is the same to a reader."""
        with self._lock:
            owners = {self._owners[key] for key in names.keys(name) if key in self._owners}
            return {owner for owner in owners if not self._is_over(self._holdings[owner])}

    def hold(self, owner: str, seconds: float) -> None:
        """Keep an owner's name for it, for so long from now."""
        with self._lock:
            if (holding := self._holdings.get(owner)) is not None:
                self._holdings[owner] = holding._replace(until=self._clock() + seconds)

    def release(self, owner: str) -> None:
        """Free an owner's name."""
        with self._lock:
            self._release_locked(owner)

    def _release_locked(self, owner: str) -> None:
        if (holding := self._holdings.pop(owner, None)) is not None:
            for key in holding.keys:
                del self._owners[key]

    def _is_over(self, holding: _Holding) -> bool:
        return holding.until is not None and self._clock() > holding.until

    def _taken(self, theirs: _Holding, wanted: _Holding, name: str) -> str:
        if theirs.key != wanted.key:
            return f"the name {name} looks like somebody else's; choose another"
        if theirs.until is None:
            return f"the name {name} is taken; choose another"
        left = theirs.until - self._clock()
        return (
            f"the name {name} is kept for {left:.0f} s for who lost the connection; choose another, or wait"
        )
