"""How somebody comes in: who they are, which name they have, which rooms they are in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from chat_protocol.codec import encode
from chat_protocol.errors import AuthFailedError, LimitReachedError, NotAllowedError
from chat_protocol.messages import RegName
from chat_protocol.moderation_messages import Ignored
from chat_protocol.reasons import CloseReason
from chat_protocol.server_messages import ErrorFrame, Left, Welcome
from chat_server.chat import names
from chat_server.chat.access import Access, Entry
from chat_server.chat.governance import Governance
from chat_server.chat.inbox import INBOX
from chat_server.chat.people import People
from chat_server.chat.presence import Presence
from chat_server.chat.registry import HubLimits, Registry
from chat_server.chat.removal import end_if_banned
from chat_server.chat.replay import Entrance
from chat_server.chat.resumption import Resumption
from chat_server.chat.room import Room
from chat_server.chat.rooms import LOBBY, Rooms
from chat_server.chat.session import Session
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import Outgoing, failed, push

log = structlog.get_logger()

#: How many rooms of a resume are looked at; those beyond the limit of rooms are left out, and told.
ROOMS_LOOKED_AT = 256


@dataclass(frozen=True, slots=True)
class Reception:
    """Lets people in.

    1. Who somebody is comes first, then whose session they resume, then the name and the rooms.
    2. WELCOME is the first line after the name; what can fail is done before it, and what fails after it
       ends the connection.
    """

    limits: HubLimits
    access: Access
    people: People
    registry: Registry
    resumption: Resumption
    rooms: Rooms
    governance: Governance
    presence: Presence

    def register(self, request: RegName, outbox: Outgoing, address: str) -> Session:
        """Let somebody in, as new or as the one who left: WELCOME, then the rooms.

        Raises what `Access.admit` does, and `NameInvalidError`, `NameTakenError`, `RoomInvalidError`,
        `UnavailableError`, `JournalError`; the same connection may then try again.
        """
        limits = self.limits
        name = names.user_name(request.name, limits.name_length, ascii_only=limits.ascii_names)
        after = self._positions(request.after or {})
        theirs = self.resumption.find(request)
        if request.register or request.invitation is not None:
            self.registry.refuse_taken(name, theirs)
        entry = self.access.admit(request, name, address, theirs)
        if entry.account is not None:
            self.people.identity(entry.account)  # what may fail of it does so before a session is claimed
        session = self._resumed(request, entry, theirs)
        if session is None and entry.scope is None:  # it ended just now, so it proves nothing
            entry = self.access.admit(request, name, address, None)
        known = session is not None
        session = self._owned(session or self.resumption.begin(name), entry)
        self.registry.give_name(session, name if entry.account is None else entry.account.name)
        if session.identity.is_account:
            after = {**session.identity.positions, **after}
        rooms: list[Room] = []
        try:
            self._check_current(session)
            left_out = self._visit_all(session, self._wanted(request, session, after, known=known), rooms)
            after = after if known or session.identity.is_account else {}
            first = rooms[0].approach(outbox, after.get(rooms[0].name)) if rooms else None
            welcome = encode(self._welcome(request, session, rooms, known=known))
        except BaseException:
            for room in rooms[:1]:
                room.turn_away(outbox)
            self.rooms.end_visits(rooms)
            self.registry.depart(session, final=not known)
            raise
        push(outbox, Frames(welcome))
        log.info("registered", user=session.identity.name, resumed=known, account=session.identity.is_account)
        if session.identity.ignored:
            push(outbox, Frames(encode(Ignored([*session.identity.ignored.values()]))))
        self._move_in(session, outbox, rooms, first, after)
        if left_out:
            outbox.push(Frames(encode(_left_out(left_out, limits.rooms_per_user))))
        return session

    def _check_current(self, session: Session) -> None:
        """Raise `AuthFailedError` if the account was changed on the way; later changes end the session."""
        if not self.access.is_current(session):
            raise AuthFailedError("the account has just been changed; try again")

    def _positions(self, after: Mapping[str, int]) -> dict[str, int]:
        return {
            room if room == INBOX else self._room_name(room): id_
            for room, id_ in list(after.items())[:ROOMS_LOOKED_AT]
        }

    def _room_name(self, room: str) -> str:
        limits = self.limits
        return names.room_name(room, limits.name_length, ascii_only=limits.ascii_names)

    def _resumed(self, request: RegName, entry: Entry, theirs: Session | None) -> Session | None:
        """Return the session that goes on; none if it is over, or is not of whom somebody comes in as."""
        number = entry.account.number if entry.account is not None else 0
        if theirs is not None and _owner(theirs) != number:
            return None
        session = self.resumption.claim(request)
        if session is None or _owner(session) in {0, number}:
            return session
        self.registry.depart(session, final=False)  # its owner came back with it at the same moment
        return None

    def _owned(self, session: Session, entry: Entry) -> Session:
        """Make a session that of whom somebody comes in as. Raises `StoreError`, `JournalError`."""
        if entry.account is not None:
            session.identity = self.people.identity(entry.account)
            if entry.scope is not None:
                session.proved = entry.account.version
        if entry.scope is not None:
            session.scope = entry.scope
        return session

    def _wanted(
        self, request: RegName, session: Session, after: Mapping[str, int], *, known: bool
    ) -> Sequence[str]:
        """Return the rooms to come into: of before, of the request, of a token, or the lobby."""
        rooms: dict[str, None] = {}
        asked = [LOBBY]
        if request.rooms is not None:
            names_ = dict.fromkeys(map(self._room_name, request.rooms[:ROOMS_LOOKED_AT]))
            asked = [each for each in names_ if each in session.scope.rooms or not session.scope.rooms]
            if not known:
                return asked
        if known or session.identity.is_account:
            rooms = dict.fromkeys((*session.former_rooms, *after))
            rooms.pop(INBOX, None)
        return session.scope.rooms or list(rooms) or asked

    def _visit_all(self, session: Session, wanted: Sequence[str], rooms: list[Room]) -> list[str]:
        """Visit the rooms as far as limits and rights allow; return the names of the others."""
        left_out = list(wanted[self.limits.rooms_per_user :])
        for name in wanted[: self.limits.rooms_per_user]:
            try:
                room = self.rooms.visit(name)
            except LimitReachedError:
                left_out.append(name)
                continue
            rooms.append(room)
            try:
                self.governance.may_enter(room, session.identity, None)
            except NotAllowedError:
                rooms.pop()
                self.rooms.end_visits([room])
                left_out.append(name)
        return left_out

    def _welcome(self, request: RegName, session: Session, rooms: Sequence[Room], *, known: bool) -> Welcome:
        return Welcome(
            session.identity.name,
            session.token,
            [room.name for room in rooms],
            self.resumption.epoch,
            None if request.session is None else known,
            session.identity.is_account,
        )

    def _move_in(
        self,
        session: Session,
        outbox: Outgoing,
        rooms: Sequence[Room],
        first: Entrance | None,
        after: Mapping[str, int],
    ) -> None:
        """Bring somebody who has been welcomed into the rooms and to the inbox; end who cannot come in."""
        try:
            inbox = self.registry.begin(session, outbox)
            self.presence.came(session)
            end_if_banned(session, self.access.bans)  # a ban of this moment has not found the connection
            for room in rooms:
                entrance = first or room.approach(outbox, after.get(room.name))
                self.people.note_entered(session.identity, room.name, entrance.position, entrance.mark)
                first = None
                try:
                    room.enter(session, entrance)
                except NotAllowedError:  # banned just now, and welcomed already
                    room.turn_away(outbox)
                    self.people.note_left(session.identity, room.name)
                    outbox.push(Frames(encode(Left(room.name, session.identity.name, CloseReason.BANNED))))
                    continue
                log.info("joined", user=session.identity.name, room=room.name)
            if inbox is not None and not session.scope.rooms:
                inbox.open(outbox, after.get(INBOX, 0))
        except Exception:  # noqa: BLE001  # it has been told that it is in
            failed(outbox)
        finally:
            self.rooms.end_visits(rooms)


def _owner(session: Session) -> int:
    """Return the number of the account that a session belongs to; 0 for a guest's."""
    account = session.identity.account
    return account.number if account is not None else 0


def _left_out(rooms: Sequence[str], limit: int) -> ErrorFrame:
    listed = ", ".join(rooms)
    text = (
        f"you may be in {limit} rooms, the server may be full, or you may not enter them; left out: {listed}"
    )
    return ErrorFrame(LimitReachedError.code, text)
