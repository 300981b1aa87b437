"""What one connection knows: who it is, where it is, and what it has asked."""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from msgspec import Struct

from chat_protocol.base import Message
from chat_protocol.errors import PeerError
from chat_protocol.messages import ClientMessage, Ping, RegName
from chat_protocol.server_messages import ErrorFrame, Welcome
from chat_server.net.dialects.irc import names
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.errors import numeric_of
from chat_server.net.dialects.irc.form import Form
from chat_server.net.dialects.irc.grammar import compose, tagged
from chat_server.net.dialects.irc.settings import IrcSettings

#: Makes lines of the answer to something that was asked.
Answer = Callable[["State", Any], Sequence[bytes]]
#: Makes lines of an error.
Failure = Callable[["State", "Asked", ErrorFrame], Sequence[bytes]]

T = TypeVar("T")
#: How many answers wait for what is to be stored: a client may ask on for as long as nothing can be.
BEHIND_AT_MOST = 100

#: Commands whose specification has FAIL in it, so that whoever knows the command knows that.
ANSWERED_BY_FAIL = frozenset({"BATCH", "CHATHISTORY", "MARKREAD", "REDACT", "SETNAME"})
#: Told so to everybody (the specification of utf8only).
INVALID_UTF8 = "INVALID_UTF8"
_BATCH = re.compile(rb"(?:@\S+ )?(?::\S+ )?BATCH :?([+-])(\S+)")


def nothing(state: "State", message: object) -> Sequence[bytes]:
    """Show nothing of an answer."""
    del state, message
    return ()


def refused(state: "State", asked: "Asked", error: ErrorFrame) -> Sequence[bytes]:
    """Tell an error by its numeric, or by a standard reply."""
    number = numeric_of(asked.command, error.code)
    if number is not None and asked.about:
        return [state.numeric(number, asked.about, error.text)]
    if error.code == "not_registered":
        return [state.numeric(n.ERR_NOTREGISTERED, "give your nick first: NICK and USER")]
    context = [asked.about] if asked.about else []
    return [state.fail(error.code.upper(), *context, text=error.text, command=asked.command)]


def unsaid(state: "State", asked: "Asked", error: ErrorFrame) -> Sequence[bytes]:
    """Show nothing of an error."""
    del state, asked, error
    return ()


@dataclass(slots=True)
class Reply:
    """All that one labelled line is answered with; it is sent when nothing more is to come."""

    label: str
    waits: int = 0
    lines: list[bytes] = field(default_factory=list)


class Asked(Struct):
    """What becomes of the answer to a message: `then` of a good one, `failed` of an error.

    `command` and `about` are for the text of an error: the line's command, and the channel or nick as the
    client wrote it.
    """

    then: Answer
    failed: Failure
    command: str
    about: str
    reply: Reply | None
    #: How many answers come, of which an error is the last.
    answers: int = 1
    #: What has a smaller ref and isn't stored yet comes first.
    behind: int = 0


class State:
    """One connection. `lock` guards all of it; handlers, answers and events are called under it."""

    __slots__ = (
        "_aside",
        "_asked",
        "_batches",
        "_behind",
        "_command",
        "_entry",
        "_parts",
        "_refs",
        "_reply",
        "_unstored",
        "account",
        "caps",
        "form",
        "heard",
        "lock",
        "name",
        "realname",
        "rooms",
        "settings",
        "wishes",
    )

    def __init__(self, settings: IrcSettings, form: Form, lock: AbstractContextManager[object]) -> None:
        self.settings = settings
        self.lock = lock
        #: What the client can take, and the form of what it shares with others.
        self.caps: frozenset[str] = frozenset()
        self.form = form
        #: The native name, once there is one, and whether it is an account's.
        self.name = ""
        self.account = False
        self.realname = ""
        #: The rooms that it is in, by native names.
        self.rooms: set[str] = set()
        self.heard: list[ClientMessage | PeerError] = []
        #: What is to be asked with the client's next line: nothing can be while an answer is shown.
        self.wishes: list[Callable[[State], None]] = []
        self._asked: dict[str, Asked] = {}
        self._entry: Asked | None = None
        # Refs of what is acknowledged when it is stored, in their order; and what waits behind them.
        self._unstored: dict[str, None] = {}
        self._behind: list[tuple[Asked, Message]] = []
        self._aside: Sequence[bytes] = ()
        self._refs = 0
        self._batches = 0
        self._command = ""
        self._reply: Reply | None = None
        self._parts: dict[type, Any] = {}

    # What handlers call

    def ask(
        self,
        message: ClientMessage,
        then: Answer = nothing,
        failed: Failure | None = None,
        about: str = "",
        *,
        stored: bool = False,
    ) -> "Asked":
        """Say a native message; return what is remembered of it until it is answered.

        One that is `stored` is answered later than what comes behind it; `fence` waits for it.
        """
        self._refs += 1
        ref = str(self._refs)
        message.ref = ref  # type: ignore[union-attr]  # what has none is given to `say`
        if self._reply is not None:
            self._reply.waits += 1
        asked = self._asked[ref] = Asked(then, failed or refused, self._command, about, self._reply)
        if stored:
            self._unstored[ref] = None
        self.heard.append(message)
        return asked

    def register(self, message: RegName, then: Answer, failed: Failure) -> None:
        """Say a REG_NAME; before `then`, its WELCOME sets `name` and `account`."""
        if self._reply is not None:
            self._reply.waits += 1
        self._entry = Asked(then, failed, self._command, message.name, self._reply)
        self.heard.append(message)

    def say(self, message: ClientMessage | PeerError) -> None:
        """Say a native message whose answer isn't waited for, or tell an error of the line's form."""
        self.heard.append(message)

    def later(self, then: Callable[["State"], Sequence[bytes]]) -> None:
        """Answer with lines that are made when everything before is answered but what is to be stored."""
        self.ask(Ping(), lambda state, _: then(state))

    def fence(self, then: Callable[["State"], Sequence[bytes]]) -> None:
        """Answer as `later` does, but also behind what is to be stored; of too many, the first don't wait."""
        asked = self.ask(Ping(), lambda state, _: then(state))
        asked.behind = self._refs

    def show_aside(self, lines: Sequence[bytes]) -> None:
        """Show lines behind the answer to what is stored now, and without its label."""
        self._aside = lines

    def part(self, kind: type[T]) -> T:
        """Return what a part of the dialect keeps of this connection; it is made when first asked for."""
        if kind not in self._parts:
            self._parts[kind] = kind()
        found: T = self._parts[kind]
        return found

    def tell(self, *lines: bytes) -> None:
        """Answer with these lines, in turn."""
        self.later(lambda _: lines)

    # Lines

    @property
    def nick(self) -> str:
        """How the client is addressed: its nick, or a star as long as there is none."""
        return names.nick(self.name) if self.name else "*"

    @property
    def source(self) -> str:
        """What its own lines begin with for others and for itself."""
        return names.source(self.name)

    def told(self, command: str, *params: str) -> bytes:
        """Return a line of the server's own."""
        return compose(command, *params, source=self.settings.server)

    def numeric(self, number: str, *params: str) -> bytes:
        """Return a numeric reply."""
        return self.told(number, self.nick, *params)

    def fail(self, code: str, *context: str, text: str, command: str = "") -> bytes:
        """Return a standard reply that says that something wasn't done.

        A client that may not know of such is sent a NOTICE.
        """
        command = command or self._command or "*"
        if "standard-replies" not in self.caps and command not in ANSWERED_BY_FAIL and code != INVALID_UTF8:
            return self.told("NOTICE", self.nick, text)
        return self.told("FAIL", command, code, *context, text)

    # What the dialect calls

    def begin(self, command: str, label: str) -> None:
        """Begin to handle a line."""
        self._command = command
        self._reply = Reply(label) if label else None

    def end(self) -> None:
        """End the line: one that is to be answered, and asks for nothing, is answered with an ACK."""
        if self._reply is not None and not self._reply.waits:
            self.tell()
        self._reply = None

    def put_off(self) -> Reply | None:
        """Leave the line without an answer: that comes with a later line."""
        reply, self._reply = self._reply, None
        return reply

    def take_up(self, reply: Reply | None) -> None:
        """Have what this line is answered with belong to an earlier one, if that has a label."""
        self._reply = reply or self._reply

    @property
    def enters(self) -> bool:
        """Whether a name was given that the server hasn't answered yet."""
        return self._entry is not None

    def answered(self, message: Message) -> Sequence[bytes] | None:
        """Return lines of an answer to what was asked; none if the message is something else."""
        ref = None if isinstance(message, Ping) else getattr(message, "ref", None)
        asked = self._asked.get(ref) if ref else self._entered(message)
        if asked is None:
            return None
        asked.answers = 0 if isinstance(message, ErrorFrame) else asked.answers - 1
        if ref and not asked.answers:
            del self._asked[ref]
        if asked.behind and self._waits_before(asked.behind):
            self._behind.append((asked, message))
            return self._lines(*self._behind.pop(0)) if len(self._behind) > BEHIND_AT_MOST else ()
        lines = self._lines(asked, message)
        if ref not in self._unstored:
            return lines
        aside, self._aside = self._aside, ()
        return [*lines, *aside, *self._freed(ref)]

    def _lines(self, asked: Asked, message: Message) -> Sequence[bytes]:
        if isinstance(message, ErrorFrame):
            lines = asked.failed(self, asked, message)
        else:
            lines = asked.then(self, message)
        if asked.reply is None:
            return lines
        return self._labelled(asked.reply, lines, done=not asked.answers)

    def _entered(self, message: Message) -> Asked | None:
        """Return what asked for the name, if this answers it; whoever is let in is somebody from now on."""
        if not isinstance(message, Welcome | ErrorFrame):
            return None
        if isinstance(message, Welcome):
            self.name, self.account = message.name, message.account
        entry, self._entry = self._entry, None
        return entry

    def _waits_before(self, number: int) -> bool:
        """Tell whether something with a smaller ref is to be stored yet."""
        first = next(iter(self._unstored), None)
        return first is not None and int(first) < number

    def _freed(self, ref: str) -> Sequence[bytes]:
        """Return what has waited for this to be stored."""
        del self._unstored[ref]
        if not self._behind:
            return ()
        lines: list[bytes] = []
        while self._behind and not self._waits_before(self._behind[0][0].behind):
            lines.extend(self._lines(*self._behind.pop(0)))
        return lines

    def batch(self, kind: str, lines: Sequence[bytes], *params: str) -> Sequence[bytes]:
        """Return the lines as a batch of this kind."""
        self._batches += 1
        name = f"b{self._batches}"
        begun = self.told("BATCH", f"+{name}", kind, *params)
        return [
            begun,
            *[tagged(line, "batch", name) for line in lines],
            self.told("BATCH", f"-{name}"),
        ]

    def _labelled(self, reply: Reply, lines: Sequence[bytes], *, done: bool) -> Sequence[bytes]:
        """Keep lines of a labelled answer; return all of it once nothing more is to come."""
        reply.waits -= done
        reply.lines.extend(lines)
        if reply.waits:
            return ()
        whole: Sequence[bytes] = reply.lines or [self.told("ACK")]
        if len(whole) > 1 and not _is_batch(whole):
            whole = self.batch("labeled-response", whole)
        return [tagged(whole[0], "label", reply.label), *whole[1:]]


def _is_batch(lines: Sequence[bytes]) -> bool:
    """Tell whether the lines are one batch from the first to the last."""
    begun, ended = _BATCH.match(lines[0]), _BATCH.match(lines[-1])
    return (
        begun is not None
        and ended is not None
        and (begun[1], ended[1]) == (b"+", b"-")
        and begun[2] == ended[2]
    )
