"""A client that speaks IRC in a chat without sockets: its lines go in, and what it is sent comes out."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from chat_protocol.messages import PROTOCOL
from chat_protocol.server_messages import Limits, RegNameRequest
from chat_server.chat.conversation import Conversation
from chat_server.net.dialects.irc.dialect import Irc
from chat_server.net.dialects.irc.grammar import Line, parse
from chat_server.net.dialects.irc.tables import settings_of
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import TAKEN
from tests.support.world import World


@dataclass(eq=False)
class IrcOutbox:
    """Keeps what a connection is sent, in its dialect."""

    dialect: Irc
    sent: list[bytes] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def push(self, frames: Frames, *, droppable: bool = False) -> int:
        """Keep the frames' lines."""
        del droppable
        assert self.dialect.render is not None
        self.sent.append(self.dialect.complete(frames.rendered(self.dialect.render)))
        return TAKEN

    def congested(self) -> bool:
        """Say no."""
        return False

    def wait_below(self, size: int, timeout: float) -> bool:
        """Say yes: it has been read."""
        del size, timeout
        return True

    def end(self, reason: str) -> None:
        """Keep the reason."""
        self.ended.append(reason)


class IrcClient:
    """One connection."""

    def __init__(self, chat: World) -> None:
        limits = Limits(16_384, chat.limits.name_length, 256, chat.limits.rooms_per_user)
        request = RegNameRequest(PROTOCOL, "chat-server test", limits, chat.rules.mode, chat.rules.guests)
        request.certificates = chat.rules.certificates
        self.dialect = Irc(settings_of(request, "server.chat"), threading.Lock())
        self.outbox = IrcOutbox(self.dialect)
        self.conversation = Conversation(chat.hub, self.outbox)
        self.conversation.address = "192.0.2.2"

    def send(self, *lines: str) -> list[str]:
        """Say these lines; return what came since the last time."""
        for line in lines:
            self.conversation.handle(self.dialect.feed(line.encode() + b"\r\n"), 0.0)
        return self.taken()

    def taken(self) -> list[str]:
        """Return the lines that came since the last time, without their ends."""
        came = b"".join(self.outbox.sent).decode()
        self.outbox.sent.clear()
        assert came.endswith("\r\n") or not came
        return came.split("\r\n")[:-1]

    def told(self, *lines: str) -> list[Line]:
        """Say these lines; return what came, in its parts."""
        return parts(self.send(*lines))

    def hang_up(self) -> None:
        """End the connection, as its thread would."""
        self.conversation.hub.disconnect(self.conversation.session, "peer_closed", final=True)


def parts(lines: Sequence[str]) -> list[Line]:
    """Return lines in their parts."""
    return [line for each in lines if (line := parse(each)) is not None]


def shown(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    """Return commands and parameters alone, without the receiver's nick in numerics."""
    return [(each.command, *(each.params[1:] if each.command.isdecimal() else each.params)) for each in lines]


def come(chat: World, nick: str, *caps: str, account: str = "") -> IrcClient:
    """Return a client that has this nick and these capabilities; with a password it logs in."""
    client = IrcClient(chat)
    lines = [f"CAP REQ :{' '.join(caps)}", "CAP END"] if caps else []
    if account:
        lines.append(f"PASS :{nick}:{account}")
    client.send(*lines, f"NICK {nick}", f"USER {nick} 0 * :{nick.title()} B.")
    assert client.conversation.has_session
    client.taken()
    return client
