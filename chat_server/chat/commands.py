"""What each message does: a table of what it needs, what it costs and who handles it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from chat_protocol.base import Message, tag
from chat_protocol.errors import BadFieldError
from chat_protocol.messages import (
    Delete,
    Dm,
    Edit,
    Exit,
    History,
    Join,
    Leave,
    List,
    Msg,
    Name,
    Ping,
    Pong,
    RegName,
    Search,
    Topic,
    Who,
)
from chat_protocol.moderation_messages import (
    Ban,
    Bans,
    Ignore,
    Ignored,
    Invite,
    Kick,
    Mute,
    Role,
    Rules,
    Unban,
)
from chat_protocol.people_messages import Profile, Watch, Whois
from chat_protocol.reading_messages import Positions, PositionsFrame, Read
from chat_protocol.reasons import CloseReason
from chat_protocol.server_messages import DmFrame, Left, Rooms, TopicFrame
from chat_server.chat import answers, exchange, history, reading
from chat_server.chat.access import certified_name
from chat_server.chat.inbox import INBOX
from chat_server.chat.names import user_name
from chat_server.chat.people import EVERYBODY
from chat_server.chat.policy import may_see
from chat_server.chat.session import joined_rooms

if TYPE_CHECKING:
    from chat_server.chat.conversation import Conversation

    Handler = Callable[[Conversation, Any], None]


def _register(conversation: "Conversation", message: RegName) -> None:
    if message.certificate:
        message.name = certified_name(message.name, conversation.certified)
    conversation.named(conversation.hub.register(message, conversation.outbox, conversation.address))


def _say(conversation: "Conversation", messages: Sequence[Msg]) -> None:
    room = conversation.room(messages[0].room)
    if refused := room.publish(conversation.session, messages, conversation.received_at):
        conversation.refuse_refs(refused)


def _tell(conversation: "Conversation", messages: Sequence[Dm]) -> None:
    if refused := conversation.hub.tell(conversation.session, messages, conversation.received_at):
        conversation.refuse_refs(refused)


def _join(conversation: "Conversation", message: Join) -> None:
    conversation.hub.join(conversation.session, message, conversation.address)
    if message.who:
        _who(conversation, Who(message.room, message.ref))


def _leave(conversation: "Conversation", message: Leave) -> None:
    session, room = conversation.session, conversation.room(message.room)
    conversation.hub.leave(session, room, message.text)
    conversation.send(Left(room.name, session.identity.name, "left", message.ref))


def _rename(conversation: "Conversation", message: Name) -> None:
    conversation.hub.rename(conversation.session, message.name, message.ref)


def _topic(conversation: "Conversation", message: Topic) -> None:
    room = conversation.readable(message.room)
    if message.topic is None:
        topic = room.topic
        conversation.send(TopicFrame(room.name, topic.text, topic.by or None, message.ref, topic.ts or None))
        return
    if len(message.topic) > conversation.topic_length:
        raise BadFieldError(f"TOPIC: longer than {conversation.topic_length} characters; shorten it")
    conversation.hub.governance.set_topic(conversation.session, room, message.topic, message.ref)


def _who(conversation: "Conversation", message: Who) -> None:
    conversation.send(answers.users(conversation.readable(message.room), message))


def _profile(conversation: "Conversation", message: Profile) -> None:
    conversation.hub.presence.set_profile(conversation.session, message)


def _whois(conversation: "Conversation", message: Whois) -> None:
    conversation.send(conversation.hub.presence.whois(conversation.session, message))


def _watch(conversation: "Conversation", message: Watch) -> None:
    conversation.send(conversation.hub.presence.watch(conversation.session, message))


def _list(conversation: "Conversation", message: List) -> None:
    session = conversation.session
    rooms = conversation.hub.rooms.listing(lambda room: may_see(session, room))
    people = conversation.hub.registry.connected()
    conversation.send(Rooms(answers.fitting(rooms), len(rooms), message.ref, people))


def _history(conversation: "Conversation", message: History) -> None:
    room = conversation.readable(message.room)
    if message.raw:
        conversation.hub.governance.require_moderator(conversation.session, room)
    journal = conversation.hub.shared.commit.journal
    if message.peer is not None:
        conversation.send(exchange.answer(journal, room, message, conversation.session.identity.name))
        return
    page = history.answer(journal, room, message)
    if room.title != INBOX:
        conversation.readable(room.name)  # what was read may have been said after somebody was put out
    conversation.send(page)


def _search(conversation: "Conversation", message: Search) -> None:
    if message.room is None:
        session = conversation.session
        inbox = session.identity.inbox
        joined = [room.name for room in joined_rooms(session)]
        rooms = [*joined, *([inbox.name] if inbox is not None and not session.scope.rooms else [])]
    else:
        rooms = [conversation.readable(message.room).name]
    found = history.found(conversation.hub.shared.commit.journal, rooms, message)
    here = {*rooms} & {room.name for room in joined_rooms(conversation.session)}  # as for HISTORY
    found.messages = [each for each in found.messages if isinstance(each, DmFrame) or each.room in here]
    conversation.send(found)


def _change(conversation: "Conversation", message: Edit | Delete) -> None:
    session, room = conversation.session, conversation.readable(message.room)
    if isinstance(message, Edit) and room.standing is not None:
        room.standing.may_speak(session.identity, 1)
    said = conversation.hub.changing.publication(session, room, message, conversation.received_at)
    if room.change(session, said):
        conversation.refuse_refs([message])


def _read(conversation: "Conversation", message: Read) -> None:
    session, room, hub = conversation.session, conversation.readable(message.room), conversation.hub
    reading.note_read(hub.people, hub.shared.commit.journal, session, room, message.id)


def _positions(conversation: "Conversation", message: Positions) -> None:
    session = conversation.session
    if message.room is not None:
        rooms = [conversation.readable(message.room)]
    else:
        inbox = session.identity.inbox
        own = [inbox] if inbox is not None and not session.scope.rooms else []
        rooms = [*joined_rooms(session), *own]
    journal, exact = conversation.hub.shared.commit.journal, message.room is not None
    conversation.send(
        PositionsFrame(reading.positions(journal, session.identity, rooms, exact=exact), message.ref)
    )


def _kick(conversation: "Conversation", message: Kick) -> None:
    room = conversation.governed(message.room)
    conversation.send(conversation.hub.governance.kick(conversation.session, room, message))


def _ban(conversation: "Conversation", message: Ban) -> None:
    room = conversation.governed(message.room)
    message.name = user_name(message.name, conversation.hub.limits.name_length)  # nobody need have it
    conversation.send(conversation.hub.governance.ban(conversation.session, room, message))


def _unban(conversation: "Conversation", message: Unban) -> None:
    room = conversation.governed(message.room)
    conversation.send(conversation.hub.governance.unban(conversation.session, room, message))


def _mute(conversation: "Conversation", message: Mute) -> None:
    conversation.hub.governance.mute(conversation.session, conversation.governed(message.room), message)


def _invite(conversation: "Conversation", message: Invite) -> None:
    room = conversation.governed(message.room)
    conversation.send(conversation.hub.governance.invite(conversation.session, room, message))


def _bans(conversation: "Conversation", message: Bans) -> None:
    room = conversation.governed(message.room)
    conversation.send(conversation.hub.governance.bans(conversation.session, room, message.ref))


def _role(conversation: "Conversation", message: Role) -> None:
    conversation.hub.governance.set_role(conversation.session, conversation.governed(message.room), message)


def _rules(conversation: "Conversation", message: Rules) -> None:
    room = conversation.governed(message.room)
    answer = conversation.hub.governance.rules(conversation.session, room, message)
    if answer is not None:
        conversation.send(answer)


def _ignore(conversation: "Conversation", message: Ignore) -> None:
    identity = conversation.session.identity
    if message.name is not None:
        name = message.name.strip()
        if name != EVERYBODY:
            name = user_name(name, conversation.hub.limits.name_length)
        conversation.hub.people.ignore(identity, name, on=message.on)
    conversation.send(Ignored([*identity.ignored.values()], message.ref))


def _ping(conversation: "Conversation", message: Ping) -> None:
    conversation.send(Pong(message.ref))


def _pong(conversation: "Conversation", message: Pong) -> None:
    """Take it: the keeper looks at when something came, and the session's ledger at the ref."""
    if conversation.has_session and (ledger := conversation.session.ledger) is not None:
        ledger.answered(message.ref)


def _exit(conversation: "Conversation", message: Exit) -> None:
    if conversation.has_session:
        conversation.session.parting = message.text
    conversation.end(CloseReason.EXIT)


class ConversationStage(Enum):
    """What a conversation is at."""

    NAMING = "no name was given yet"
    NAMED = "in the chat"
    OVER = "nothing is looked at any more"


@dataclass(frozen=True, slots=True)
class Command:
    """What a message type needs, what it costs, and who handles it.

    It is allowed at one `stage`, or at any if that is none. Its `cost` is the server's work, in messages to a
    room of four (measured on a room of 1,000 messages in memory, where one took 14 us without its sends).
    Messages in a row with the same `target` are handled at once.
    """

    kind: str
    handler: "Handler"
    stage: ConversationStage | None
    cost: int
    target: Callable[[Any], Any] | None = None


def _table(
    *rows: "tuple[type[Message], Handler, ConversationStage | None, int, str | None]",
) -> Mapping[Any, Command]:
    return {
        kind: Command(tag(kind), handler, stage, cost, attrgetter(target) if target else None)
        for kind, handler, stage, cost, target in rows
    }


#: Message, handler, the stage that it needs, its cost, what messages in a row must share.
COMMANDS: Mapping[type[Message], Command] = _table(
    (RegName, _register, ConversationStage.NAMING, 13, None),
    (Msg, _say, ConversationStage.NAMED, 1, "room"),
    (Dm, _tell, ConversationStage.NAMED, 1, "to"),
    (Join, _join, ConversationStage.NAMED, 3, None),
    (Leave, _leave, ConversationStage.NAMED, 3, None),
    (Name, _rename, ConversationStage.NAMED, 5, None),
    (Topic, _topic, ConversationStage.NAMED, 1, None),
    (Who, _who, ConversationStage.NAMED, 1, None),
    (List, _list, ConversationStage.NAMED, 250, None),  # of 10,000 rooms
    (History, _history, ConversationStage.NAMED, 16, None),
    (Search, _search, ConversationStage.NAMED, 250, None),
    (Edit, _change, ConversationStage.NAMED, 4, None),
    (Delete, _change, ConversationStage.NAMED, 4, None),
    (Read, _read, ConversationStage.NAMED, 1, None),
    (Positions, _positions, ConversationStage.NAMED, 64, None),  # of 50 rooms
    (Kick, _kick, ConversationStage.NAMED, 16, None),
    (Ban, _ban, ConversationStage.NAMED, 16, None),
    (Unban, _unban, ConversationStage.NAMED, 16, None),
    (Mute, _mute, ConversationStage.NAMED, 16, None),
    (Invite, _invite, ConversationStage.NAMED, 16, None),
    (Bans, _bans, ConversationStage.NAMED, 64, None),  # of 1,000
    (Role, _role, ConversationStage.NAMED, 16, None),
    (Rules, _rules, ConversationStage.NAMED, 16, None),
    (Ignore, _ignore, ConversationStage.NAMED, 16, None),
    (Profile, _profile, ConversationStage.NAMED, 5, None),
    (Whois, _whois, ConversationStage.NAMED, 5, None),
    (Watch, _watch, ConversationStage.NAMED, 64, None),  # of 100 names
    (Ping, _ping, None, 1, None),
    (Pong, _pong, None, 1, None),
    (Exit, _exit, None, 3, None),
)
