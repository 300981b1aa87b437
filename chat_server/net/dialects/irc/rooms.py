"""Coming into rooms and going: JOIN, PART, QUIT, TOPIC, NAMES, and what is told of others."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chat_protocol.messages import Exit, History, Join, Leave, Topic, Who
from chat_protocol.reasons import CloseReason
from chat_protocol.server_messages import ErrorFrame, HistoryFrame, Joined, Left, TopicFrame, Users
from chat_server.net.dialects.irc import names
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.commands import Command, Part, plain
from chat_server.net.dialects.irc.grammar import LINE_BYTES, Line, compose
from chat_server.net.dialects.irc.render import is_said
from chat_server.net.dialects.irc.settings import IrcSettings
from chat_server.net.dialects.irc.state import Asked, State, refused, unsaid

#: Larger than any id: nothing is replayed.
LATEST = 2**53 - 1
#: So many messages are shown to who comes in and can't ask for them.
SHOWN_ON_JOIN = 20
#: In so many rooms of one line: each costs as much as a message.
PASTS_AT_MOST = 10
#: How many who have left the chat are remembered, so that nobody is told twice.
GONE_AT_MOST = 256
#: The native reason of who left one room alone.
LEFT_ROOM = "left"
#: What those have before their nick who are more than members.
MARKS = {"speaker": "+", "moderator": "@", "owner": "@", "operator": "@"}
#: By a word of the server's text, why a room can't be entered.
_CLOSED = (("banned", n.ERR_BANNEDFROMCHAN), ("password", n.ERR_BADCHANNELKEY))
NAMES_END = "that is all of those who are there"
#: Characters of a word at parting.
PARTING_CHARACTERS = 200


@dataclass(slots=True)
class Presence:
    """Who has left the chat a moment ago: told once, whatever number of rooms are shared."""

    gone: OrderedDict[str, None] = field(default_factory=OrderedDict)


@dataclass(slots=True)
class Entering:
    """One JOIN: whether a room was entered by it, and after which id all is shown as it is said."""

    entered: bool = False
    last: int = 0


def _join(state: State, line: Line) -> None:
    if line.params == ("0",):
        for room in sorted(state.rooms):
            _leave(state, names.channel(room), "")
        return
    keys, channels = line.param(1).split(","), line.param(0).split(",")
    past = "server-time" in state.caps and "draft/chathistory" not in state.caps
    for number, channel in enumerate(channels):
        if not names.is_channel(channel):
            state.tell(state.numeric(n.ERR_NOSUCHCHANNEL, channel, "a channel's name begins with #"))
        else:
            key = keys[number] if number < len(keys) else ""
            _enter(state, channel, key, past=past and number < PASTS_AT_MOST)


def _enter(state: State, channel: str, key: str, *, past: bool) -> None:
    room, entering = names.room(channel), Entering()

    def entered(state: State, frame: Joined | Users) -> Sequence[bytes]:
        if isinstance(frame, Users):
            return _all_names(state, frame) if entering.entered else ()
        entering.entered, entering.last = frame.room not in state.rooms, frame.last or 0
        return _come_in(state, frame) if entering.entered else ()

    def shown(state: State, page: HistoryFrame) -> Sequence[bytes]:
        return _past(state, page, entering.last) if entering.entered else ()

    who = "no-implicit-names" not in state.caps
    join = Join(room, LATEST, password=key or None, who=who)
    state.ask(join, entered, _not_entered, about=channel).answers = 1 + who
    if past:
        state.ask(History(room, limit=SHOWN_ON_JOIN), shown, unsaid)


def _not_entered(state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    """Tell why somebody may not come in, as clients know it."""
    if error.code == "not_allowed":
        number = next((number for word, number in _CLOSED if word in error.text), n.ERR_INVITEONLYCHAN)
        return [state.numeric(number, asked.about, error.text)]
    return refused(state, asked, error)


def _come_in(state: State, joined: Joined) -> list[bytes]:
    """Show somebody that they are in a room now."""
    state.rooms.add(joined.room)
    channel = names.channel(joined.room)
    lines = [_join_line(state, state.name, channel, state.realname, account=state.account)]
    if joined.topic:
        lines.append(state.numeric(n.RPL_TOPIC, channel, joined.topic))
        lines.extend(_topic_setter(state, channel, joined.topic_by, joined.topic_ts))
    for each in state.settings.joined:
        lines.extend(each(state, joined))
    return lines


def _join_line(state: State, name: str, channel: str, realname: str, *, account: bool) -> bytes:
    extra = (names.nick(name) if account else "*", realname) if "extended-join" in state.caps else ()
    return compose("JOIN", channel, *extra, source=names.source(name))


def _topic_setter(state: State, channel: str, by: str | None, ts: float | None) -> Iterator[bytes]:
    if by is not None and ts is not None:
        yield state.numeric(n.RPL_TOPICWHOTIME, channel, names.nick(by), str(int(ts)))


def _past(state: State, page: HistoryFrame, last: int) -> Sequence[bytes]:
    """Return the lines of what was said up to an id: what came since was shown already."""
    said = [each for each in page.messages if is_said(each) and each.id <= last]
    lines = [line for each in said for line in state.form.lines(each)]
    if not lines or not state.form.batch:
        return lines
    return state.batch("chathistory", lines, names.channel(page.room))


def on_joined(state: State, joined: Joined) -> Sequence[bytes]:
    """Show that somebody came into a room, be it oneself, as an account on coming back."""
    if joined.last is not None:
        state.wishes.append(lambda state: _ask_names(state, joined.room))
        return _come_in(state, joined)
    state.part(Presence).gone.pop(joined.name, None)
    channel = names.channel(joined.room)
    lines = [_join_line(state, joined.name, channel, joined.realname, account=joined.account)]
    if joined.away and "away-notify" in state.caps:
        lines.append(compose("AWAY", joined.away, source=names.source(joined.name)))
    return lines


def _part(state: State, line: Line) -> None:
    for channel in line.param(0).split(","):
        _leave(state, channel, line.param(1))


def _leave(state: State, channel: str, text: str) -> None:
    leave = Leave(names.room(channel), text=text[:PARTING_CHARACTERS])

    def gone_out(state: State, left: Left) -> Sequence[bytes]:
        state.rooms.discard(left.room)
        left.text = leave.text  # which the server need not tell who said it
        return [_parting("PART", left, names.channel(left.room))]

    state.ask(leave, gone_out, about=channel)


def _parting(command: str, left: Left, *params: str) -> bytes:
    """Return the line of somebody who goes, with what they said, if anything."""
    return compose(command, *params, *([left.text] if left.text else []), source=names.source(left.name))


def on_left(state: State, left: Left) -> Sequence[bytes]:
    """Show that somebody went: put out, out of this room alone, or out of the chat, which is told once."""
    channel = names.channel(left.room)
    if left.name == state.name:
        state.rooms.discard(left.room)
    if left.by is not None:
        text = left.text or names.nick(left.by)
        return [compose("KICK", channel, names.nick(left.name), text, source=names.source(left.by))]
    if left.reason == LEFT_ROOM or left.name == state.name:
        return [_parting("PART", left, channel)]
    gone = state.part(Presence).gone
    if left.name in gone:
        return ()
    gone[left.name] = None
    if len(gone) > GONE_AT_MOST:
        gone.popitem(last=False)
    return [compose("QUIT", _why(left), source=names.source(left.name))]


def _why(left: Left) -> str:
    """Return why somebody left the chat, so that no word at parting passes for the server's."""
    if left.reason == CloseReason.EXIT:
        return f"Quit: {left.text}" if left.text else "Quit"
    return left.reason.replace("_", " ").capitalize()


def _quit(state: State, line: Line) -> None:
    state.say(Exit(text=line.param(0)[:PARTING_CHARACTERS]))


def _topic(state: State, line: Line) -> None:
    channel = line.param(0)
    room = names.room(channel)
    if len(line.params) > 1:
        state.ask(Topic(line.param(1), room), on_topic, _no_topic, about=channel)
    else:
        state.ask(Topic(room=room), _shown_topic, _no_topic, about=channel)


def _no_topic(state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    """Tell an error; of a room that one is not in it isn't told whether it exists."""
    if error.code == "not_a_member":
        return [state.numeric(n.ERR_NOSUCHCHANNEL, asked.about, "no such channel, or you are not in it")]
    return refused(state, asked, error)


def _shown_topic(state: State, frame: TopicFrame) -> Sequence[bytes]:
    channel = names.channel(frame.room)
    if not frame.topic:
        return [state.numeric(n.RPL_NOTOPIC, channel, "no topic is set")]
    return [
        state.numeric(n.RPL_TOPIC, channel, frame.topic),
        *_topic_setter(state, channel, frame.by, frame.ts),
    ]


def on_topic(state: State, frame: TopicFrame) -> Sequence[bytes]:
    """Show that somebody set a room's topic."""
    source = names.source(frame.by) if frame.by else state.settings.server
    return [compose("TOPIC", names.channel(frame.room), frame.topic, source=source)]


def _names_of(state: State, line: Line) -> None:
    channel = line.param(0).partition(",")[0]
    end = n.RPL_ENDOFNAMES, channel or "*", NAMES_END

    def unknown(state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
        del asked, error
        return [state.numeric(*end)]

    if names.is_channel(channel):
        state.ask(Who(names.room(channel)), _all_names, unknown)
    else:
        state.tell(state.numeric(*end))


def _ask_names(state: State, room: str) -> None:
    """Have the names shown of a room that somebody is in without having asked for it."""
    if "no-implicit-names" not in state.caps:
        state.ask(Who(room), _all_names, unsaid)


def _all_names(state: State, users: Users) -> Sequence[bytes]:
    return list(_names(state, users))


def _names(state: State, users: Users) -> Iterator[bytes]:
    """Return who is in a room, in as many lines as it takes."""
    channel = names.channel(users.room)
    hosts = "userhost-in-names" in state.caps
    marks = prefixes(users)
    shown = [
        f"{marks.get(at, '')}{names.source(each) if hosts else names.nick(each)}"
        for at, each in enumerate(users.names)
    ]
    head = len(state.numeric(n.RPL_NAMREPLY, "=", channel, ""))
    for part in packed(shown, LINE_BYTES - head):
        yield state.numeric(n.RPL_NAMREPLY, "=", channel, part)
    yield state.numeric(n.RPL_ENDOFNAMES, channel, NAMES_END)


def prefixes(users: Users) -> Mapping[int, str]:
    """Return what stands before the nicks of those who are more than members, by their places."""
    return {at: mark for role, mark in MARKS.items() for at in users.roles.get(role, ())}


def packed(words: Iterable[str], room: int) -> Iterator[str]:
    """Return words with spaces between them, as many in each part as so many bytes hold."""
    part: list[str] = []
    size = -1
    for word in words:
        size += len(word.encode("utf-8", "replace")) + 1
        if part and size > room:
            yield " ".join(part)
            part.clear()
            size = len(word.encode("utf-8", "replace"))
        part.append(word)
    if part:
        yield " ".join(part)


def _chanlimit(settings: IrcSettings) -> str:
    return f"{names.CHANNEL}:{settings.limits.rooms_per_user}"


PART = Part(
    commands={
        "JOIN": Command(
            _join, needs=1, usage="JOIN #room[,...] [password] - come into a room, which comes to be"
        ),
        "NAMES": Command(_names_of, usage="NAMES #room - tell who is in a room that you are in"),
        "PART": Command(_part, needs=1, usage="PART #room[,...] [:text] - leave a room"),
        "QUIT": Command(_quit, nameless=True, usage="QUIT [:text] - leave the chat"),
        "TOPIC": Command(_topic, needs=1, usage="TOPIC #room [:text] - tell the topic, or set it"),
    },
    caps={
        "extended-join": plain,
        "multi-prefix": plain,
        "no-implicit-names": plain,
        "userhost-in-names": plain,
    },
    tokens={
        "CHANLIMIT": _chanlimit,
        "CHANNELLEN": lambda settings: str(settings.limits.name_length + 1),
        "CHANTYPES": lambda _: names.CHANNEL,
        "TOPICLEN": lambda settings: str(settings.limits.topic_length),
    },
    events={Joined: on_joined, Left: on_left, TopicFrame: on_topic},
)
