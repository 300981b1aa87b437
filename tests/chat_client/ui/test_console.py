"""The client in a terminal: prompt, completion, printing above the line being typed."""

import io
import threading
from collections.abc import Callable, Iterator

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.output.vt100 import Vt100_Output

from chat_client.protocol.events import Registered, Said
from chat_client.ui.app import ExitStatus
from chat_client.ui.console import Console, Words, ask_name, ask_secret, new_prompt
from chat_client.ui.paint import Painter
from chat_client.ui.screen import Screen
from chat_client.ui.view import View
from chat_protocol.messages import Join, Msg, RegName, Who
from chat_protocol.server_messages import ErrorFrame, Users
from tests.support.fake_server import (
    DEADLINE,
    FakeServer,
    Peer,
    entered,
    options,
    playing,
    request,
    said,
    welcome,
)
from tests.support.sheet import Sheet


class Paper(io.StringIO):
    """What a terminal was sent, for which another thread may wait."""

    def __init__(self) -> None:
        super().__init__()
        self._written = threading.Condition()

    def write(self, text: str) -> int:
        """Take it."""
        with self._written:
            self._written.notify_all()
            return super().write(text)

    def wait_for(self, text: str) -> None:
        """Wait until this was written."""
        with self._written:
            assert self._written.wait_for(lambda: text in self.getvalue(), DEADLINE), self.getvalue()


class Person:
    """Somebody at a terminal: the keys, and what was printed above the line being typed."""

    def __init__(self, server: FakeServer, keys: PipeInput, paper: Paper) -> None:
        self._server = server
        self.keys = keys
        self.err = Sheet()
        self.paper = paper
        self.console = Console(options(server), new_prompt(), Screen(Sheet()), self.err)

    def type(self, text: str) -> None:
        """Type this; a carriage return is the Enter key."""
        self.keys.send_text(text)

    def talk(self, part: Callable[[], object]) -> ExitStatus:
        """Use the client until it ends, while the server plays this part; where that fails, it ends too."""
        with playing(self._server, part, self.console.stop):
            return self.console.run()

    def is_asked_for_another_name(self) -> None:
        """Wait for the prompt. A space is not written where there is one already."""
        self.paper.wait_for("another")

    @property
    def screen(self) -> str:
        """All that was written to the terminal."""
        return self.paper.getvalue()


@pytest.fixture
def person(server: FakeServer) -> Iterator[Person]:
    """Return somebody at a terminal of 80 columns."""
    paper = Paper()
    output = Vt100_Output(paper, lambda: Size(rows=24, columns=80), term="xterm", enable_cpr=False)
    with create_pipe_input() as keys, create_app_session(input=keys, output=output):
        yield Person(server, keys, paper)


def register(server: FakeServer) -> Peer:
    """Register the client, which asks who is in the lobby; return the server's end."""
    peer = server.accept()
    peer.register()
    peer.send(Users(room="lobby", names=["dave"], total=1, ref=peer.receive(Who).ref))
    return peer


@pytest.mark.parametrize(
    "keys", ["exit\r", "/exit\r", "\x04", "\x03"], ids=["exit", "/exit", "Ctrl-D", "Ctrl-C"]
)
def test_talks_and_leaves(server: FakeServer, person: Person, keys: str) -> None:
    """What is typed is said, and shown once it is acknowledged; each way to leave is a proper one."""

    def part() -> None:
        peer = register(server)
        person.type("hello\r")
        message = peer.receive(Msg)
        peer.acknowledge(message, 1)
        person.type(keys)
        peer.part()

    assert person.talk(part) is ExitStatus.LEFT
    assert "dave: hello\n" in person.screen
    assert person.err.getvalue() == ""


def test_what_comes_does_not_tear_the_line(server: FakeServer, person: Person) -> None:
    """A message that comes in the middle of a line is shown above, and the line is sent whole."""

    def part() -> None:
        peer = register(server)
        person.type("half a ")
        peer.send(said(1, "meanwhile"))
        person.type("line\r")
        message = peer.receive(Msg)
        assert message.text == "half a line"
        peer.acknowledge(message, 2)
        person.type("\x04")
        peer.part()

    assert person.talk(part) is ExitStatus.LEFT
    assert "bob: meanwhile\n" in person.screen


def test_a_taken_name_is_asked_for_again(server: FakeServer, person: Person) -> None:
    """The prompt says what it asks for; what is typed there is a name, not a message."""

    def part() -> None:
        peer = server.accept()
        peer.send(request())
        assert peer.receive(RegName).name == "dave"
        peer.send(ErrorFrame(code="name_taken", text="the name dave is taken"))
        person.is_asked_for_another_name()
        person.type("\reve\r")
        assert peer.receive(RegName).name == "eve"
        peer.send(welcome("eve"), entered(name="eve"))
        peer.receive(Who)
        person.type("hello\r")
        peer.acknowledge(peer.receive(Msg), 1)
        person.type("\x04")
        peer.part()

    assert person.talk(part) is ExitStatus.LEFT
    assert "the name dave is taken" in person.screen
    assert "eve: hello\n" in person.screen


def test_one_may_leave_instead_of_finding_a_name(server: FakeServer, person: Person) -> None:
    """`exit` is no name then."""

    def part() -> None:
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        peer.send(ErrorFrame(code="name_taken", text="taken"))
        person.is_asked_for_another_name()
        person.type("exit\r")
        assert peer.at_end()

    assert person.talk(part) is ExitStatus.LEFT


def test_the_end_of_the_session_ends_the_prompt(server: FakeServer, person: Person) -> None:
    """Nobody has to press a key for it."""

    def part() -> None:
        register(server).close()

    assert person.talk(part) is ExitStatus.LOST
    assert "the server closed the connection" in person.err.getvalue()


def test_leaving_without_a_connection_is_told(server: FakeServer, person: Person) -> None:
    """Who leaves while the server is away sees that it does not know."""
    person.console = Console(options(server, retry=60.0), new_prompt(), Screen(Sheet()), person.err)

    def part() -> None:
        register(server)
        server.close()
        person.paper.wait_for("not connected")
        person.type("exit\r")

    assert person.talk(part) is ExitStatus.LEFT
    assert person.screen.endswith("-- you left the chat; the server could not be told\n")


def test_a_stop_from_anywhere_ends_the_prompt(server: FakeServer, person: Person) -> None:
    """So does a signal, or the end of the duration."""

    def part() -> None:
        peer = register(server)
        person.console.stop()
        peer.part()

    assert person.talk(part) is ExitStatus.LEFT


def test_the_toolbar_tells_how_things_stand(server: FakeServer, person: Person) -> None:
    """Who one is, where one is and what waits can be seen at any time."""
    bars: list[str] = []

    def part() -> None:
        bars.append(person.console._toolbar())  # noqa: SLF001  # what the prompt shows
        peer = register(server)
        person.type("/join tea\r")
        join = peer.receive(Join)
        peer.send(entered("tea", ref=join.ref))
        peer.receive(Who)
        person.type("hello\r")
        message = peer.receive(Msg)
        bars.append(person.console._toolbar())  # noqa: SLF001  # drawn only on a terminal
        peer.acknowledge(message, 1)
        person.type("\x04")
        peer.part()

    person.talk(part)
    where = f"dave@127.0.0.1:{server.port}"
    assert bars == [f"connecting  {where}", f"waiting for the server: 1  [tea]  {where}  lobby"]


def test_the_toolbar_tells_that_a_name_is_asked_for(server: FakeServer, person: Person) -> None:
    """One is connected, in a way, and has no name: neither is said to be otherwise."""
    bars: list[str] = []

    def part() -> None:
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        peer.send(ErrorFrame(code="name_taken", text="taken"))
        person.is_asked_for_another_name()
        bars.append(person.console._toolbar())  # noqa: SLF001  # what the prompt shows
        person.type("exit\r")
        assert peer.at_end()

    person.talk(part)
    assert bars == [f"waiting for your name  127.0.0.1:{server.port}"]


def test_the_toolbar_tells_of_a_loss(server: FakeServer, person: Person) -> None:
    """Once a connection is lost, it is not called a first try."""
    bars: list[str] = []

    def part() -> None:
        register(server).close()

    person.talk(part)
    bars.append(person.console._toolbar())  # noqa: SLF001  # what the prompt shows
    assert bars[0].startswith("not connected  [lobby]  dave@")


# Completion


def completions(text: str) -> list[str]:
    """Return what the Tab key offers to somebody in lobby and tea who has seen bob and bea."""
    view = View(lambda _text: None, Painter(colours=False))
    heard = [Said(said(number, sender=name)) for number, name in enumerate(("bea", "bob"), 1)]
    view.show([Registered("dave", "e1", ()), entered(), entered("tea"), *heard])
    offered = Words(view).get_completions(Document(text), CompleteEvent())
    return [text[: len(text) + each.start_position] + each.text for each in offered]


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("/jo", ["/join "]),
        ("/n", ["/name "]),
        ("/msg B", ["/msg bob ", "/msg bea "]),
        ("/leave t", ["/leave tea"]),
        ("/who l", ["/who lobby"]),
        ("/msg bob be", ["/msg bob bea"]),
        ("/help se", ["/help search"]),
        ("/me waves to bo", ["/me waves to bob"]),
        ("/frobnicate bo", ["/frobnicate bob"]),
        ("hello bo", ["hello bob"]),
        ("hello ", []),
        ("", []),
        ("/x", []),
    ],
)
def test_completion(text: str, offered: list[str]) -> None:
    """Commands at the beginning, rooms where a room belongs, names elsewhere; the latest first."""
    assert completions(text) == offered


# The first name


def typing(keys: str) -> tuple[str | None, str]:
    """Ask somebody for a name who types this; return it, and what was told meanwhile."""
    told: list[str] = []
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text(keys)
        return ask_name(new_prompt(), told.append), "".join(told)


def test_the_name_is_asked_for_until_there_is_one() -> None:
    """What is typed instead of one is no name, and why it is asked for again is told each time."""
    name, told = typing("\r  \r/help\rdave smith\r dave \r")
    assert name == "dave"
    assert told == (
        "!! a name has at least one letter; type one, or exit to leave\n" * 2
        + "!! commands come later; type a name first, for example dave, or exit to leave\n"
        + "!! names have no spaces: try dave-smith\n"
    )


@pytest.mark.parametrize("keys", ["\x03", "\x04", "exit\r", "/quit\r"])
def test_one_may_rather_not(keys: str) -> None:
    """Ctrl-C and Ctrl-D give no name, and no more does what leaves later."""
    assert typing(keys) == (None, "")


def test_a_secret_is_taken_as_it_is_typed() -> None:
    """With its spaces, and what begins like a command; it is not shown, and what comes after it is."""
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        prompt = new_prompt()
        pipe.send_text("/correct horse \r")
        assert ask_secret(prompt, "Password: ", lambda _: None) == "/correct horse "
        assert not prompt.is_password
        pipe.send_text("\r")
        assert ask_secret(prompt, "Password: ", lambda _: None) is None
        pipe.send_text("\x03")
        assert ask_secret(prompt, "Password: ", lambda _: None) is None


def test_a_command_is_no_other_name(server: FakeServer, person: Person) -> None:
    """After a refused name the same holds: nothing goes to the server until it is a name."""

    def part() -> None:
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        peer.send(ErrorFrame(code="name_taken", text="the name dave is taken"))
        person.is_asked_for_another_name()
        person.type("/help\r//dave\reve smith\reve\r")
        assert peer.receive(RegName).name == "eve"
        peer.send(welcome("eve"), entered(name="eve"))
        peer.receive(Who)
        person.type("\x04")
        peer.part()

    assert person.talk(part) is ExitStatus.LEFT
    assert person.screen.count("!! commands come later") == 2
    assert "!! names have no spaces: try eve-smith\n" in person.screen
