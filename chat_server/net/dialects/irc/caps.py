"""CAP: what a client and this server agree on."""

import functools
from collections.abc import Iterator, Sequence

from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.commands import Command, Part, plain
from chat_server.net.dialects.irc.grammar import Line
from chat_server.net.dialects.irc.registration import Registration, proceed
from chat_server.net.dialects.irc.state import State

#: From this version of CAP LS on, capabilities have values, and the list may take several lines.
VALUES_VERSION = 302
#: Bytes of a list in one line: the rest of the line needs less than 100.
LIST_BYTES = 400


def _cap(state: State, line: Line) -> None:
    subcommand = line.param(0).upper()
    handler = _SUBCOMMANDS.get(subcommand)
    if handler is None:
        state.tell(state.numeric(n.ERR_INVALIDCAPCMD, subcommand, "CAP takes LS, LIST, REQ and END"))
    else:
        handler(state, line)


def _ls(state: State, line: Line) -> None:
    version = line.param(1)
    valued = version.isascii() and version.isdecimal() and int(version) >= VALUES_VERSION
    _negotiate(state)
    if valued:
        state.caps = _shared(state.caps | {"cap-notify"})
    offered = state.settings.caps
    names = [f"{name}={value}" if value and valued else name for name, value in offered.items()]
    state.tell(*_list(state, "LS", names, several=valued))


def _list_own(state: State, line: Line) -> None:
    del line
    state.tell(*_list(state, "LIST", sorted(state.caps), several="cap-notify" in state.caps))


def _request(state: State, line: Line) -> None:
    _negotiate(state)
    asked = line.param(1).split()
    wanted = {each for each in asked if not each.startswith("-")}
    unwanted = {each[1:] for each in asked if each.startswith("-")}
    good = wanted | unwanted <= state.settings.caps.keys()
    if good:
        state.caps = _shared((state.caps | wanted) - unwanted)
    state.tell(_line(state, "ACK" if good else "NAK", line.param(1)))


def _end(state: State, line: Line) -> None:
    del line
    state.part(Registration).negotiating = False
    proceed(state)


@functools.lru_cache(maxsize=256)
def _shared(caps: frozenset[str]) -> frozenset[str]:
    """Return the same, as one object for all who have it."""
    return caps


def _negotiate(state: State) -> None:
    """Wait with the welcome until CAP END."""
    registration = state.part(Registration)
    if not registration.welcomed:
        registration.negotiating = True


def _list(state: State, subcommand: str, names: Sequence[str], *, several: bool) -> Iterator[bytes]:
    """Return a list of capabilities; one that takes several lines has a star in all but the last."""
    part: list[str] = []
    size = 0
    for name in names:
        size += len(name) + 1
        if several and size > LIST_BYTES:
            yield _line(state, subcommand, "*", " ".join(part))
            part.clear()
            size = len(name) + 1
        part.append(name)
    yield _line(state, subcommand, " ".join(part))


def _line(state: State, *params: str) -> bytes:
    return state.told("CAP", state.nick, *params)


_SUBCOMMANDS = {"LS": _ls, "LIST": _list_own, "REQ": _request, "END": _end}

PART = Part(
    commands={"CAP": Command(_cap, needs=1, nameless=True)},
    caps={
        "account-tag": plain,
        "batch": plain,
        "cap-notify": plain,
        "labeled-response": plain,
        "message-tags": plain,
        "server-time": plain,
        "standard-replies": plain,
    },
)
