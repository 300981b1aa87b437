"""Who may do what in a room: roles, rules, who is banned or muted."""

import threading
from collections.abc import Callable
from enum import IntEnum

from chat_protocol.errors import LimitReachedError, NotAllowedError, RateLimitedError
from chat_server.chat import names
from chat_server.chat.identity import Identity
from chat_server.store.moderation import Ban
from chat_server.store.rooms import RoomRules, RoomTopic, StoredRoom

#: How many speakers are remembered in a room of slow mode, and how many guests who were invited; past it the
#: oldest are forgotten.
SPEAKERS_AT_MOST = 10_000
#: How many bans a room may have, and how many mutes; each is a row of the store.
BANS_AT_MOST = 1_000


class Role(IntEnum):
    """What somebody is in a room; each may do what those before it may."""

    READER = 0
    MEMBER = 1
    SPEAKER = 2
    MODERATOR = 3
    OWNER = 4
    OPERATOR = 5

    @property
    def word(self) -> str:
        """What it is called on the wire and in the store."""
        return self.name.lower()


#: The roles that may be given.
GIVEN = {each.word: each for each in (Role.READER, Role.MEMBER, Role.SPEAKER, Role.MODERATOR, Role.OWNER)}


class Standing:
    """One room's roles, rules, bans and mutes, as of now; every change is stored before it is made here.

    A room that nobody owns is everybody's. Operators may do everything everywhere.
    """

    def __init__(self, stored: StoredRoom | None, bans: list[Ban], time: Callable[[], float]) -> None:
        self.rules = stored.rules if stored is not None else RoomRules()
        self.topic = stored.topic if stored is not None else RoomTopic()
        #: Whether topic and rules outlive the room.
        self.persistent = stored is not None
        self._time = time
        # Guards what follows.
        self._lock = threading.Lock()
        self._roles = {number: GIVEN[word] for number, word in stored.roles.items()} if stored else {}
        self._bans = {each.value: each for each in bans if each.kind != "mute"}
        self._mutes = {each.value: each for each in bans if each.kind == "mute"}
        # Guests who were invited: by what others may know them by.
        self._invited: dict[str, None] = {}
        # When somebody may speak next in slow mode, in seconds since 1970.
        self._next: dict[str, float] = {}

    @property
    def owned(self) -> bool:
        """Whether anybody owns the room."""
        with self._lock:
            return Role.OWNER in self._roles.values()

    def is_last_owner(self, account: int) -> bool:
        """Tell whether nobody would own the room without this account."""
        with self._lock:
            return [each for each, role in self._roles.items() if role is Role.OWNER] == [account]

    def role(self, identity: Identity) -> Role:
        """Return what somebody is here."""
        account = identity.account
        if account is None:
            return Role.MEMBER
        if account.operator:
            return Role.OPERATOR
        with self._lock:
            return self._roles.get(account.number, Role.MEMBER)

    def is_banned(self, identity: Identity) -> bool:
        """Tell whether somebody must stay outside for now."""
        with self._lock:
            ban = self._in_force_locked(self._bans, identity)
        return ban is not None and self.role(identity) < Role.MODERATOR

    def may_enter(self, identity: Identity, knows_password: Callable[[str], bool]) -> None:
        """Raise `NotAllowedError` if somebody may not come in."""
        if self.role(identity) >= Role.MODERATOR:
            return
        with self._lock:
            ban = self._in_force_locked(self._bans, identity)
            known = identity.id in self._invited or (
                identity.account is not None and identity.account.number in self._roles
            )
        if ban is not None:
            why = f": {ban.reason}" if ban.reason else ""
            raise NotAllowedError(f"you are banned from this room{why}")
        if known:
            return
        if self.rules.invite_only:
            raise NotAllowedError("this room is for those who are invited; ask one of its moderators")
        if self.rules.hash and not knows_password(self.rules.hash):
            raise NotAllowedError("this room has a password; JOIN with it")

    def may_speak(self, identity: Identity, number: int) -> None:
        """Raise `NotAllowedError`, or `RateLimitedError` in slow mode, if somebody may not say so much."""
        role, now = self.role(identity), self._time()
        if role >= Role.MODERATOR:
            return
        if role is Role.READER:
            raise NotAllowedError("you may only read in this room")
        if self.rules.announce and role is not Role.SPEAKER:
            raise NotAllowedError("only moderators and speakers speak in this room")
        key, slow = identity.id, self.rules.slow_seconds
        with self._lock:
            if self._in_force_locked(self._mutes, identity) is not None:
                raise NotAllowedError("you are muted in this room")
            if not slow:
                return
            wait = self._next.get(key, 0.0) - now
            if wait > 0 or number > 1:
                raise RateLimitedError(
                    f"this room is in slow mode: one message in {slow:g} s", max(wait, 0.0) or slow
                )
            self._next.pop(key, None)
            self._next[key] = now + slow
            if len(self._next) > SPEAKERS_AT_MOST:
                del self._next[next(iter(self._next))]

    def may_post(self, identity: Identity) -> None:
        """Raise `NotAllowedError` if a hook is muted or banned here.

        Rules for members do not bind it: an operator gave it this room, and a rate.
        """
        with self._lock:
            for bans, what in ((self._mutes, "muted"), (self._bans, "banned")):
                if self._in_force_locked(bans, identity) is not None:
                    raise NotAllowedError(f"{identity.name} is {what} in this room")

    def require(self, identity: Identity, least: Role) -> Role:
        """Return what somebody is here. Raises `NotAllowedError` if that is less than `least`."""
        role = self.role(identity)
        if role < least:
            raise NotAllowedError(f"only {least.word}s of this room may do that")
        return role

    def require_over(self, identity: Identity, other: Identity) -> None:
        """Raise `NotAllowedError` unless somebody is a moderator who stands above the other."""
        if self.require(identity, Role.MODERATOR) <= self.role(other):
            raise NotAllowedError(f"{other.name} is no less than you in this room")

    def set_rules(self, rules: RoomRules) -> None:
        """Run the room by these rules from now on."""
        self.rules = rules
        self.persistent = True

    def set_role(self, account: int, role: Role | None) -> None:
        """Give an account a role, or none."""
        with self._lock:
            self._roles.pop(account, None)
            if role is not None:
                self._roles[account] = role

    def invite(self, identity: Identity) -> None:
        """Let a guest in from now on."""
        with self._lock:
            self._invited[identity.id] = None
            if len(self._invited) > SPEAKERS_AT_MOST:
                del self._invited[next(iter(self._invited))]

    def check_space(self, kind: str) -> None:
        """Forget what is over; raise `LimitReachedError` if there are too many bans, or mutes."""
        with self._lock:
            bans = self._mutes if kind == "mute" else self._bans
            for key in [key for key, each in bans.items() if each.until <= self._time()]:
                del bans[key]
            if len({each.value for each in bans.values()}) >= BANS_AT_MOST:
                raise LimitReachedError(f"this room has {BANS_AT_MOST} of them; end one first")

    def add_ban(self, ban: Ban, identity: str) -> None:
        """Keep somebody out, or silent; a guest also under another name, for as long as they can resume."""
        with self._lock:
            bans = self._mutes if ban.kind == "mute" else self._bans
            bans[ban.value] = bans[identity] = ban

    def lift(self, key: str, *, mute: bool) -> None:
        """Let somebody in, or speak, again."""
        with self._lock:
            bans = self._mutes if mute else self._bans
            for each in [each for each, ban in bans.items() if key in (each, ban.value)]:
                del bans[each]

    def _in_force_locked(self, bans: dict[str, Ban], identity: Identity) -> Ban | None:
        if not bans:
            return None
        found = [bans[key] for key in keys_of(identity) if key in bans]
        return next((each for each in found if each.until > self._time()), None)


def key_of(identity: Identity) -> str:
    """Return what a ban is stored under: an account's id, a guest's name."""
    return identity.id if identity.is_account else names.key(identity.name)


def keys_of(identity: Identity) -> frozenset[str]:
    """Return all that bans and mutes know somebody by: a guest also by what the name looks like."""
    return frozenset((identity.id,)) if identity.is_account else names.keys(identity.name) | {identity.id}
