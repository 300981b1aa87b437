"""What CHATHISTORY asks for: which messages of a target, beside which others. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

from chat_protocol.messages import PAGE_MESSAGES, History
from chat_server.net.dialects.irc.render import parse_msgid

#: What stands for no message: the latest are asked for.
NO_MESSAGE = "*"
Said = TypeVar("Said")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
#: Times are whole milliseconds, so this one is the next.
_MILLISECOND = 0.001


class SelectorError(Exception):
    """A request makes no sense: the code of a standard reply, and why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Point(NamedTuple):
    """A message, by its id or its time."""

    id: int | None = None
    ts: float | None = None

    def before(self, limit: int) -> History:
        """Return what asks for messages that end before this one."""
        return History(before=self.id, until=self.ts, limit=limit)

    def after(self, limit: int) -> History:
        """Return what asks for messages that begin after this one."""
        since = None if self.ts is None else self.ts + _MILLISECOND
        return History(after=self.id, since=since, limit=limit)

    def at(self, limit: int) -> History:
        """Return what asks for messages that begin with this one."""
        after = None if self.id is None else max(0, self.id - 1)
        return History(after=after, since=self.ts, limit=limit)

    def is_before(self, id_: int, ts: float) -> bool:
        """Tell whether this one comes before a message."""
        return self.id < id_ if self.id is not None else (self.ts or 0.0) < ts

    def is_after(self, id_: int, ts: float) -> bool:
        """Tell whether this one comes after a message."""
        return self.id > id_ if self.id is not None else (self.ts or 0.0) > ts


class Reading(NamedTuple):
    """A native request, and how many of the messages that come count: the first ones, or the last ones."""

    request: History
    limit: int
    forward: bool = True

    def cut(self, said: Sequence[Said]) -> Sequence[Said]:
        """Return those that count."""
        return said[: self.limit] if self.forward else said[-self.limit :]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which messages are asked for: what is read, in this order, and what those that count lie between."""

    readings: Sequence[Reading]
    after: Point | None = None
    before: Point | None = None

    def shows(self, id_: int, ts: float) -> bool:
        """Tell whether a message that came is one of those asked for."""
        return (self.after is None or self.after.is_before(id_, ts)) and (
            self.before is None or self.before.is_after(id_, ts)
        )


def select(subcommand: str, params: Sequence[str], room: str) -> Selection:
    """Return what a subcommand asks for of a room, by what follows its target. Raises `SelectorError`."""
    count = _POINTS[subcommand]
    if len(params) < count + 1:
        raise SelectorError("INVALID_PARAMS", f"{subcommand} takes a target, {count} selectors and a limit")
    limit = limit_of(params[count])
    if subcommand == "LATEST":
        latest = Reading(History(limit=PAGE_MESSAGES), limit, forward=False)
        return Selection([latest], after=None if params[0] == NO_MESSAGE else point(params[0], room))
    first, last = point(params[0], room), point(params[count - 1], room)
    match subcommand:
        case "BEFORE":
            return Selection([Reading(first.before(PAGE_MESSAGES), limit, forward=False)])
        case "AFTER":
            return Selection([Reading(first.after(PAGE_MESSAGES), limit)])
        case "AROUND":
            return _around(first, limit)
    return _between(first, last, limit)


def _around(middle: Point, limit: int) -> Selection:
    """Return as many before as from the middle on; an odd one is the middle itself."""
    half = limit // 2
    before = [Reading(middle.before(PAGE_MESSAGES), half, forward=False)] if half else []
    return Selection([*before, Reading(middle.at(PAGE_MESSAGES), limit - half)])


def _between(first: Point, last: Point, limit: int) -> Selection:
    """Return those next to the first, of whichever side the last is."""
    backward = (
        first.id > last.id
        if first.id is not None and last.id is not None
        else first.ts is not None and last.ts is not None and first.ts > last.ts
    )
    if backward:
        return Selection([Reading(first.before(PAGE_MESSAGES), limit, forward=False)], after=last)
    return Selection([Reading(first.after(PAGE_MESSAGES), limit)], before=last)


def limit_of(written: str) -> int:
    """Return how many messages are asked for, as far as a page goes. Raises `SelectorError`."""
    if not (written.isascii() and written.isdecimal() and len(written) <= _LIMIT_DIGITS):
        raise SelectorError("INVALID_PARAMS", "the limit is a number")
    return min(int(written), PAGE_MESSAGES) or PAGE_MESSAGES


def point(written: str, room: str) -> Point:
    """Return the message of a room that a selector names. Raises `SelectorError`."""
    kind, _, value = written.partition("=")
    if kind == "timestamp":
        return Point(ts=time_of(value))
    if kind != "msgid":
        raise SelectorError("INVALID_MSGREFTYPE", "a message is named by msgid=... or timestamp=...")
    named = parse_msgid(value)
    if named is None or named[0] != room:
        raise SelectorError("INVALID_PARAMS", "there is no such msgid here")
    return Point(id=named[1])


def time_of(written: str) -> float:
    """Return the seconds since 1970 of a time as server-time has it. Raises `SelectorError`."""
    text = "a time is written like this: 2019-01-04T14:33:26.123Z"
    if _TIMESTAMP.fullmatch(written) is None:
        raise SelectorError("INVALID_PARAMS", text)
    try:
        return round(datetime.fromisoformat(f"{written[:-1]}+00:00").timestamp(), 3)
    except (ValueError, OverflowError):
        raise SelectorError("INVALID_PARAMS", text) from None


_LIMIT_DIGITS = 9
#: How many selectors a subcommand takes.
_POINTS: Mapping[str, int] = {"LATEST": 1, "BEFORE": 1, "AFTER": 1, "AROUND": 1, "BETWEEN": 2}
SUBCOMMANDS = frozenset(_POINTS)
