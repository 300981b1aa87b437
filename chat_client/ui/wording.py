"""What each event is called on the screen. Pure; `paint` makes it safe to show."""

import time
from collections.abc import Callable
from typing import Any

from chat_client import terms
from chat_client.protocol.events import Changed, Gap, Lost, NameRefused, NotTaken, Registered
from chat_client.protocol.pending import is_to_oneself
from chat_client.protocol.positions import DIRECT
from chat_client.sanitize import lines
from chat_client.ui.moderating import time_of
from chat_client.ui.paint import Piece, name_style
from chat_protocol.moderation_messages import Banned, Ignored, Invited, Muted, RoleFrame, RulesFrame
from chat_protocol.server_messages import (
    Bye,
    DmFrame,
    EditFrame,
    ErrorFrame,
    MsgFrame,
    Notice,
    Rooms,
    TopicFrame,
    Users,
)

Line = list[Piece]
#: The styles of lines that nobody said.
REMARKS = frozenset(("note", "problem", "server"))
#: What follows the name of somebody who has not proved who it is.
GUEST = " (guest)"
#: What follows the name of a program that wants no answer.
NOTICE = " (notice)"
#: How much of a text is quoted in a remark about it, in characters.
QUOTED_CHARACTERS = 40


def note(text: str) -> list[Line]:
    """Return a remark in passing."""
    return [[("note", f"-- {text}")]]


def problem(text: str) -> list[Line]:
    """Return a remark that matters."""
    return [[("problem", f"!! {text}")]]


def message(
    frame: MsgFrame, room: str | None, mark: str = "", *, dim: bool = False, bold: bool = False
) -> list[Line]:
    """Return what somebody said, to one who is turned to `room`; a `mark` follows the name."""
    head: Line = [("dim", f"{_format_time('%H:%M', frame.ts)} ")]
    if frame.room != room:
        head.append(("dim", f"[{frame.room}] "))
    style = "dim" if dim else name_style(frame.sender)
    mark += NOTICE * frame.notice
    name: Line = [(style, frame.sender), *([("dim", mark)] if mark else [])]
    head += [("dim", "* "), *name, ("", " ")] if frame.action else [*name, ("", ": ")]
    if frame.deleted:
        return [[*head, ("dim", "(deleted)")]]
    text = f"{frame.text} (edited)" if frame.edited else frame.text
    return _with_text(head, text, "dim" if dim else "bold" if bold else "")


def direct(frame: DmFrame, mark: str = "", *, own: bool) -> list[Line]:
    """Return what somebody said to us alone, or we to somebody; a `mark` follows the other's name."""
    head: Line = [("dim", f"{_format_time('%H:%M', frame.ts)} ")]
    mark += NOTICE * frame.notice
    to = "yourself" if own and is_to_oneself(frame) else frame.to
    if frame.action:
        whom = f"to {to}" if own else "to you"
        head += [("dim", "* "), ("direct", f"{frame.sender}{mark} ({whom})"), ("", " ")]
    else:
        head += [("direct", f"you to {to}" if own else f"{frame.sender}{mark} to you"), ("", ": ")]
    return _with_text(head, frame.text, "")


def day(ts: float) -> str:
    """Return the day of a time, in the user's time zone."""
    return _format_time("%A, %d %B %Y", ts)


def remarks(event: object) -> list[Line]:
    """Return the lines for an event that are the same for everybody; none for one that needs none."""
    wording = _WORDINGS.get(type(event))
    return wording(event) if wording else []


def lost(event: Lost, *, why: bool = True) -> list[Line]:
    """Return that the connection is lost, and `why` if asked. A long outage is told ever less often."""
    if event.failures & (event.failures - 1):
        return []
    reason = f": {terms.plain(event.reason)}" if why else ""
    when = f"in {event.retry_in:.0f} s" if event.retry_in >= 1 else "now"
    return problem(f"not connected{reason}; trying again {when}")


def _format_time(form: str, ts: float) -> str:
    try:
        return time.strftime(form, time.localtime(ts))
    except (OverflowError, ValueError, OSError):
        return "at no time"


def _with_text(head: Line, text: str, style: str) -> list[Line]:
    """Put a text after its head; further lines of it are marked, so that none passes for a message."""
    first, *others = lines(text)
    return [[*head, (style, first)], *([("dim", "      | "), (style, line)] for line in others)]


def _not_taken(refused: NotTaken) -> list[Line]:
    text = refused.message.text
    quoted = text if len(text) <= QUOTED_CHARACTERS else text[: QUOTED_CHARACTERS - 1] + "…"
    if refused.again:
        return problem(f"“{quoted}” waits and will be sent again: the server cannot take it at the moment")
    return problem(f"“{quoted}” was not sent: {terms.refusal(refused.error.code, refused.error.text)}")


def _gap(gap: Gap) -> list[Line]:
    number = gap.last - gap.first + 1
    what = f"{'direct ' * (gap.room == DIRECT)}message{'s' * (number > 1)}"
    where = "" if gap.room == DIRECT else f" in {gap.room}"
    return problem(f"{number} {what}{where} did not reach you")


def _changed(changed: Changed) -> list[Line]:
    frame = changed.message
    if isinstance(frame, EditFrame) and not frame.deleted:
        return note(f"{frame.sender} edited message {frame.of} in {frame.room}: {frame.text}")
    return note(f"{frame.sender} deleted message {frame.of} in {frame.room}")


def _muted(muted: Muted) -> list[Line]:
    if muted.seconds == 0:
        return note(f"{muted.name} may speak again in {muted.room} ({muted.by})")
    return note(f"{muted.name} may only read in {muted.room}{_for(muted.seconds)} ({muted.by})")


def _banned(banned: Banned) -> list[Line]:
    if banned.seconds == 0:
        return note(f"{banned.name} may come into {banned.room} again")
    return note(f"{banned.name} may not come into {banned.room}{_for(banned.seconds)}")


def _ignored(ignored: Ignored) -> list[Line]:
    people = ["direct messages of anybody" if name == "*" else name for name in ignored.names]
    return note(f"you ignore: {', '.join(people) or 'nobody'}")


def _invited(invited: Invited) -> list[Line]:
    return note(f"{invited.name} may come into {invited.room} ({invited.by}): /join {invited.room}")


def _role(role: RoleFrame) -> list[Line]:
    what = "has no role any more" if role.role == "none" else f"is {role.role} now"
    return note(f"{role.name} {what} in {role.room} ({role.by})")


def _rules(rules: RulesFrame) -> list[Line]:
    told = [
        text
        for text, is_so in (
            ("for those who are invited", rules.invite_only),
            ("only moderators and speakers speak", rules.announce),
            ("not listed", rules.unlisted),
            (f"slow: one message in {time_of(rules.slow_seconds)}", rules.slow_seconds),
            ("with a password", rules.password),
        )
        if is_so
    ]
    whose = "" if rules.owned else "nobody's; "
    by = f" ({rules.by})" if rules.by else f"; you are its {rules.role}" if rules.role else ""
    return note(f"{rules.room}: {whose}{', '.join(told) or 'everybody comes in and speaks'}{by}")


def _for(seconds: float | None) -> str:
    return " for ever" if seconds is None else f" for {time_of(seconds)}"


def set_by(name: str | None, ts: float | None) -> str:
    """Return who has set a topic, and when, as it follows the topic; nothing if nobody is known to have."""
    if not name:
        return ""
    when = "" if ts is None else f", {_format_time('%d %b %H:%M', ts)}"
    return f" (set by {name}{when})"


def _topic(topic: TopicFrame) -> list[Line]:
    if topic.topic:
        return note(f"topic of {topic.room}: {topic.topic}{set_by(topic.by, topic.ts)}")
    if topic.by:
        return note(f"{topic.by} cleared the topic of {topic.room}")
    return note(f"{topic.room} has no topic")


def users(listed: Users, *, marks_guests: bool = False) -> list[Line]:
    """Return who is in a room; guests are marked if the server knows who the others are."""
    more = listed.total - len(listed.names)
    beyond = f" and {more} more" if more > 0 else ""
    known = set(listed.accounts) if marks_guests else range(len(listed.names))
    names = [name + ("" if place in known else GUEST) for place, name in enumerate(listed.names)]
    return note(f"in {listed.room} ({listed.total}): {', '.join(names)}{beyond}")


def _rooms(rooms: Rooms) -> list[Line]:
    rows = [f"   {row.room} ({row.members}) {row.topic}".rstrip() for row in rooms.rooms]
    if rooms.total > len(rooms.rooms):
        rows.append(f"   and {rooms.total - len(rooms.rooms)} more")
    return [*note("rooms, with how many are in each:"), *([("note", row)] for row in rows)]


def _registered(registered: Registered) -> list[Line]:
    if not registered.again:
        return note(f"connected as {registered.name}; /help lists the commands")
    told = note(f"connected again as {registered.name}")
    if registered.new_record:
        told += problem("the server has begun a new record; what was said before is not in it")
    elif not registered.resumed:
        told += problem("the server no longer knew this session; what was said meanwhile may be missing here")
    if registered.resent:
        twice = "" if registered.resumed or registered.new_record else "; they may show twice"
        told += note(f"sending again what was not acknowledged, messages: {registered.resent}{twice}")
    return told


def _refused(refused: NameRefused) -> list[Line]:
    return problem(terms.refused_name(refused.name, refused.code, refused.text))


def _notice(notice: Notice) -> list[Line]:
    return [[("server", f"** {notice.text}")]]


def _bye(bye: Bye) -> list[Line]:
    if bye.reason == "exit":
        return note("you left the chat")
    return [[("server", f"** {terms.farewell(bye.reason, bye.text)}")]]


def _error(error: ErrorFrame) -> list[Line]:
    return problem(terms.refusal(error.code, error.text))


_WORDINGS: dict[type, Callable[[Any], list[Line]]] = {
    NotTaken: _not_taken,
    Gap: _gap,
    TopicFrame: _topic,
    Users: users,
    Changed: _changed,
    Ignored: _ignored,
    Muted: _muted,
    Banned: _banned,
    Invited: _invited,
    RoleFrame: _role,
    RulesFrame: _rules,
    Rooms: _rooms,
    Registered: _registered,
    Lost: lost,
    NameRefused: _refused,
    Notice: _notice,
    Bye: _bye,
    ErrorFrame: _error,
}
