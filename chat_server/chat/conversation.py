"""One client's side of the chat, from its first line to its last."""

from collections.abc import Iterator, Sequence
from typing import Any

from chat_protocol.base import Message
from chat_protocol.codec import encode, encode_lines
from chat_protocol.errors import (
    AlreadyRegisteredError,
    LimitReachedError,
    NotAMemberError,
    NotRegisteredError,
    PeerError,
    UnavailableError,
)
from chat_protocol.messages import REFS_AT_MOST, ClientMessage, RegName
from chat_protocol.reasons import CloseReason
from chat_protocol.server_messages import ErrorFrame
from chat_server.chat.commands import COMMANDS, ConversationStage
from chat_server.chat.hub import Hub
from chat_server.chat.inbox import INBOX
from chat_server.chat.names import room_key
from chat_server.chat.policy import check_mute, check_scope
from chat_server.chat.room import Room, not_a_member
from chat_server.chat.session import Session
from chat_server.errors import StorageError
from chat_server.store.base import EVERYTHING
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import Outgoing

#: After so many bad lines in a row the peer is taken for one that speaks something else.
BAD_LINES = 100


class Conversation:
    """What one client says, and the answers to it. What may come when is told by its stage.

    | stage | what leads to the next |
    |---|---|
    | naming | a name that the chat takes |
    | named | EXIT, or too many bad lines |
    | over | nothing: what still comes is not looked at |
    """

    __slots__ = (
        "_bad_lines",
        "_session",
        "address",
        "certified",
        "errors",
        "hub",
        "outbox",
        "over",
        "received",
        "received_at",
        "stage",
        "topic_length",
    )

    def __init__(self, hub: Hub, outbox: Outgoing, topic_length: int = 256) -> None:
        self.hub = hub
        self.outbox = outbox
        self.topic_length = topic_length
        #: What tries to log in are counted by; empty for none.
        self.address = ""
        #: The account that the connection's certificate proves; empty for none.
        self.certified = ""
        #: When the bytes in hand were read, on the monotonic clock.
        self.received_at = 0.0
        #: How many messages came, by type; `invalid` counts the lines that were none.
        self.received: dict[str, int] = {}
        #: How many were answered with an ERROR, by code, in the order of their first.
        self.errors: dict[str, int] = {}
        self.stage = ConversationStage.NAMING
        #: Why the conversation is over; none while it goes on.
        self.over: CloseReason | None = None
        self._session: Session | None = None
        self._bad_lines = 0

    @property
    def session(self) -> Session:
        """The client's session. Raises `NotRegisteredError` if no name was given yet."""
        if self._session is None:
            raise _refusal(ConversationStage.NAMING)
        return self._session

    @property
    def has_session(self) -> bool:
        """Whether the client has given its name."""
        return self._session is not None

    def named(self, session: Session) -> None:
        """Go on as somebody who has a name."""
        self._session = session
        self.stage = ConversationStage.NAMED

    def end(self, reason: CloseReason) -> None:
        """Look at nothing that comes from now on."""
        self.over = reason
        self.stage = ConversationStage.OVER

    def room(self, name: str | None) -> Room:
        """Return the joined room of that name, or the one joined last. Raises `NotAMemberError`."""
        memberships = (self._session or self.session).memberships
        if name is None:
            if not memberships:
                raise NotAMemberError("you are in no room; JOIN one first")
            return next(reversed(memberships.values())).room
        if name not in memberships:
            name = room_key(name)
        try:
            return memberships[name].room
        except KeyError:
            here = ", ".join(memberships) or "none"
            raise NotAMemberError(f"you are not in that room; JOIN it first (you are in: {here})") from None

    def readable(self, name: str | None) -> Room:
        """Return what this client may read by that name: a joined room, or its own direct messages.

        Every answer with messages in it asks here. Raises `NotAMemberError`.
        """
        if name != INBOX:
            room = self.room(name)
            if self.session not in room:
                raise not_a_member()
            return room
        inbox = self.session.identity.inbox
        if inbox is None:
            raise NotAMemberError("nobody has written to you alone yet")
        return inbox

    def governed(self, name: str | None) -> Room:
        """Return the room that something is decided in: a joined one, or for an operator any that exists.

        Raises `NotAMemberError`.
        """
        account = self.session.identity.account
        if name is not None and account is not None and account.operator:
            room = self.hub.rooms.get(room_key(name))
            if room is not None:
                return room
        return self.readable(name)

    def handle(self, messages: Sequence[ClientMessage | PeerError], received_at: float) -> None:
        """Do what the messages ask for, in order; an error is answered and ends nothing."""
        self.received_at = received_at
        for run in (messages,) if len(messages) == 1 else _runs(messages):
            if self.over is not None:
                return
            self._perform(run)

    def send(self, message: Message) -> None:
        """Answer this client."""
        self.outbox.push(Frames(encode(message)))

    def refuse_refs(self, messages: Sequence[ClientMessage]) -> None:
        """Answer messages for whose refs the session has no room."""
        bound = f"{REFS_AT_MOST} acknowledgements may be unread"
        advice = "answer the PING that has a ref, then send it again"
        self._refuse(LimitReachedError(f"{bound}; {advice}"), messages)

    def _perform(self, run: Sequence[Any]) -> None:
        message = run[0]
        command = COMMANDS.get(type(message))
        if command is None:
            self._reject(message)
            return
        self._bad_lines = 0
        self.received[command.kind] = self.received.get(command.kind, 0) + len(run)
        try:
            if command.stage is not None and command.stage is not self.stage:
                raise _refusal(self.stage)
            if self._session is not None:
                if self._session.scope is not EVERYTHING:
                    check_scope(self._session.scope, message)
                if self.hub.access.bans.has_mutes:
                    check_mute(self.hub.access.bans, self._session, message)
            command.handler(self, run if command.target else message)
        except PeerError as error:
            self._refuse(error, run)
        except StorageError:  # what it says is for the operator: paths, the state of a disk
            self._refuse(UnavailableError("this cannot be read at the moment; try again later"), run)

    def _refuse(self, error: PeerError, run: Sequence[Any]) -> None:
        self._count(error, len(run))
        after = None if error.retry_after is None else round(error.retry_after, 1)
        lines = encode_lines([ErrorFrame(error.code, error.text, _ref(each), after) for each in run])
        self.outbox.push(Frames(lines))

    def _reject(self, error: PeerError) -> None:
        self.received["invalid"] = self.received.get("invalid", 0) + 1
        self._count(error, 1)
        self.send(ErrorFrame(error.code, error.text, error.ref))
        self._bad_lines += 1
        if self._bad_lines >= BAD_LINES:
            self.end(CloseReason.BAD_LINES)

    def _count(self, error: PeerError, number: int) -> None:
        self.errors[error.code] = self.errors.get(error.code, 0) + number


def _runs(messages: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Group what one call of a handler takes: messages in a row with the same type and target."""
    start, count = 0, len(messages)
    while start < count:
        kind, end = type(messages[start]), start + 1
        target = COMMANDS[kind].target if kind in COMMANDS else None
        if target is not None and end < count:
            wanted = target(messages[start])
            while end < count and type(messages[end]) is kind and target(messages[end]) == wanted:
                end += 1
        yield messages if end - start == count else messages[start:end]
        start = end


def _ref(message: ClientMessage) -> str | None:
    return None if isinstance(message, RegName) else message.ref


def _refusal(stage: ConversationStage) -> PeerError:
    """Return why a message may not come at this stage."""
    if stage is ConversationStage.NAMED:
        return AlreadyRegisteredError('you have a name; change it with {"type":"NAME","name":"..."}')
    return NotRegisteredError('give your name first: {"type":"REG_NAME","name":"dave"}')
