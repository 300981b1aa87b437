"""The accounts that have been here: one identity each, which owns the inbox and the read positions."""

import threading
from collections.abc import Sequence

from chat_protocol.errors import LimitReachedError
from chat_server.chat import names
from chat_server.chat.access import Access
from chat_server.chat.identity import Identity, account_id
from chat_server.chat.inbox import INBOX, Inbox, inbox_name
from chat_server.chat.room import RoomContext
from chat_server.chat.session import Session
from chat_server.errors import StoreError
from chat_server.store.base import Account
from chat_server.stream.counters import Counters
from chat_server.stream.delivery import Delivery

#: How many people one may ignore.
IGNORED_AT_MOST = 200
#: Stands for everybody.
EVERYBODY = "*"
#: How many rooms of an account are remembered: with several connections it can be in more than one may.
ROOMS_OF_ONE = 256


class People:
    """The identities of accounts.

    1. An account has one identity from when somebody needs it until the server stops, some 2 KiB.
    2. Neither the store nor the journal is asked under a lock.
    3. A position goes to the store a moment after it was noted: after a crash something may be shown again.
    """

    def __init__(self, shared: RoomContext, access: Access) -> None:
        self._shared = shared
        self._access = access
        # Guards what follows, and the positions of identities.
        self._lock = threading.Lock()
        self._identities: dict[str, Identity] = {}
        self._by_key: dict[str, Identity] = {}
        # By account and room, what is to be stored.
        self._moved: dict[tuple[int, str], int | None] = {}

    def __len__(self) -> int:
        return len(self._identities)

    def identity(self, account: Account) -> Identity:
        """Return the identity of an account, as it is now. Raises `StoreError`, `JournalError`."""
        id_ = account_id(account.number)
        with self._lock:
            known = self._identities.get(id_)
        if known is None:
            made = Identity(id_, account.name, account)
            made.inbox = Inbox(made, self._shared, self._shared.commit.journal.open(inbox_name(id_)))
            made.positions = dict(self._access.store.positions(account.number))
            made.ignored = self._access.store.ignored(account.number)
            with self._lock:
                known = self._identities.setdefault(id_, made)
                self._by_key[names.key(account.name)] = known
        if known.account is None or known.account.version < account.version:  # else somebody was faster
            known.account = account
        return known

    def find(self, name: str) -> Identity | None:
        """Return the account of that name, in whatever spelling, here or not. Raises as `identity` does."""
        with self._lock:
            known = self._by_key.get(names.user_key(name))
        if known is not None:
            return known
        account = self._access.find(name)
        return None if account is None or account.disabled else self.identity(account)

    def known(self, name: str) -> Identity | None:
        """Return the account of that name, in whatever spelling, if it has been here; asks no store."""
        with self._lock:
            return self._by_key.get(names.user_key(name))

    def delivery(self, owner: str) -> Delivery | None:
        """Return what delivers to an account's inbox; none if nobody has needed it yet."""
        with self._lock:
            known = self._identities.get(owner)
        return known.inbox.delivery if known is not None and known.inbox is not None else None

    def counters(self) -> Counters:
        """Return what the deliveries to all their inboxes counted."""
        total = Counters()
        with self._lock:
            for identity in self._identities.values():
                if identity.inbox is not None:
                    total.add(identity.inbox.delivery.counters)
        return total

    def ignore(self, identity: Identity, name: str, *, on: bool) -> None:
        """Have somebody take no direct messages of a name, or take them again; an account keeps it.

        Raises `LimitReachedError`, `StoreError`.
        """
        key = names.user_key(name)
        if on and len(identity.ignored) >= IGNORED_AT_MOST:
            raise LimitReachedError(f"you ignore {IGNORED_AT_MOST} people, the most there may be")
        if identity.account is not None:
            self._access.store.set_ignored(identity.account.number, key, name if on else None)
        kept = {each: shown for each, shown in identity.ignored.items() if each != key}
        identity.ignored = kept | ({key: name} if on else {})

    def note_read(self, identity: Identity, room: str, id_: int) -> None:
        """Note that an account has read a room of its own up to an id; it never goes back."""
        if identity.account is not None:
            with self._lock:
                if room != INBOX and room not in identity.positions:
                    return  # it was put out, and is not to be brought back when it comes next
                identity.positions[room] = id_ = max(id_, identity.positions.get(room, 0))
                self._moved[identity.account.number, room] = id_

    def note_entered(self, identity: Identity, room: str, position: int, last: int) -> None:
        """Note that an account has entered a room, whose last id is `last`, and has all up to `position`.

        If the journal was put back to an older one, the ids that it gives again have not been read.
        """
        if identity.account is not None:
            with self._lock:
                positions = identity.positions
                positions[room] = min(last, max(position, positions.get(room, 0)))
                self._moved[identity.account.number, room] = positions[room]
                if len(positions) > ROOMS_OF_ONE:
                    oldest = next(each for each in positions if each != INBOX)
                    del positions[oldest]
                    self._moved[identity.account.number, oldest] = None

    def note_left(self, identity: Identity, room: str) -> None:
        """Note that a room is none of the account's any more."""
        if identity.account is not None:
            with self._lock:
                identity.positions.pop(room, None)
                self._moved[identity.account.number, room] = None

    def save(self) -> None:
        """Store the positions that were noted. Raises `StoreError`; they are kept for the next try then."""
        with self._lock:
            moved, self._moved = self._moved, {}
        if not moved:
            return
        try:
            self._access.store.set_positions(moved)
        except StoreError:
            with self._lock:
                self._moved = moved | self._moved
            raise

    def outdated(self) -> Sequence[Session]:
        """Return the sessions of accounts that are not as they were any more. Raises `StoreError`."""
        with self._lock:
            here = [session for each in self._identities.values() for session in each.sessions]
        return [each for each in here if not self._access.is_current(each)]
