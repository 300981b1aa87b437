"""Who is here, since when, and what others see of them."""

from collections.abc import Sequence

from msgspec import structs

from chat_protocol.codec import encode
from chat_protocol.errors import NoSuchUserError
from chat_protocol.people_messages import Person, PersonRoom, ProfileFrame, Watch, Watched, Whois
from chat_protocol.people_messages import Profile as Asked
from chat_server.chat.identity import Identity
from chat_server.chat.people import People
from chat_server.chat.profiles import Profile
from chat_server.chat.registry import Registry
from chat_server.chat.room import Room, RoomContext
from chat_server.chat.session import Session, joined_rooms
from chat_server.chat.standing import Role
from chat_server.chat.watching import Watches
from chat_server.stream.frames import Frames


class Presence:
    """Tells people of each other.

    1. Nobody learns of a room through a person: both are in it, or the one who asks moderates it.
    2. A profile is whose it is: an account's is the same on all its connections. Only `away` ends with the
       last of them.
    """

    def __init__(self, registry: Registry, people: People, shared: RoomContext, name_length: int) -> None:
        self._registry = registry
        self._people = people
        self._shared = shared
        self.watches = Watches(self.find, name_length)

    def find(self, name: str) -> Identity | None:
        """Return who is here under a name, in whatever spelling."""
        for found in (self._people.known(name), self._registry.find(name)):
            if found is not None and found.sessions:
                return found
        return None

    def came(self, session: Session) -> None:
        """Note that a session has a connection from now on."""
        session.since = self._shared.time()
        session.said_at = self._shared.stream.clock()
        self.watches.came(session.identity)

    def went(self, session: Session, name: str) -> None:
        """Note that a session, which had that name, has no connection any more."""
        identity = session.identity
        self.watches.clear(session)
        if not identity.sessions:
            identity.profile = identity.profile.back()
        self.watches.went(identity, name)

    def renamed(self, session: Session, old: str) -> None:
        """Note that somebody is here under another name."""
        self.watches.went(session.identity, old)
        self.watches.came(session.identity)

    def set_profile(self, session: Session, asked: Asked) -> None:
        """Change a profile, and tell once each who shares a room; or answer what it is.

        Raises `BadFieldError`, `UnavailableError`.
        """
        identity, before = session.identity, session.identity.profile
        profile = before.changed(asked)
        told = _told(identity, profile, profile.differs(before))
        answer = structs.replace(told, ref=asked.ref)
        if not told.changed:
            session.outbox.push(Frames(encode(answer)))
            return
        self._shared.commit.wait_for_space()
        identity.profile = profile
        sessions = (session, *identity.others(session))
        tell_once(sessions, encode(told), encode(answer), self._shared.presence_limit)

    def whois(self, session: Session, asked: Whois) -> Person:
        """Return who somebody is. Raises `NoSuchUserError`."""
        found = self.find(asked.name)
        here = found.sessions if found is not None else ()
        if found is None or not here:
            raise NoSuchUserError("nobody of that name is here; WHO lists who is in a room")
        rooms = dict.fromkeys(room for each in here for room in _rooms(each))
        account = found.account
        return Person(
            found.name,
            min(each.since for each in here),
            max(0.0, round(self._shared.stream.clock() - max(each.said_at for each in here), 1)),
            [PersonRoom(room.name, _role(room, found)) for room in rooms if _shares(session, room)],
            account is not None,
            account is not None and account.operator,
            found.profile.realname,
            found.profile.away,
            found.profile.bot,
            asked.ref,
        )

    def watch(self, session: Session, asked: Watch) -> Watched:
        """Begin or end to watch names, and return how it is with them. Raises what `Watches.watch` does."""
        if asked.names is None:
            return self.watches.state(session, None, asked.ref)
        if asked.on:
            self.watches.watch(session, asked.names)
            return self.watches.state(session, asked.names, asked.ref)
        self.watches.unwatch(session, asked.names)
        return Watched(ref=asked.ref)


def tell_once(sessions: Sequence[Session], told: bytes, answer: bytes, limit: int) -> None:
    """Tell once each who shares a room with one of somebody's sessions, after what was said before.

    The first of the sessions gets the `answer`. Rooms of more than `limit` members tell nobody.
    """
    mine = sessions[0]
    if not joined_rooms(mine):
        mine.outbox.push(Frames(answer))
        answer = b""
    informed = dict.fromkeys([mine.outbox])
    rooms: dict[Room, None] = {}
    for session in sessions:
        own = joined_rooms(mine) if session is mine else _rooms(session)
        for room in [each for each in own if each not in rooms]:
            rooms[room] = None
            here = [each.session.outbox for each in room.members() if each.session is not session]
            its = told if session.outbox not in informed else b""
            passed_over = [each for each in here if each in informed]
            room.reintroduce(session, told, answer if session is mine else its, passed_over)
            informed[session.outbox] = None
            if session is mine:
                answer = b""
            if len(here) < limit:
                informed.update(dict.fromkeys(here))


def _told(identity: Identity, profile: Profile, changed: list[str]) -> ProfileFrame:
    return ProfileFrame(
        *(identity.name, profile.realname, profile.away, profile.bot),
        account=identity.is_account,
        changed=changed,
    )


def _rooms(session: Session) -> list[Room]:
    """Return the rooms that a session is in; its own thread may change them meanwhile."""
    return [each.room for each in list(session.memberships.values()) if session in each.room]


def _shares(session: Session, room: Room) -> bool:
    """Tell whether a session may know who is in a room."""
    if session in room:
        return True
    return room.standing is not None and room.standing.role(session.identity) >= Role.MODERATOR


def _role(room: Room, identity: Identity) -> str | None:
    role = room.standing.role(identity) if room.standing is not None else Role.MEMBER
    return role.word if role is not Role.MEMBER else None
