"""Locks that know their rank: what takes one upward, or waits for one that is only tried, is found out."""

import threading
from collections import defaultdict
from types import ModuleType, TracebackType

import pytest

#: Outermost first; a thread that holds one may wait only for those further down.
ORDER = (
    "server",
    "rooms registry",
    "room watching",
    "delivery commit",
    "arrival",
    "outbox",
    "flusher",
    "connection",
    "tls",
    "worker leftovers directory people tries hooks relays standing audit ledger entrances",
    "memory",
    "log",
)
RANKS = {module: rank for rank, modules in enumerate(ORDER) for module in modules.split()}


class Ledger:
    """Which locks each thread holds, and every breach of the order."""

    def __init__(self) -> None:
        self.breaches: list[str] = []
        #: Which lock was waited for under which: pairs of modules.
        self.nested: set[tuple[str, str]] = set()
        self._held: dict[int, list[tuple[RankedLock, bool]]] = defaultdict(list)

    def held(self) -> list[str]:
        """Return the modules of the locks that this thread has waited for and holds."""
        return [lock.module for lock, tried in self._mine() if not tried]

    def before(self, lock: "RankedLock") -> None:
        """Check that this thread may wait for the lock now."""
        for outer in self.held():
            self.nested.add((outer, lock.module))
            if RANKS[outer] >= RANKS[lock.module]:
                self.breaches.append(f"{threading.current_thread().name}: {lock.module} under {outer}")

    def took(self, lock: "RankedLock", *, tried: bool) -> None:
        """Note that this thread has the lock."""
        self._mine().append((lock, tried))

    def let_go(self, lock: "RankedLock") -> None:
        """Note that this thread has let it go."""
        mine = self._mine()
        at = max(at for at, (each, _) in enumerate(mine) if each is lock)
        del mine[at]

    def _mine(self) -> "list[tuple[RankedLock, bool]]":
        return self._held[threading.get_ident()]


class RankedLock:
    """A lock of a module, with that module's rank."""

    def __init__(self, module: str, ledger: Ledger) -> None:
        self.module = module
        self._ledger = ledger
        self._lock = threading.Lock()
        self._owner = 0
        self._uses: set[str] = set()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002  # as threading's
        """Take the lock, or try to."""
        self._uses.add("waited for" if blocking else "tried")
        if len(self._uses) > 1:
            self._ledger.breaches.append(f"a lock of {self.module} is waited for that others only try")
        if blocking:
            self._ledger.before(self)
        taken = self._lock.acquire(blocking, timeout)
        if taken:
            self._owner = threading.get_ident()
            self._ledger.took(self, tried=not blocking)
        return taken

    def release(self) -> None:
        """Let go of the lock."""
        self._owner = 0
        self._ledger.let_go(self)
        self._lock.release()

    def locked(self) -> bool:
        """Return whether any thread has it; a condition asks for this since Python 3.14."""
        return self._lock.locked()

    def _is_owned(self) -> bool:
        """Tell a condition whether this thread holds the lock."""
        return self._owner == threading.get_ident()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class _Threading:
    """The module `threading`, but for its locks."""

    def __init__(self, module: str, ledger: Ledger) -> None:
        self._module = module
        self._ledger = ledger

    def Lock(self) -> RankedLock:  # noqa: N802  # threading's name
        return RankedLock(self._module, self._ledger)

    def __getattr__(self, name: str) -> object:
        return getattr(threading, name)


def patch(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> Ledger:
    """Have these modules make ranked locks; return where their use is noted."""
    ledger = Ledger()
    for module in modules:
        name = module.__name__.rpartition(".")[2]
        assert name in RANKS, f"{name} has no rank; add it to ORDER"
        monkeypatch.setattr(module, "threading", _Threading(name, ledger))
    return ledger
