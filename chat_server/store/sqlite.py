"""The store in an SQLite file beside the journal, or in memory if the journal is there."""

import contextlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from chat_protocol.codec import encode_json
from chat_server.errors import StoreError
from chat_server.sqlite_file import (
    connect,
    connect_read_only,
    located,
    named,
    translated,
)
from chat_server.store.base import Account, Naming, Scope, Token
from chat_server.store.file import Execute, StoreFile
from chat_server.store.hooks import HookTable
from chat_server.store.moderation import Moderation
from chat_server.store.rooms import RoomTable

#: The store lies beside the journal, under its name and this.
ENDING = "-store"
_BUMP = "UPDATE accounts SET version = version + 1 WHERE number = ?"
_scope = msgspec.json.Decoder(Scope).decode


def beside(journal: str, ending: str = ENDING) -> Path | None:
    """Return where the store lies, for a journal as the setting names it; none if both are in memory.

    With another `ending`, where something else lies that belongs to both.

    Raises `JournalError`.
    """
    if journal == "memory":
        return None
    path = located(named(journal.removeprefix("sqlite:")))
    return path.with_name(path.name + ending)


def copy(path: Path, target: Path) -> None:
    """Copy a store, as it is at one moment, to a file that is made. Raises `StoreError`."""
    try:
        with (
            translated(target, StoreError),
            contextlib.closing(connect_read_only(path)) as source,
            contextlib.closing(connect(target)) as made,
        ):
            source.backup(made)
            made.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
    except BaseException:
        target.unlink(missing_ok=True)
        raise


class SqliteStore:
    """Keeps it all in one file, which `chat-server user` may change while a server uses it.

    Raises `StoreError` if the file cannot be opened, is no store, or one of a newer version.
    """

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.time) -> None:
        self.file = StoreFile(path)
        self.hooks = HookTable(self.file, clock)
        self.moderation = Moderation(self.file, clock)
        self.rooms = RoomTable(self.file)
        self._clock = clock

    # Accounts

    def add(self, naming: Naming, hash_: str, *, operator: bool = False) -> Account | None:
        """Make an account; return none if another, or a hook, has that name or one that looks the same."""
        with self.file.writing() as execute:
            return self._add(execute, naming, hash_, operator=operator)

    def find(self, key: str) -> Account | None:
        """Return the account of that name."""
        return _account(self.file.row("SELECT * FROM accounts WHERE key = ?", key))

    def account(self, number: int) -> Account | None:
        """Return the account of that number."""
        return _account(self.file.row("SELECT * FROM accounts WHERE number = ?", number))

    def is_reserved(self, keys: Collection[str]) -> bool:
        """Tell whether an account's name is known by one of these."""
        return any(self.file.row("SELECT 1 FROM names WHERE key = ?", key) is not None for key in keys)

    def accounts(self) -> Sequence[Account]:
        """Return all accounts, in the order of their names."""
        rows = self.file.rows("SELECT * FROM accounts ORDER BY key")
        return [each for row in rows if (each := _account(row)) is not None]

    def set_password(self, number: int, hash_: str) -> None:
        """Give an account another password."""
        with self.file.writing() as execute:
            execute("UPDATE accounts SET hash = ? WHERE number = ?", (hash_, number))
            execute(_BUMP, (number,))

    def set_disabled(self, number: int, *, disabled: bool) -> None:
        """Let nobody in under this account any more, or let them in again."""
        with self.file.writing() as execute:
            execute("UPDATE accounts SET disabled = ? WHERE number = ?", (disabled, number))
            execute(_BUMP, (number,))

    def set_operator(self, number: int, *, operator: bool) -> None:
        """Give an account the rights of an operator, or take them away."""
        with self.file.writing() as execute:
            execute("UPDATE accounts SET operator = ? WHERE number = ?", (operator, number))
            execute(_BUMP, (number,))

    # Tokens and invitations

    def add_token(self, number: int, digest: bytes, label: str, scope: Scope) -> int:
        """Keep a token of an account; return the token's number."""
        row = (digest, number, label, self._clock(), encode_json(scope))
        with self.file.writing() as execute:
            made = execute(
                "INSERT INTO tokens (digest, account, label, created, scope) VALUES (?, ?, ?, ?, ?)", row
            )
            return int(made.lastrowid or 0)

    def token(self, digest: bytes) -> tuple[Account, Scope] | None:
        """Return whose token that is, and what it is for."""
        row = self.file.row(
            "SELECT accounts.*, scope FROM tokens JOIN accounts ON accounts.number = tokens.account"
            " WHERE digest = ?",
            digest,
        )
        if row is None or (account := _account(row)) is None:
            return None
        return account, _scope(row[-1])

    def tokens(self) -> Sequence[Token]:
        """Return all tokens, in the order in which they were made."""
        rows = self.file.rows(
            "SELECT tokens.number, name, label, created, scope FROM tokens"
            " JOIN accounts ON accounts.number = tokens.account ORDER BY tokens.number"
        )
        return [
            Token(number, name, label, created, _scope(scope)) for number, name, label, created, scope in rows
        ]

    def revoke(self, token: int) -> bool:
        """Forget a token; false if there is none of that number."""
        with self.file.writing() as execute:
            row = execute("SELECT account FROM tokens WHERE number = ?", (token,)).fetchone()
            if row is None:
                return False
            execute("DELETE FROM tokens WHERE number = ?", (token,))
            execute(_BUMP, row)
            return True

    def add_invitation(self, digest: bytes, expires: float) -> None:
        """Keep an invitation until a time, in seconds since 1970; those whose time is over go."""
        with self.file.writing() as execute:
            execute("DELETE FROM invitations WHERE expires < ?", (self._clock(),))
            execute("INSERT INTO invitations VALUES (?, ?)", (digest, expires))

    def redeem(self, digest: bytes, naming: Naming, hash_: str) -> tuple[bool, Account | None]:
        """Make an account for an invitation, which is used up then.

        Returns whether it was good, and the account; none if the name is taken, and it stays good then.
        """
        with self.file.writing() as execute:
            asked = "SELECT 1 FROM invitations WHERE digest = ? AND expires >= ?"
            if execute(asked, (digest, self._clock())).fetchone() is None:
                return False, None
            account = self._add(execute, naming, hash_, operator=False)
            if account is not None:
                execute("DELETE FROM invitations WHERE digest = ?", (digest,))
            return True, account

    # Read positions

    def positions(self, number: int) -> Mapping[str, int]:
        """Return the rooms of an account, and up to which id it has read each."""
        return dict(self.file.rows("SELECT room, id FROM positions WHERE account = ? ORDER BY rowid", number))

    def set_positions(self, positions: Mapping[tuple[int, str], int | None]) -> None:
        """Note how far accounts have read rooms, all at once; none forgets a room of the account."""
        gone = [place for place, id_ in positions.items() if id_ is None]
        kept = [(*place, id_) for place, id_ in positions.items() if id_ is not None]
        with self.file.writing():
            self.file.connection.executemany("DELETE FROM positions WHERE account = ? AND room = ?", gone)
            self.file.connection.executemany(
                "INSERT INTO positions VALUES (?, ?, ?)"
                " ON CONFLICT (account, room) DO UPDATE SET id = excluded.id",
                kept,
            )

    # The file

    def ignored(self, number: int) -> Mapping[str, str]:
        """Return whom an account ignores: name by key."""
        return dict(self.file.rows("SELECT key, name FROM ignored WHERE account = ?", number))

    def set_ignored(self, number: int, key: str, name: str | None) -> None:
        """Have an account ignore somebody, or with no name nobody of that key any more."""
        with self.file.writing() as execute:
            execute("DELETE FROM ignored WHERE account = ? AND key = ?", (number, key))
            if name is not None:
                execute("INSERT INTO ignored VALUES (?, ?, ?)", (number, key, name))

    def changed(self) -> bool:
        """Tell whether another process has changed something since the last call."""
        return self.file.changed()

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def _add(self, execute: Execute, naming: Naming, hash_: str, *, operator: bool) -> Account | None:
        taken = "SELECT 1 FROM names WHERE key = ? UNION SELECT 1 FROM hook_names WHERE key = ?"
        if any(execute(taken, (key, key)).fetchone() for key in naming.keys):
            return None
        row = (naming.name, naming.key, hash_, operator)
        made = execute("INSERT INTO accounts (name, key, hash, operator) VALUES (?, ?, ?, ?)", row)
        number = int(made.lastrowid or 0)
        for key in naming.keys:
            execute("INSERT INTO names VALUES (?, ?)", (key, number))
        return Account(number, naming.name, hash_, operator=operator, disabled=False, version=1)


def _account(row: tuple[Any, ...] | None) -> Account | None:
    if row is None:
        return None
    number, name, hash_, operator, disabled, version, *_ = row
    return Account(number, name, hash_, bool(operator), bool(disabled), version)
