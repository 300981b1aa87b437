"""Who is banned from the whole chat, or muted in it: in memory, and in the store for the next start."""

import ipaddress
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from chat_protocol.errors import BannedError, NameInvalidError
from chat_server.chat import names
from chat_server.chat.identity import Identity
from chat_server.errors import StoreError
from chat_server.faults import contained
from chat_server.store.moderation import Ban, Moderation

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Key = tuple[str, object]

NAME, ACCOUNT, ADDRESS = BANS = ("name", "account", "address")
MUTED_NAME, MUTED_ACCOUNT = MUTES = ("muted name", "muted account")
#: Networks wider than this hold whole countries, and are taken for a slip of the finger.
WIDEST_BITS = {4: 8, 6: 16}
#: A host gets at least a /64 of IPv6 (RFC 6177), and may change its address in it.
IPV6_HOST_BITS = 64


class BadTargetError(Exception):
    """Nobody can be banned so; the text says what to give instead."""


class _Index(NamedTuple):
    """The bans at one moment, never changed: all of them, and by what they are found."""

    bans: Sequence[Ban] = ()
    by_key: Mapping[Key, Sequence[Ban]] = {}
    #: The lengths of the networks' prefixes, by version of IP.
    prefixes: Mapping[int, Sequence[int]] = {}
    #: Whether anybody is muted: each line that is said asks for it.
    has_mutes: bool = False


class Bans:
    """The bans from the whole chat, and the mutes in it; those of rooms are no business of it.

    A mute is a ban from all but reading, and each is over at its end.

    1. Who asks whether somebody is banned waits for nobody, and reads no file.
    2. A change is in force at once, and then stored. `StoreError` says that it could not be: it stays in
       force, and `save` tries again.
    3. `follow`ers are called after each change, so that they end whoever comes under a ban. Whoever comes in
       must be looked up again after the followers can see them.
    """

    def __init__(self, moderation: Moderation) -> None:
        """Read what the store has. Raises `StoreError`."""
        self._moderation = moderation
        self._followers: list[Callable[[], None]] = []
        # Guards _unsaved, and changes of _index; held while the store is read or written, which nobody waits
        # for but those who change bans.
        self._lock = threading.Lock()
        # What is to be stored, by kind and value; none for a ban that was lifted.
        self._unsaved: dict[tuple[str, str], Ban | None] = {}
        self._index = _Index()
        self.refresh()

    # Asking

    def of_address(self, host: str) -> Ban | None:
        """Return the ban of an address; none if there is none."""
        if not (index := self._index).prefixes:
            return None
        address = ipaddress.ip_address(host.partition("%")[0])
        found: list[Ban] = []
        for bits in index.prefixes.get(address.version, ()):
            found += index.by_key.get((ADDRESS, ipaddress.ip_network((address, bits), strict=False)), ())
        return self._longest(found)

    def of_name(self, name: str) -> Ban | None:
        """Return the ban of a name, or of one that is the same to a reader."""
        return self._of_name(NAME, name)

    def of_account(self, number: int) -> Ban | None:
        """Return the ban of an account."""
        return self._longest(self._index.by_key.get((ACCOUNT, str(number)), ()))

    def of_identity(self, identity: Identity) -> Ban | None:
        """Return the ban of somebody who is here, by account or name."""
        by_account = None if identity.account is None else self.of_account(identity.account.number)
        return by_account or self.of_name(identity.name)

    @property
    def has_mutes(self) -> bool:
        """Whether anybody may be muted."""
        return self._index.has_mutes

    def mute_of(self, identity: Identity) -> Ban | None:
        """Return what lets somebody who is here only read, by account or name."""
        number = None if identity.account is None else str(identity.account.number)
        mute = self._longest(self._index.by_key.get((MUTED_ACCOUNT, number), ()))
        return mute or self._of_name(MUTED_NAME, identity.name)

    def left(self, ban: Ban) -> float | None:
        """Return for how many seconds a ban lasts; none if it has no end."""
        return None if ban.is_for_ever else max(0.0, ban.until - self._moderation.clock())

    def in_force(self) -> Sequence[Ban]:
        """Return the bans and mutes that are not over, in the order in which they were made."""
        now = self._moderation.clock()
        return [ban for ban in self._index.bans if ban.until > now]

    def refuse(self, ban: Ban | None) -> None:
        """Raise `BannedError` for a ban, with its reason and end."""
        if ban is not None:
            raise BannedError(told(ban), self.left(ban))

    # Changing

    def follow(self, follower: Callable[[], None]) -> None:
        """Have somebody called after each change, in the thread that made it."""
        self._followers.append(follower)

    def add(self, ban: Ban) -> None:
        """Put a ban in force, in place of another for the same. Raises `StoreError`, see 2."""
        self._change((ban.kind, ban.value), ban)

    def lift(self, kind: str, value: str) -> bool:
        """End a ban; false if there is none. Raises `StoreError`, see 2."""
        if not any((ban.kind, ban.value) == (kind, value) for ban in self.in_force()):
            return False
        self._change((kind, value), None)
        return True

    def refresh(self) -> None:
        """Take over what another process has changed in the store. Raises `StoreError`."""
        with self._lock:
            stored = {
                (ban.kind, ban.value): ban
                for ban in self._moderation.bans()
                if not ban.room and ban.kind in {*BANS, *MUTES}
            }
            now: dict[tuple[str, str], Ban | None] = {**stored, **self._unsaved}
            self._index = _indexed([ban for ban in now.values() if ban is not None])
        self._tell()

    def save(self) -> None:
        """Store what could not be stored before. Raises `StoreError`."""
        if self._unsaved:
            with self._lock:
                self._save_locked()

    def _change(self, place: tuple[str, str], ban: Ban | None) -> None:
        failure: StoreError | None = None
        with self._lock:
            others = [each for each in self._index.bans if (each.kind, each.value) != place]
            self._index = _indexed(others if ban is None else [*others, ban])
            self._unsaved[place] = ban
            try:
                self._save_locked()
            except StoreError as error:
                failure = error
        self._tell()
        if failure is not None:
            raise failure

    def _save_locked(self) -> None:
        """Store what is not stored yet; called with the lock held."""
        for place, ban in list(self._unsaved.items()):
            if ban is None:
                self._moderation.lift("", *place)
            else:
                self._moderation.add_ban(ban)
            del self._unsaved[place]

    def _tell(self) -> None:
        for follower in self._followers:
            with contained("ban"):
                follower()

    def _of_name(self, kind: str, name: str) -> Ban | None:
        if not (index := self._index).bans:
            return None
        return self._longest([ban for key in names.keys(name) for ban in index.by_key.get((kind, key), ())])

    def _longest(self, found: Iterable[Ban]) -> Ban | None:
        now = self._moderation.clock()
        return max((ban for ban in found if ban.until > now), key=lambda ban: ban.until, default=None)


def told(ban: Ban) -> str:
    """Return what somebody is told who is banned, or muted."""
    said = "may only read in this chat" if ban.kind in MUTES else "is banned from this chat"
    return f"{ban.shown} {said}" + (f": {ban.reason}" if ban.reason else "")


def network(who: str, exempt: Sequence[Network]) -> tuple[Network | None, str]:
    """Return the network that an operator means, none if it is a name; and a warning, if there is one.

    Raises `BadTargetError` if it is neither, or would ban more people than anyone can mean.
    """
    if not who.strip():
        raise BadTargetError("nobody is named; give a name, an address or a network")
    try:
        meant = ipaddress.ip_network(who, strict=False)
    except ValueError:
        if "/" in who or ":" in who:
            raise BadTargetError(
                f"{who} is no address and no network; give one such as 192.0.2.7 or 192.0.2.0/24"
            ) from None
        return None, ""
    if "/" in who and ipaddress.ip_address(who.partition("/")[0]) != meant.network_address:
        raise BadTargetError(f"{who} is an address in a network; give {meant} for all of it")
    if isinstance(meant, ipaddress.IPv6Network) and meant.network_address.ipv4_mapped is not None:
        raise BadTargetError(f"{who} is an address of IPv4; give {meant.network_address.ipv4_mapped}")
    if meant.prefixlen < (widest := WIDEST_BITS[meant.version]):
        raise BadTargetError(f"{who} is wider than a /{widest}, which bans too many; give a smaller network")
    shared = next((each for each in exempt if each.version == meant.version and each.overlaps(meant)), None)
    if shared is None:
        return meant, _hint(meant)
    if meant.prefixlen < meant.max_prefixlen:
        raise BadTargetError(
            f"{who} overlaps {shared} of exempt_networks, behind which anybody may be; ban one address of it"
        )
    return (
        meant,
        f"{shared} is in exempt_networks: if a proxy has this address, everybody behind it is banned",
    )


def user(who: str, name_length: int) -> str:
    """Return the user's name that an operator means. Raises `BadTargetError`."""
    try:
        return names.user_name(who, name_length)
    except NameInvalidError as error:
        raise BadTargetError(f"{who} cannot be a name: {error.text}") from None


def _hint(meant: Network) -> str:
    if not isinstance(meant, ipaddress.IPv6Network) or meant.prefixlen <= IPV6_HOST_BITS:
        return ""
    whole = ipaddress.ip_network((meant.network_address, IPV6_HOST_BITS), strict=False)
    return f"a host of IPv6 may change its address within {whole}; ban that if it comes back"


def _indexed(bans: Sequence[Ban]) -> _Index:
    by_key: dict[Key, list[Ban]] = {}
    prefixes: dict[int, set[int]] = {}
    for ban in bans:
        for key in _keys(ban):
            by_key.setdefault(key, []).append(ban)
            if isinstance(at := key[1], Network):
                prefixes.setdefault(at.version, set()).add(at.prefixlen)
    return _Index(
        bans,
        by_key,
        {version: sorted(bits) for version, bits in prefixes.items()},
        any(ban.kind in MUTES for ban in bans),
    )


def _keys(ban: Ban) -> Sequence[Key]:
    """Return by what a ban is found; by nothing, if the store has a value that is none."""
    if ban.kind in {NAME, MUTED_NAME}:
        spellings = (ban.shown, ban.shown.lower(), ban.shown.upper())  # EV1L looks like EVIL, not like evil
        found = set[str]().union(*map(names.keys, spellings))
        return [(ban.kind, key) for key in sorted(found) if key]
    if ban.kind in {ACCOUNT, MUTED_ACCOUNT}:
        return [(ban.kind, ban.value)]
    try:
        return [(ADDRESS, ipaddress.ip_network(ban.value))]
    except ValueError:
        return []
