"""What every store keeps, and what it takes and gives."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from chat_server.store.hooks import HookTable
from chat_server.store.moderation import Moderation
from chat_server.store.rooms import RoomTable


class Account(NamedTuple):
    """Somebody who can prove who they are.

    `hash` is that of the password, empty if there is none. `version` goes up with each change after which
    nobody may go on who came before it: another password, disabled, a token revoked.
    """

    number: int
    name: str
    hash: str
    operator: bool
    disabled: bool
    version: int


class Naming(NamedTuple):
    """A name: as it is shown, what it is found by, and all that it is known by (`chat/names.py`)."""

    name: str
    key: str
    keys: Collection[str]


class Scope(NamedTuple):
    """What a token's bearer may do: enter these rooms (all if none is named); speak, if `writes`."""

    rooms: Sequence[str] = ()
    writes: bool = True


#: What somebody may do who came without a token.
EVERYTHING = Scope()


class Token(NamedTuple):
    """A token of an account: its own number, when it was made, in seconds since 1970, and what it is for."""

    number: int
    account: str
    label: str
    created: float
    scope: Scope


class Store(Protocol):
    """What every store does; any thread may call it, none under a lock of the chat. Raises `StoreError`.

    1. What a call has changed is there after a power cut.
    2. No two accounts share anything that their names are known by, nor does an account with a hook.
    3. Of a secret (token, invitation) it has a digest alone.
    """

    hooks: HookTable
    moderation: Moderation
    rooms: RoomTable

    def add(self, naming: Naming, hash_: str, *, operator: bool = False) -> Account | None:
        """Make an account; return none if another, or a hook, has that name or one that looks the same."""

    def find(self, key: str) -> Account | None:
        """Return the account of that name."""

    def account(self, number: int) -> Account | None:
        """Return the account of that number."""

    def is_reserved(self, keys: Collection[str]) -> bool:
        """Tell whether an account's name is known by one of these."""

    def accounts(self) -> Sequence[Account]:
        """Return all accounts, in the order of their names."""

    def set_password(self, number: int, hash_: str) -> None:
        """Give an account another password."""

    def set_disabled(self, number: int, *, disabled: bool) -> None:
        """Let nobody in under this account any more, or let them in again."""

    def set_operator(self, number: int, *, operator: bool) -> None:
        """Give an account the rights of an operator, or take them away."""

    def add_token(self, number: int, digest: bytes, label: str, scope: Scope) -> int:
        """Keep a token of an account; return the token's number."""

    def token(self, digest: bytes) -> tuple[Account, Scope] | None:
        """Return whose token that is, and what it is for."""

    def tokens(self) -> Sequence[Token]:
        """Return all tokens, in the order in which they were made."""

    def revoke(self, token: int) -> bool:
        """Forget a token; false if there is none of that number."""

    def add_invitation(self, digest: bytes, expires: float) -> None:
        """Keep an invitation until a time, in seconds since 1970."""

    def redeem(self, digest: bytes, naming: Naming, hash_: str) -> tuple[bool, Account | None]:
        """Make an account for an invitation, which is used up then.

        Returns whether it was good, and the account; none if the name is taken, and it stays good then.
        """

    def positions(self, number: int) -> Mapping[str, int]:
        """Return the rooms of an account, and up to which id it has read each."""

    def set_positions(self, positions: Mapping[tuple[int, str], int | None]) -> None:
        """Note how far accounts have read rooms, all at once; none forgets a room of the account."""

    def ignored(self, number: int) -> Mapping[str, str]:
        """Return whom an account ignores: name by key."""

    def set_ignored(self, number: int, key: str, name: str | None) -> None:
        """Have an account ignore somebody, or with no name nobody of that key any more."""

    def changed(self) -> bool:
        """Tell whether another process has changed something since the last call."""

    def close(self) -> None:
        """Let go of what is open; nothing may be called after it."""
