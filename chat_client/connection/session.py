"""A conversation with the server that survives the loss of its connection.

One thread, `listener`, connects, receives, and connects again; what is sent goes out from the
caller's thread. Events go to a callback, in the listener's thread and with no lock held.
"""

import threading
import time
from collections.abc import Callable, Sequence

from chat_client.connection.connection import Connection
from chat_client.connection.guarded import GuardedProtocol, Status
from chat_client.errors import ConnectionLostError, IncompatibleError
from chat_client.protocol.backoff import Backoff
from chat_client.protocol.client import ClientProtocol
from chat_client.protocol.events import Cause, Ended, Event, Lost, NameRefused, Registered
from chat_client.protocol.liveness import Liveness
from chat_client.terms import farewell
from chat_protocol.base import Message
from chat_protocol.messages import ClientMessage, Dm, Msg

#: How long, in seconds, `leave` waits for each next acknowledgement, and then for the server's BYE.
LEAVE_SECONDS = 5.0
#: How long, in seconds, it waits for all of them: a server may take only so many messages a second.
DELIVER_SECONDS = 60.0
#: How long, in seconds, `close` waits for the listener, which ends at once unless it is just connecting.
CLOSE_SECONDS = 2.0
#: The reason of the BYE after which somebody else has this session.
REPLACED = "session_replaced"
#: Those after which nobody should come back by themselves.
UNWANTED = frozenset(("kicked", "banned", "address_banned"))


class _EndedError(Exception):
    """The session is over."""

    def __init__(self, cause: Cause, text: str) -> None:
        super().__init__(text)
        self.ended = Ended(cause, text)


class _RefusedError(Exception):
    """The connection is given up because the name was refused."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


class Session:
    """One name in one chat, from `start` until `leave` or an `Ended` event.

    With `asks_name` a refused name is answered by `take_name`; without, a taken name is tried again
    as a lost connection is, and a wrong one ends the session.
    """

    def __init__(  # noqa: PLR0913  # each is a thing of its own
        self,
        protocol: ClientProtocol,
        connect: Callable[[], Connection],
        on_events: Callable[[Sequence[Event]], None],
        backoff: Backoff,
        *,
        asks_name: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._protocol = GuardedProtocol(protocol, clock)
        self._connect = connect
        self._on_events = on_events
        self._backoff = backoff
        self._asks_name = asks_name
        self._clock = clock
        #: The name was refused on this connection, and a person is asked for another; the listener's own.
        self._asking = False
        #: Nothing is received: a connection is being made, which takes its time and cannot be woken.
        self._connecting = False
        # Guarded by the protocol's `changed`.
        self._closed = False
        self._ended = False
        self._thread = threading.Thread(
            target=self._run,
            name="listener",
            daemon=True,  # a name look-up or connect under way cannot be woken, and must not hold up the exit
        )

    def start(self) -> None:
        """Connect and listen, in a thread."""
        self._thread.start()

    def send(self, message: ClientMessage) -> None:
        """Send a message; MSG, DM and JOIN wait for the connection if there is none.

        Raises `NotSentError`.
        """
        self._protocol.send(message)

    def take_name(self, name: str) -> None:
        """Try another name after `NameRefused`."""
        self._protocol.take_name(name)

    def status(self) -> Status:
        """Return how things stand."""
        return self._protocol.status()

    def wait_for_pending(self, at_most: int, timeout: float | None = None) -> bool:
        """Wait until at most so many messages are unacknowledged; false if it is over before that."""
        return self._wait(lambda: len(self._protocol.pending()) <= at_most, timeout)

    def leave(self, parting: str = "", timeout: float = LEAVE_SECONDS) -> list[Msg | Dm]:
        """Leave properly: wait for acknowledgements, say EXIT and why, wait for BYE.

        Returns what is left once nothing was acknowledged for `timeout` seconds, or after `DELIVER_SECONDS`.
        """
        try:
            if self._is_delivered(timeout):
                self._protocol.say_exit(parting)
                self._wait(lambda: not self._protocol.status().connected, timeout)
        finally:
            self.close()
        return self._protocol.pending()

    def _is_delivered(self, timeout: float) -> bool:
        """Wait until all is acknowledged; false if it is not."""
        deadline = self._clock() + DELIVER_SECONDS
        while pending := len(self._protocol.pending()):
            if not self.wait_for_pending(pending - 1, min(timeout, deadline - self._clock())):
                return False
        return True

    def close(self) -> None:
        """End the session without a word."""
        with self._protocol.changed:
            self._closed = True
        self._protocol.shut()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_SECONDS)

    def has_told_all(self, timeout: float) -> bool:
        """Wait until all that was received is told; false if it was not within so many seconds."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return self._connecting or not self._thread.is_alive()

    def _wait(self, done: Callable[[], bool], timeout: float | None) -> bool:
        with self._protocol.changed:
            self._protocol.changed.wait_for(lambda: self._ended or done(), timeout)
            return done()

    @property
    def _over(self) -> bool:
        return self._closed or self._protocol.leaving

    # The listener's thread

    def _run(self) -> None:
        ended = Ended(Cause.LOST, "the client failed")
        try:
            while True:
                self._visit()
        except _EndedError as end:
            ended = end.ended
        finally:
            with self._protocol.changed:
                self._ended = True
                self._protocol.changed.notify_all()
            self._on_events([ended])

    def _visit(self) -> None:
        """Make one connection, listen until it is lost, wait until it is time for the next."""
        cause = Cause.LOST
        self._protocol.connecting()
        try:
            self._listen(self._new_link())
        except _RefusedError as refused:
            self._protocol.take_name(refused.name)
            cause, reason = Cause.REFUSED, str(refused)
        except IncompatibleError as error:
            raise _EndedError(Cause.INCOMPATIBLE, str(error)) from None
        except ConnectionLostError as lost:
            reason = str(lost)
        except _EndedError:
            raise
        except Exception as fault:  # noqa: BLE001  # whatever it is costs this connection alone
            reason = f"the client failed: {type(fault).__name__}: {fault}"
        self._check_end()
        if self._asking:
            # A server waits only so long for a person to find a name: its end is no loss.
            self._asking = False
            self._pause(lambda: not self._protocol.nameless, None)
        else:
            self._wait_for_next_try(cause, reason)

    def _new_link(self) -> Connection:
        self._connecting = True
        try:
            return self._connect()
        finally:
            self._connecting = False

    def _listen(self, connection: Connection) -> None:
        self._protocol.attach(connection)
        try:
            self._check_end()
            liveness = Liveness(self._clock())
            while True:
                received = connection.receive(self._deadline(liveness) - self._clock())
                if received is None:
                    self._on_silence(liveness)
                else:
                    liveness.heard(self._clock())
                    self._take(received)
                    self._check_admission(liveness)
        finally:
            connection.shut()  # whoever is stuck in sending over it lets go
            self._protocol.detach()
            connection.close()

    def _deadline(self, liveness: Liveness) -> float:
        due = [at for at in (self._protocol.again_at, self._protocol.read_at) if at is not None]
        return min([liveness.deadline, *due])

    def _on_silence(self, liveness: Liveness) -> None:
        now = self._clock()
        self._protocol.answer([], now)
        if now < liveness.deadline:
            return
        if not liveness.ask(now):
            raise ConnectionLostError("the server does not answer")
        self._protocol.ping()

    def _check_admission(self, liveness: Liveness) -> None:
        now = self._clock()
        if self._protocol.status().connected or self._protocol.nameless:
            liveness.waits_for_no_admission(now)
        elif liveness.is_kept_waiting(now):
            raise ConnectionLostError("the server does not let anybody in")

    def _take(self, received: list[object]) -> None:
        now = self._clock()
        events, answers = self._protocol.receive(received, now)
        if not self._protocol.asked and not all(isinstance(each, Message) for each in received):
            raise IncompatibleError("what answers there is no chat server; see --host and --port")
        if any(isinstance(event, Registered) for event in events):
            self._asking = False
            self._backoff.registered(now)
        self._protocol.answer(answers, now)
        if events:
            self._on_events(events)
            self._protocol.told(now)
        admission = self._protocol.admission
        if admission.turned_away is not None:
            if admission.for_good:
                cause = Cause.UNPROVED if admission.unproved else Cause.LOST
                raise _EndedError(cause, admission.turned_away)
            raise ConnectionLostError(admission.turned_away)
        for event in events:
            if isinstance(event, NameRefused):
                self._on_refused(event)

    def _on_refused(self, refused: NameRefused) -> None:
        if self._asks_name:
            self._asking = True
            return
        text = f"the name {refused.name} was refused: {refused.text}"
        if refused.code != "name_taken":
            raise _EndedError(Cause.REFUSED, text)
        raise _RefusedError(refused.name, text)

    def _check_end(self) -> None:
        bye, _ = self._protocol.farewell
        if bye is not None and bye.reason == REPLACED:
            raise _EndedError(Cause.LOST, "this session goes on in another window or on another machine")
        if bye is not None and bye.reason in UNWANTED:
            raise _EndedError(Cause.LOST, farewell(bye.reason, bye.text))
        if self._over:
            raise _EndedError(Cause.LEFT, bye.text if bye is not None else "")

    def _wait_for_next_try(self, cause: Cause, reason: str) -> None:
        bye, hint = self._protocol.farewell
        reason = (bye and bye.text) or reason
        delay = self._backoff.lost(self._clock(), hint)
        if delay is None:
            raise _EndedError(cause, reason)
        self._on_events([Lost(reason, delay, self._backoff.failures)])
        self._pause(lambda: False, delay)

    def _pause(self, done: Callable[[], bool], timeout: float | None) -> None:
        with self._protocol.changed:
            self._protocol.changed.wait_for(lambda: self._over or done(), timeout)
        self._check_end()
