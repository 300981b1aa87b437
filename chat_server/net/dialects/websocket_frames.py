"""WebSocket frames (RFC 6455): lines into frames that are shared, a peer's frames into messages. Pure.

The library `websockets` reads what a peer sends. Two things are done here, since they are done for each
message and take it ten times as long: the header in front of lines that go out, and a message that comes
whole in one frame, as nearly all do. Whatever else comes is the library's.
"""

import logging
import struct
from collections.abc import Sequence
from typing import NamedTuple

from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

try:
    from websockets.speedups import apply_mask
except ImportError:  # where there is no compiled code
    from websockets.utils import apply_mask

#: Bytes of a frame at the most, unless one line is longer: a cut must finish a frame that has begun.
FRAME_BYTES = 0xFFFF
#: A text frame that is a whole message: its first byte, and from which length on two or eight bytes tell it.
TEXT, LENGTH_16, LENGTH_64 = 0x81, 126, 127
MASKED = 0x80
MASK_BYTES = 4
#: Bytes of what a close frame says beside its code (RFC 6455, 5.5).
REASON_BYTES = 123
_SHORT, _MEDIUM, _LONG = struct.Struct("!BB"), struct.Struct("!BBH"), struct.Struct("!BBQ")
# It would log each connection at its own levels.
_SILENT = logging.getLogger("chat_server.websockets")
_SILENT.disabled = True


class Ended(NamedTuple):
    """Why nothing more is taken of a peer: the close frame for it, and whether it wanted to go."""

    frame: bytes
    wanted: bool


def framed(lines: bytes) -> bytes:
    """Return complete lines as text frames, each with whole lines; one frame unless they are many or none."""
    size = len(lines)
    if size < LENGTH_16:
        return _SHORT.pack(TEXT, size) + lines if size else b""
    if size <= FRAME_BYTES:
        return _MEDIUM.pack(TEXT, LENGTH_16, size) + lines
    pieces = []
    at = 0
    while at < size:
        end = size
        if size - at > FRAME_BYTES:
            end = lines.rfind(b"\n", at, at + FRAME_BYTES) + 1 or lines.find(b"\n", at) + 1 or size
        pieces += [_header(end - at), lines[at:end]]
        at = end
    return b"".join(pieces)


def _header(size: int) -> bytes:
    if size < LENGTH_16:
        return _SHORT.pack(TEXT, size)
    if size <= FRAME_BYTES:
        return _MEDIUM.pack(TEXT, LENGTH_16, size)
    return _LONG.pack(TEXT, LENGTH_64, size)


def rest_of(frames: bytes, sent: int) -> bytes:
    """Return the rest of the frame in which the first `sent` bytes of whole frames end."""
    at = 0
    while at < sent:
        at = _bounds(frames, at)[1]
    return frames[sent:at]


def _bounds(frames: bytes, at: int) -> tuple[int, int]:
    """Return where what an unmasked frame carries begins and ends."""
    size = frames[at + 1]
    if size == LENGTH_16:
        return at + 4, at + 4 + int.from_bytes(frames[at + 2 : at + 4], "big")
    if size == LENGTH_64:
        return at + 10, at + 10 + int.from_bytes(frames[at + 2 : at + 10], "big")
    return at + 2, at + 2 + size


def close_frame(code: int, text: str) -> bytes:
    """Return a close frame; of the text, in ASCII, so much as it holds."""
    return Frame(Opcode.CLOSE, Close(code, text[:REASON_BYTES]).serialize()).serialize(mask=False)


def pong_frame(data: bytes) -> bytes:
    """Return the answer to a ping with this data."""
    return Frame(Opcode.PONG, data).serialize(mask=False)


class FrameReader:
    """Reads what one peer sends.

    1. `feed` takes bytes, however they are cut, and returns the text messages that they complete.
    2. A message of more than `limit` bytes, one that is no text in UTF-8, and what is no WebSocket sets
       `ended`, as the peer's own close frame does. What came before it is returned, nothing after it.
    3. `ping` is the data of the last ping, until whoever answers it takes it away: earlier ones need no
       answer of their own (RFC 6455, 5.5.3).
    4. Less than one message and one frame's header are kept.
    """

    __slots__ = ("_library", "_limit", "_parts", "_tail", "_wanted", "ended", "ping")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._library = ServerProtocol(state=State.OPEN, max_size=limit, logger=_SILENT)
        # A frame that has begun, and how many bytes it must have before another look at it is worth while.
        self._tail = bytearray()
        self._wanted = 0
        # What has come of a message in several frames.
        self._parts = bytearray()
        self.ended: Ended | None = None
        self.ping: bytes | None = None

    def feed(self, data: bytes) -> Sequence[bytes]:
        """Take what was received; return the messages that it completes."""
        if self.ended is not None:
            return ()
        if self._tail:
            self._tail += data
            if len(self._tail) < self._wanted:
                return ()
            data = bytes(self._tail)
            self._tail.clear()
        found: list[bytes] = []
        if self._is_between():
            data = data[self._take_whole(data, found) :]
        if data and self.ended is None:
            self._read(data, found)
        return found

    def _is_between(self) -> bool:
        """Tell whether the library waits for the first byte of a message."""
        return self._library.current_size is None and not self._library.reader.buffer

    def _take_whole(self, data: bytes, found: list[bytes]) -> int:
        """Take messages of one frame each; return how many bytes are read, or kept for the next time."""
        at, size = 0, len(data)
        while at + 1 < size and data[at] == TEXT and data[at + 1] & MASKED:
            length, start = data[at + 1] & ~MASKED, at + 2
            if length == LENGTH_16:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            if length > self._limit or (length == LENGTH_64 and start == at + 2):
                break
            start += MASK_BYTES
            end = start + length
            if end > size:
                self._tail += data[at:]
                self._wanted = end - at
                return size
            if not self._add(apply_mask(data[start:end], data[start - MASK_BYTES : start]), found):
                return size
            at = end
        return at

    def _add(self, message: bytes | bytearray, found: list[bytes]) -> bool:
        """Add a message; return false if it ends the connection, since it is no UTF-8."""
        try:
            message.isascii() or message.decode()
        except UnicodeDecodeError:
            self._fail(CloseCode.INVALID_DATA, "this is no UTF-8")
            return False
        found.append(bytes(message))
        return True

    def _read(self, data: bytes, found: list[bytes]) -> None:
        """Have the library read, and do what its frames ask for."""
        self._library.receive_data(data)
        self._library.data_to_send()  # its answers, which are made here
        for frame in self._library.events_received():
            assert isinstance(frame, Frame)  # noqa: S101  # a protocol that is open has no requests
            if not self._on_frame(frame, found):
                return
        if self._library.parser_exc is not None:
            sent = self._library.close_sent
            self._fail(*((sent.code, sent.reason) if sent else (CloseCode.INTERNAL_ERROR, "")))

    def _on_frame(self, frame: Frame, found: list[bytes]) -> bool:
        """Take one frame; return whether another may follow it."""
        if frame.opcode is Opcode.PING:
            self.ping = bytes(frame.data)
        elif frame.opcode is Opcode.CLOSE:
            answer = Frame(Opcode.CLOSE, frame.data).serialize(mask=False)
            self.ended = Ended(answer, wanted=True)
            return False
        elif frame.opcode is Opcode.BINARY:
            self._fail(CloseCode.UNSUPPORTED_DATA, "send text frames, a JSON object in each line")
            return False
        elif frame.opcode is not Opcode.PONG:
            self._parts += frame.data
            if frame.fin:
                message, self._parts = self._parts, bytearray()
                return self._add(message, found)
        return True

    def _fail(self, code: int, text: str) -> None:
        self.ended = Ended(close_frame(code, text), wanted=False)
        self._parts.clear()
