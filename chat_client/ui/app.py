"""What console, lines, scripts and pipes have in common: a session, a view, a file, an exit status."""

import abc
import enum
import shutil
import signal
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import FrameType

from chat_client.connection.connection import connect
from chat_client.connection.session import Session
from chat_client.protocol.backoff import Backoff
from chat_client.protocol.client import ClientProtocol
from chat_client.protocol.credentials import NOTHING, Credentials
from chat_client.protocol.events import Cause, Ended, Event, NotTaken
from chat_client.sanitize import visible
from chat_client.signals import handled
from chat_client.terms import plain, reason
from chat_client.transcript import Transcript
from chat_client.ui.commands import Interpreter
from chat_client.ui.output import Output
from chat_client.ui.paint import Painter
from chat_client.ui.pulse import Pulse
from chat_client.ui.view import View
from chat_client.waker import Waker
from chat_protocol.server_messages import Bye, ErrorFrame, Joined

#: How many messages may be unacknowledged before a program's next line is taken.
IN_FLIGHT_MESSAGES = 500
#: How long, in seconds, an answer to a JOIN is waited for before the next line is taken.
JOIN_SECONDS = 10.0
#: How often, in seconds, the client looks at its end whether it is to wait for a slow reader still.
LOOK_SECONDS = 1.0
#: Signals within so many seconds are one: some senders reach a process twice, by itself and by its group.
MOMENT_SECONDS = 0.5


UNVERIFIED = "the server's certificate is not checked: anybody in between can read along, and write as you"


def columns() -> int:
    """Return how wide the terminal is now; 80 if there is none."""
    return shutil.get_terminal_size().columns


class ExitStatus(enum.IntEnum):
    """What the client's exit status says."""

    LEFT = 0
    LOST = 1
    USAGE = 2
    NAME_REFUSED = 3
    NOT_ALL_SENT = 4
    NOT_ALL_SAVED = 5
    NOT_LET_IN = 6


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for. Times are in seconds; `verified` is whether certificates are checked."""

    host: str
    port: int
    name: str
    tls: ssl.SSLContext | None = None
    verified: bool = True
    room: str | None = None
    file: str | None = None
    pulse: str | None = None
    wait: float = 0.0
    retry: float = 600.0
    duration: float | None = None
    colours: bool = False
    credentials: Credentials = NOTHING


class App(abc.ABC):
    """Runs a session and shows it. A subclass says where lines come from.

    `on_events` runs in the listener's thread, everything else in the one that called `run`.
    """

    #: Whether there is a person, who can be asked for another name and sees what was refused.
    interactive = False

    def __init__(self, options: Options, out: Output, problems: Output) -> None:
        """Open what there is to open. Raises `TranscriptError`."""
        self.options = options
        self._out = out
        self._problems = problems
        self.waker = Waker()
        self.view = View(self.write, Painter(colours=options.colours), columns)
        self._transcript = Transcript(options.file, self.report) if options.file else None
        pulse = Pulse(options.pulse, self.report) if options.pulse is not None else None
        #: What is done with events, in this order.
        self._steps: list[Callable[[Sequence[Event]], None]] = [
            *([self._transcript.save] if self._transcript else []),
            *([pulse.beat] if pulse else []),
            self.show,
            self._note_all,
        ]
        self.session = Session(
            ClientProtocol(options.name, options.room, options.credentials),
            partial(connect, options.host, options.port, options.tls),
            self.on_events,
            Backoff(options.wait, options.retry),
            asks_name=self.interactive,
        )
        self.interpreter = Interpreter(self.session, self.view)
        self.interpreter.joining = options.room
        self.ended: Ended | None = None
        self._in_room = options.room is None
        self._said_goodbye = False
        self._stopped = False
        self._unsent = False
        self._has_failed = False
        self._interrupted: float | None = None

    def run(self) -> ExitStatus:
        """Hold the conversation until it ends."""
        with self._stoppable():
            if not self.options.verified:
                self.report(UNVERIFIED)
            self.session.start()
            try:
                self.converse()
                return self._finish()
            finally:
                self.session.close()

    @abc.abstractmethod
    def converse(self) -> None:
        """Take lines, from wherever they come, until there are no more or it is `over`."""

    @property
    def over(self) -> bool:
        """Whether it is time to leave, or there is nothing left to leave."""
        return self._stopped or self.ended is not None

    @property
    def ready(self) -> bool:
        """Whether what is said now goes where it should: no room is about to be entered."""
        entered = self.view.room is not None and self.interpreter.joining is None
        return entered and self.session.status().registered

    def stop(self) -> None:
        """Leave soon. Any thread may call this, and signal handlers."""
        self._stopped = True
        self._out.hurry()
        self._problems.hurry()
        self.wake()

    def wake(self) -> None:
        """Have the thread that waits look again."""
        self.waker.wake()

    def write(self, text: str) -> None:
        """Write lines for the user; when nobody can read them any more, leave."""
        self._out.write(text)
        if self._out.failure is not None:
            self.stop()

    def report(self, text: str) -> None:
        """Tell the user what went wrong on our side."""
        self.view.problem(text)

    def on_events(self, events: Sequence[Event]) -> None:
        """Save and show what happened, and note what of it matters here."""
        for step in self._steps:
            try:
                step(events)
            except Exception as fault:  # noqa: BLE001  # it costs this step alone, and the chat goes on
                self.complain(f"the client failed, so something was not shown or saved: {fault!r}")
                self._has_failed = True
        self.wake()

    def show(self, events: Sequence[Event]) -> None:
        """Show what happened."""
        self.view.show(events)

    def _note_all(self, events: Sequence[Event]) -> None:
        for event in events:
            self.note(event)

    def note(self, event: Event) -> None:
        """Remember what matters later."""
        if isinstance(event, Ended):
            self.ended = event
        elif isinstance(event, NotTaken):
            self.interpreter.refused += not event.again
        elif isinstance(event, Bye):
            self._said_goodbye = event.reason == "exit"
        elif isinstance(event, ErrorFrame):
            self._on_error()
        elif isinstance(event, Joined) and event.ref is not None:
            self._in_room = True
            self.interpreter.joining = None

    def _on_error(self) -> None:
        self.interpreter.refused += 1
        if self.interpreter.joining is not None and not self._in_room and not self.interactive:
            self.stop()  # what was meant for the room that --room names must not be said in the lobby
        self.interpreter.joining = None

    def wait_until(self, done: Callable[[], bool], timeout: float | None = None) -> None:
        """Wait until something is so, or it is `over`, or the time in seconds is up."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not (self.over or done()):
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            self.waker.wait(left)

    def wait_until_taken(self) -> None:
        """Wait until the next line may be sent: rooms are entered, and not too much is under way."""
        status = self.session.status
        self.wait_until(lambda: self.interpreter.joining is None or not status().held)
        self.wait_until(lambda: self.interpreter.joining is None, JOIN_SECONDS)
        self.wait_until(lambda: max(status().pending, status().held) < IN_FLIGHT_MESSAGES)

    def wait_until_delivered(self) -> None:
        """Wait until all that was said is acknowledged, each as long as it is worth trying to reconnect."""
        while not self.over and (pending := self.session.status().pending):
            self.wait_until(lambda: self.session.status().pending < pending, self.options.retry)
            if self.session.status().pending >= pending:
                return

    def _finish(self) -> ExitStatus:
        if self.interactive and (pending := self.session.status().pending) and not self.ended:
            self.view.tell(f"waiting until the server has what was said, messages: {pending}")
        undelivered = len(self.session.leave(self.interpreter.parting))
        while not (self.session.has_told_all(LOOK_SECONDS) or self._stopped):
            pass  # a slow reader still gets what has come
        status = self._status()
        registered = self.session.status().registered
        if self.interactive and registered and status is ExitStatus.LEFT and not self._said_goodbye:
            self.view.tell("you left the chat; the server could not be told")
        if undelivered:
            self.complain(f"messages that were not delivered: {undelivered}")
            status = status or ExitStatus.NOT_ALL_SENT
        return status if self._is_all_saved() else status or ExitStatus.NOT_ALL_SAVED

    def _is_all_saved(self) -> bool:
        """Close the file and look back at the output; complain of what is in neither."""
        unsaved = self._transcript.close() if self._transcript else 0
        if unsaved:
            self.complain(f"lines that could not be saved to {self.options.file}: {unsaved}")
        if (loss := self._out.loss) is not None:
            self.complain(f"cannot write to standard output: {reason(loss)}")
        return not (unsaved or self._has_failed) and loss is None

    def _status(self) -> ExitStatus:
        if self.ended is None or self.ended.cause is Cause.LEFT:
            unsent = self._unsent or (self.interpreter.refused and not self.interactive)
            return ExitStatus.NOT_ALL_SENT if unsent else ExitStatus.LEFT
        why = plain(self.ended.text)
        if self.ended.cause is Cause.REFUSED:
            self.complain(f"{why} (--name)")
            return ExitStatus.NAME_REFUSED
        if self.ended.cause is Cause.UNPROVED:
            self.complain(why if self.interactive else f"{why} (--help tells how to give it)")
            return ExitStatus.NOT_LET_IN
        if self.ended.cause is Cause.INCOMPATIBLE:
            self.complain(why)
        elif self.session.status().registered:
            self.complain(f"the connection is lost: {why}")
        else:
            self.complain(f"{why}; start a server with chat-server, or see --host and --port")
        return ExitStatus.LOST

    def complain(self, text: str) -> None:
        """Say on standard error what went wrong."""
        self._problems.write(f"chat-client: {visible(text)}\n")

    def fail_to_send(self, text: str) -> None:
        """Say that something was not sent; the exit status will say so, too."""
        self.complain(text)
        self._unsent = True

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Have signals and the end of the duration stop the conversation."""
        timer = threading.Timer(self.options.duration or 0.0, self.stop)
        timer.daemon = True  # it only wakes others
        if self.options.duration is not None:
            timer.start()
        try:
            with handled(self._on_signal), self.waker.woken_by_signals():
                yield
        finally:
            timer.cancel()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Stop. Anyone who sends another signal after a moment does not want to wait for that.

        SIGHUP is no impatience: kernel and shell each send one when a terminal goes away.
        """
        now = time.monotonic()
        if (
            number != signal.SIGHUP
            and self._interrupted is not None
            and now - self._interrupted > MOMENT_SECONDS
        ):
            raise KeyboardInterrupt
        self._interrupted = self._interrupted or now
        self.stop()
