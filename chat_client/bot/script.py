r"""Scripts: what a persona says, when, and how it reacts to others.

One line is one step. Steps are done in order, from the first; `on` lines are no steps, but hold all along.

    # a remark
    say Hello everybody!                    say something in the room
    say Tea? | Coffee? | Water?             say one of these, never the same twice in a row
    me looks out of the window              say what one does
    join music                              enter a room, and say the following there
    begin                                   where `loop` goes back to; the first step if it is left out
    pause 3                                 wait for 3 seconds
    pause 2..6                              wait for 2 to 6 seconds, as chance will have it
    loop                                    go back; `loop 3` does so 3 times
    exit                                    leave the chat; so does the end of the script

    cooldown 20                             for the reactions below it, see there (30 at first)
    on /tea|coffee/ say Did I hear {0}?     react when somebody says what fits the pattern
    on join say Welcome, {name}!            react when somebody enters a room that one is in
    on /bye/ wait 1..3 say See you | Bye    react after a while

A pattern is a regular expression of Python, upper or lower case, found anywhere in the text. In what a
reaction says, {name} is who spoke or entered, {0} what fitted the pattern and {1} its first group.
To keep two scripts from answering each other for ever, a reaction rests for its cooldown in seconds
(an `on join` for each name, and for 3 seconds for all), there is one reaction a second at most, and none
to what was said before one came, by oneself, or as a notice of another program.
"""

import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from chat_client.arguments import LONGEST_SECONDS
from chat_client.encoding import MARK, Recoder
from chat_client.errors import ScriptError

if TYPE_CHECKING:
    from collections.abc import Callable

#: No script is longer.
SCRIPT_BYTES = 1024 * 1024
#: The cooldown if a script sets none, in seconds.
COOLDOWN_SECONDS = 30.0
#: A `loop` must pause at least so long on its way, in seconds, so that no script floods a room.
SHORTEST_LOOP_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Span:
    """A time in seconds, from `least` to `most`."""

    least: float
    most: float

    def choose(self, chance: random.Random) -> float:
        """Return a time within it."""
        return chance.uniform(self.least, self.most)


NO_TIME = Span(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Say:
    """Say one of the texts."""

    texts: tuple[str, ...]
    action: bool = False


@dataclass(frozen=True, slots=True)
class Enter:
    """Enter a room."""

    room: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for a while."""

    span: Span


@dataclass(frozen=True, slots=True)
class Loop:
    """Go back to the step `target`, `times` times; none for ever."""

    target: int
    times: int | None


@dataclass(frozen=True, slots=True)
class Finish:
    """Leave the chat."""


Step = Say | Enter | Pause | Loop | Finish


@dataclass(frozen=True, slots=True)
class Reaction:
    """What is said, after `wait`, to a text that fits `pattern`; without one, to somebody who enters."""

    pattern: re.Pattern[str] | None
    wait: Span
    say: Say
    cooldown: float


@dataclass(slots=True)
class Script:
    """The steps and reactions of a persona."""

    steps: list[Step] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)


_ON = re.compile(
    r"(?:/(?P<pattern>(?:[^/\\]|\\.)*)/|join)\s+(?:wait\s+(?P<wait>\S+)\s+)?(?P<verb>say|me)\s+(?P<texts>.*)"
)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?", re.ASCII)
_TIMES = re.compile(r"0*[1-9]\d{0,8}", re.ASCII)
_MARK = MARK.decode()
_PLACEHOLDER = re.compile(r"\{(\w*)\}")


def read_script(path: str) -> Script:
    """Read a script. Raises `ScriptError`."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(SCRIPT_BYTES + 1)
        if len(data) > SCRIPT_BYTES:
            raise ScriptError(f"{path} is longer than {SCRIPT_BYTES} bytes, so it is no script")
        return parse_script(Recoder().feed(data, final=True).decode(), path)
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "it is not UTF-8"
        raise ScriptError(f"cannot read the script {path}: {reason}") from None


def parse_script(text: str, path: str = "script") -> Script:
    """Parse a script. Raises `ScriptError`."""
    parser = _Parser()
    for number, line in enumerate(text.splitlines(), 1):
        try:
            parser.line(line.removeprefix(_MARK).strip())
        except ValueError as error:
            raise ScriptError(f"{path}, line {number}: {error}; --help-script shows how") from None
    return parser.script


class _Parser:
    """Takes a script's lines one by one. Raises `ValueError` for one that is wrong."""

    def __init__(self) -> None:
        self.script = Script()
        self._begin = 0
        self._cooldown = COOLDOWN_SECONDS
        self._verbs: dict[str, Callable[[str], object]] = {
            "say": lambda rest: self._step(Say(_texts(rest))),
            "me": lambda rest: self._step(Say(_texts(rest), action=True)),
            "join": lambda rest: self._step(Enter(_word(rest, "join ROOM"))),
            "pause": lambda rest: self._step(Pause(_span(rest))),
            "exit": lambda rest: self._step(Finish()) if not rest else _no_argument("exit"),
            "begin": self._on_begin,
            "loop": self._on_loop,
            "cooldown": self._on_cooldown,
            "on": self._on_reaction,
        }

    def line(self, line: str) -> None:
        if not line or line.startswith("#"):
            return
        verb, _, rest = line.partition(" ")
        if verb not in self._verbs:
            raise ValueError(f"“{verb}” is none of {', '.join(self._verbs)}")
        self._verbs[verb](rest.strip())

    def _step(self, step: Step) -> None:
        self.script.steps.append(step)

    def _on_begin(self, rest: str) -> None:
        if rest:
            _no_argument("begin")
        self._begin = len(self.script.steps)

    def _on_loop(self, rest: str) -> None:
        if rest and not _TIMES.fullmatch(rest):
            raise ValueError("loop takes nothing, or how many times: up to 999999999")
        pauses = (step.span.least for step in self.script.steps[self._begin :] if isinstance(step, Pause))
        if sum(pauses) < SHORTEST_LOOP_SECONDS:
            raise ValueError(f"a loop needs a pause of {SHORTEST_LOOP_SECONDS} seconds or more in it")
        self._step(Loop(self._begin, int(rest) if rest else None))

    def _on_cooldown(self, rest: str) -> None:
        span = _span(rest)
        if span.least != span.most or span.least < 1:
            raise ValueError("cooldown takes one number of seconds, 1 or more")
        self._cooldown = span.least

    def _on_reaction(self, rest: str) -> None:
        match = _ON.fullmatch(rest)
        if match is None:
            raise ValueError(
                "a reaction is: on /PATTERN/ say TEXT, or: on join say TEXT, with wait SECONDS before say"
            )
        pattern = _pattern(match["pattern"]) if match["pattern"] is not None else None
        say = Say(_texts(match["texts"]), action=match["verb"] == "me")
        for text in say.texts:
            _check_placeholders(text, pattern)
        wait = _span(match["wait"]) if match["wait"] else NO_TIME
        self.script.reactions.append(Reaction(pattern, wait, say, self._cooldown))


def fill(text: str, name: str, match: re.Match[str] | None) -> str:
    """Put who and what a reaction is about into its text."""

    def value(placeholder: re.Match[str]) -> str:
        key = placeholder[1]
        return name if key == "name" else (match[int(key)] or "") if match else ""

    return _PLACEHOLDER.sub(value, text)


def _check_placeholders(text: str, pattern: re.Pattern[str] | None) -> None:
    groups = range(pattern.groups + 1) if pattern else range(0)
    known = {"name", *map(str, groups)}
    for key in _PLACEHOLDER.findall(text):
        if key not in known:
            raise ValueError(f"{{{key}}} is none of {', '.join(sorted(f'{{{each}}}' for each in known))}")


def _pattern(source: str) -> re.Pattern[str]:
    try:
        return re.compile(source.replace("\\/", "/"), re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"the pattern /{source}/ is wrong: {error}") from None


def _texts(rest: str) -> tuple[str, ...]:
    texts = tuple(text.strip() for text in rest.split(" | "))
    if not all(texts):
        raise ValueError("there is no text to say")
    return texts


def _word(rest: str, usage: str) -> str:
    if len(rest.split()) != 1:
        raise ValueError(f"it is: {usage}")
    return rest


def _span(rest: str) -> Span:
    match = _SPAN.fullmatch(rest)
    if match is None:
        raise ValueError("a time is a number of seconds such as 1.5, or 2..6 for one from 2 to 6")
    least = float(match[1])
    most = float(match[2]) if match[2] else least
    if most < least:
        raise ValueError("the first number of a time is the smaller one")
    if most > LONGEST_SECONDS:
        raise ValueError(f"a time has at most {LONGEST_SECONDS} seconds")
    return Span(least, most)


def _no_argument(verb: str) -> None:
    raise ValueError(f"{verb} stands alone on its line")
