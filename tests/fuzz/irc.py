"""The target in which two speak IRC and one speaks JSON, in one chat."""

import threading

from structlog.testing import capture_logs

from chat_protocol.codec import client_decoder
from chat_protocol.server_messages import Limits, RegNameRequest
from chat_server.net.dialects.irc.dialect import Irc
from chat_server.net.dialects.irc.grammar import LINE_BYTES, TAGS_BYTES, parse
from chat_server.net.dialects.irc.state import State
from chat_server.net.dialects.irc.tables import settings_of
from tests.support.world import Client, World

REQUEST = RegNameRequest(1, "fuzz", Limits(LINE_BYTES, 32, 256, 50))
SETTINGS = settings_of(REQUEST, "server.chat")
#: Tags of the server's own, beside those of a client.
SERVER_TAGS_BYTES = 8191
PEOPLE = 3


def irc(data: bytes) -> None:
    """Check that, whatever is said in either way, those who speak IRC get lines that are good and their own.

    Each question has its answer in the end, and each knows the rooms that it is in. The first byte of a line
    says who speaks.
    """
    world = World()
    with capture_logs() as logs:
        speakers = [_Speaker(world) for _ in range(PEOPLE - 1)]
        native, decoder = Client(world.hub), client_decoder(LINE_BYTES)
        for line in data.split(b"\n"):
            who = sum(line[:1]) % PEOPLE
            if who < len(speakers):
                speakers[who].say(line[1:])
            elif native.conversation.over is None:
                native.conversation.handle(decoder.decode(line[1:] + b"\n"), 0.0)
            world.jobs.work()
        for speaker in speakers:
            speaker.check()
    assert not [each for each in logs if each["event"] in {"contained", "job_failed"}], logs


class _Speaker:
    """One who speaks IRC to a hub without sockets."""

    def __init__(self, world: World) -> None:
        self._client = Client(world.hub)
        self._irc = Irc(SETTINGS, threading.Lock())
        self._client.outbox.on_push = self._show

    def say(self, line: bytes) -> None:
        """Say a line."""
        if self._client.conversation.over is None:
            self._client.conversation.handle(self._irc.feed(line + b"\r\n"), 0.0)

    def _show(self, lines: bytes) -> None:
        """Look at what is sent of what the server says."""
        assert self._irc.render is not None
        sent = self._irc.complete(self._irc.render(lines))
        assert not sent or sent.endswith(b"\r\n")
        for line in sent.split(b"\r\n")[:-1]:
            tags = line.index(b" ") + 1 if line.startswith(b"@") else 0
            assert tags <= TAGS_BYTES + SERVER_TAGS_BYTES
            assert len(line) - tags + 2 <= LINE_BYTES, line
            assert not {*b"\r\n\0"} & {*line}, line
            self._read(line.decode())

    def _read(self, line: str) -> None:
        parsed = parse(line)
        assert parsed is not None
        assert all(parsed.params[:-1])
        if parsed.command == "PRIVMSG" and parsed.param(0).startswith("#"):
            assert parsed.param(0)[1:] in self._state.rooms, line

    @property
    def _state(self) -> State:
        return self._irc._state  # noqa: SLF001  # nothing else shows it

    def check(self) -> None:
        """Look at what is left when nothing more is to come."""
        state, conversation = self._state, self._client.conversation
        if conversation.over is None:
            assert not state._asked, state._asked  # noqa: SLF001  # nothing else shows it
            assert not state._behind  # noqa: SLF001  # likewise
        if conversation.has_session:
            assert state.rooms == {*conversation.session.memberships}
            assert state.name == conversation.session.identity.name
