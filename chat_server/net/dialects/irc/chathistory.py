"""CHATHISTORY: pages of what was said before, and where something was."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from chat_protocol.messages import PAGE_MESSAGES, History
from chat_protocol.reading_messages import Positions, PositionsFrame
from chat_protocol.server_messages import DmFrame, ErrorFrame, HistoryFrame, MsgFrame
from chat_server.net.dialects.irc import names, render
from chat_server.net.dialects.irc.commands import Command, Part, plain
from chat_server.net.dialects.irc.grammar import Line
from chat_server.net.dialects.irc.selectors import (
    SUBCOMMANDS,
    Reading,
    Selection,
    SelectorError,
    limit_of,
    point,
    select,
)
from chat_server.net.dialects.irc.state import Asked, State

#: The types of the batches.
PAGE_BATCH, TARGETS_BATCH = "chathistory", "draft/chathistory-targets"


@dataclass(slots=True)
class Request:
    """What was asked for, and what has come of it."""

    subcommand: str
    target: str
    selection: Selection
    found: list[MsgFrame | DmFrame] = field(default_factory=list)
    #: How many pages are to come.
    waits: int = 0


def _chathistory(state: State, line: Line) -> None:
    try:
        _request(state, line)
    except SelectorError as error:
        state.tell(state.fail(error.code, line.param(0).upper() or "*", text=error.text))


def _request(state: State, line: Line) -> None:
    """Ask for what a line asks for. Raises `SelectorError`."""
    subcommand, target = line.param(0).upper(), line.param(1)
    if subcommand == "TARGETS":
        _ask_targets(state, line)
        return
    if subcommand not in SUBCOMMANDS or not target:
        known = ", ".join(sorted(SUBCOMMANDS))
        raise SelectorError("INVALID_PARAMS", f"CHATHISTORY takes TARGETS, or one of {known} and a target")
    selection = select(subcommand, line.params[2:], _room(target))
    _ask(state, Request(subcommand, target, selection))


def _room(target: str) -> str:
    return names.room(target) if names.is_channel(target) else render.DIRECT


def _ask(state: State, request: Request) -> None:
    for reading in request.selection.readings:
        history = reading.request
        history.room = _room(request.target)
        if history.room == render.DIRECT:
            history.peer = request.target
        request.waits += 1
        state.ask(
            history, partial(_came, request, reading), partial(_not_read, request), about=request.target
        )


def _came(request: Request, reading: Reading, state: State, page: HistoryFrame) -> Sequence[bytes]:
    """Keep what counts of a page, and show all of it with the last one."""
    said = [
        each for each in page.messages if render.is_said(each) and request.selection.shows(each.id, each.ts)
    ]
    request.found += reading.cut(said)
    request.waits -= 1
    if request.waits:
        return ()
    lines = [line for each in request.found for line in state.form.lines(each)]
    return _batch(state, PAGE_BATCH, lines, request.target)


def _not_read(request: Request, state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    """Tell once why there is no page; whoever has no direct messages has an empty one."""
    request.waits -= 1
    if request.waits:
        return ()
    if error.code == "not_a_member" and not names.is_channel(request.target):
        return _batch(state, PAGE_BATCH, (), request.target)
    code = "INVALID_TARGET" if error.code in {"not_a_member", "room_invalid"} else "MESSAGE_ERROR"
    return [state.fail(code, request.subcommand, request.target, text=error.text, command=asked.command)]


@dataclass(slots=True)
class Targets:
    """Where something was said between two times: the latest of each target."""

    limit: int
    after: float
    before: float
    newest_first: bool
    found: dict[str, float] = field(default_factory=dict)

    def add(self, target: str, ts: float | None) -> None:
        """Note when something was said there; the latest counts."""
        if ts is not None:
            self.found[target] = max(ts, self.found.get(target, ts))

    def shown(self) -> list[tuple[str, float]]:
        """Return those between the times, the earliest first; of too many those next to the first time."""
        between = sorted((ts, target) for target, ts in self.found.items() if self.after < ts < self.before)
        kept = between[-self.limit :] if self.newest_first else between[: self.limit]
        return [(target, ts) for ts, target in kept]


def _ask_targets(state: State, line: Line) -> None:
    if len(line.params) < 4:  # noqa: PLR2004  # with the subcommand
        raise SelectorError("INVALID_PARAMS", "TARGETS takes two times and a limit")
    first, last = (point(each, render.DIRECT).ts for each in line.params[1:3])
    if first is None or last is None:
        raise SelectorError("INVALID_MSGREFTYPE", "TARGETS takes timestamp=...")
    targets = Targets(limit_of(line.param(3)), min(first, last), max(first, last), first > last)
    state.ask(Positions(), partial(_positions_came, targets))
    direct = History(render.DIRECT, limit=PAGE_MESSAGES)
    state.ask(direct, partial(_direct_came, targets), partial(_no_direct, targets))


def _positions_came(targets: Targets, state: State, frame: PositionsFrame) -> Sequence[bytes]:
    del state
    for each in frame.rooms:
        if each.room != render.DIRECT:
            targets.add(names.channel(each.room), each.ts)
    return ()


def _direct_came(targets: Targets, state: State, page: HistoryFrame) -> Sequence[bytes]:
    for each in page.messages:
        if isinstance(each, DmFrame):
            other = each.to if names.same(each.sender, state.name) else each.sender
            targets.add(names.nick(other), each.ts)
    return _all_targets(state, targets)


def _no_direct(targets: Targets, state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    del asked, error
    return _all_targets(state, targets)


def _all_targets(state: State, targets: Targets) -> Sequence[bytes]:
    lines = [state.told("CHATHISTORY", "TARGETS", target, render.stamp(ts)) for target, ts in targets.shown()]
    return _batch(state, TARGETS_BATCH, lines)


def _batch(state: State, kind: str, lines: Sequence[bytes], *params: str) -> Sequence[bytes]:
    """Return a batch, or the lines alone for a client that can take none."""
    return state.batch(kind, lines, *params) if "batch" in state.caps else lines


PART = Part(
    commands={"CHATHISTORY": Command(_chathistory, usage="CHATHISTORY LATEST #room * 50 - what was said")},
    caps={"draft/chathistory": plain},
    tokens={"CHATHISTORY": lambda _: str(PAGE_MESSAGES), "MSGREFTYPES": lambda _: "msgid,timestamp"},
)
