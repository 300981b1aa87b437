"""What moderators do in a room: each act is allowed, stored, done, told and kept, in this order."""

from collections.abc import Callable

from msgspec import structs

from chat_protocol.base import Message
from chat_protocol.codec import encode
from chat_protocol.errors import LimitReachedError, NoSuchUserError, NotAllowedError
from chat_protocol.moderation_messages import (
    Ban,
    Banned,
    BanRow,
    BansFrame,
    Invite,
    Invited,
    Kick,
    Mute,
    Muted,
    Role,
    RoleFrame,
    Rules,
    RulesFrame,
    Unban,
)
from chat_protocol.reasons import CloseReason
from chat_protocol.server_messages import Left
from chat_server.chat import names
from chat_server.chat.access import Access
from chat_server.chat.answers import fitting
from chat_server.chat.audit import Audit
from chat_server.chat.identity import Identity
from chat_server.chat.people import People
from chat_server.chat.room import Room
from chat_server.chat.rooms import LOBBY
from chat_server.chat.session import Session
from chat_server.chat.standing import GIVEN, Standing, key_of
from chat_server.chat.standing import Role as Rank
from chat_server.store.moderation import FOR_EVER, Act
from chat_server.store.moderation import Ban as StoredBan
from chat_server.store.rooms import RoomRules, RoomTopic
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import push

#: How many rooms one account may own.
OWNED_AT_MOST = 20


class Governance:
    """The acts of moderators; the store is asked under no lock of the chat.

    What cannot be stored is not done: the next start would undo it, and nobody would know.
    """

    def __init__(
        self,
        access: Access,
        people: People,
        guest: Callable[[str], Identity | None],
        time: Callable[[], float],
        audit: Audit,
    ) -> None:
        self._access = access
        self._store = access.store
        self._people = people
        self._guest = guest
        self._time = time
        self._audit = audit

    def standing(self, room: str) -> Standing | None:
        """Return who may do what in a room, as it is stored; none in a chat without accounts.

        Raises `StoreError`.
        """
        if not self._access.has_accounts:
            return None
        return Standing(self._store.rooms.load(room), list(self._store.moderation.bans(room)), self._time)

    def may_enter(self, room: Room, identity: Identity, password: str | None, address: str = "") -> None:
        """Raise `NotAllowedError` if somebody may not come in, `RateLimitedError` for too many passwords."""
        if room.standing is not None:
            room.standing.may_enter(
                identity,
                lambda hash_: (
                    password is not None
                    and self._access.is_room_password(room.name, (identity.id, address), hash_, password)
                ),
            )

    def require_moderator(self, session: Session, room: Room) -> None:
        """Raise `NotAllowedError` if somebody is no moderator."""
        _governed(room).require(session.identity, Rank.MODERATOR)

    def kick(self, session: Session, room: Room, asked: Kick) -> Message:
        """Put somebody out of a room. Raises `NotAllowedError`, `NoSuchUserError`."""
        other = self._subject(session, room, asked.name)
        if other not in room.people():
            raise NoSuchUserError(f"{other.name} is not in this room")
        self._note(session, "kick", other.name, room, asked.reason)
        return structs.replace(
            self._expel(session, room, other, CloseReason.KICKED, asked.reason), ref=asked.ref
        )

    def ban(self, session: Session, room: Room, asked: Ban) -> Message:
        """Put somebody out of a room for a while, or keep out whoever comes under a name.

        Raises as `kick` does, but not if nobody has that name, and `StoreError`.
        """
        other = self._subject(session, room, asked.name, absent=True)
        kind = "account" if other.is_account else "name"
        self._keep_out(session, room, other, kind, asked.seconds, asked.reason)
        self._note(session, "ban", other.name, room, asked.reason)
        self._expel(session, room, other, CloseReason.BANNED, asked.reason)
        return Banned(room.name, other.name, asked.seconds, asked.ref)

    def unban(self, session: Session, room: Room, asked: Unban) -> Message:
        """End a ban. Raises as `ban` does."""
        standing = _governed(room)
        standing.require(session.identity, Rank.MODERATOR)
        other = self._people.find(asked.name)
        kind, key = ("account", other.id) if other is not None else ("name", names.user_key(asked.name))
        if not self._store.moderation.lift(room.name, kind, key):
            raise NoSuchUserError(f"nobody of the name {asked.name} is banned here")
        standing.lift(key, mute=False)
        self._note(session, "unban", asked.name, room)
        return Banned(room.name, asked.name if other is None else other.name, 0.0, asked.ref)

    def mute(self, session: Session, room: Room, asked: Mute) -> None:
        """Let somebody only read, or speak again. Raises as `ban` does."""
        other = self._subject(session, room, asked.name)
        if asked.seconds == 0:
            self._store.moderation.lift(room.name, "mute", key_of(other))
            _governed(room).lift(key_of(other), mute=True)
        else:
            self._keep_out(session, room, other, "mute", asked.seconds, "")
        self._note(session, "unmute" if asked.seconds == 0 else "mute", other.name, room)
        told = Muted(room.name, other.name, session.identity.name, asked.seconds)
        room.tell(session, told, structs.replace(told, ref=asked.ref))

    def invite(self, session: Session, room: Room, asked: Invite) -> Message:
        """Let somebody in. Raises as `ban` does."""
        standing = _governed(room)
        standing.require(session.identity, Rank.MODERATOR)
        other = self._find(asked.name)
        if other.account is None:
            standing.invite(other)
        elif standing.role(other) <= Rank.MEMBER:
            if not standing.persistent:  # else the role would be of a room that is somebody's later
                self._save(room, standing.rules)
            self._store.rooms.set_role(room.name, other.account.number, Rank.MEMBER.word)
            standing.set_role(other.account.number, Rank.MEMBER)
        self._note(session, "invite", other.name, room)
        told = Invited(room.name, other.name, session.identity.name)
        frames = Frames(encode(told))
        for each in {*other.sessions, *_moderators(room)} - {session}:
            push(each.outbox, frames)
        return structs.replace(told, ref=asked.ref)

    def bans(self, session: Session, room: Room, ref: str | None) -> BansFrame:
        """Return who is banned or muted in a room. Raises `NotAllowedError`, `StoreError`."""
        _governed(room).require(session.identity, Rank.MODERATOR)
        now = self._time()
        rows = [
            BanRow(
                each.shown,
                each.actor,
                None if each.is_for_ever else round(each.until - now, 1),
                each.reason,
                each.kind == "mute",
            )
            for each in self._store.moderation.bans(room.name)
        ]
        return BansFrame(room.name, fitting(rows), len(rows), ref)

    def set_role(self, session: Session, room: Room, asked: Role) -> None:
        """Give an account a role. Raises as `ban` does, and `LimitReachedError`."""
        standing = _governed(room)
        mine = standing.require(session.identity, Rank.MODERATOR)
        other, role = self._find(asked.name), GIVEN.get(asked.role)
        if other.account is None:
            raise NotAllowedError(f"{other.name} is a guest; a role is for an account")
        was = standing.role(other)
        if asked.from_roles is not None and was.word not in asked.from_roles:
            told = RoleFrame(room.name, other.name, was.word, session.identity.name, asked.ref)
            push(session.outbox, Frames(encode(told)))
            return
        if mine < Rank.OWNER and (role is None or role >= mine or was >= mine):
            raise NotAllowedError("only owners of this room may do that")
        if role is Rank.OWNER:
            self._check_owned(other)
        elif mine is Rank.OWNER and standing.is_last_owner(other.account.number):
            raise NotAllowedError("this room would be nobody's; make somebody else its owner first")
        if not standing.persistent:
            self._save(room, standing.rules)
        self._store.rooms.set_role(room.name, other.account.number, role.word if role is not None else None)
        standing.set_role(other.account.number, role)
        self._note(session, "role", other.name, room, asked.role)
        told = RoleFrame(room.name, other.name, asked.role, session.identity.name, was=was.word)
        room.tell(session, told, structs.replace(told, ref=asked.ref))
        if role is None and standing.rules.invite_only and standing.role(other) is Rank.MEMBER:
            push(session.outbox, Frames(encode(self._expel(session, room, other, CloseReason.KICKED, ""))))

    def rules(self, session: Session, room: Room, asked: Rules) -> Message | None:
        """Return how a room is run, or change it and tell everybody. Raises as `set_role` does.

        An account that changes the rules of a room that is nobody's, while nobody else is in it, owns it.
        """
        standing = _governed(room)
        changes = {
            name: value
            for name in ("invite_only", "announce", "unlisted", "slow_seconds")
            if (value := getattr(asked, name)) is not None
        }
        if not changes and asked.password is None:
            told = _rules_of(room, standing)
            return structs.replace(told, role=standing.role(session.identity).word, ref=asked.ref)
        self._take_over(session, room, standing)
        if asked.password is not None:
            changes["hash"] = self._access.hashed(asked.password) if asked.password else ""
        new = [name for name, value in changes.items() if value != getattr(standing.rules, name)]
        self._save(room, structs.replace(standing.rules, **changes))
        self._note(session, "rules", "", room, ", ".join(sorted(changes)))
        changed = ["password" if each == "hash" else each for each in new]
        told = structs.replace(_rules_of(room, standing), by=session.identity.name, changed=changed)
        room.tell(session, told, structs.replace(told, ref=asked.ref))
        return None

    def set_topic(self, session: Session, room: Room, topic: str, ref: str | None) -> None:
        """Set a room's topic, which is kept if its rules are. Raises `NotAllowedError`, `StoreError`."""
        standing = room.standing
        set_ = RoomTopic(topic, session.identity.name, room.now())
        if standing is not None and standing.persistent:
            standing.require(session.identity, Rank.MODERATOR)
            self._store.rooms.save(room.name, set_, standing.rules)
            self._note(session, "topic", "", room)
        elif standing is not None:
            standing.may_speak(session.identity, 1)  # a topic is read by all, so whoever is muted sets none
        room.set_topic(session, set_, ref)

    def _take_over(self, session: Session, room: Room, standing: Standing) -> None:
        """Make sure that somebody may change the rules: as owner, or of a room that is nobody's."""
        identity = session.identity
        if standing.owned or standing.role(identity) > Rank.OWNER:
            standing.require(identity, Rank.OWNER)
            return
        if identity.account is None or room.people() != [identity] or room.name == LOBBY:
            raise NotAllowedError(
                "this room is nobody's; an account makes it its own while nobody else is in it"
            )
        self._check_owned(identity)
        self._save(room, standing.rules)
        self._store.rooms.set_role(room.name, identity.account.number, Rank.OWNER.word)
        standing.set_role(identity.account.number, Rank.OWNER)

    def _check_owned(self, identity: Identity) -> None:
        account = identity.account
        if account is not None and self._store.rooms.owned(account.number) >= OWNED_AT_MOST:
            raise LimitReachedError(f"{account.name} owns {OWNED_AT_MOST} rooms, the most there may be")

    def _save(self, room: Room, rules: RoomRules) -> None:
        self._store.rooms.save(room.name, room.topic, rules)
        _governed(room).set_rules(rules)

    def _keep_out(  # noqa: PLR0913, PLR0917  # each is a thing of its own
        self, session: Session, room: Room, other: Identity, kind: str, seconds: float | None, reason: str
    ) -> None:
        _governed(room).check_space(kind)
        until = FOR_EVER if seconds is None else self._time() + seconds
        ban = StoredBan(room.name, kind, key_of(other), other.name, until, reason, session.identity.name)
        self._store.moderation.add_ban(ban)
        _governed(room).add_ban(ban, other.id)

    def _expel(self, session: Session, room: Room, other: Identity, reason: str, text: str) -> Left:
        left = Left(room.name, other.name, reason, by=session.identity.name, text=text)
        room.expel(other, left, session.outbox)
        self._people.note_left(other, room.name)
        return left

    def _subject(self, session: Session, room: Room, name: str, *, absent: bool = False) -> Identity:
        """Return whom something is done to, be it a guest of that name who is `absent`.

        Raises `NotAllowedError`, `NoSuchUserError`.
        """
        standing = _governed(room)
        standing.require(session.identity, Rank.MODERATOR)
        if absent and self._people.find(name) is None and self._guest(name) is None:
            return Identity(names.user_key(name), name)
        other = self._find(name)
        standing.require_over(session.identity, other)
        return other

    def _find(self, name: str) -> Identity:
        found = self._people.find(name) or self._guest(name)
        if found is None:
            raise NoSuchUserError(f"there is nobody of the name {name}")
        return found

    def _note(self, session: Session, act: str, target: str, room: Room, detail: str = "") -> None:
        self._audit.note(Act(session.identity.name, act, target, room.name, detail))


def _governed(room: Room) -> Standing:
    if room.standing is None:
        raise NotAllowedError("this chat has no accounts, so nobody has rights in a room")
    return room.standing


def _moderators(room: Room) -> list[Session]:
    """Return the sessions in a room that may let others in."""
    return [
        each.session
        for each in room.members()
        if room.standing is not None and room.standing.role(each.session.identity) >= Rank.MODERATOR
    ]


def _rules_of(room: Room, standing: Standing) -> RulesFrame:
    rules = standing.rules
    return RulesFrame(
        room.name,
        standing.owned,
        rules.invite_only,
        rules.announce,
        rules.unlisted,
        rules.slow_seconds,
        bool(rules.hash),
    )
