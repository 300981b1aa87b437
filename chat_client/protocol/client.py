"""The client's side of the protocol. Pure: messages in; events and answers out. No socket, no thread.

1. Every message said is kept, in order, until it is acknowledged or refused. After a loss of the
   connection all that is kept goes out again, in order, with the same refs; then what is new.
2. A resumed session makes that harmless: the server publishes a ref once. If the session is gone
   (`Registered.resumed` is false), a message whose acknowledgement was lost may show twice. It is sent
   nevertheless: twice is better than never, and `Registered.resent` lets the person know.
3. A message of a room is told once, whether it comes live, replayed or as an acknowledgement.
4. Rooms that were entered are entered again, until they are left.
"""

import secrets
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, ClassVar

import msgspec

from chat_client.errors import OfflineError
from chat_client.protocol.admission import Admission, check_protocol
from chat_client.protocol.credentials import NOTHING, Credentials
from chat_client.protocol.events import Changed, DirectSaid, Event, LeftOut, NotTaken, Registered, Said
from chat_client.protocol.membership import Membership
from chat_client.protocol.pending import Pending, check_length, is_to_oneself
from chat_client.protocol.positions import DIRECT, Positions
from chat_client.protocol.reading import Reading
from chat_protocol.messages import ClientMessage, Delete, Dm, Edit, Join, Msg, Ping, Pong, RegName
from chat_protocol.server_messages import (
    Ack,
    Bye,
    DeleteFrame,
    DmFrame,
    EditFrame,
    ErrorFrame,
    Joined,
    Left,
    Limits,
    MsgFrame,
    NameChanged,
    Notice,
    RegNameRequest,
    ServerMessage,
    Welcome,
)

#: For how many seconds to hold messages back when the server could not take one.
AGAIN_SECONDS = 2.0


class ClientProtocol:
    """What is known of the conversation with the server. Not thread-safe: a session guards it."""

    def __init__(self, name: str | None, room: str | None = None, credentials: Credentials = NOTHING) -> None:
        self.name = name
        self.reading = Reading()
        self._credentials = credentials
        # Whether the server has accounts, and whether we are one of them.
        self._has_accounts = self._is_account = False
        self.session: str | None = None
        self.epoch: str | None = None
        #: The server has asked for the name on this connection.
        self.asked = False
        #: WELCOME came, so `flush` is due.
        self.welcomed = False
        #: What is submitted may go out at once; set by `flush`.
        self.open = False
        #: When `flush` is due because messages are held back; none while nothing is.
        self.again_at: float | None = None
        self.reconnect_after: float | None = None
        self.bye: Bye | None = None
        self.admission = Admission()
        self.pending = Pending()
        self.limits: Limits | None = None
        self._positions = Positions()
        self._membership = Membership(room)
        self._queue: list[ClientMessage] = []
        prefix = secrets.token_hex(4)
        self._refs = (f"{prefix}-{number}" for number in count(1))
        # What `receive` is about to return, and when it was called.
        self._events: list[Event] = []
        self._answers: list[ClientMessage] = []
        self._now = 0.0

    @property
    def rooms(self) -> tuple[str, ...]:
        """The rooms one is in, or will be in once connected, in the order of entering."""
        return self._membership.rooms

    # What goes out

    def submit(self, message: ClientMessage) -> list[ClientMessage]:
        """Take what the user wants sent; return what of it is to be sent now.

        MSG and DM are kept until they are acknowledged, and a JOIN until it is answered, so they
        may be submitted at any time. Raises `NotSentError`: too long, too many waiting, a ref in use,
        or anything else while not connected.
        """
        message = self._complete(message)
        self._check_length(message)
        said = isinstance(message, Msg | Dm)
        if isinstance(message, Msg | Dm):
            self.pending.add(message.ref or "", message)
            if isinstance(message, Msg):
                self._membership.use(message.room or "")
        elif isinstance(message, Join):
            self._membership.ask(message.ref or "", message.room)
        elif isinstance(message, Edit | Delete) and self.open:
            self.pending.note_change(message)
        elif not self.open:
            raise OfflineError("not connected at the moment; try that again when the connection is back")
        held = not self.open or (said and self.again_at is not None)
        return [] if held else [message]

    def take_name(self, name: str) -> list[ClientMessage]:
        """Take another name after a refused one; return what is to be sent now."""
        self.name = name
        return [self._introduction()] if self.asked and not self.open else []

    def flush(self) -> list[ClientMessage]:
        """Return all that waits, in order; from here on `submit` lets messages go at once."""
        queue, self._queue = self._queue, []
        self.welcomed = False
        self.open = True
        self.again_at = None
        return [*queue, *self.pending.messages()]

    def _complete(self, message: ClientMessage) -> ClientMessage:
        """Add the ref, and the room, which must stay the same when the message goes out again."""
        if not isinstance(message, RegName | Pong) and message.ref is None:
            message = msgspec.structs.replace(message, ref=next(self._refs))
        if isinstance(message, Msg | Edit | Delete) and message.room is None and self.rooms:
            message = msgspec.structs.replace(message, room=self.rooms[-1])
        return message

    def _check_length(self, message: ClientMessage) -> None:
        if self.limits is not None:
            check_length(message, self.limits.line_bytes)

    def _introduction(self) -> RegName:
        rooms = {DIRECT, *(self._foremost() if self.admission.names_rooms else ())}
        known = self._positions.after() if self.session else {}
        after = {room: number for room, number in known.items() if room in rooms}
        return self._credentials.added_to(
            RegName(name=self.name or "", session=self.session, after=after or None, epoch=self.epoch)
        )

    def _foremost(self) -> list[str]:
        """Return the rooms to be in, as many as this server allows."""
        number = self.limits.rooms_per_user if self.limits else len(self.rooms)
        return self._membership.foremost(number, self.pending.waits_in)

    # The life of a connection

    def connecting(self) -> None:
        """Note that a new connection is about to be made: how the last one ended matters no more."""
        self.reconnect_after = self.bye = None
        self.admission.connecting()

    def disconnected(self) -> None:
        """Note that the connection is gone."""
        self.asked = self.open = self.welcomed = False
        self.again_at = None
        self._queue.clear()
        self._membership.disconnected()
        self.reading.disconnected()
        self.pending.disconnected()

    # What comes in

    def receive(self, messages: Iterable[object], now: float) -> tuple[list[Event], list[ClientMessage]]:
        """Take what came, in order; return what happened, and what is to be sent in answer.

        What is no message of this protocol is passed over: a newer server may say more.
        Raises `IncompatibleError`.
        """
        self._events, self._answers, self._now = [], [], now
        for message in messages:
            if self.open or self.welcomed or not self.admission.is_early(message):
                self._take(message)
        return self._events, self._answers

    def _take(self, message: object) -> None:
        handler = self._handlers.get(type(message))
        if handler is not None:
            handler(self, message)
        elif isinstance(message, ServerMessage):
            self._events.append(message)

    def _on_request(self, request: RegNameRequest) -> None:
        check_protocol(request.protocol)
        self.limits = request.limits
        self._has_accounts = request.access == "accounts"
        self._events += self.pending.drop_overlong(request.limits.line_bytes)
        self.asked = True
        if self.name is not None:
            self._answers.append(self._introduction())

    def _on_welcome(self, welcome: Welcome) -> None:
        again = self.session is not None
        new_record = self.epoch not in {None, welcome.epoch}
        self._positions.begin(new_record=new_record, direct_anew=not (welcome.resumed or welcome.account))
        self._is_account = welcome.account
        self._credentials = self._credentials.used()
        self.name, self.session, self.epoch = welcome.name, welcome.session, welcome.epoch
        self.welcomed = True
        left_out = self._enter_rooms(welcome.rooms, again=again)
        self._events.append(
            Registered(
                welcome.name,
                welcome.epoch,
                tuple(welcome.rooms),
                again=again,
                resumed=bool(welcome.resumed),
                resent=len(self.pending),
                new_record=new_record,
                account=welcome.account,
                marks_guests=self._has_accounts,
            )
        )
        self._events += left_out
        for message in self.admission.welcomed():
            self._take(message)

    def _enter_rooms(self, present: list[str], *, again: bool) -> list[LeftOut]:
        """Have what is missing joined, and left what is not wanted; return what is given up."""
        messages, given_up = self._membership.reenter(
            present,
            self._foremost(),
            self._positions.after(),
            self._refs,
            again=again and not self._is_account,
        )
        self._queue += messages
        for room in given_up:
            self._positions.forget(room)
        text = f"the server lets you be in {self.limits and self.limits.rooms_per_user} rooms now"
        return [LeftOut(tuple(given_up), text)] if given_up else []

    def _on_joined(self, joined: Joined) -> None:
        self._events.append(joined)
        if joined.last is not None:
            self._membership.entered(joined, joined.last)
            self._events += self._positions.enter(joined.room, joined.last, joined.first)

    def _on_left(self, left: Left) -> None:
        self._events.append(left)
        if left.name == self.name:
            self._membership.left(left.room)
            self._positions.forget(left.room)

    def _on_name(self, changed: NameChanged) -> None:
        if changed.old == self.name:
            self.name = changed.name
        self._events.append(changed)

    def _on_msg(self, frame: MsgFrame) -> None:
        said = Said(frame, replayed=self._membership.is_replay(frame))
        self._tell_once(said, frame.room, sure=not self.pending.waits_in(frame.room))

    def _on_dm(self, frame: DmFrame) -> None:
        own = frame.sender == self.name and (self._is_account or is_to_oneself(frame))
        self._tell_once(DirectSaid(frame, own=own), DIRECT, sure=not self.pending.waits_alone)

    def _on_change(self, frame: EditFrame | DeleteFrame) -> None:
        self._tell_once(Changed(frame), frame.room, sure=not self.pending.waits_in(frame.room))

    def _tell_once(self, said: Said | Changed | DirectSaid, room: str, *, sure: bool) -> None:
        new, gaps = self._positions.take(room, said.message.id, sure=sure)
        self._events += gaps
        if new:
            self._events.append(said)

    def _on_ack(self, ack: Ack) -> None:
        self._events.append(ack)
        said = self.pending.acknowledged(ack, self.name or "", is_account=self._is_account)
        if isinstance(said, Said | Changed):
            self._tell_once(said, said.message.room, sure=False)
        elif said is not None and (self._is_account or is_to_oneself(said.message)):
            self._tell_once(said, DIRECT, sure=False)
        elif said is not None:  # its id is the receiver's, and says nothing of what came here
            self._events.append(said)

    def _on_error(self, error: ErrorFrame) -> None:
        self.pending.settle_change(error.ref)
        if not (self.open or self.welcomed):
            self._on_turned_away(error)
        elif (message := self.pending.get(error.ref)) is not None:
            self._on_not_taken(message, error)
        elif (room := self._membership.refused(error.ref)) is not None:
            self._positions.forget(room)
            self._events.append(LeftOut((room,), error.text))
        elif error.ref is not None or error.code != "limit_reached":  # that is told as `LeftOut`
            self._events.append(error)

    def _on_turned_away(self, error: ErrorFrame) -> None:
        self.reconnect_after = error.retry_after
        refused = self.admission.refused(error, self.name or "", back=self.session is not None)
        if refused is not None:
            self._events.append(refused)
            self.name = None

    def told(self, now: float) -> None:
        """Note that everything that `receive` returned so far was shown or saved."""
        if self._is_account:
            self.reading.told(self._positions.after(), now)

    def _on_not_taken(self, message: Msg | Dm, error: ErrorFrame) -> None:
        again = error.code == "unavailable"
        if again:
            self.again_at = self._now + AGAIN_SECONDS
        else:
            self.pending.settle(error.ref)
        self._events.append(NotTaken(message, error, again=again))

    def _on_ping(self, ping: Ping) -> None:
        self._answers.append(Pong(ref=ping.ref))

    def _on_pong(self, pong: Pong) -> None:
        if pong.ref is not None:  # the answer to a question of the user's
            self._events.append(pong)

    def _on_notice(self, notice: Notice) -> None:
        if notice.reconnect_after is not None:
            self.reconnect_after = notice.reconnect_after
        self._events.append(notice)

    def _on_bye(self, bye: Bye) -> None:
        self.bye = bye
        if bye.retry_after is not None:
            self.reconnect_after = bye.retry_after
        self._events.append(bye)

    _handlers: ClassVar[dict[type, Callable[["ClientProtocol", Any], None]]] = {
        RegNameRequest: _on_request,
        Welcome: _on_welcome,
        Joined: _on_joined,
        Left: _on_left,
        NameChanged: _on_name,
        MsgFrame: _on_msg,
        EditFrame: _on_change,
        DeleteFrame: _on_change,
        DmFrame: _on_dm,
        Ack: _on_ack,
        ErrorFrame: _on_error,
        Ping: _on_ping,
        Pong: _on_pong,
        Notice: _on_notice,
        Bye: _on_bye,
    }
