"""The client in a terminal: the line being typed stays whole, whatever is printed meanwhile."""

import asyncio
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import FrameType

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.patch_stdout import patch_stdout

from chat_client.errors import OfflineError, UsageError
from chat_client.protocol.events import Event, Lost, NameRefused, Registered
from chat_client.sanitize import visible
from chat_client.signals import handled
from chat_client.ui.app import App, Options
from chat_client.ui.commands import COMMANDS
from chat_client.ui.naming import typed_name
from chat_client.ui.output import Output
from chat_client.ui.screen import Printer, Screen
from chat_client.ui.toolbar import ConnectionState, Standing, address, shortened
from chat_client.ui.view import View
from chat_protocol.messages import Who
from chat_protocol.server_messages import Joined

#: In a room of up to so many the client asks who is there, so that Tab completes their names.
SMALL_ROOM_MEMBERS = 50
#: Which part of the terminal's width the room before the line being typed takes at most: a third.
ROOM_SHARE = 3


class Words(Completer):
    """Completes commands, rooms and names, at the Tab key."""

    def __init__(self, view: View) -> None:
        self._view = view

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Return what the word before the cursor may become."""
        del complete_event
        before = document.text_before_cursor
        word = before.rpartition(" ")[2]
        for candidate in self._candidates(before) if word else ():
            if candidate.casefold().startswith(word.casefold()):
                yield Completion(candidate, -len(word), display=visible(candidate.strip()))

    def _candidates(self, before: str) -> Iterable[str]:
        if before.startswith("/") and " " not in before:
            return (f"/{name} " for name in COMMANDS)
        command, _, rest = before[1:].partition(" ")
        argument = COMMANDS[command].argument if before[:1] == "/" and command in COMMANDS else ""
        if argument == "NAME" and " " not in rest:
            return (f"{name} " for name in self._view.names)
        if argument == "COMMAND":
            return COMMANDS
        return self._view.rooms if argument == "ROOM" else self._view.names


class Console(App):
    """Takes lines from a terminal, and prints above the line being typed."""

    interactive = True

    def __init__(
        self, options: Options, prompt: "PromptSession[str]", screen: Screen, problems: Output
    ) -> None:
        self._printer = Printer(prompt.output)
        super().__init__(options, screen.out, problems)
        self._prompt = prompt
        self._screen = screen
        screen.on_gone = self.stop
        self.view.columns = self._columns
        self.view.fits = True
        self._prompt.completer = Words(self.view)
        self._loop: asyncio.AbstractEventLoop | None = None
        #: The rooms of which it was asked who is there; the listener's own.
        self._asked: set[str] = set()
        self._needs_name = False
        self._connection_state = ConnectionState.CONNECTING

    def converse(self) -> None:
        """Take lines until `exit`, Ctrl-D, Ctrl-C or a stop."""
        asyncio.run(self._converse())

    def write(self, text: str) -> None:
        """Print lines above the one being typed."""
        self._printer.write(text)

    def _columns(self) -> int:
        return self._prompt.output.get_size().columns

    def wake(self) -> None:
        """Have the screen show how things stand, and the prompt end when it is over."""
        super().wake()
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._refresh)

    def note(self, event: Event) -> None:
        """Remember what matters later."""
        super().note(event)
        if isinstance(event, NameRefused):
            self._needs_name = True
            self._connection_state = ConnectionState.NAMELESS
        elif isinstance(event, Lost):
            self._connection_state = ConnectionState.DOWN
        elif isinstance(event, Registered):
            self._needs_name = False
            self._connection_state = ConnectionState.DOWN  # as soon as it is not up
        elif (
            isinstance(event, Joined)
            and event.last is not None
            and (event.members or 0) <= SMALL_ROOM_MEMBERS
        ):
            self._ask_who_is_there(event.room)

    def _ask_who_is_there(self, room: str) -> None:
        """Ask once for each room, not after each loss of the connection."""
        if room not in self._asked:
            self._asked.add(room)
            with suppress(OfflineError):  # the connection may be lost again already
                self.session.send(Who(room=room))

    async def _converse(self) -> None:
        self._loop = asyncio.get_running_loop()
        with self._prompt.input.raw_mode(), patch_stdout(raw=True), self._printer.above_prompt():
            while not self.over:
                try:
                    line = await self._prompt.prompt_async(
                        self._message,
                        bottom_toolbar=self._toolbar,
                        pre_run=self._refresh,
                        set_exception_handler=False,  # its own waits for the Enter key after a fault
                    )
                except (EOFError, KeyboardInterrupt):
                    return
                if not self._take(line):
                    return

    def _take(self, line: str) -> bool:
        if not self._needs_name:
            return self.interpreter.take(line)
        try:
            name = typed_name(line)
        except UsageError as error:
            self.view.problem(str(error))
            return True
        if name is not None:
            self.session.take_name(name)
        return name is not None

    def _refresh(self) -> None:
        if self.over:
            _end(self._prompt)
        self._prompt.app.invalidate()

    def _message(self) -> str:
        if self._needs_name:
            return "another name: "
        return f"{shortened(self._shown(self.view.room or ''), self._columns() // ROOM_SHARE)}> "

    def _toolbar(self) -> str:
        status, room = self.session.status(), self.view.room
        standing = Standing(
            connection=ConnectionState.UP if status.connected else self._connection_state,
            pending=status.pending,
            room=room and self._shown(room),
            name=status.name and self._shown(status.name),
            server=self._shown(address(self.options.host, self.options.port)),
            verified=self.options.verified,
            rooms=tuple(self._shown(each) for each in self.view.rooms if each != room),
        )
        return standing.shown(self._columns())

    def _shown(self, text: str) -> str:
        return self._screen.spelt(visible(text))


def ask_name(prompt: "PromptSession[str]", tell: Callable[[str], object]) -> str | None:
    """Ask the person for a name; return none if they would rather not, or a signal comes.

    `tell` is called with a line that says why it asks again.
    """
    return _ask(prompt, "Your name: ", typed_name, tell)


def ask_secret(prompt: "PromptSession[str]", question: str, tell: Callable[[str], object]) -> str | None:
    """Ask the person for what nobody else may see; none if they would rather not, or a signal comes."""
    prompt.is_password = True
    try:
        return _ask(prompt, question, lambda line: line or None, tell)
    finally:
        prompt.is_password = False


def _ask(
    prompt: "PromptSession[str]",
    question: str,
    parse: Callable[[str], str | None],
    tell: Callable[[str], object],
) -> str | None:
    stopped = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True
        if prompt.app.loop is not None:
            prompt.app.loop.call_soon_threadsafe(look)

    def look() -> None:
        if stopped:
            _end(prompt)

    with handled(stop):
        while not stopped:
            try:
                return parse(prompt.prompt(question, pre_run=look))
            except (EOFError, KeyboardInterrupt):
                return None
            except UsageError as error:
                tell(f"!! {visible(str(error))}\n")
    return None


def _end(prompt: "PromptSession[str]") -> None:
    """End a prompt as Ctrl-D does. An exception out of a signal handler could strike anywhere in it."""
    if prompt.app.is_running and not prompt.app.is_done:
        prompt.app.exit(exception=EOFError())


def new_prompt(
    keyboard: Input | None = None, screen: Screen | None = None, *, colours: bool = True
) -> "PromptSession[str]":
    """Return a prompt whose line goes once it is entered: what is said shows when it is acknowledged."""
    output = Vt100_Output.from_pty(screen, os.environ.get("TERM")) if screen else None  # type: ignore[arg-type]  # it writes only
    depth = output.get_default_color_depth() if output else None  # asked itself, it would obey NO_COLOR
    return PromptSession(
        input=keyboard,
        output=output,
        color_depth=depth if colours else ColorDepth.DEPTH_1_BIT,
        erase_when_done=True,
        complete_while_typing=False,
        key_bindings=_bindings(),
    )


def _bindings() -> KeyBindings:
    """Return what keys do here that would else type a control character: nothing."""
    bindings = KeyBindings()

    @bindings.add("c-z")
    @bindings.add("c-q")
    def _(_event: KeyPressEvent) -> None:
        pass

    return bindings
