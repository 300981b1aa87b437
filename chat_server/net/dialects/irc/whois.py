"""WHOIS and WHOWAS: who somebody is."""

from collections.abc import Iterator, Sequence

from chat_protocol.people_messages import Person, Whois
from chat_protocol.server_messages import ErrorFrame
from chat_server.net.dialects.irc import names
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.commands import Command, Part
from chat_server.net.dialects.irc.grammar import LINE_BYTES, Line
from chat_server.net.dialects.irc.rooms import MARKS, packed
from chat_server.net.dialects.irc.settings import HOST, USER
from chat_server.net.dialects.irc.state import Asked, State, refused

WHOIS_END = "End of /WHOIS list"


def _whois(state: State, line: Line) -> None:
    nick = (line.params[-1] if line.params else "").partition(",")[0]
    if not nick:
        state.tell(state.numeric(n.ERR_NONICKNAMEGIVEN, "WHOIS takes a nick"))
    else:
        state.ask(Whois(nick), _person, _nobody, about=nick)


def _person(state: State, person: Person) -> Sequence[bytes]:
    return list(_lines(state, person))


def _lines(state: State, person: Person) -> Iterator[bytes]:
    nick = names.nick(person.name)
    yield state.numeric(n.RPL_WHOISUSER, nick, USER, HOST, "*", person.realname or person.name)
    head = len(state.numeric(n.RPL_WHOISCHANNELS, nick, ""))
    rooms = [f"{MARKS.get(each.role or '', '')}{names.channel(each.room)}" for each in person.rooms]
    for part in packed(rooms, LINE_BYTES - head):
        yield state.numeric(n.RPL_WHOISCHANNELS, nick, part)
    yield state.numeric(n.RPL_WHOISSERVER, nick, state.settings.server, state.settings.network)
    if person.away:
        yield state.numeric(n.RPL_AWAY, nick, person.away)
    if person.operator:
        yield state.numeric(n.RPL_WHOISOPERATOR, nick, "is an operator of this chat")
    if person.account:
        yield state.numeric(n.RPL_WHOISACCOUNT, nick, nick, "is logged in as")
    if person.bot:
        yield state.numeric(n.RPL_WHOISBOT, nick, "is a program")
    idle, since = str(int(person.idle)), str(int(person.since))
    yield state.numeric(n.RPL_WHOISIDLE, nick, idle, since, "seconds idle, signon time")
    yield state.numeric(n.RPL_ENDOFWHOIS, nick, WHOIS_END)


def _nobody(state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    return [*refused(state, asked, error), state.numeric(n.RPL_ENDOFWHOIS, asked.about, WHOIS_END)]


def _whowas(state: State, line: Line) -> None:
    nick = line.param(0)
    state.tell(
        state.numeric(n.ERR_WASNOSUCHNICK, nick, "no record is kept of those who are gone"),
        state.numeric(n.RPL_ENDOFWHOWAS, nick, "End of WHOWAS"),
    )


PART = Part(
    commands={
        "WHOIS": Command(_whois, usage="WHOIS nick - tell who somebody is"),
        "WHOWAS": Command(_whowas, needs=1, usage="WHOWAS nick - no record is kept of those who are gone"),
    },
)
