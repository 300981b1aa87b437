"""What each message does: a table of message type -> precondition and handler."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar

from msgspec.json import encode as encode_json

from chat_protocol.codec import SERVER_LINE, encode_lines
from chat_protocol.errors import (
    AlreadyRegisteredError,
    BadFieldError,
    LimitReachedError,
    NotRegisteredError,
    PeerError,
    UnavailableError,
)
from chat_protocol.messages import (
    REFS,
    ClientMessage,
    Dm,
    ErrorFrame,
    Exit,
    History,
    Join,
    Leave,
    Left,
    List,
    Message,
    Msg,
    Name,
    Ping,
    Pong,
    RegName,
    RoomInfo,
    Rooms,
    Search,
    Topic,
    TopicFrame,
    Users,
    Who,
    tag,
)
from chat_protocol.reasons import CloseReason
from chat_server.chat import history
from chat_server.chat.hub import Hub
from chat_server.chat.session import Session
from chat_server.errors import JournalError
from chat_server.stream.outgoing import Outgoing

#: After so many bad lines in a row the peer is taken for one that speaks something else.
BAD_LINES = 100
#: The most rows that ROOMS and USERS have; their `total` counts all.
ROWS = 1000
#: Bytes of the rows of an answer: the rest of the line needs less than 64 KiB.
ANSWER_BYTES = SERVER_LINE - 64 * 1024

Row = TypeVar("Row", str, RoomInfo)


class Conversation:
    """One client's side of the chat: what it may say depends on whether it has a name."""

    __slots__ = (
        "_bad_lines",
        "_session",
        "errors",
        "hub",
        "outbox",
        "over",
        "received",
        "received_at",
        "topic_length",
    )

    def __init__(self, hub: Hub, outbox: Outgoing, topic_length: int = 256) -> None:
        self.hub = hub
        self.outbox = outbox
        self.topic_length = topic_length
        #: When the bytes in hand were read, on the monotonic clock.
        self.received_at = 0.0
        #: How many messages came, by type; `invalid` counts the lines that were none.
        self.received: dict[str, int] = {}
        #: How many were answered with an ERROR, by code, in the order of their first.
        self.errors: dict[str, int] = {}
        #: Why the conversation is over, none while it goes on.
        self.over: CloseReason | None = None
        self._session: Session | None = None
        self._bad_lines = 0

    @property
    def registered(self) -> bool:
        """Whether the client has given its name."""
        return self._session is not None

    @property
    def session(self) -> Session:
        """The client's session. Raises `NotRegisteredError` where no name was given yet."""
        if self._session is None:
            raise NotRegisteredError('give your name first: {"type":"REG_NAME","name":"dave"}')
        return self._session

    @session.setter
    def session(self, session: Session) -> None:
        self._session = session

    def handle(self, messages: "Sequence[ClientMessage | PeerError]", received_at: float) -> None:
        """Do what the messages ask for, in order; an error is answered and ends nothing."""
        self.received_at = received_at
        for run in (messages,) if len(messages) == 1 else _runs(messages):
            if self.over is not None:
                return
            self._perform(run)

    def send(self, message: Message) -> None:
        """Answer this client."""
        self.outbox.push(encode_lines([message]))

    def refuse_refs(self, messages: Sequence[Msg | Dm]) -> None:
        """Answer messages for whose refs the session has no room."""
        text = f"{REFS} acknowledgements may be unread; answer the PING that has a ref, then send it again"
        self._refuse(LimitReachedError(text), messages)

    def _perform(self, run: Sequence[Any]) -> None:
        message = run[0]
        command = COMMANDS.get(type(message))
        if command is None:
            self._reject(message)
            return
        self._bad_lines = 0
        self.received[command.kind] = self.received.get(command.kind, 0) + len(run)
        try:
            if command.registered is not None and command.registered is (self._session is None):
                raise _refusal(self.registered)
            command.handler(self, run if command.target else message)
        except PeerError as error:
            self._refuse(error, run)
        except JournalError:  # what it says is for the operator: paths, the state of a disk
            self._refuse(UnavailableError("messages cannot be read at the moment; try again later"), run)

    def _refuse(self, error: PeerError, run: Sequence[Any]) -> None:
        self._count(error, len(run))
        self.outbox.push(encode_lines([ErrorFrame(error.code, error.text, _ref(each)) for each in run]))

    def _reject(self, error: PeerError) -> None:
        self.received["invalid"] = self.received.get("invalid", 0) + 1
        self._count(error, 1)
        self.send(ErrorFrame(error.code, error.text, error.ref))
        self._bad_lines += 1
        if self._bad_lines >= BAD_LINES:
            self.over = CloseReason.BAD_LINES

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


def _refusal(registered: bool) -> PeerError:  # noqa: FBT001  # the one fact that it depends on
    if registered:
        return AlreadyRegisteredError('you have a name; change it with {"type":"NAME","name":"..."}')
    return NotRegisteredError('give your name first: {"type":"REG_NAME","name":"dave"}')


def _register(conversation: Conversation, message: RegName) -> None:
    conversation.session = conversation.hub.register(message, conversation.outbox)


def _say(conversation: Conversation, messages: Sequence[Msg]) -> None:
    session = conversation.session
    room = session.room(messages[0].room)
    if refused := room.publish(session, messages, conversation.received_at):
        conversation.refuse_refs(refused)


def _tell(conversation: Conversation, messages: Sequence[Dm]) -> None:
    if refused := conversation.hub.tell(conversation.session, messages, conversation.received_at):
        conversation.refuse_refs(refused)


def _join(conversation: Conversation, message: Join) -> None:
    conversation.hub.join(conversation.session, message.room, message.after, message.ref)


def _leave(conversation: Conversation, message: Leave) -> None:
    session = conversation.session
    room = session.room(message.room)
    conversation.hub.leave(session, room)
    conversation.send(Left(room.name, session.name, "left", message.ref))


def _rename(conversation: Conversation, message: Name) -> None:
    conversation.hub.rename(conversation.session, message.name, message.ref)


def _topic(conversation: Conversation, message: Topic) -> None:
    room = conversation.session.room(message.room)
    if message.topic is None:
        conversation.send(TopicFrame(room.name, room.topic, ref=message.ref))
        return
    if len(message.topic) > conversation.topic_length:
        raise BadFieldError(f"TOPIC: longer than {conversation.topic_length} characters; shorten it")
    room.set_topic(conversation.session, message.topic, message.ref)


def _who(conversation: Conversation, message: Who) -> None:
    room = conversation.session.room(message.room)
    names = room.names()
    conversation.send(Users(room.name, _fitting(names), len(names), message.ref))


def _list(conversation: Conversation, message: List) -> None:
    rooms = conversation.hub.listing()
    conversation.send(Rooms(_fitting(rooms), len(rooms), message.ref))


def _fitting(rows: Sequence[Row]) -> list[Row]:
    """Return the first rows, as many as a line holds and at most `ROWS`."""
    room = ANSWER_BYTES
    for count, row in enumerate(rows[:ROWS]):
        room -= len(encode_json(row)) + 1
        if room < 0:
            return list(rows[:count])
    return list(rows[:ROWS])


def _history(conversation: Conversation, message: History) -> None:
    room = conversation.session.room(message.room)
    conversation.send(history.answer(conversation.hub.shared.commit.journal, room, message))


def _search(conversation: Conversation, message: Search) -> None:
    session = conversation.session
    rooms = list(session.rooms) if message.room is None else [session.room(message.room).name]
    conversation.send(history.found(conversation.hub.shared.commit.journal, rooms, message))


def _ping(conversation: Conversation, message: Ping) -> None:
    conversation.send(Pong(message.ref))


def _pong(conversation: Conversation, message: Pong) -> None:
    """Take it: the keeper looks at when something came, and the session's ledger at the ref."""
    if conversation.registered and (ledger := conversation.session.ledger) is not None:
        ledger.answered(message.ref)


def _exit(conversation: Conversation, message: Exit) -> None:
    del message
    conversation.over = CloseReason.EXIT


@dataclass(frozen=True, slots=True)
class Command:
    """What a message type does, and whether it is allowed before, after, or at any time of registration.

    Where it has a `target`, messages in a row with the same one are handled at once.
    """

    kind: str
    handler: Callable[[Conversation, Any], None]
    registered: bool | None = True
    target: Callable[[Any], Any] | None = None


def _table(
    *rows: tuple[type[Message], Callable[[Conversation, Any], None], bool | None, str | None],
) -> Mapping[Any, Command]:
    return {
        kind: Command(tag(kind), handler, registered, attrgetter(target) if target else None)
        for kind, handler, registered, target in rows
    }


# Message, handler, whether a name must have been given (None: either way), what messages in a row must share.
COMMANDS: Mapping[type[Message], Command] = _table(
    (RegName, _register, False, None),
    (Msg, _say, True, "room"),
    (Dm, _tell, True, "to"),
    (Join, _join, True, None),
    (Leave, _leave, True, None),
    (Name, _rename, True, None),
    (Topic, _topic, True, None),
    (Who, _who, True, None),
    (List, _list, True, None),
    (History, _history, True, None),
    (Search, _search, True, None),
    (Ping, _ping, None, None),
    (Pong, _pong, None, None),
    (Exit, _exit, None, None),
)
