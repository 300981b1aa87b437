"""What a person may type: a table of commands, and what each does.

A line is said in the room that one is turned to. One that begins with `/` is a command, also after blanks;
with `//` it is said, without the first `/`. Nothing is sent for a line that is no proper command.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from chat_client.errors import NotSentError, OfflineError, UsageError
from chat_client.sanitize import cleaned, sendable
from chat_client.ui import moderating, talking, typed
from chat_client.ui.talking import HISTORY_MESSAGES, needed, without_spaces
from chat_client.ui.view import View
from chat_client.ui.wrapping import wrapped
from chat_protocol.messages import (
    ClientMessage,
    Leave,
    List,
    Msg,
    Name,
    Search,
    Topic,
    Who,
)

#: The column of the help beside the usages, and from how many columns on it stands there.
USAGE_COLUMNS = 30
WIDE_COLUMNS = 64
#: The help is for terminals of so many columns at least.
NARROWEST_COLUMNS = 12


class Sender(Protocol):
    """Where messages go; a session."""

    def send(self, message: ClientMessage) -> None:
        """Send one message."""


class LeaveError(Exception):
    """The person wants to leave, and say so much."""

    def __init__(self, parting: str = "") -> None:
        super().__init__(parting)
        self.parting = parting


@dataclass(frozen=True, slots=True)
class Command:
    """One command: how it is typed, what it is for, and what it does with what follows its name.

    `elsewhere` has what other chats call it; somebody who types that is told how it is called here.
    """

    usage: str
    help: str
    run: Callable[["Interpreter", str], None]
    elsewhere: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What is typed after the slash."""
        return self.usage[1:].partition(" ")[0]

    @property
    def argument(self) -> str:
        """What its first argument is: `ROOM`, `NAME` and so on; empty if it takes none."""
        return self.usage.partition(" ")[2].partition(" ")[0].strip("[]")

    def explain(self, columns: int) -> list[str]:
        """Return usage and help in lines of so many columns."""
        if columns < WIDE_COLUMNS:
            return [*_wrapped(self.usage, columns), *_wrapped(f"    {self.help}", columns, "    ")]
        return _wrapped(f"{self.usage:<{USAGE_COLUMNS}} {self.help}", columns, " " * (USAGE_COLUMNS + 1))


class Interpreter:
    """Where a person's lines are taken: says and does what they say."""

    def __init__(self, sender: Sender, view: View) -> None:
        self.sender = sender
        self.view = view
        #: How many lines were not taken.
        self.refused = 0
        #: The room that was asked to be entered, until the answer comes.
        self.joining: str | None = None
        #: What the others are told when the person leaves.
        self.parting = ""

    def take(self, line: str) -> bool:
        """Do what a line says; return whether to go on. What is wrong with it is shown."""
        try:
            self._attempt(lambda: self._do(self._clean(line)))
        except LeaveError as left:
            self.parting = left.parting
            return False
        return True

    def speak(self, text: str, *, room: str | None = None, action: bool = False) -> None:
        """Say a text just as it is, in a room or in the one turned to. What is wrong with it is shown."""
        self._attempt(lambda: self.say(text, room=room, action=action))

    def say(self, text: str, *, room: str | None = None, action: bool = False) -> None:
        """Say something. Raises `NotSentError`."""
        self.sender.send(Msg(text=self._clean(text), room=room or self.room(), action=action))

    def _attempt(self, deed: Callable[[], None]) -> None:
        try:
            deed()
        except NotSentError as error:
            self.refused += 1
            self.joining = None
            self.view.problem(f"nothing was sent: {error}")

    def _do(self, line: str) -> None:
        if typed.is_blank(line):
            return
        if typed.says_exit(line):
            raise LeaveError
        parsed = typed.parse(line)
        if parsed.command is not None:
            find(parsed.command).run(self, parsed.rest)
        elif (meant := typed.backslashed(line, COMMANDS)) is not None:
            raise UsageError(f"a command begins with /, not with a backslash: /{meant}")
        else:
            self.say(parsed.rest)

    def _clean(self, text: str) -> str:
        """Return the text without control characters; what was left out is told."""
        clean, dropped = cleaned(sendable(text))
        if dropped:
            self.view.tell(f"left out of what you typed, control characters: {dropped}")
        return clean

    def room(self, given: str = "") -> str:
        """Return the room meant: the one given, or else the one turned to. Raises `NotSentError`."""
        room = given or self.view.room
        if room is None and not self.view.registered:
            raise OfflineError("not connected yet; try that again when the connection is there")
        if room is None:
            raise UsageError("you are in no room; /join one first, or see /rooms")
        return self.joined(room) or room

    def joined(self, room: str) -> str | None:
        """Return a joined room as it is spelt, or none if one is not in it."""
        wanted = room.removeprefix("#").casefold()
        return next((each for each in self.view.rooms if each.casefold() == wanted), None)


def find(name: str) -> Command:
    """Return the command of this name. Raises `UsageError`."""
    command = COMMANDS.get(name)
    if command is None:
        elsewhere = {other: each.name for each in COMMANDS.values() for other in each.elsewhere}
        meant = elsewhere.get(name) or typed.nearest(name, COMMANDS)
        hint = f"did you mean {COMMANDS[meant].usage} ?" if meant else "/help lists them"
        raise UsageError(f"there is no command /{name}; {hint} (//TEXT says a text that begins with /)")
    return command


def _join(interpreter: Interpreter, argument: str) -> None:
    asked = talking.join(argument)
    if (joined := interpreter.joined(asked.room)) is not None:
        interpreter.view.turn_to(joined)
    else:
        interpreter.joining = asked.room
        interpreter.sender.send(asked)


def _leave(interpreter: Interpreter, argument: str) -> None:
    room, _, text = argument.partition(" ")
    interpreter.sender.send(Leave(room=interpreter.room(room), text=talking.parting(text.strip())))


def _message(interpreter: Interpreter, argument: str) -> None:
    interpreter.sender.send(talking.direct(argument))


def _me(interpreter: Interpreter, argument: str) -> None:
    interpreter.say(needed(argument, "/me TEXT"), action=True)


def _who(interpreter: Interpreter, argument: str) -> None:
    interpreter.sender.send(Who(room=interpreter.room(argument)))


def _rooms(interpreter: Interpreter, _argument: str) -> None:
    interpreter.sender.send(List())


def _topic(interpreter: Interpreter, argument: str) -> None:
    topic = "" if argument == "-" else argument or None
    interpreter.sender.send(Topic(room=interpreter.room(), topic=topic))


def _name(interpreter: Interpreter, argument: str) -> None:
    interpreter.sender.send(Name(name=without_spaces(needed(argument, "/name NEW"), "/name", "names")))


def _search(interpreter: Interpreter, argument: str) -> None:
    interpreter.sender.send(Search(words=needed(argument, "/search WORDS"), limit=HISTORY_MESSAGES))


def _help(interpreter: Interpreter, argument: str) -> None:
    width = interpreter.view.columns()
    if argument:
        parsed = typed.parse(argument)
        interpreter.view.tell(*find(parsed.command or argument.casefold()).explain(width))
        return
    for title, commands in GROUPS.items():
        lines = [line for command in commands for line in command.explain(width)]
        interpreter.view.tell(f"{title}:", *lines)
    interpreter.view.tell(
        *_wrapped("anything else is said in the room; //TEXT says a text that begins with /", width)
    )


def _wrapped(text: str, columns: int, indent: str = "") -> list[str]:
    """Return the text in lines of so many columns beside the mark of a remark, broken between words."""
    return wrapped(text, max(columns - len("-- ") - 1, NARROWEST_COLUMNS), indent)


def _sending(parse: Callable[[str, str], ClientMessage]) -> Callable[[Interpreter, str], None]:
    """Return what sends the message that is typed, for the room turned to."""

    def run(interpreter: Interpreter, argument: str) -> None:
        interpreter.sender.send(parse(argument, interpreter.room()))

    return run


def _changing(parse: moderating.Changing) -> Callable[[Interpreter, str], None]:
    """Return what changes a message of the room turned to."""

    def run(interpreter: Interpreter, argument: str) -> None:
        interpreter.sender.send(parse(argument, interpreter.room(), interpreter.view.latest))

    return run


def _exit(_interpreter: Interpreter, argument: str) -> None:
    raise LeaveError(talking.parting(argument))


#: All commands, in the order of /help, under its titles.
GROUPS = {
    "talk": (
        Command(
            "/msg NAME TEXT",
            "say something to one person alone: /msg bob hello",
            _message,
            ("r", "reply", "w", "whisper", "tell", "dm", "pm", "query", "privmsg", "m", "t"),
        ),
        Command("/edit TEXT", "give your latest message another text", _changing(moderating.edit)),
        Command(
            "/delete [NAME or ID]",
            "take back your latest message",
            _changing(moderating.delete),
        ),
        Command("/me TEXT", "say what you do: /me waves, /msg bob /me nods", _me, ("action", "emote", "em")),
    ),
    "rooms": (
        Command(
            "/join ROOM [with PASSWORD]",
            "enter a room, or turn to one that you are in: /join tea",
            _join,
            ("j", "room", "enter", "channel"),
        ),
        Command("/leave [ROOM] [TEXT]", "leave a room: /leave tea see you", _leave, ("part", "l")),
        Command("/rooms", "list the rooms", _rooms, ("list", "ls", "channels")),
        Command("/who [ROOM]", "list who is in a room", _who, ("names", "users", "members", "here")),
        Command(
            "/topic [TEXT or -]", "show or set the topic, kept while the room lives; - clears it", _topic
        ),
    ),
    "what was said": (
        Command(
            "/history [NUMBER] [before ID]",
            "show what was said earlier",
            _sending(talking.history),
            ("log", "last", "scrollback", "h"),
        ),
        Command(
            "/search WORDS",
            "find the latest messages with all these words",
            _search,
            ("find", "grep", "s"),
        ),
    ),
    "run a room": (
        Command(
            "/rules [SETTING VALUE]", "show how the room is run, or change it", _sending(moderating.rules)
        ),
        Command("/invite NAME", "let somebody in", _sending(moderating.invite)),
        Command("/kick NAME [REASON]", "put somebody out, who may come back", _sending(moderating.kick)),
        Command(
            "/ban NAME [TIME] [REASON]", "put somebody out for 10m, 2d or for ever", _sending(moderating.ban)
        ),
        Command("/unban NAME", "end a ban", _sending(moderating.unban)),
        Command("/mute NAME [TIME]", "let somebody only read", _sending(moderating.mute)),
        Command("/unmute NAME", "let them speak again", _sending(moderating.unmute)),
        Command(
            "/role NAME ROLE", "make an owner, moderator, speaker, member, reader", _sending(moderating.role)
        ),
    ),
    "you": (
        Command("/ignore [NAME or *]", "hear no more of somebody", _sending(moderating.ignore)),
        Command("/unignore NAME", "hear them again", _sending(moderating.unignore)),
        Command("/name NEW", "change your name", _name, ("nick", "nickname", "rename")),
        Command("/help [COMMAND]", "list the commands", _help, ("?", "commands", "man")),
        Command(
            "/exit [TEXT]",
            "leave the chat; exit and Ctrl-D do too",
            _exit,
            ("quit", "q", "bye", "close", "logout", "disconnect"),
        ),
    ),
}
COMMANDS = {command.name: command for group in GROUPS.values() for command in group}
