"""What a person may type."""

import re

import pytest

from chat_client.errors import OfflineError
from chat_client.protocol.events import Registered
from chat_client.ui.commands import COMMANDS, GROUPS, Interpreter
from chat_client.ui.paint import Painter
from chat_client.ui.view import View
from chat_protocol.messages import (
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
from tests.support.fake_server import entered
from tests.support.source import ROOT


class Keyboard:
    """A interpreter in the rooms lobby and Tea, turned to lobby, and what comes of the lines typed there."""

    def __init__(self, *rooms: str) -> None:
        self.sent: list[ClientMessage] = []
        self.screen = ""
        self.view = View(self._write, Painter(colours=False))
        self.view.show([Registered("dave", "e1", ()), *(entered(room) for room in rooms)])
        if rooms:
            self.view.turn_to(rooms[0])
        self.screen = ""
        self.interpreter = Interpreter(self, self.view)

    def send(self, message: ClientMessage) -> None:
        """Take what is sent."""
        self.sent.append(message)

    def _write(self, text: str) -> None:
        self.screen += text


@pytest.fixture
def keyboard() -> Keyboard:
    """Return the keyboard of one in two rooms."""
    return Keyboard("lobby", "tea")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("hello there", Msg(text="hello there", room="lobby")),
        (" indented", Msg(text=" indented", room="lobby")),
        ("//etc/passwd", Msg(text="/etc/passwd", room="lobby")),
        ("dä\udcffve", Msg(text="dä?ve", room="lobby")),
        ("exit now?", Msg(text="exit now?", room="lobby")),
        ("/me waves slowly", Msg(text="waves slowly", room="lobby", action=True)),
        ("/msg bob are you there?", Dm(to="bob", text="are you there?")),
        ("/msg bob /me waves", Dm(to="bob", text="waves", action=True)),
        ("/join music", Join(room="music")),
        ("/leave", Leave(room="lobby")),
        ("/leave #TEA", Leave(room="tea")),
        ("/leave elsewhere", Leave(room="elsewhere")),
        ("/leave tea  see you ", Leave(room="tea", text="see you")),
        ("/who", Who(room="lobby")),
        ("/who tea", Who(room="tea")),
        ("/rooms", List()),
        ("/topic", Topic(room="lobby")),
        ("/topic all about tea", Topic(room="lobby", topic="all about tea")),
        ("/name david", Name(name="david")),
        ("/history", History(room="lobby", limit=20)),
        ("/history 5", History(room="lobby", limit=5)),
        ("/history before 90", History(room="lobby", limit=20, before=90)),
        ("/history 200 before 90", History(room="lobby", limit=200, before=90)),
        ("/search green tea", Search(words="green tea", limit=20)),
        ("/WHO", Who(room="lobby")),
    ],
)
def test_what_lines_send(keyboard: Keyboard, line: str, message: ClientMessage) -> None:
    """Each line sends one message, with its room named."""
    assert keyboard.interpreter.take(line)
    assert keyboard.sent == [message]
    assert keyboard.screen == ""
    assert keyboard.interpreter.refused == 0


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("/foo bar", "there is no command /foo; /help lists them"),
        ("/", "there is no command /;"),
        ("/join", "/join ROOM"),
        ("/msg", "/msg NAME TEXT"),
        ("/msg bob", "/msg NAME TEXT"),
        ("/me", "/me TEXT"),
        ("/search", "/search WORDS"),
        ("/name", "/name NEW"),
        ("/history 0", "/history [NUMBER up to 200] [before ID]"),
        ("/history 201", "/history [NUMBER up to 200] [before ID]"),
        ("/history before", "/history [NUMBER up to 200] [before ID]"),
        ("/history ²", "/history [NUMBER up to 200] [before ID]"),
        ("/help foo", "there is no command /foo"),
        ("/name dave smith", "names have no spaces: try /name dave-smith"),
        ("/join my  room", "names of rooms have no spaces: try /join my-room"),
    ],
)
def test_what_is_wrong_is_told_and_not_sent(keyboard: Keyboard, line: str, complaint: str) -> None:
    """A line that is no proper command says how it is typed, and nothing is sent for it."""
    assert keyboard.interpreter.take(line)
    assert keyboard.sent == []
    assert keyboard.screen.startswith("!! nothing was sent: ")
    assert complaint in keyboard.screen
    assert keyboard.interpreter.refused == 1


@pytest.mark.parametrize("slash", ["/", " /", "\u3000/", "\ufeff/", "\u200b/", "\uff0f", "\u2215", "\u2044"])
def test_what_is_nearly_a_command_is_not_said(keyboard: Keyboard, slash: str) -> None:
    """Whatever stands before the slash, and whichever slash it is, the room does not hear it."""
    keyboard.interpreter.take(f"{slash}msg bob secret")
    keyboard.interpreter.take(f"{slash}frobnicate secret")
    assert keyboard.sent == [Dm(to="bob", text="secret")]


@pytest.mark.parametrize(
    ("line", "meant"), [("/quit", "/exit"), ("/nick x", "/name"), ("/serach x", "/search")]
)
def test_the_command_that_was_meant_is_named(keyboard: Keyboard, line: str, meant: str) -> None:
    """Names from other chats and mistyped ones get a hint."""
    keyboard.interpreter.take(line)
    assert keyboard.sent == []
    assert f"did you mean {meant}" in keyboard.screen


@pytest.mark.parametrize("line", ["/join \u3000", "/join #", "/join \u200b", "\\msg bob secret"])
def test_blank_rooms_and_backslashes_are_refused(keyboard: Keyboard, line: str) -> None:
    """What cannot be meant so is told, not sent."""
    keyboard.interpreter.take(line)
    assert keyboard.sent == []
    assert "nothing was sent" in keyboard.screen


def test_controls_are_left_out_and_told(keyboard: Keyboard) -> None:
    """A control character is in no message; the person sees that it is missing."""
    keyboard.interpreter.take("be\x1afore\r\nafter")
    assert keyboard.sent == [Msg(text="before after", room="lobby")]
    assert "control characters: 1" in keyboard.screen


def test_a_topic_can_be_cleared(keyboard: Keyboard) -> None:
    """A minus alone stands for no topic."""
    keyboard.interpreter.take("/topic -")
    assert keyboard.sent == [Topic(room="lobby", topic="")]


@pytest.mark.parametrize("width", [20, 40, 63, 64, 80])
def test_help_fits_the_terminal(keyboard: Keyboard, width: int) -> None:
    """No line is wider than the terminal, so none breaks in a word."""
    keyboard.view.columns = lambda: width
    keyboard.interpreter.take("/help")
    assert max(map(len, keyboard.screen.splitlines())) < max(width, 32)


@pytest.mark.parametrize(
    "line", ["exit", " exit ", "/exit", "/EXIT", "EXIT", "Exit", "\u200bexit\xa0", "\uff45\uff58\uff49\uff54"]
)
def test_leaving(keyboard: Keyboard, line: str) -> None:
    """There are several ways to say that one leaves."""
    assert not keyboard.interpreter.take(line)
    assert keyboard.sent == []


def test_leaving_with_last_words(keyboard: Keyboard) -> None:
    """They are told when the client leaves; what is too long does not leave."""
    assert keyboard.interpreter.take("/exit " + "x" * 201)
    assert keyboard.interpreter.refused == 1
    assert not keyboard.interpreter.take("/exit good night")
    assert keyboard.interpreter.parting == "good night"


@pytest.mark.parametrize("line", ["", "   ", "\t"])
def test_an_empty_line_says_nothing(keyboard: Keyboard, line: str) -> None:
    """It is neither sent nor an error."""
    assert keyboard.interpreter.take(line)
    assert (keyboard.sent, keyboard.screen) == ([], "")


def test_joining_a_joined_room_turns_to_it(keyboard: Keyboard) -> None:
    """Nothing needs to be sent for that."""
    keyboard.interpreter.take("/join #Tea")
    assert (keyboard.sent, keyboard.view.room) == ([], "tea")
    assert keyboard.interpreter.joining is None
    keyboard.interpreter.take("in tea")
    assert keyboard.sent == [Msg(text="in tea", room="tea")]


def test_a_join_under_way_is_known(keyboard: Keyboard) -> None:
    """Who takes lines for a program waits for its answer before the next."""
    keyboard.interpreter.take("/join music")
    assert keyboard.interpreter.joining == "music"


def test_without_a_room_one_cannot_talk() -> None:
    """The remark says what to do about it."""
    keyboard = Keyboard()
    keyboard.interpreter.take("hello?")
    assert "/join one first" in keyboard.screen


def test_before_the_first_connection_one_cannot_talk() -> None:
    """There is no room yet to talk in, which is not for the person to mend."""
    screen: list[str] = []
    view = View(screen.append, Painter(colours=False))
    interpreter = Interpreter(Keyboard(), view)
    interpreter.take("hello?")
    assert screen == ["!! nothing was sent: not connected yet; try that again when the connection is there\n"]


def test_a_lost_connection_is_told(keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    """What needs a connection says so, and the person may go on."""

    def send(_message: ClientMessage) -> None:
        raise OfflineError("not connected")

    monkeypatch.setattr(keyboard.interpreter, "sender", type("Sender", (), {"send": staticmethod(send)})())
    assert keyboard.interpreter.take("/who")
    assert keyboard.screen == "!! nothing was sent: not connected\n"


def test_a_text_can_be_said_as_it_is(keyboard: Keyboard) -> None:
    """A script's text is no command, and may go to another room."""
    keyboard.interpreter.speak("/who", room="tea")
    keyboard.interpreter.speak("exit", action=True)
    assert keyboard.sent == [Msg(text="/who", room="tea"), Msg(text="exit", room="lobby", action=True)]


def test_a_command_is_listed_once() -> None:
    """Its row says all there is about it, and no name means two commands."""
    rows = [command for group in GROUPS.values() for command in group]
    names = [name for command in rows for name in (command.name, *command.elsewhere)]
    assert len(names) == len(set(names))
    assert list(COMMANDS.values()) == rows


def test_the_readme_lists_every_command() -> None:
    """In the order of /help or another."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if not re.search(rf"/{name}\b", readme)] == []


def test_help_lists_every_command(keyboard: Keyboard) -> None:
    """Each command is there with its usage; one may be asked for alone."""
    keyboard.interpreter.take("/help")
    for name, command in COMMANDS.items():
        assert command.usage.startswith(f"/{name}")
        assert command.usage in keyboard.screen
    assert "//TEXT" in keyboard.screen
    keyboard.screen = ""
    keyboard.interpreter.take("/help /me")
    assert keyboard.screen.splitlines() == [
        f"-- {'/me TEXT':<30} say what you do: /me waves, /msg bob /me nods"
    ]
