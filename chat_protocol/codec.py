"""Lines <-> messages, a batch at a time; a bad line costs only itself."""

import re
from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec

from chat_protocol.base import Message, Ref
from chat_protocol.errors import (
    BadEncodingError,
    BadFieldError,
    BadJsonError,
    LineTooLongError,
    NotAnObjectError,
    NoTypeError,
    PeerError,
    UnknownTypeError,
)
from chat_protocol.messages import ClientMessage
from chat_protocol.server_messages import ServerMessage

M = TypeVar("M")
# Its encode and encode_lines are 200 ns a message faster, but crash the process when memory is out
# (msgspec 0.22: they go on after a failed growth of their buffer).
_encode_into = msgspec.json.Encoder().encode_into  # noqa: TID251  # the one that does not crash
_LINE_END = ord("\n")

#: No line of a server is longer than this, in bytes: the largest is a page of history.
SERVER_LINE_BYTES = 1024 * 1024
#: How deep a line may nest. The decoder recurses on the C stack, and connection threads have a small
#: one: 256 KiB end between 400 and 900 levels (measured), before Python's own limit of 1,000 is met.
NESTING_LEVELS = 256
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"')


class Decoder(Generic[M]):
    """Decodes blocks of lines to messages of one direction. Holds no state: threads may share it.

    `limit` is how many bytes a line may have, its end included.
    """

    def __init__(self, union: object, limit: int) -> None:
        self._limit = limit
        self._plain = min(NESTING_LEVELS, limit)
        self._decoder: msgspec.json.Decoder[M] = msgspec.json.Decoder(union)
        self._types = {struct.__struct_config__.tag for struct in union.__args__}  # type: ignore[attr-defined]  # each is a tagged Struct

    def decode(self, block: bytes) -> "list[M | PeerError]":
        """Decode complete lines, in order; if a line breaks a rule its error stands in its place."""
        if ends := self._plain_ends(block):
            try:
                decoded = self._decoder.decode_lines(block)
            except (msgspec.DecodeError, UnicodeDecodeError):
                pass
            else:
                if len(decoded) == ends and (ends == 1 or _is_one_a_line(block, ends)):
                    return decoded  # type: ignore[return-value]  # list is invariant
        return [self._decode_line(line) for line in block.split(b"\n") if line.strip()]

    def _plain_ends(self, block: bytes) -> int:
        """Return how many ends of lines a block has; none if a line may be too long or too deep."""
        if len(block) <= self._plain:
            return block.count(b"\n")
        lines = block.split(b"\n")
        longest = max(map(len, lines))
        plain = longest < self._limit and (
            longest <= NESTING_LEVELS or block.count(b"{") + block.count(b"[") <= NESTING_LEVELS
        )
        return len(lines) - 1 if plain else 0

    def _decode_line(self, line: bytes) -> "M | PeerError":
        if len(line) >= self._limit:
            return LineTooLongError(f"longer than {self._limit} bytes; send shorter lines")
        if len(line) > NESTING_LEVELS and _depth(line) > NESTING_LEVELS:
            return BadJsonError(f"nested deeper than {NESTING_LEVELS}; a message is one flat JSON object")
        try:
            return self._decoder.decode(line)
        except UnicodeDecodeError as error:
            return BadEncodingError(f"not UTF-8 at byte {error.start} of a string; send UTF-8")
        except msgspec.ValidationError as error:
            return self._explain(line, error)
        except msgspec.DecodeError as error:
            return BadJsonError(f"{error}; send one JSON object a line")

    def _explain(self, line: bytes, error: msgspec.ValidationError) -> PeerError:
        """Find out which rule was broken, by looking at the line without a schema."""
        try:
            value = msgspec.json.decode(line)
        except UnicodeDecodeError as broken:
            return BadEncodingError(f"not UTF-8 at byte {broken.start} of a string; send UTF-8")
        except msgspec.DecodeError as broken:
            return BadJsonError(f"{broken}; send one JSON object a line")
        if not isinstance(value, dict):
            return NotAnObjectError('a message is a JSON object such as {"type":"MSG","text":"hello"}')
        kind, ref = value.get("type"), _ref(value)
        if not isinstance(kind, str):
            return NoTypeError(f'a message has a "type", one of {", ".join(sorted(self._types))}', ref)
        if kind not in self._types:
            return UnknownTypeError(f"no such type; use one of {', '.join(sorted(self._types))}", ref)
        return BadFieldError(f"{kind}: {error}", ref)


def _is_one_a_line(block: bytes, messages: int) -> bool:
    """Tell whether as many messages as lines stand one a line: the decoder minds no line end.

    If they do, each line end but the last stands between two of them, as none can within a message.
    """
    between = messages - 1
    return block.count(b"}\n{") == between or block.count(b"}\r\n{") == between


def _ref(value: dict[str, object]) -> str | None:
    """Return the message's ref, if it is a good one, whatever else is wrong."""
    try:
        return msgspec.convert(value.get("ref"), Ref)
    except msgspec.ValidationError:
        return None


def _depth(line: bytes) -> int:
    """Return how deep the line nests, looking only at what stands outside of strings."""
    if line.count(b"{") + line.count(b"[") <= NESTING_LEVELS:
        return 0
    depth = deepest = 0
    for byte in _STRING.sub(b"", line):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def decode_json(text: bytes) -> object:
    """Decode any JSON value that a peer may have sent, with its bounds. Raises `PeerError`."""
    if _depth(text) > NESTING_LEVELS:
        raise BadJsonError(f"nested deeper than {NESTING_LEVELS}; send flatter JSON")
    try:
        return msgspec.json.decode(text)
    except UnicodeDecodeError as error:
        raise BadEncodingError(f"not UTF-8 at byte {error.start} of a string; send UTF-8") from None
    except msgspec.DecodeError as error:
        raise BadJsonError(f"{error}; send JSON") from None


def encode_json(value: object) -> bytes:
    """Encode anything as JSON, in one line without its end. Raises `MemoryError`, and crashes at nothing."""
    text = bytearray()
    _encode_into(value, text)
    return bytes(text)


def encode_lines(messages: Iterable[Message]) -> bytes:
    """Encode messages as lines, the end of each included. Raises `MemoryError`."""
    lines = bytearray()
    for each in messages:
        _encode_into(each, lines, -1)
        lines.append(_LINE_END)
    return bytes(lines)


def encode(message: Message) -> bytes:
    """Encode one message as a line, its end included. Raises `MemoryError`."""
    return encode_lines([message])


def client_decoder(limit: int) -> "Decoder[ClientMessage]":
    """Return a decoder of what clients send."""
    return Decoder(ClientMessage, limit)


def server_decoder(limit: int = SERVER_LINE_BYTES) -> "Decoder[ServerMessage]":
    """Return a decoder of what the server sends."""
    return Decoder(ServerMessage, limit)
