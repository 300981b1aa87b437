"""The targets in which people talk: an open chat, and one of accounts, guests and moderators."""

import hashlib

from structlog.testing import capture_logs

from chat_protocol.codec import SERVER_LINE_BYTES, client_decoder
from chat_protocol.errors import PeerError
from chat_protocol.server_messages import (
    DmFrame,
    Found,
    HistoryFrame,
    Joined,
    Left,
    Limits,
    MsgFrame,
    NameChanged,
    RegNameRequest,
    Welcome,
)
from chat_server.chat import names
from chat_server.chat.access import AccessRules
from chat_server.chat.passwords import Passwords, digest
from chat_server.chat.standing import Role
from chat_server.net.dialects.jsonlines import JsonLines, JsonLinesSettings
from chat_server.store.base import Naming, Scope
from tests.support.world import Client, World

LINE_BYTES = 512
PEOPLE = 3
#: The accounts of the governed chat, each with its password and token: eve's token is for one room alone.
ACCOUNTS = {"ann": Scope(), "bob": Scope(), "eve": Scope(("tea",), writes=True), "op": Scope()}


def commands(data: bytes) -> None:
    """Check that, whatever people say, all get whole lines that a client reads, and only of their own rooms.

    No handler fails, and nobody speaks under a name that nobody has. The first byte of a line says who
    speaks; with nothing behind it, that one goes and somebody new comes.
    """
    _talk(World(), data)


def governed(data: bytes) -> None:
    """Check that nobody is in a room that they may not enter, or is sent anything of a room they are not in.

    Whatever accounts, guests and moderators say: the banned are outside, a token that is for one room is in
    that alone, and its bearer gets no direct message. The rest is as for `commands`.
    """
    rules = AccessRules("accounts", guests=True, registration="open")
    world = World(rules=rules, passwords=_Cheap())
    for name, scope in ACCOUNTS.items():
        account = world.store.add(
            Naming(name, names.key(name), names.keys(name)), name, operator=name == "op"
        )
        assert account is not None
        world.store.add_token(account.number, digest(name), "", scope)
    _talk(world, data)


class _Cheap(Passwords):
    """Hashes in no time, and not at all."""

    def hashed(self, password: str) -> str:
        """Return the password itself."""
        return hashlib.sha256(password.encode()).hexdigest() if password not in ACCOUNTS else password

    def is_right(self, hash_: str | None, password: str) -> bool:
        """Compare."""
        return bool(hash_) and hash_ == self.hashed(password)


def _talk(world: World, data: bytes) -> None:
    with capture_logs() as logs:
        known: set[str] = set()
        people = [_Person(world, known) for _ in range(PEOPLE)]
        for line in data.split(b"\n"):
            who = people[sum(line[:1]) % PEOPLE]
            who.hear(line[1:])
            world.jobs.work()
            if len(line) == 1:
                people[people.index(who)] = who.replaced()
            for person in people:
                person.check()
            _check_rooms(world)
        world.hub.follow_accounts()
    assert not [each for each in logs if each["event"] in {"contained", "job_failed"}], logs


def _check_rooms(world: World) -> None:
    """Check that who is in a room may be there, and that what is said goes to nobody else."""
    for info in world.hub.rooms.listing():
        room = world.hub.rooms.get(info.room)
        assert room is not None
        sessions = [each.session for each in room.members()]
        assert {each.outbox for each in sessions} == set(room.delivery._members)  # noqa: SLF001  # nothing else shows it
        assert not room.delivery._arrivals  # noqa: SLF001  # likewise
        assert len(room) == len(room.people())
        for session in sessions:
            assert room.name in (session.scope.rooms or (room.name,))
            if room.standing is not None and room.standing.role(session.identity) < Role.MODERATOR:
                assert not room.standing.is_banned(session.identity)


class _Person:
    """One who speaks JSON lines to a hub without sockets, and what they were told."""

    def __init__(self, world: World, known: set[str]) -> None:
        self._world = world
        self._client = Client(world.hub)
        request = RegNameRequest(1, "fuzz", Limits(LINE_BYTES, 32, 256, 50))
        self._lines = JsonLines(JsonLinesSettings(client_decoder(LINE_BYTES), request))
        self._rooms: set[str] = set()
        #: All names that anybody was seen to have.
        self._known = known
        self._is_gone = False
        self.name = ""

    def hear(self, line: bytes) -> None:
        """Say a line."""
        if self._client.conversation.over is None and not self._is_gone:
            self._client.conversation.handle(self._lines.feed(line + b"\n"), 0.0)

    def replaced(self) -> "_Person":
        """Hang up; return who comes instead."""
        self._hang_up()
        return _Person(self._world, self._known)

    def _hang_up(self) -> None:
        if self._client.conversation.has_session and not self._is_gone:
            self._client.hang_up()
        self._is_gone = True

    def check(self) -> None:
        """Look at all that came; whoever the server ends is gone."""
        if self._client.outbox.ended:
            self._hang_up()
        for block in self._client.outbox.pushed:
            assert block.endswith(b"\n")
            assert all(len(line) < SERVER_LINE_BYTES for line in block.split(b"\n"))
        messages = self._client.outbox.messages
        self._client.outbox.clear()
        for message in messages:
            assert not isinstance(message, PeerError), message
            self._take(message)

    def _take(self, message: object) -> None:
        match message:
            case Welcome(name=name):
                self.name = name
                self._known.add(name)
            case NameChanged(old=old, name=name):
                self._known.add(name)
                self.name = name if old == self.name else self.name
            case Joined(room=room, name=name):
                if name == self.name:
                    self._rooms.add(room)
            case Left(room=room, name=name) if name == self.name:
                self._rooms.discard(room)
            case _:
                self._read(message)

    def _read(self, message: object) -> None:
        match message:
            case MsgFrame(room=room, sender=sender):
                assert room in self._rooms
                assert sender in self._known
            case DmFrame(sender=sender, to=to):
                assert not self._client.session.scope.rooms
                assert {sender, to} <= {*self._known, *ACCOUNTS}
            case HistoryFrame(messages=found) | Found(messages=found):
                for each in found:
                    self._read(each)
            case _:
                pass
