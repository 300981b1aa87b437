"""Frames as a client makes and reads them, with the library that the server's own parts are held against."""

from collections.abc import Sequence

from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri
from websockets.utils import apply_mask

#: What a client asks with for a WebSocket.
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
#: It is random in earnest, and always the same in tests, which are named by what they send.
MASK = b"mask"
#: The answer to that key (RFC 6455, 1.3).
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def masked(data: bytes, opcode: int = Opcode.TEXT, *, fin: bool = True) -> bytes:
    """Return a frame as a client sends it."""
    frame = Frame(Opcode(opcode), data, fin).serialize(mask=False)
    head = len(frame) - len(data)
    return bytes((frame[0], frame[1] | 0x80)) + frame[2:head] + MASK + bytes(apply_mask(data, MASK))


def unmasked(received: bytes) -> list[Frame]:
    """Return the frames that a server sent; they must be whole."""
    client = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN, max_size=None)
    client.receive_data(received)
    found = [each for each in client.events_received() if isinstance(each, Frame)]
    assert client.parser_exc is None, client.parser_exc
    assert not client.reader.buffer
    return found


def texts(received: bytes) -> list[bytes]:
    """Return what the text frames have that a server sent."""
    return [bytes(each.data) for each in unmasked(received) if each.opcode is Opcode.TEXT]


def closing(received: bytes) -> Close:
    """Return what the close frame says that a server sent last."""
    last = unmasked(received)[-1]
    assert last.opcode is Opcode.CLOSE
    return Close.parse(last.data)


def request(
    path: str = "/", headers: dict[str, str] | None = None, method: str = "GET", body: bytes = b""
) -> bytes:
    """Return a request of HTTP for localhost."""
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in {"Host": "localhost", **(headers or {})}.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def answers(received: bytes) -> Sequence[tuple[int, dict[str, str], bytes]]:
    """Return the answers of HTTP that were received: status, headers and body; those to HEAD have none."""
    found = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        size = int(headers.get("Content-Length", "0"))
        found.append((int(first.split()[1]), headers, received[:size]))
        received = received[size:]
    return found
