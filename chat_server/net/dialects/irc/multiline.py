"""Messages of several lines: a batch of PRIVMSG that a client sends is one message."""

from dataclasses import dataclass

from chat_server.net.dialects.irc.batches import CONCAT_TAG, NAME, batched
from chat_server.net.dialects.irc.commands import Command, Part
from chat_server.net.dialects.irc.grammar import Line
from chat_server.net.dialects.irc.settings import IrcSettings
from chat_server.net.dialects.irc.state import Reply, State
from chat_server.net.dialects.irc.talking import say

LINES_AT_MOST = 100
#: Commands that a batch may have.
_SAYING = frozenset(("PRIVMSG", "NOTICE"))
_CONTROLS = [*map(chr, range(32))]


class BadBatchError(Exception):
    """A batch breaks a rule: the code of a standard reply, and what stands between it and the text."""

    def __init__(self, code: str, *context: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.context = context
        self.text = text


@dataclass(slots=True)
class Batch:
    """A message that is not complete yet."""

    reference: str
    target: str
    bytes_at_most: int
    reply: Reply | None = None
    text: str = ""
    size: int = 0
    lines: int = 0
    notice: bool = False

    def add(self, line: Line) -> None:
        """Take one more line. Raises `BadBatchError`."""
        self._check(line)
        text, joined = line.param(1), CONCAT_TAG in line.tags
        between = "" if joined or not self.lines else "\n"
        if joined and not text:
            raise _invalid("an empty line goes on where nothing ended")
        self.size += weight(text) + len(between)
        self.lines += 1
        if self.size > self.bytes_at_most:
            limit = str(self.bytes_at_most)
            raise BadBatchError("MULTILINE_MAX_BYTES", limit, text=f"a message takes {limit} bytes")
        if self.lines > LINES_AT_MOST:
            limit = str(LINES_AT_MOST)
            raise BadBatchError("MULTILINE_MAX_LINES", limit, text=f"a message takes {limit} lines")
        self.text += between + text

    def _check(self, line: Line) -> None:
        if line.command not in _SAYING:
            raise _invalid("a message of several lines has PRIVMSG alone, or NOTICE alone")
        if line.tags.get("batch") != self.reference:
            raise _invalid("another batch is open")
        if line.param(0) != self.target:
            raise BadBatchError(
                *("MULTILINE_INVALID_TARGET", self.target, line.param(0) or "*"),
                text="all lines go to the target of the batch",
            )
        notice = line.command == "NOTICE"
        if self.lines and notice is not self.notice:
            raise _invalid("a message of several lines has PRIVMSG alone, or NOTICE alone")
        self.notice = notice


@dataclass(slots=True)
class Batches:
    """The batch that a client is sending, and the one whose rest is not looked at."""

    open: Batch | None = None
    failed: str = ""


def _batch(state: State, line: Line) -> None:
    given = line.param(0)
    try:
        if given.startswith("+"):
            _open(state, line, given[1:])
        elif given.startswith("-"):
            _close(state, given[1:])
        else:
            raise _invalid("BATCH takes + or - and a name")
    except BadBatchError as error:
        _fail(state, error, given[1:])


def _open(state: State, line: Line, reference: str) -> None:
    own = state.part(Batches)
    if NAME not in state.caps or line.param(1) != NAME or not reference or not line.param(2):
        raise _invalid(f"BATCH takes + and a name, {NAME} and a target")
    if own.open is not None:
        raise _invalid("another batch is open")
    own.failed = ""
    own.open = Batch(reference, line.param(2), bytes_at_most(state.settings), state.put_off())


def _close(state: State, reference: str) -> None:
    own = state.part(Batches)
    if own.failed and reference == own.failed:
        own.failed = ""
        return
    batch, own.open = own.open, None
    if batch is None or batch.reference != reference:
        raise _invalid("no such batch is open")
    if not batch.text.strip("\n"):
        raise _invalid("a message of empty lines alone")
    state.take_up(batch.reply)
    say(state, batch.target, batch.text, notice=batch.notice)


def _add(state: State, line: Line) -> None:
    """Take a line that belongs to a batch; of one that has failed, nothing more is said."""
    own, reference = state.part(Batches), line.tags.get("batch", "")
    if own.failed and reference == own.failed:
        return
    try:
        if own.open is None:
            raise _invalid("no such batch is open")
        own.open.add(line)
    except BadBatchError as error:
        _fail(state, error, own.open.reference if own.open is not None else reference)


def _fail(state: State, error: BadBatchError, reference: str) -> None:
    own = state.part(Batches)
    own.open, own.failed = None, reference
    state.tell(state.fail(error.code, *error.context, text=error.text, command="BATCH"))


def weight(text: str) -> int:
    """Return the bytes of a text, a control character as three: natively it takes six, others two at most."""
    return len(text.encode("utf-8", "replace")) + 2 * sum(map(text.count, _CONTROLS))


def _invalid(text: str) -> BadBatchError:
    return BadBatchError("MULTILINE_INVALID", text=text)


def bytes_at_most(settings: IrcSettings) -> int:
    """Return how many bytes a message may have: half of a native line, in which each may take two."""
    return settings.limits.line_bytes // 2


def _offered(settings: IrcSettings) -> str | None:
    return f"max-bytes={bytes_at_most(settings)},max-lines={LINES_AT_MOST}"


PART = Part(
    commands={"BATCH": Command(_batch, needs=1, usage="BATCH +|-name ... - say something of several lines")},
    caps={NAME: _offered},
    batched=_add,
    long=batched,
)
