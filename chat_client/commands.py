"""What a person may type: a table of commands, and what each does.

A line is said in the room that one is turned to. One that begins with `/` is a command; with `//` it
is said, without the first `/`. Nothing is sent for a line that is no proper command.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from chat_client.errors import NotSentError, UsageError
from chat_client.safe import sendable
from chat_client.view import View
from chat_server.wire.messages import (
    PAGE,
    ClientMessage,
    Dm,
    History,
    Join,
    Leave,
    List,
    Msg,
    Name,
    Search,
    Topic,
    Who,
)

#: How many messages /search shows, and /history where no number is given.
HISTORY = 20
_HISTORY = re.compile(r"(\d{1,9})?\s*(?:before\s+(\d{1,15}))?", re.ASCII)


class Sender(Protocol):
    """Where messages go; a session."""

    def send(self, message: ClientMessage) -> None:
        """Send one message."""


class LeaveError(Exception):
    """The person wants to leave."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: how it is typed, what it is for, and what it does with what follows its name."""

    usage: str
    help: str
    run: Callable[["Desk", str], None]


class Desk:
    """Where a person's lines are taken: says and does what they say."""

    def __init__(self, sender: Sender, view: View) -> None:
        self.sender = sender
        self.view = view
        #: How many lines were not taken.
        self.refused = 0
        #: The room that was asked to be entered, until the answer comes.
        self.joining: str | None = None

    def take(self, line: str) -> bool:
        """Do what a line says; return whether to go on. What is wrong with it is shown."""
        try:
            self._attempt(lambda: self._do(sendable(line)))
        except LeaveError:
            return False
        return True

    def speak(self, text: str, *, room: str | None = None, action: bool = False) -> None:
        """Say a text just as it is, in a room or in the one turned to. What is wrong with it is shown."""
        self._attempt(lambda: self.say(text, room=room, action=action))

    def say(self, text: str, *, room: str | None = None, action: bool = False) -> None:
        """Say something. Raises `NotSentError`."""
        self.sender.send(Msg(text=text, room=room or self.room(), action=action))

    def _attempt(self, deed: Callable[[], None]) -> None:
        try:
            deed()
        except NotSentError as error:
            self.refused += 1
            self.joining = None
            self.view.problem(f"nothing was sent: {error}")

    def _do(self, line: str) -> None:
        if not line.strip():
            return
        if line.strip() == "exit":
            raise LeaveError
        if line.startswith("/") and not line.startswith("//"):
            name, _, argument = line[1:].partition(" ")
            find(name).run(self, argument.strip())
        else:
            self.say(line[1:] if line.startswith("//") else line)

    def room(self, given: str = "") -> str:
        """Return the room meant: the one given, or else the one turned to. Raises `UsageError`."""
        room = given or self.view.room
        if room is None:
            raise UsageError("you are in no room; /join one first, or see /rooms")
        return self.joined(room) or room

    def joined(self, room: str) -> str | None:
        """Return a joined room as it is spelt, or none where one is not in it."""
        wanted = room.removeprefix("#").casefold()
        return next((each for each in self.view.rooms if each.casefold() == wanted), None)


def find(name: str) -> Command:
    """Return the command of this name. Raises `UsageError`."""
    try:
        return COMMANDS[name.lower()]
    except KeyError:
        raise UsageError(
            f"there is no command /{name}; /help lists them, and // says what begins with /"
        ) from None


def _needed(argument: str, usage: str) -> str:
    if not argument:
        raise UsageError(f"it is typed so: {usage}")
    return argument


def _join(desk: Desk, argument: str) -> None:
    room = _needed(argument, "/join ROOM")
    if (joined := desk.joined(room)) is not None:
        desk.view.turn_to(joined)
    else:
        desk.joining = room
        desk.sender.send(Join(room=room))


def _leave(desk: Desk, argument: str) -> None:
    desk.sender.send(Leave(room=desk.room(argument)))


def _message(desk: Desk, argument: str) -> None:
    to, _, text = argument.partition(" ")
    _needed(text.strip(), "/msg NAME TEXT")
    desk.sender.send(Dm(to=to, text=text.strip()))


def _me(desk: Desk, argument: str) -> None:
    desk.say(_needed(argument, "/me TEXT"), action=True)


def _who(desk: Desk, argument: str) -> None:
    desk.sender.send(Who(room=desk.room(argument)))


def _rooms(desk: Desk, _argument: str) -> None:
    desk.sender.send(List())


def _topic(desk: Desk, argument: str) -> None:
    desk.sender.send(Topic(room=desk.room(), topic=argument or None))


def _name(desk: Desk, argument: str) -> None:
    desk.sender.send(Name(name=_needed(argument, "/name NEW")))


def _history(desk: Desk, argument: str) -> None:
    match = _HISTORY.fullmatch(argument)
    number = int(match[1] or HISTORY) if match else 0
    if match is None or not 1 <= number <= PAGE:
        raise UsageError(f"it is typed so: /history [NUMBER up to {PAGE}] [before ID]")
    before = int(match[2]) if match[2] else None
    desk.sender.send(History(room=desk.room(), limit=number, before=before))


def _search(desk: Desk, argument: str) -> None:
    desk.sender.send(Search(words=_needed(argument, "/search WORDS"), limit=HISTORY))


def _help(desk: Desk, argument: str) -> None:
    commands = [find(argument.removeprefix("/"))] if argument else COMMANDS.values()
    desk.view.tell(*(f"{command.usage:<32} {command.help}" for command in commands))
    if not argument:
        desk.view.tell("anything else is said in the room; //TEXT says a text that begins with /")


def _exit(_desk: Desk, _argument: str) -> None:
    raise LeaveError


COMMANDS = {
    "join": Command("/join ROOM", "enter a room, or turn to one that you are in", _join),
    "leave": Command("/leave [ROOM]", "leave a room", _leave),
    "msg": Command("/msg NAME TEXT", "say something to one person alone", _message),
    "me": Command("/me TEXT", "say what you do: /me waves", _me),
    "who": Command("/who [ROOM]", "list who is in a room", _who),
    "rooms": Command("/rooms", "list the rooms", _rooms),
    "topic": Command("/topic [TEXT]", "show the room's topic, or set it", _topic),
    "name": Command("/name NEW", "change your name", _name),
    "history": Command("/history [NUMBER] [before ID]", "show what was said earlier", _history),
    "search": Command("/search WORDS", "find the latest messages with all these words", _search),
    "help": Command("/help [COMMAND]", "list the commands", _help),
    "exit": Command("/exit", "leave the chat; exit and Ctrl-D do too", _exit),
}
