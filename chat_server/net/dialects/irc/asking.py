"""Questions about the server, and who is alive: PING, PONG, MOTD, VERSION, TIME, INFO, HELP, LUSERS, LIST."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from chat_protocol.messages import List, Ping, Pong
from chat_protocol.server_messages import Notice, RoomInfo, Rooms
from chat_server.net.dialects.irc import names
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.commands import Command, Part, plain
from chat_server.net.dialects.irc.grammar import Line, compose
from chat_server.net.dialects.irc.masks import matching
from chat_server.net.dialects.irc.registration import motd, supported
from chat_server.net.dialects.irc.render import wrapped
from chat_server.net.dialects.irc.rooms import packed
from chat_server.net.dialects.irc.state import State
from chat_server.net.dialects.irc.talking import TARGETS_AT_MOST

#: What a PING of the server without a ref is sent with.
ALIVE = "alive"
#: Bytes of a line's text for a person, and of a list of commands.
NOTICE_BYTES, HELP_BYTES = 400, 300
#: More digits than any number of members has.
COUNT_DIGITS = 9
#: How many conditions a LIST may have: each is looked at for each room.
CONDITIONS_AT_MOST = 10
#: How many targets a command takes; any number if none is told.
TARGETS = f"JOIN:,KICK:1,LIST:,NAMES:1,NOTICE:{TARGETS_AT_MOST},PART:,PRIVMSG:{TARGETS_AT_MOST},WHOIS:1"
#: Characters of a ref.
REF_CHARACTERS = 64


def _ping(state: State, line: Line) -> None:
    token = line.param(0)
    state.fence(lambda _: [state.told("PONG", state.settings.server, token)])


def _pong(state: State, line: Line) -> None:
    token = line.params[-1] if line.params else ALIVE
    state.say(Pong(None if token in ("", ALIVE) else token[:REF_CHARACTERS]))


def on_ping(state: State, ping: Ping) -> Sequence[bytes]:
    """Ask whether the client is there."""
    del state
    return [compose("PING", ping.ref or ALIVE)]


def on_notice(state: State, notice: Notice) -> Sequence[bytes]:
    """Show what the server wants a person to know."""
    return [state.told("NOTICE", state.nick, part) for part in wrapped(notice.text, NOTICE_BYTES)]


def _motd(state: State, line: Line) -> None:
    del line
    state.later(motd)


def _version(state: State, line: Line) -> None:
    del line
    version = state.settings.request.server
    state.tell(
        state.numeric(n.RPL_VERSION, version.replace(" ", "-"), state.settings.server, version),
        *supported(state),
    )


def _time(state: State, line: Line) -> None:
    del line
    state.tell(
        state.numeric(
            n.RPL_TIME, state.settings.server, datetime.now(UTC).strftime("%A %d %B %Y, %H:%M:%S UTC")
        )
    )


def _info(state: State, line: Line) -> None:
    del line
    about = [
        f"{state.settings.request.server}, a chat that speaks IRC among other ways",
        "What is said in rooms is kept, and shared with all who use the chat, however they came.",
    ]
    lines = [state.numeric(n.RPL_INFO, each) for each in about]
    state.tell(*lines, state.numeric(n.RPL_ENDOFINFO, "that is all"))


def _help(state: State, line: Line) -> None:
    subject = line.param(0).upper()
    usages = state.settings.usages
    if subject and subject not in usages:
        state.tell(state.numeric(n.ERR_HELPNOTFOUND, line.param(0), "no such command; HELP lists them"))
        return
    start = usages[subject] if subject else "the commands that there are; HELP and one of them tells more"
    texts = [] if subject else list(packed(usages, HELP_BYTES))
    about = subject or "*"
    state.tell(
        state.numeric(n.RPL_HELPSTART, about, start),
        *[state.numeric(n.RPL_HELPTXT, about, each) for each in texts],
        state.numeric(n.RPL_ENDOFHELP, about, "that is all"),
    )


def _list(state: State, line: Line) -> None:
    is_wanted = wanted([each for each in line.param(0).split(",") if each][:CONDITIONS_AT_MOST])

    def listed(state: State, rooms: Rooms) -> Sequence[bytes]:
        return [
            state.numeric(n.RPL_LISTSTART, "Channel", "Users  Name"),
            *[
                state.numeric(n.RPL_LIST, names.channel(each.room), str(each.members), each.topic)
                for each in rooms.rooms
                if is_wanted(each)
            ],
            state.numeric(n.RPL_LISTEND, "that is all"),
        ]

    state.ask(List(), listed)


def wanted(conditions: Sequence[str]) -> Callable[[RoomInfo], bool]:
    """Return what tells whether a room is listed: by one of the masks, and each of the other conditions."""
    masks: list[Callable[[str], bool]] = []
    others: list[Callable[[RoomInfo], bool]] = []
    for each in conditions:
        sign, rest = each[0], each[1:]
        if sign in "<>" and rest.isascii() and rest.isdecimal() and len(rest) <= COUNT_DIGITS:
            others.append(_fewer(int(rest)) if sign == "<" else _more(int(rest)))
        elif sign == "!":
            others.append(_other_than(matching(rest)))
        else:
            masks.append(matching(each))

    def is_wanted(room: RoomInfo) -> bool:
        if not room.members:  # in IRC there is no channel without somebody in it
            return False
        channel = names.channel(room.room)
        by_name = not masks or any(fits(channel) for fits in masks)
        return by_name and all(holds(room) for holds in others)

    return is_wanted


def _fewer(number: int) -> Callable[[RoomInfo], bool]:
    return lambda room: room.members < number


def _more(number: int) -> Callable[[RoomInfo], bool]:
    return lambda room: room.members > number


def _other_than(fits: Callable[[str], bool]) -> Callable[[RoomInfo], bool]:
    return lambda room: not fits(names.channel(room.room))


def _lusers(state: State, line: Line) -> None:
    del line

    def counted(state: State, rooms: Rooms) -> Sequence[bytes]:
        people = rooms.people
        channels = rooms.total - sum(not each.members for each in rooms.rooms)
        return [
            state.numeric(n.RPL_LUSERCLIENT, f"There are {people} users and 0 invisible on 1 servers"),
            state.numeric(n.RPL_LUSERCHANNELS, str(channels), "channels formed"),
            state.numeric(n.RPL_LUSERME, f"I have {people} clients and 0 servers"),
            state.numeric(n.RPL_LOCALUSERS, f"{people} local users"),
            state.numeric(n.RPL_GLOBALUSERS, f"{people} global users"),
        ]

    state.ask(List(), counted)


PART = Part(
    commands={
        "HELP": Command(_help, usage="HELP [command] - tell what there is"),
        "HELPOP": Command(_help, usage="HELPOP [command] - the same as HELP"),
        "INFO": Command(_info, usage="INFO - tell about the server"),
        "LIST": Command(_list, usage="LIST [#room|mask|!mask|<n|>n[,...]] - tell which rooms there are"),
        "LUSERS": Command(_lusers, usage="LUSERS - tell how many there are"),
        "MOTD": Command(_motd, usage="MOTD - tell the message of the day"),
        "PING": Command(_ping, needs=1, nameless=True, usage="PING :token - ask whether the server is there"),
        "PONG": Command(_pong, nameless=True, usage="PONG :token - answer the server's PING"),
        "TIME": Command(_time, usage="TIME - tell the server's time"),
        "VERSION": Command(_version, usage="VERSION - tell what runs here, and what it can"),
    },
    tokens={
        "CASEMAPPING": lambda _: "ascii",
        "CLIENTTAGDENY": lambda _: "*",
        "ELIST": lambda _: "MNU",
        "MAXTARGETS": lambda _: str(TARGETS_AT_MOST),
        "NETWORK": lambda settings: settings.network,
        "NICKLEN": lambda settings: str(settings.limits.name_length),
        "TARGMAX": lambda _: TARGETS,
        "UTF8MAPPING": lambda _: "rfc8265",
        "UTF8ONLY": plain,
    },
    events={Ping: on_ping, Notice: on_notice},
)
