"""A server for accounts and guests, and the shell beside it."""

from collections.abc import Sequence
from pathlib import Path

from chat_server.chat import names
from chat_server.chat.passwords import Passwords, digest
from chat_server.store.base import Account, Naming, Scope
from chat_server.store.sqlite import SqliteStore, beside
from tests.conformance.running import Running
from tests.support.peer import Peer, fresh

PASSWORD = "correct horse"  # noqa: S105  # a test's
HASH = Passwords().hashed(PASSWORD)
#: Whoever comes from here is not counted by address: all rows do.
EXEMPT = ("--exempt-networks", "127.0.0.0/8")


class Realm:
    """The server, what it stores, and who has come."""

    def __init__(self, folder: Path, *flags: str) -> None:
        journal = f"sqlite:{folder}/chat.db"
        self.path = beside(journal)
        self.store = SqliteStore(self.path)
        self._peers: list[Peer] = []
        access = ("--access", "accounts", "--guests", "on", "--registration", "open")
        self.running = Running("--journal", journal, *access, *flags)

    def account(self, name: str, *, operator: bool = False) -> Account:
        """Make an account of a name that no other row uses."""
        name = fresh(name)
        made = self.store.add(Naming(name, names.key(name), names.keys(name)), HASH, operator=operator)
        assert made is not None
        return made

    def token(self, account: Account, rooms: Sequence[str] = (), *, writes: bool = True) -> tuple[int, str]:
        """Make a token of an account; return its number and the secret."""
        secret = fresh("a-secret-token-")
        return self.store.add_token(account.number, digest(secret), "", Scope(rooms, writes)), secret

    def stranger(self) -> Peer:
        """Bring somebody who has said nothing."""
        peer = Peer(self.running.address)
        self._peers.append(peer)
        return peer

    def guest(self, name: str = "guest") -> Peer:
        """Bring a guest."""
        peer = self.stranger()
        peer.register(fresh(name))
        peer.fence()
        return peer

    def login(self, account: Account, **fields: object) -> Peer:
        """Bring somebody who has logged in."""
        peer = self.stranger()
        assert peer.register(account.name, **{"password": PASSWORD, **fields})["account"]
        peer.fence()
        return peer

    def refused(self, **fields: object) -> str:
        """Have a stranger try to come in; return the code of the error."""
        peer = self.stranger()
        peer.until("REG_NAME")
        peer.send("REG_NAME", **fields)
        code = peer.until("ERROR")["code"]
        peer.close()
        return str(code)

    def close(self) -> None:
        """Let everybody go, and end the server."""
        for peer in self._peers:
            peer.close()
        self.store.close()
        with self.running:
            pass
