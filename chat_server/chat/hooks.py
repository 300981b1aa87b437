"""Programs that say something in rooms without being in them: each by its token, under its one name."""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from chat_protocol.errors import AuthFailedError, NotAllowedError, RateLimitedError, UnavailableError
from chat_protocol.messages import REFS_AT_MOST, Msg
from chat_server.chat import names
from chat_server.chat.access import Access
from chat_server.chat.bans import told
from chat_server.chat.bucket import Bucket, Rate
from chat_server.chat.identity import Identity
from chat_server.chat.passwords import digest
from chat_server.chat.room import Room, RoomContext
from chat_server.chat.rooms import Rooms
from chat_server.chat.speaking import LINE_BYTES, cancel_refs, claim_refs
from chat_server.journal.ledger import Ledger
from chat_server.store.hooks import Hook
from chat_server.stream.outgoing import NOWHERE, Outgoing
from chat_server.stream.publication import Publication

log = structlog.get_logger()

#: How many refs of a hook are remembered at least, and twice as many at most, some 300 bytes each.
REFS_KEPT = 1_000
MINUTE_SECONDS = 60.0
#: What became of what hooks posted, as the metrics name it.
RESULTS = ("accepted", "repeated", "unknown", "limited", "invalid", "refused", "unavailable")


class Post(NamedTuple):
    """What a program says; in the first of its rooms if it names none. The `ref` makes a repeat harmless."""

    text: str
    room: str | None = None
    ref: str | None = None


class Posted(NamedTuple):
    """Where it is stored, and whether it was so before."""

    room: str
    id: int
    repeated: bool


@dataclass(slots=True, eq=False)
class _Program:
    """A hook while the server runs: what it has left of its rate, and the refs that it has posted with."""

    identity: Identity
    ledger: Ledger | None
    outbox: Outgoing = NOWHERE
    bucket: Bucket = field(default_factory=Bucket)


class Hooks:
    """Lets programs post. Nothing of it is called under a lock of the chat.

    1. `post` returns once the message is stored, so whoever is told of it can forget it.
    2. A hook enters no room, so nobody is told that it comes or goes, and `announce`, slow mode and rooms for
       the invited do not bind it: an operator gave it its rooms and its rate. A mute or a ban does.
    3. Guesses at tokens are counted by address. A good token is never refused for the guesses of others.
    """

    def __init__(self, access: Access, rooms: Rooms, shared: RoomContext) -> None:
        self._access = access
        self._table = access.store.hooks
        self._rooms = rooms
        self._shared = shared
        self._clock = shared.stream.clock
        # Guards _programs and _results.
        self._lock = threading.Lock()
        self._programs: dict[int, _Program] = {}
        self._results = dict.fromkeys(RESULTS, 0)

    @property
    def results(self) -> Mapping[str, int]:
        """How many posts there were, by what became of them."""
        return self._results

    def count(self, result: str) -> None:
        """Count a post."""
        with self._lock:
            self._results[result] += 1

    def find(self, token: str, address: str) -> Hook:
        """Return the hook of a token; `address` is what guesses are counted by, empty for none.

        Raises `AuthFailedError`, `RateLimitedError`, `StoreError`.
        """
        if (hook := self._table.find(digest(token))) is not None:
            return hook
        if address:
            self._access.tries.take(f"from {address} to a hook")
        raise AuthFailedError("there is no such hook: its address is mistyped, or the hook was revoked")

    def charge(self, hook: Hook) -> None:
        """Count a post against the hook's rate. Raises `RateLimitedError`, `JournalError`."""
        rate = Rate(max(1.0, hook.per_minute), hook.per_minute / MINUTE_SECONDS)
        if wait := self._program(hook).bucket.take(1, rate, self._clock()):
            raise RateLimitedError(f"this hook may post {hook.per_minute:g} messages a minute", wait)

    def post(self, hook: Hook, post: Post, until: float) -> Posted:
        """Say something; return where, once it is stored. Waits until `until`, on the monotonic clock.

        Raises `NotAllowedError`, `BannedError`, `LimitReachedError`, `UnavailableError`, `StorageError`.
        """
        program = self._program(hook)
        name = _chosen(hook, post.room)
        self._refuse_silenced(program.identity)
        with self._rooms.visited(name) as room:
            if room.standing is not None:
                room.standing.may_post(program.identity)
            posted = self._stored(room, program, post, until)
        log.debug("hook_posted", hook=hook.number, user=hook.name, room=posted.room, id=posted.id)
        return posted

    def identity(self, name: str) -> Identity | None:
        """Return the hook of that name, in whatever spelling, for moderators. Raises as `charge` does."""
        hook = self._table.named(names.user_key(name))
        return None if hook is None else self._program(hook).identity

    def refresh(self) -> Collection[str]:
        """Forget hooks that were revoked; return the names that are reserved now. Raises `StoreError`."""
        hooks = self._table.hooks()
        numbers = {each.number for each in hooks}
        with self._lock:
            self._programs = {number: each for number, each in self._programs.items() if number in numbers}
        return {each.name for each in hooks}

    def _program(self, hook: Hook) -> _Program:
        """Return what is known of a hook while the server runs. Raises `JournalError`."""
        with self._lock:
            program = self._programs.get(hook.number)
        if program is None:
            identity = Identity(hook_id(hook.number), hook.name)
            ledger = Ledger(REFS_AT_MOST, self._shared.commit.journal.known(identity.id))
            with self._lock:
                program = self._programs.setdefault(hook.number, _Program(identity, ledger))
        return program

    def _refuse_silenced(self, identity: Identity) -> None:
        bans = self._access.bans
        bans.refuse(bans.of_identity(identity))
        if (mute := bans.mute_of(identity)) is not None:
            raise NotAllowedError(told(mute))

    def _stored(self, room: Room, program: _Program, post: Post, until: float) -> Posted:
        """Publish, and wait until it is stored. Raises `UnavailableError`."""
        commit = self._shared.commit
        commit.wait_for_space()
        room.delivery.wait_for_space()
        said = self._said(room, program, post)
        if post.ref is not None and claim_refs(said, program):
            raise UnavailableError("too much of this hook waits to be stored; send it again later")
        try:
            commit.submit(said)
        except BaseException:
            cancel_refs(said, program)
            raise
        commit.store_and_deliver(gather=room.delivery.several_spoke)
        assert said.delivered is not None  # noqa: S101  # it was made with one
        said.delivered.wait(max(0.0, until - self._clock()))
        return _where(said, program.ledger, post.ref)

    def _said(self, room: Room, program: _Program, post: Post) -> Publication:
        return Publication(
            room.name,
            1,
            room.now(),
            program.identity.id,
            delivery=room.delivery,
            sender=program,
            messages=[Msg(post.text, ref=post.ref, notice=True)],
            author=program.identity.name,
            received=self._clock(),
            delivered=threading.Event(),
            kind=room.kind,
            size=LINE_BYTES + len(post.text),
        )


def hook_id(number: int) -> str:
    """Return what the journal and bans know a hook by: no name of a guest can be it."""
    return f"hook:{number}"


def _chosen(hook: Hook, asked: str | None) -> str:
    """Return the room that is meant. Raises `NotAllowedError` if it is none of the hook's."""
    if asked is None:
        return hook.rooms[0]
    if (room := names.room_key(asked)) not in hook.rooms:
        listed = ", ".join(f"#{each}" for each in hook.rooms)
        raise NotAllowedError(f"this hook posts to {listed} alone; name one of them, or none for the first")
    return room


def _where(said: Publication, ledger: Ledger | None, ref: str | None) -> Posted:
    """Return where something is stored, now or earlier. Raises `UnavailableError` if it is not yet."""
    if said.placement is not None:
        posted = Posted(said.room, said.placement.first, repeated=False)
    elif ref is not None and ledger is not None and (found := ledger.find([ref])):
        posted = Posted(*found[0][1][:2], repeated=True)
    else:
        raise UnavailableError("it could not be stored in time; send it again with the same Idempotency-Key")
    if ledger is not None:
        ledger.forget_oldest(REFS_KEPT)
    return posted
