"""What is fuzzed. Each target takes any bytes; its docstring says what must hold for all of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from structlog.testing import capture_logs

from chat_protocol.codec import SERVER_LINE_BYTES, client_decoder, encode, server_decoder
from chat_protocol.errors import PeerError
from chat_protocol.framing import Framer
from chat_protocol.messages import Message
from chat_protocol.server_messages import (
    DmFrame,
    Found,
    HistoryFrame,
    Joined,
    Left,
    Limits,
    MsgFrame,
    NameChanged,
    RegNameRequest,
    Welcome,
)
from chat_server.net.dialects.jsonlines import JsonLines, JsonLinesSettings
from chat_server.net.proxy_header import FIXED, FOLLOWING_BYTES, SIGNATURE, ProxyHeader, ProxyHeaderError
from tests.support.world import Client, World

CORPUS = Path(__file__).parent / "corpus"
LINE_BYTES = 512
PEOPLE = 3


def cut(data: bytes, seed: int) -> Iterator[bytes]:
    """Cut bytes in pieces of sizes that depend on the seed."""
    at, size = 0, seed
    while at < len(data):
        size = (size * 5 + 3) % 31
        yield data[at : at + size + 1]
        at += size + 1


def framing(data: bytes) -> None:
    """Check that, however a stream is cut, each line comes out once and in order, or is counted as too long.

    Less than the limit is kept.
    """
    limit, seed, stream = 8 + sum(data[:1]), sum(data[1:2]), data[2:]
    framer = Framer(limit)
    lines: list[bytes] = []
    for piece in cut(stream, seed):
        block = framer.feed(piece)
        assert not block or block.endswith(b"\n")
        lines += block.split(b"\n")[:-1]
        assert len(framer._tail) < limit  # noqa: SLF001  # nothing else shows it
    *whole, last = stream.split(b"\n")
    assert [each for each in lines if len(each) < limit] == [each for each in whole if len(each) < limit]
    long = len([each for each in (*whole, last) if len(each) >= limit])
    assert framer.overlong + len([each for each in lines if len(each) >= limit]) == long
    assert framer.finish() == (last + b"\n" if last and len(last) < limit else b"")


def codec(data: bytes) -> None:
    """Check that a line which is not blank is one message or one error, whatever stands beside it.

    A message is the same after it has been encoded and decoded again.
    """
    block = data if data.endswith(b"\n") else data + b"\n"
    lines = [line + b"\n" for line in block.split(b"\n") if line.strip()]
    for decoder in (client_decoder(LINE_BYTES), server_decoder(LINE_BYTES)):
        together: Sequence[object] = decoder.decode(block)
        alone = [each for line in lines for each in decoder.decode(line)]
        assert len(alone) == len(lines)
        assert list(map(told, together)) == list(map(told, alone))
    for roomy in (client_decoder(1 << 20), server_decoder(1 << 20)):
        for each in roomy.decode(block):
            if isinstance(each, Message):
                assert list(map(told, roomy.decode(encode(each)))) == [told(each)]


def told(heard: object) -> tuple[object, ...]:
    """Return what two messages or errors are compared by."""
    if isinstance(heard, PeerError):
        return type(heard), heard.text, heard.ref
    return type(heard), repr(heard)


def commands(data: bytes) -> None:
    """Check that, whatever people say, all get whole lines that a client reads, and only of their own rooms.

    No handler fails, and nobody speaks under a name that nobody has. The first byte of a line says who
    speaks; with nothing behind it, that one goes and somebody new comes.
    """
    with capture_logs() as logs:
        world = World()
        known: set[str] = set()
        people = [_Person(world, known) for _ in range(PEOPLE)]
        for line in data.split(b"\n"):
            who = people[sum(line[:1]) % PEOPLE]
            who.hear(line[1:])
            world.jobs.work()
            if len(line) == 1:
                people[people.index(who)] = who.replaced()
            for person in people:
                person.check()
    assert not [each for each in logs if each["event"] in {"contained", "job_failed"}], logs


class _Person:
    """One who speaks JSON lines to a hub without sockets, and what they were told."""

    def __init__(self, world: World, known: set[str]) -> None:
        self._world = world
        self._client = Client(world.hub)
        request = RegNameRequest(1, "fuzz", Limits(LINE_BYTES, 32, 256, 50))
        self._lines = JsonLines(JsonLinesSettings(client_decoder(LINE_BYTES), request))
        self._rooms: set[str] = set()
        #: All names that anybody was seen to have.
        self._known = known
        self.name = ""

    def hear(self, line: bytes) -> None:
        """Say a line."""
        if self._client.conversation.over is None:
            self._client.conversation.handle(self._lines.feed(line + b"\n"), 0.0)

    def replaced(self) -> "_Person":
        """Hang up; return who comes instead."""
        if self._client.conversation.has_session:
            self._client.hang_up()
        return _Person(self._world, self._known)

    def check(self) -> None:
        """Look at all that came."""
        for block in self._client.outbox.pushed:
            assert block.endswith(b"\n")
            assert all(len(line) < SERVER_LINE_BYTES for line in block.split(b"\n"))
        messages = self._client.outbox.messages
        self._client.outbox.clear()
        for message in messages:
            assert not isinstance(message, PeerError), message
            self._take(message)

    def _take(self, message: object) -> None:
        match message:
            case Welcome(name=name):
                self.name = name
                self._known.add(name)
            case NameChanged(old=old, name=name):
                self._known.add(name)
                self.name = name if old == self.name else self.name
            case Joined(room=room, name=name):
                if name == self.name:
                    self._rooms.add(room)
            case Left(room=room, name=name) if name == self.name:
                self._rooms.discard(room)
            case MsgFrame(room=room, sender=sender):
                assert room in self._rooms
                assert sender in self._known
            case DmFrame(sender=sender, to=to):
                assert {sender, to} <= self._known
            case HistoryFrame(room=room):
                assert room in self._rooms
            case Found(messages=found):
                assert {each.room for each in found if isinstance(each, MsgFrame)} <= self._rooms
                assert all(self.name in (each.sender, each.to) for each in found if isinstance(each, DmFrame))
            case _:
                pass


def proxy_header(data: bytes) -> None:
    """Check that, however a header is cut, it has one outcome, and no byte behind it is taken.

    It is an address, a sentence, or that more is wanted. An odd first byte puts the signature first.
    """
    seed = sum(data[:1])
    stream = (SIGNATURE if seed % 2 else b"") + data[1:]
    outcomes = {
        _read_header(pieces, len(stream))
        for pieces in ([stream], [bytes((byte,)) for byte in stream], list(cut(stream, seed)))
    }
    assert len(outcomes) == 1, outcomes


def _read_header(pieces: Sequence[bytes], size: int) -> tuple[object, ...]:
    header = ProxyHeader()
    try:
        rest = b"".join([header.feed(piece) for piece in pieces])
    except ProxyHeaderError as error:
        return (str(error),)
    assert size - len(rest) <= FIXED.size + FOLLOWING_BYTES
    assert not (rest and header.wanted)
    return header.origin, header.wanted, rest


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (framing, codec, commands, proxy_header)
}


def corpus(target: str) -> list[Path]:
    """Return the files from which fuzzing of a target begins."""
    return sorted((CORPUS / target).iterdir())
