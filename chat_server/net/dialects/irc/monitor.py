"""MONITOR: who comes and goes of those that somebody wants to know of."""

from collections.abc import Iterator, Sequence

from chat_protocol.people_messages import WATCHED_AT_MOST, Offline, Online, Watch, Watched
from chat_protocol.server_messages import ErrorFrame
from chat_server.chat.people import EVERYBODY
from chat_server.net.dialects.irc import names
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.commands import Command, Part
from chat_server.net.dialects.irc.grammar import Line
from chat_server.net.dialects.irc.state import Asked, State, refused

#: Bytes of a list in one line: the rest of the line needs less than 100.
LIST_BYTES = 400
#: What no nick has; a mask of nicks is none either.
_NO_NICK = frozenset("!*?@#,: ")


def _monitor(state: State, line: Line) -> None:
    subcommand = line.param(0).upper()
    if (handler := _SUBCOMMANDS.get(subcommand)) is None:
        text = "MONITOR takes + and - with nicks, C, L and S"
        state.tell(state.fail("INVALID_PARAMS", subcommand, text=text))
    else:
        handler(state, line)


def _add(state: State, line: Line) -> None:
    given = [each for each in line.param(1).split(",") if each]
    good = [each for each in given if _may_be_nick(state, each)]
    if bad := [each for each in given if each not in good]:  # nobody has such a name, now or ever
        state.tell(*_listed(state, n.RPL_MONOFFLINE, bad))
    if len(good) > WATCHED_AT_MOST:
        state.tell(_full(state, good))
    elif good:
        state.ask(Watch(good), _statuses, _not_added, about=",".join(good))


def _remove(state: State, line: Line) -> None:
    if given := [each for each in line.param(1).split(",") if each][:WATCHED_AT_MOST]:
        state.ask(Watch(given, on=False))


def _clear(state: State, line: Line) -> None:
    del line
    state.ask(Watch([EVERYBODY], on=False))


def _list(state: State, line: Line) -> None:
    del line
    state.ask(Watch(), _watched)


def _status(state: State, line: Line) -> None:
    del line
    state.ask(Watch(), _statuses)


def _statuses(state: State, answer: Watched) -> Sequence[bytes]:
    """Return who is here, and who is not."""
    return [
        *_listed(state, n.RPL_MONONLINE, map(names.nick, answer.online)),
        *_listed(state, n.RPL_MONOFFLINE, map(names.nick, answer.offline)),
    ]


def _watched(state: State, answer: Watched) -> Sequence[bytes]:
    """Return who is on the list."""
    everybody = map(names.nick, [*answer.online, *answer.offline])
    end = state.numeric(n.RPL_ENDOFMONLIST, "End of MONITOR list")
    return [*_listed(state, n.RPL_MONLIST, everybody), end]


def _not_added(state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    given = asked.about.split(",")
    if error.code == "limit_reached":
        return [_full(state, given)]
    if error.code == "name_invalid":
        return [*_listed(state, n.RPL_MONOFFLINE, given)]
    return refused(state, asked, error)


def _full(state: State, given: Sequence[str]) -> bytes:
    text = f"you may monitor {WATCHED_AT_MOST} nicks; take some off with MONITOR -"
    return state.numeric(n.ERR_MONLISTFULL, str(WATCHED_AT_MOST), ",".join(given)[:LIST_BYTES], text)


def _listed(state: State, number: str, nicks: Sequence[str] | Iterator[str]) -> Iterator[bytes]:
    """Return lines with these nicks, as many as it takes."""
    part: list[str] = []
    size = 0
    for nick in nicks:
        size += len(nick.encode()) + 1
        if part and size > LIST_BYTES:
            yield state.numeric(number, ",".join(part))
            part.clear()
            size = len(nick.encode()) + 1
        part.append(nick)
    if part:
        yield state.numeric(number, ",".join(part))


def _came(state: State, event: Online) -> Sequence[bytes]:
    return [*_listed(state, n.RPL_MONONLINE, map(names.source, event.names))]


def _went(state: State, event: Offline) -> Sequence[bytes]:
    return [*_listed(state, n.RPL_MONOFFLINE, map(names.nick, event.names))]


def _may_be_nick(state: State, given: str) -> bool:
    return len(given) <= state.settings.limits.name_length and _NO_NICK.isdisjoint(given)


_SUBCOMMANDS = {"+": _add, "-": _remove, "C": _clear, "L": _list, "S": _status}

PART = Part(
    commands={
        "MONITOR": Command(_monitor, needs=1, usage="MONITOR +|- nick[,...] - tell who comes and goes")
    },
    tokens={"MONITOR": lambda _: str(WATCHED_AT_MOST)},
    events={Online: _came, Offline: _went},
)
