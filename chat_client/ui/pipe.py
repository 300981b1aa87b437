"""`--pipe`: JSON lines in and out, for programs.

Standard input takes the messages of docs/protocol.md, one a line; standard output gives what the
server sends, but for what the client sees to by itself: the name, PING, a lost connection. What is
said is kept until it is acknowledged, and sent again after a backoff; each message comes once.
`ref` may be left out. A line that is wrong is answered by an ERROR, as the server would.

    > {"type":"MSG","room":"lobby","text":"hello","ref":"1"}
    < {"type":"ACK","ref":"1","id":42,"ts":1790000000.123,"room":"lobby"}
    < {"type":"MSG","room":"lobby","id":43,"ts":1790000001.5,"from":"bob","text":"hi"}

The client's own lines have the type CLIENT and an event: `registered` (name, epoch, rooms, again,
resumed, resent, new_record), `name_refused` (name, code, text), `lost` (reason, retry_in, failures), `gap`
(room, first, last: ids that were missed), `left_out` (rooms, text: not entered again after a loss, as the
server's limits are others now), `ended` (cause, text). The end of the input, or EXIT, leaves the chat once
all is acknowledged.
"""

from collections.abc import Sequence
from dataclasses import asdict

from chat_client.errors import NotSentError, RefInUseError, TooLongError
from chat_client.protocol.events import (
    Changed,
    DirectSaid,
    Ended,
    Event,
    Gap,
    LeftOut,
    Lost,
    NameRefused,
    NotTaken,
    Registered,
    Said,
)
from chat_client.ui.lines import Lines
from chat_protocol.base import Message
from chat_protocol.codec import SERVER_LINE_BYTES, client_decoder, encode_json
from chat_protocol.messages import ClientMessage, Exit, Pong, RegName
from chat_protocol.server_messages import ErrorFrame

_OWN = {
    Registered: "registered",
    Lost: "lost",
    Gap: "gap",
    LeftOut: "left_out",
    Ended: "ended",
    NameRefused: "name_refused",
}


class Pipe(Lines):
    """Takes and gives messages as JSON lines."""

    _decoder = client_decoder(SERVER_LINE_BYTES)

    @property
    def ready(self) -> bool:
        """Whether messages may be sent; which room they go to is theirs to say."""
        return self.session.status().registered

    def take(self, line: bytes) -> bool:
        """Send the message in a line; return whether to go on."""
        if not line.strip():
            return True
        for message in self._decoder.decode(line + b"\n"):
            if isinstance(message, Exit):
                self.interpreter.parting = message.text
                return False
            if not isinstance(message, Message):
                self._refuse(message.code, message.text)
            elif isinstance(message, RegName | Pong):
                self._refuse("bad_field", "the client sees to this by itself; leave it out")
            elif (refusal := self._send(message)) is not None:
                self._refuse(*refusal, message.ref)
        return True

    def refuse_overlong(self, text: str) -> None:
        """Answer a line of the input that was too long to be kept."""
        self._give(ErrorFrame(code="line_too_long", text=text))

    def _refuse(self, code: str, text: str, ref: str | None = None) -> None:
        self.interpreter.refused += 1
        self._give(ErrorFrame(code=code, text=text, ref=ref))

    def _send(self, message: ClientMessage) -> tuple[str, str] | None:
        """Send a message; return code and text of what is in the way."""
        try:
            self.session.send(message)
        except TooLongError as error:
            return "line_too_long", str(error)
        except RefInUseError as error:
            return "bad_field", str(error)
        except NotSentError as error:
            return "unavailable", str(error)
        return None

    def show(self, events: Sequence[Event]) -> None:
        """Give what happened."""
        for event in events:
            self._show(event)

    def report(self, text: str) -> None:
        """Tell the user what went wrong on our side, beside the messages."""
        self.complain(text)

    def _show(self, event: Event) -> None:
        if isinstance(event, Said | DirectSaid):
            if not event.own:  # that one's ACK is given
                self._give(event.message)
        elif isinstance(event, Changed):
            self._give(event.message)
        elif isinstance(event, NotTaken):
            if not event.again:
                self._give(event.error)
        elif isinstance(event, Message):
            self._give(event)
        else:
            self._give({"type": "CLIENT", "event": _OWN[type(event)], **asdict(event)})

    def _give(self, message: object) -> None:
        self.write(encode_json(message).decode() + "\n")
