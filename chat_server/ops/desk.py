"""The operator's desk: what each request of a shell looks up, or does."""

import unicodedata
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from typing import Any

from chat_protocol.codec import encode
from chat_protocol.server_messages import Notice as NoticeFrame
from chat_server.chat import bans, names, removal
from chat_server.chat.bans import (
    ACCOUNT,
    ADDRESS,
    BANS,
    MUTED_ACCOUNT,
    MUTED_NAME,
    MUTES,
    NAME,
    BadTargetError,
)
from chat_server.errors import OperatorError, StoreError
from chat_server.net.server import Server
from chat_server.ops import admin_messages as admin
from chat_server.store.moderation import FOR_EVER, Act, Ban
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import push
from chat_server.text import age

Answers = Iterator[admin.Answer]


class Desk:
    """Does what operators ask for; used by one thread.

    `reload` reads the settings again and says what came of it. `clock` is the one that connections have.
    An act is done first, then noted, whether or not its row can be stored.
    """

    def __init__(self, server: Server, reload: Callable[[], str], clock: Callable[[], float]) -> None:
        self._server = server
        self._hub = server.hub
        self._bans = server.hub.access.bans
        self._reload = reload
        self._clock = clock

    def __call__(self, request: admin.Request, actor: str) -> Iterable[admin.Answer]:
        """Return the answers to a request."""
        given = " ".join(str(getattr(request, field)) for field in request.__struct_fields__)
        if any(unicodedata.category(character) == "Cc" for character in given):
            return [admin.Refused("control characters are taken nowhere; use letters")]
        try:
            return list(self._HANDLERS[type(request)](self, request, actor))
        except (BadTargetError, OperatorError) as error:
            return [admin.Refused(str(error))]

    # Looking

    def _connections(self, _: admin.Connections, __: str) -> Answers:
        for each in self._server.connections():
            name, account, rooms = "", False, []
            if each.conversation.has_session:
                session = each.conversation.session
                name, account = session.identity.name, session.identity.is_account
                rooms = list(session.memberships)
            seconds = round(max(0.0, self._clock() - each.since), 1)
            yield admin.ConnectionRow(
                each.id, name, account, each.caller.peer, seconds, each.outbox.size, rooms
            )

    def _users(self, _: admin.Users, __: str) -> Answers:
        for identity in dict.fromkeys(session.identity for session in self._hub.registry.here()):
            rooms = dict.fromkeys(room for session in identity.sessions for room in list(session.memberships))
            yield admin.UserRow(identity.name, identity.is_account, len(identity.sessions), list(rooms))

    def _rooms(self, _: admin.Rooms, __: str) -> Answers:
        for each in self._hub.rooms.listing():
            yield admin.RoomRow(each.room, each.members, each.topic)

    def _list_bans(self, _: admin.ListBans, __: str) -> Answers:
        for each in self._bans.in_force():
            yield admin.BanRow(each.kind, each.shown, self._bans.left(each), each.reason, each.actor)

    # Doing

    def _kick(self, request: admin.Kick, actor: str) -> Answers:
        number = removal.kick(self._hub.registry, request.name, request.reason)
        if not number:
            raise OperatorError(f"nobody of the name {request.name} is connected; list who is with: users")
        self._note(actor, "kick", request.name, request.reason)
        yield admin.Said(f"{request.name} was removed, from {number} connection{'s' * (number != 1)}")

    def _ban(self, request: admin.BanSomebody, actor: str) -> Answers:
        kind, value, shown, hint = self._target(request.who)
        length = yield from self._add(request, actor, "ban", Ban("", kind, value, shown))
        if hint:
            yield admin.Warned(hint)
        yield admin.Said(f"the {kind} {shown} is banned {length}")

    def _unban(self, request: admin.Unban, actor: str) -> Answers:
        ended = yield from self._lift(request.who, BANS)
        if not ended:
            raise OperatorError(f"{request.who} is not banned; list who is with: bans")
        self._note(actor, "unban", request.who)
        yield admin.Said(f"{' and '.join(ended)} may come in again")

    def _mute(self, request: admin.MuteSomebody, actor: str) -> Answers:
        kind, value, shown, _ = self._target(request.who)
        if kind == ADDRESS:
            raise OperatorError(f"{request.who} is an address; mute a name or an account, or ban it")
        mute = Ban("", MUTED_ACCOUNT if kind == ACCOUNT else MUTED_NAME, value, shown)
        length = yield from self._add(request, actor, "mute", mute)
        for session in self._hub.registry.here():
            found = self._bans.mute_of(session.identity)
            if found is not None and found.shown == shown:
                push(session.outbox, Frames(encode(NoticeFrame(bans.told(found)))))
        yield admin.Said(f"the {kind} {shown} may only read, {length}")

    def _unmute(self, request: admin.Unmute, actor: str) -> Answers:
        if not (yield from self._lift(request.who, MUTES)):
            raise OperatorError(f"{request.who} is not muted; list who is with: bans")
        self._note(actor, "unmute", request.who)
        yield admin.Said(f"{request.who} may speak again")

    def _add(
        self, request: admin.BanSomebody | admin.MuteSomebody, actor: str, act: str, ban: Ban
    ) -> Generator[admin.Answer, None, str]:
        """Put a ban or a mute in force; return for how long, in words."""
        until = FOR_EVER if request.seconds is None else self._hub.audit.now() + request.seconds
        try:
            self._bans.add(ban._replace(until=until, reason=request.reason, actor=actor))
        except StoreError as error:
            yield _not_stored(error)
        length = "for ever" if request.seconds is None else f"for {age(request.seconds)}"
        self._note(actor, act, ban.shown, f"{request.reason} ({length})" if request.reason else length)
        return length

    def _lift(self, who: str, kinds: Collection[str]) -> Generator[admin.Answer, None, Sequence[str]]:
        """End the bans or mutes that somebody means; return those that there were, in words."""
        ended = []
        for kind, value, shown in self._banned_as(who, kinds):
            try:
                if self._bans.lift(kind, value):
                    ended.append(f"the {kind} {shown}")
            except StoreError as error:
                ended.append(f"the {kind} {shown}")
                yield _not_stored(error)
        return ended

    def _tell(self, request: admin.Tell, actor: str) -> Answers:
        if not request.text.strip():
            raise OperatorError("there is nothing to tell; give a text")
        frames = Frames(encode(NoticeFrame(request.text)))
        sessions = self._hub.registry.here()
        for session in sessions:
            push(session.outbox, frames)
        self._note(actor, "notice", "", request.text)
        yield admin.Said(f"told to {len(sessions)} connection{'s' * (len(sessions) != 1)}")

    def _drain(self, _: admin.Drain, actor: str) -> Answers:
        self._server.admission.draining = True
        self._note(actor, "drain")
        yield admin.Said("nobody new is taken; those who are here stay, and /readyz says no")

    def _undrain(self, _: admin.Undrain, actor: str) -> Answers:
        self._server.admission.draining = False
        self._note(actor, "undrain")
        yield admin.Said("people are taken again")

    def _reload_settings(self, _: admin.Reload, actor: str) -> Answers:
        told = self._reload()
        self._note(actor, "reload")
        yield admin.Said(told)

    def _note(self, actor: str, act: str, target: str = "", reason: str = "") -> None:
        self._hub.audit.note(Act(actor, act, target, detail=reason))

    # Who is meant

    def _target(self, who: str) -> tuple[str, str, str, str]:
        """Return kind, value and name of what is to be banned, and a hint. Raises `BadTargetError`."""
        network, hint = bans.network(who, self._server.config.exempt_networks)
        if network is not None:
            if self._server.admission.is_proxy(str(network.network_address)):
                raise BadTargetError(f"{who} is a proxy of --proxies; ban an address that it passes on")
            return ADDRESS, str(network), _shown(network), hint
        name = bans.user(who, self._server.config.name_length)
        account = self._hub.access.find(name)
        if account is not None:
            return ACCOUNT, str(account.number), account.name, ""
        return NAME, names.key(name), name, ""

    def _banned_as(self, who: str, kinds: Collection[str]) -> Iterator[tuple[str, str, str]]:
        """Return what somebody means by this: bans of an address, or those of a name and an account."""
        key = names.user_key(who)
        network: object = None
        try:
            network, _ = bans.network(who, ())
        except BadTargetError as error:
            raise OperatorError(str(error)) from None
        for ban in self._bans.in_force():
            named = ban.kind != ADDRESS and network is None and names.user_key(ban.shown) == key
            if ban.kind in kinds and (named or (ban.kind == ADDRESS and ban.value == str(network))):
                yield ban.kind, ban.value, ban.shown

    _HANDLERS: dict[type[admin.Request], Callable[[Any, Any, str], Answers]] = {  # noqa: RUF012  # never changed
        admin.Connections: _connections,
        admin.Users: _users,
        admin.Rooms: _rooms,
        admin.ListBans: _list_bans,
        admin.Kick: _kick,
        admin.BanSomebody: _ban,
        admin.Unban: _unban,
        admin.MuteSomebody: _mute,
        admin.Unmute: _unmute,
        admin.Tell: _tell,
        admin.Drain: _drain,
        admin.Undrain: _undrain,
        admin.Reload: _reload_settings,
    }


def _shown(network: bans.Network) -> str:
    """Return a network as people write it: one address without its length."""
    return str(network.network_address if network.prefixlen == network.max_prefixlen else network)


def _not_stored(error: StoreError) -> admin.Warned:
    return admin.Warned(f"this is in force, and is not stored yet: {error}; it is tried again each second")
