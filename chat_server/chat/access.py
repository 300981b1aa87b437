"""Who is let in: everyone, those who know the password, or those who have an account."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from chat_protocol.errors import (
    AuthFailedError,
    AuthRequiredError,
    BadFieldError,
    BannedError,
    LimitReachedError,
    NameTakenError,
    NotAllowedError,
    PeerError,
    RateLimitedError,
)
from chat_protocol.messages import RegName
from chat_server.chat import names
from chat_server.chat.bans import Bans
from chat_server.chat.passwords import Passwords, digest, same
from chat_server.chat.session import Session
from chat_server.chat.tries import Tries
from chat_server.errors import StoreError
from chat_server.store.base import EVERYTHING, Account, Naming, Scope, Store

log = structlog.get_logger()

OPEN, PASSWORD, ACCOUNTS = "open", "password", "accounts"
OFF, INVITATION = "off", "invitation"
#: A new password has at least so many characters (NIST SP 800-63B, 3.1.1.2).
PASSWORD_AT_LEAST = 8
#: What became of tries to get in, as the metrics name it.
RESULTS = ("account", "guest", "token", "certificate", "registered", "wrong", "limited", "banned")
_RESULTS_OF_ERRORS: Mapping[type[PeerError], str] = {
    AuthFailedError: "wrong",
    RateLimitedError: "limited",
    BannedError: "banned",
}


@dataclass(frozen=True, slots=True)
class AccessRules:
    """Who is let in: `mode` is open, password or accounts; `registration` off, invitation or open.

    People may register until there are `accounts` accounts. If there are `certificates`, that of a connection
    proves the account of its name.
    """

    mode: str = OPEN
    password: str = ""
    guests: bool = False
    registration: str = OFF
    accounts: int = 10_000
    certificates: bool = False


class Entry(NamedTuple):
    """As whom somebody comes in: a guest if that is no account. `scope` is none if nothing new was shown."""

    account: Account | None = None
    scope: Scope | None = EVERYTHING


class Access:
    """Decides who may come in, and as whom.

    1. An unknown name and a wrong password get the same answer after the same time.
    2. Tries are counted for the address and for the name; what is right is given back.
    3. Nothing of it is asked under a lock of the chat: a hash takes its time, and the store is a file.
    4. Nobody comes in under a name or an account that is banned, not even back to a session.
    """

    def __init__(
        self,
        rules: AccessRules,
        store: Store,
        clock: Callable[[], float],
        passwords: Passwords | None = None,
    ) -> None:
        self.rules = rules
        self.store = store
        self.tries = Tries(clock)
        self.bans = Bans(store.moderation)
        self._passwords = passwords or Passwords()
        self._results = dict.fromkeys(RESULTS, 0)

    @property
    def results(self) -> Mapping[str, int]:
        """How many tries there were, by what became of them."""
        return self._results

    def admit(self, request: RegName, name: str, address: str, known: Session | None) -> Entry:
        """Return as whom somebody comes in under a name.

        `address` is what tries are counted by, empty for none; `known` is the session that is resumed.
        Raises `BannedError`, `AuthRequiredError`, `AuthFailedError`, `RateLimitedError`, `NotAllowedError`,
        `NameTakenError`, `LimitReachedError`, `BadFieldError`, `StoreError`.
        """
        try:
            self._refuse_banned(name, known)
            entry, result = self._admitted(request, name, address, known)
            if entry.account is not None:
                self.bans.refuse(self.bans.of_account(entry.account.number))
        except (AuthFailedError, RateLimitedError, BannedError) as error:
            self._count(_RESULTS_OF_ERRORS[type(error)])
            log.warning("login_failed", user=name, code=error.code)
            raise
        self._count(result)
        return entry

    @property
    def has_accounts(self) -> bool:
        """Whether people can prove who they are."""
        return self.rules.mode == ACCOUNTS

    def hashed(self, password: str) -> str:
        """Return the hash of a password. Raises `RateLimitedError` if too many wait for one."""
        return self._passwords.hashed(password)

    def is_room_password(self, room: str, who: Sequence[str], hash_: str, password: str) -> bool:
        """Tell whether that is a room's password. Raises `RateLimitedError`.

        Tries are counted for each of `who`, an identity and an address: a guest has a new identity at will.
        """
        counted = [f"{each} into {room}" for each in who if each]
        self.tries.take(*counted)
        is_right = self._passwords.is_right(hash_, password)
        if is_right:
            self.tries.give_back(*counted)
        return is_right

    def find(self, name: str) -> Account | None:
        """Return the account of that name, in whatever spelling; none if this chat has no accounts."""
        return self.store.find(names.user_key(name)) if self.rules.mode == ACCOUNTS else None

    def is_current(self, session: Session) -> bool:
        """Tell whether a session may go on: its account is as it was when that was proved.

        The identity does not tell: somebody may have come in as the same account since. Raises `StoreError`.
        """
        account = session.identity.account
        if account is None:
            return True
        now = self.store.account(account.number)
        return now is not None and not now.disabled and now.version == session.proved

    def _theirs(self, known: Session | None, name: str) -> Account | None:
        """Return the account of a session that is shown, if that may go on and the name is the account's."""
        account = known.identity.account if known is not None else None
        if known is None or account is None or names.key(account.name) != names.key(name):
            return None
        return account if self.is_current(known) else None

    def _refuse_banned(self, name: str, known: Session | None) -> None:
        """Raise `BannedError` for a name, or for the guest whose session is resumed under another."""
        self.bans.refuse(self.bans.of_name(name))
        if known is not None and not known.identity.is_account:
            self.bans.refuse(self.bans.of_name(known.identity.name))

    def _count(self, result: str) -> None:
        self._results[result] += 1

    def _admitted(
        self, request: RegName, name: str, address: str, known: Session | None
    ) -> tuple[Entry, str]:
        if self.rules.mode == OPEN:
            if _shows_something(request):
                raise AuthFailedError("this chat is open to everyone and has no accounts; give a name alone")
            return self._guest(name), "guest"
        if (account := self._theirs(known, name)) is not None:
            return Entry(account, None), "account"
        if self.rules.mode == PASSWORD:
            if known is None:
                self._check_password(request.password, address)
            return self._guest(name), "guest"
        if _shows_something(request):
            return self._proved(request, Naming(name, names.key(name), names.keys(name)), address)
        if not self.rules.guests:
            raise AuthRequiredError("this chat is for those who have an account; give your password")
        return self._guest(name), "guest"

    def _proved(self, request: RegName, naming: Naming, address: str) -> tuple[Entry, str]:
        if request.certificate:  # which the conversation has checked
            return self._by_certificate(naming), "certificate"
        if request.token is not None:
            return self._by_token(request.token, naming, address), "token"
        if request.register or request.invitation is not None:
            return self._registered(request, naming, address), "registered"
        return self._by_password(request.password or "", naming, address), "account"

    def refuse_reserved(self, name: str) -> None:
        """Raise `NameTakenError` or `BannedError` if no guest may have this name. Raises `StoreError`."""
        self.bans.refuse(self.bans.of_name(name))
        names.refuse_service_name(name)
        if self.rules.mode == ACCOUNTS and self.store.is_reserved(names.keys(name)):
            raise NameTakenError(f"the name {name} is an account's, or looks like one; choose another")
        if self.store.hooks.is_reserved(names.keys(name)):
            raise NameTakenError(f"the name {name} is a program's, or looks like one; choose another")

    def _guest(self, name: str) -> Entry:
        if self.find(name) is not None:
            raise AuthRequiredError(f"the name {name} is an account's; give its password, or choose another")
        self.refuse_reserved(name)
        return Entry()

    def _check_password(self, password: str | None, address: str) -> None:
        if password is None:
            raise AuthRequiredError("this chat has a password; give it")
        with self._try(address):
            if not same(password, self.rules.password):
                raise AuthFailedError("wrong password; try again")

    def _by_password(self, password: str, naming: Naming, address: str) -> Entry:
        with self._try(address, naming.key):
            account = self.store.find(naming.key)
            hash_ = account.hash if account is not None and not account.disabled else None
            if not self._passwords.is_right(hash_, password) or account is None:
                raise AuthFailedError("wrong name or password; try again")
        return Entry(account)

    def _by_certificate(self, naming: Naming) -> Entry:
        account = self.store.find(naming.key) if self.rules.certificates else None
        if account is None or account.disabled:
            raise AuthFailedError("there is no account of the certificate's name")
        return Entry(account)

    def _by_token(self, token: str, naming: Naming, address: str) -> Entry:
        with self._try(address):
            account, scope = self.store.token(digest(token)) or (None, None)
            if account is None or account.disabled or names.key(account.name) != naming.key:
                raise AuthFailedError("wrong name or token; it may have been revoked")
        return Entry(account, scope)

    def _registered(self, request: RegName, naming: Naming, address: str) -> Entry:
        if self.rules.registration == OFF:
            raise NotAllowedError("nobody can register here; ask whoever runs this chat for an account")
        if self.rules.registration == INVITATION and request.invitation is None:
            raise NotAllowedError("give the invitation that you were sent")
        if request.password is None or len(request.password) < PASSWORD_AT_LEAST:
            raise BadFieldError(f"REG_NAME: choose a password of {PASSWORD_AT_LEAST} characters or more")
        names.refuse_service_name(naming.name)
        self.tries.take(*_counted(address, None))
        if len(self.store.accounts()) >= self.rules.accounts:
            raise LimitReachedError("there are as many accounts as there may be; ask whoever runs this chat")
        hash_ = self._passwords.hashed(request.password)
        if request.invitation is None:
            account = self.store.add(naming, hash_)
        else:
            is_good, account = self.store.redeem(digest(request.invitation), naming, hash_)
            if not is_good:
                raise AuthFailedError("this invitation is used, or too old; ask for another")
        if account is None:
            raise NameTakenError(f"the name {naming.name} is taken; choose another")
        log.info("account_made", user=naming.name, by=INVITATION if request.invitation else OPEN)
        return Entry(account)

    @contextmanager
    def _try(self, address: str, key: str | None = None) -> Iterator[None]:
        """Count a try unless it is right, or the store fails: what is not looked at is no guess."""
        counted = _counted(address, key)
        self.tries.take(*counted)
        try:
            yield
        except StoreError:
            self.tries.give_back(*counted)
            raise
        self.tries.give_back(*counted)


def certified_name(given: str, certified: str) -> str:
    """Return the name that a connection's certificate proves. Raises `AuthFailedError` if it is another."""
    if not certified or (given and names.user_key(given) != names.user_key(certified)):
        raise AuthFailedError("this connection has no certificate of that account")
    return certified


def _shows_something(request: RegName) -> bool:
    """Tell whether somebody tries to prove who they are."""
    return (
        request.register
        or request.certificate
        or any(each is not None for each in (request.password, request.token, request.invitation))
    )


def _counted(address: str, key: str | None) -> list[str]:
    """Return what a try is counted by; no address looks like a name."""
    return [text for text in (address and f"from {address}", key and f"as {key}") if text]
