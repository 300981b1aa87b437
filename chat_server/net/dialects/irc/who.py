"""Who is there: WHO with WHOX, USERHOST, ISON."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from chat_protocol.messages import Who
from chat_protocol.people_messages import Person, Whois
from chat_protocol.server_messages import ErrorFrame, Users
from chat_server.net.dialects.irc import names
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.commands import Command, Part, plain
from chat_server.net.dialects.irc.grammar import Line
from chat_server.net.dialects.irc.masks import is_mask, matching
from chat_server.net.dialects.irc.rooms import MARKS, prefixes
from chat_server.net.dialects.irc.settings import HOST, USER
from chat_server.net.dialects.irc.state import Answer, Asked, Failure, State, unsaid

#: How many rooms are looked through for a mask, how many nicks are looked up in one line.
ROOMS_AT_MOST = 5
NICKS_AT_MOST = 5
#: What stands for a room that isn't told, for nobody's account, and for no rank.
NO_ROOM, NO_ACCOUNT, NO_RANK = "*", "0", "n/a"


class Somebody(NamedTuple):
    """One who is told of in WHO."""

    name: str
    channel: str = NO_ROOM
    mark: str = ""
    account: bool = False
    operator: bool = False
    away: bool = False
    bot: bool = False
    realname: str = ""
    idle: int = 0

    @property
    def flags(self) -> str:
        """Whether here or gone, an operator, a bot, and what stands before the nick."""
        parts = ("G" if self.away else "H", "*" if self.operator else "", "B" if self.bot else "", self.mark)
        return "".join(parts)


#: What WHOX can tell of somebody, in the order in which it does; `t`, the asker's token, comes first.
FIELDS: Sequence[tuple[str, Callable[[Somebody, str], str]]] = (
    ("c", lambda each, _: each.channel),
    ("u", lambda *_: USER),
    ("i", lambda *_: "255.255.255.255"),
    ("h", lambda *_: HOST),
    ("s", lambda _, server: server),
    ("n", lambda each, _: names.nick(each.name)),
    ("f", lambda each, _: each.flags),
    ("d", lambda *_: "0"),
    ("l", lambda each, _: str(each.idle)),
    ("a", lambda each, _: names.nick(each.name) if each.account else NO_ACCOUNT),
    ("o", lambda *_: NO_RANK),
    ("r", lambda each, _: each.realname),
)


def of_users(users: Users) -> Iterator[Somebody]:
    """Return those who are in a room."""
    marks = prefixes(users)
    accounts, operators = {*users.accounts}, {*users.roles.get("operator", ())}
    profiles = {each.at: each for each in users.profiles}
    for at, name in enumerate(users.names):
        profile = profiles.get(at)
        away, bot, realname = (profile.away, profile.bot, profile.realname) if profile else ("", False, "")
        yield Somebody(
            name,
            names.channel(users.room),
            marks.get(at, ""),
            at in accounts,
            at in operators,
            bool(away),
            bot,
            realname or name,
        )


def of_person(person: Person) -> Somebody:
    """Return somebody as WHOIS knows them, in one of the rooms that are shared."""
    channel, mark = NO_ROOM, ""
    if person.rooms:
        first = person.rooms[0]
        channel, mark = names.channel(first.room), MARKS.get(first.role or "", "")
    return Somebody(
        person.name,
        channel,
        mark,
        person.account,
        person.operator,
        bool(person.away),
        person.bot,
        person.realname or person.name,
        int(person.idle),
    )


@dataclass(slots=True)
class Search:
    """One WHO: what was asked, what it waits for, and who was found."""

    mask: str
    written: str
    fields: str
    token: str
    waits: int = 1
    found: dict[str, Somebody] = field(default_factory=dict)

    def take(self, state: State, people: Iterable[Somebody], *, all_of_them: bool) -> Sequence[bytes]:
        """Add people; return all lines once nothing more is to come."""
        fits = None if all_of_them else matching(self.mask)
        for each in people:
            if fits is None or fits(names.nick(each.name)):
                self.found.setdefault(each.name, each)
        self.waits -= 1
        if self.waits:
            return ()
        end = state.numeric(n.RPL_ENDOFWHO, self.written, "that is all")
        return [*[self._line(state, each) for each in self.found.values()], end]

    def _line(self, state: State, each: Somebody) -> bytes:
        if not self.fields:
            place = each.channel, USER, HOST, state.settings.server, names.nick(each.name), each.flags
            return state.numeric(n.RPL_WHOREPLY, *place, f"0 {each.realname}")
        told = [made(each, state.settings.server) for letter, made in FIELDS if letter in self.fields]
        return state.numeric(n.RPL_WHOSPCRPL, *([self.token] if "t" in self.fields else []), *told)


def _who(state: State, line: Line) -> None:
    mask = line.param(0)
    fields, _, token = line.param(1).removeprefix("%").partition(",")
    fields = fields if line.param(1).startswith("%") else ""
    search = Search(mask if mask not in ("", "0") else "*", mask or "*", fields, token[:3])
    if names.is_channel(mask):
        state.ask(Who(names.room(mask), profiles=True), _found(search, all_of_them=True), _nobody(search))
    elif is_mask(search.mask):
        _look_through_rooms(state, search)
    else:
        state.ask(Whois(mask), _known(search), _nobody(search))


def _look_through_rooms(state: State, search: Search) -> None:
    """Look for a mask among those in one's own rooms."""
    rooms = sorted(state.rooms)[:ROOMS_AT_MOST]
    search.waits = len(rooms) or 1
    for room in rooms:
        state.ask(Who(room, profiles=True), _found(search, all_of_them=False), _nobody(search))
    if not rooms:
        state.later(lambda state: search.take(state, (), all_of_them=True))


def _found(search: Search, *, all_of_them: bool) -> Answer:
    def found(state: State, users: Users) -> Sequence[bytes]:
        return search.take(state, of_users(users), all_of_them=all_of_them)

    return found


def _known(search: Search) -> Answer:
    def known(state: State, person: Person) -> Sequence[bytes]:
        return search.take(state, [of_person(person)], all_of_them=True)

    return known


def _nobody(search: Search) -> Failure:
    def nobody(state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
        del asked, error
        return search.take(state, (), all_of_them=True)

    return nobody


def _ison(state: State, line: Line) -> None:
    nicks = [each for param in line.params for each in param.split(" ") if each][:NICKS_AT_MOST]
    _look_up(state, nicks, n.RPL_ISON, lambda person: names.nick(person.name))


def _userhost(state: State, line: Line) -> None:
    nicks = list(line.params[:NICKS_AT_MOST])
    _look_up(state, nicks, n.RPL_USERHOST, _host)


def _host(person: Person) -> str:
    """Return the nick, whether an operator, whether here, user and host."""
    star, here = "*" if person.operator else "", "-" if person.away else "+"
    return f"{names.nick(person.name)}{star}={here}{USER}@{HOST}"


def _look_up(state: State, nicks: Sequence[str], number: str, told: Callable[[Person], str]) -> None:
    """Answer with one line that tells of all of these who are here."""
    here: list[str] = []

    def known(state: State, person: Person) -> Sequence[bytes]:
        del state
        here.append(told(person))
        return ()

    for nick in nicks:
        state.ask(Whois(nick), known, unsaid)
    state.later(lambda state: [state.numeric(number, " ".join(here))])


PART = Part(
    commands={
        "ISON": Command(_ison, needs=1, usage="ISON nick [...] - tell which of these are here"),
        "USERHOST": Command(_userhost, needs=1, usage="USERHOST nick [...] - tell which of these are here"),
        "WHO": Command(_who, usage="WHO #room|nick|mask [%fields[,token]] - tell who is there"),
    },
    tokens={"WHOX": plain},
)
