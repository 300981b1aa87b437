"""One connection that speaks IRC, with the server's answers given by hand."""

import threading
from collections.abc import Sequence

from chat_protocol.base import Message
from chat_protocol.codec import encode_lines
from chat_protocol.messages import Ping, Pong
from chat_protocol.server_messages import Ack, ErrorFrame, Limits, RegNameRequest, Welcome
from chat_server.net.dialects import Heard
from chat_server.net.dialects.irc.dialect import Irc
from chat_server.net.dialects.irc.settings import IrcSettings
from chat_server.net.dialects.irc.tables import settings_of

LIMITS = Limits(16_384, 32, 256, 50)


def settings(access: str = "open") -> IrcSettings:
    """Return what a server of the tests says of itself."""
    return settings_of(RegNameRequest(1, "chat-server 1", LIMITS, access), "server.chat")


class Talk:
    """Somebody's lines, and what comes of them.

    `said` are the native messages that were heard and not looked at yet. PINGs of the dialect's own are
    answered at once, everything else by `hear`.
    """

    def __init__(self, access: str = "open") -> None:
        self.irc = Irc(settings(access), threading.Lock())
        self.said: list[object] = []

    def say(self, *lines: str) -> list[str]:
        """Send lines; return what the dialect answers by itself."""
        return self.take(self.irc.feed("".join(f"{line}\r\n" for line in lines).encode()))

    def take(self, heard: Heard) -> list[str]:
        """Answer the dialect's own PINGs; keep the rest."""
        shown: list[str] = []
        for each in heard:
            if isinstance(each, Ping):
                shown.extend(self.hear(Pong(each.ref)))
            else:
                self.said.append(each)
        return shown

    def hear(self, *frames: Message) -> list[str]:
        """Have the server say something; return the lines that are shown."""
        assert self.irc.render is not None
        return self.irc.complete(self.irc.render(encode_lines(frames))).decode().split("\r\n")[:-1]

    def asked(self) -> list[object]:
        """Return what was said since the last look."""
        said, self.said = self.said, []
        return said

    def welcome(self, name: str = "ann", caps: str = "", *, account: bool = False) -> list[str]:
        """Come in, with these capabilities; return the welcome."""
        if caps:
            self.say("CAP LS 302", f"CAP REQ :{caps}")
        self.say(f"NICK {name}", f"USER {name} 0 * :Real Name", "CAP END")
        shown = self.hear(Welcome(name, "session", [], "epoch", account=account))
        self.asked()
        return shown

    def refuse(self, message: object, code: str, text: str = "because") -> list[str]:
        """Answer a message with an error."""
        return self.hear(ErrorFrame(code, text, ref_of(message)))

    def store(self, message: object, number: int, room: str | None = None, ts: float = 1.5) -> list[str]:
        """Acknowledge a message."""
        return self.hear(Ack(ref_of(message), number, ts, room))


def ref_of(message: object) -> str:
    """Return the ref of what was said."""
    ref = getattr(message, "ref", None)
    assert isinstance(ref, str)
    return ref


def commands(lines: Sequence[str]) -> list[str]:
    """Return the commands of lines, without tags and sources."""
    found = []
    for line in lines:
        words = line.split(" ")
        found.append(next(each for each in words if not each.startswith(("@", ":"))))
    return found
