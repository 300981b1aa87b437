"""Lines and messages, both ways; a bad line costs only itself."""

import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chat_server
from chat_protocol.base import Message, tag
from chat_protocol.codec import (
    NESTING_LEVELS,
    Decoder,
    client_decoder,
    decode_json,
    encode,
    encode_json,
    encode_lines,
    server_decoder,
)
from chat_protocol.errors import BadEncodingError, BadJsonError, PeerError
from chat_protocol.messages import ClientMessage, Msg, Ping
from chat_protocol.server_messages import ServerMessage
from tests.chat_protocol.strategies import kinds, message, same

LIMIT = 16 * 1024
DECODER = client_decoder(LIMIT)
GOOD = b'{"type":"MSG","text":"hello"}\n'

BAD = {
    "bad_encoding": [b'{"type":"MSG","text":"\xff"}', b'{"type":"MSG","te\xffxt":"a"}'],
    "bad_json": [
        b"hello",
        b"{",
        b'{"type":"MSG","text":"a\x00b"}',
        b"\x00",
        b'{"type":"MSG","text":"\\ud800"}',
        b'{"type":"MSG","text":"\\udc00"}',
        b'{"type":"MSG","text":"hi"} {}',
        b"{'type':'MSG'}",
        b'{"type":"HISTORY","since":NaN}',
        b'{"type":"HISTORY","since":1e999}',
        b'{"type":"HISTORY","before":' + b"9" * 10_000 + b"}",
        b"[" * 10_000,
        b'{"type":"MSG","text":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a":' * 3000,
        b"\xff\xfe",
    ],
    "not_an_object": [b"[]", b"1", b'"MSG"', b"null", b"true", b'[{"type":"MSG","text":"hi"}]'],
    "no_type": [b"{}", b'{"text":"hello"}', b'{"type":null}', b'{"type":1}', b'{"type":{}}'],
    "unknown_type": [b'{"type":""}', b'{"type":"msg"}', b'{"type":"WELCOME"}', b'{"type":"SHOUT"}'],
    "bad_field": [
        b'{"type":"MSG"}',
        b'{"type":"MSG","text":""}',
        b'{"type":"MSG","text":1}',
        b'{"type":"MSG","text":null}',
        b'{"type":"MSG","text":"hi","ref":""}',
        b'{"type":"MSG","text":"hi","ref":"' + b"x" * 65 + b'"}',
        b'{"type":"HISTORY","limit":0}',
        b'{"type":"HISTORY","limit":201}',
        b'{"type":"JOIN","room":"a","after":-1}',
        b'{"type":"JOIN","room":"a","after":9007199254740992}',
        b'{"type":"JOIN","room":"a","after":1.5}',
        b'{"type":"REG_NAME","name":"a","after":{"lobby":"1"}}',
    ],
    "line_too_long": [b'{"type":"MSG","text":"' + b"x" * LIMIT + b'"}', b"9" * 1_000_000, b"x" * LIMIT],
}
CASES = [(code, line) for code, lines in BAD.items() for line in lines]


def case_name(value: object) -> str:
    """Name a case by its code and the start of its line."""
    return value if isinstance(value, str) else repr(value)[:40]


@pytest.mark.parametrize("kind", kinds(ClientMessage))
@given(data=st.data())
def test_round_trip_from_client(kind: type[Message], data: st.DataObject) -> None:
    """What a client can say comes out as it went in."""
    one = data.draw(message(kind))
    (other,) = DECODER.decode(encode(one))
    assert same(one, other)


@pytest.mark.parametrize("kind", kinds(ServerMessage))
@given(data=st.data())
def test_round_trip_from_server(kind: type[Message], data: st.DataObject) -> None:
    """What the server can say comes out as it went in."""
    one = data.draw(message(kind))
    (other,) = server_decoder().decode(encode(one))
    assert same(one, other)


@given(st.lists(st.sampled_from(kinds(ClientMessage)).flatmap(message), max_size=20))
def test_a_batch_is_its_lines(messages: list[Message]) -> None:
    """Messages decoded together are the same as one at a time, and each is one line."""
    block = encode_lines(messages)
    assert block.count(b"\n") == len(messages)
    assert block == b"".join(map(encode, messages))
    decoded = DECODER.decode(block)
    assert len(decoded) == len(messages)
    assert all(map(same, messages, decoded))


@pytest.mark.parametrize(("code", "line"), CASES, ids=case_name)
def test_a_bad_line_has_its_code(code: str, line: bytes) -> None:
    """Each way to be wrong has one code, and a text for a person."""
    (error,) = DECODER.decode(line + b"\n")
    assert isinstance(error, PeerError)
    assert (error.code, bool(error.text)) == (code, True)
    assert len(error.text) < 400, "it quotes no line of the peer's at length"


@pytest.mark.parametrize(("code", "line"), CASES, ids=case_name)
def test_a_bad_line_costs_only_itself(code: str, line: bytes) -> None:
    """Its neighbours in the batch are heard, in order."""
    first, error, last = DECODER.decode(GOOD + line + b"\n" + encode(Ping()))
    assert isinstance(first, Msg)
    assert isinstance(error, PeerError)
    assert error.code == code
    assert isinstance(last, Ping)


@given(st.lists(st.sampled_from([GOOD, b"\n", b" \r\n", *(line + b"\n" for _, line in CASES)]), max_size=8))
def test_a_batch_is_as_good_as_its_lines_alone(lines: list[bytes]) -> None:
    """The fast path for whole batches and the careful one agree."""
    alone = [each for line in lines for each in DECODER.decode(line)]
    assert summary(DECODER.decode(b"".join(lines))) == summary(alone)


@given(st.binary(max_size=300).map(lambda data: data + b"\n"))
def test_no_bytes_raise(block: bytes) -> None:
    """Whatever comes, each line that is not blank has an answer."""
    decoded = DECODER.decode(block)
    assert len(decoded) == sum(bool(line.strip()) for line in block.split(b"\n"))


def summary(decoded: list[Any]) -> list[str]:
    """Return what was decoded in a form that can be compared."""
    return [each.code if isinstance(each, PeerError) else repr(each) for each in decoded]


@pytest.mark.parametrize(
    ("block", "codes"),
    [
        (b'{"type":"LIST"}{"type":"LIST"}\n\n', ["bad_json"]),
        (b'\n{"type":"LIST"}{"type":"LIST"}\n', ["bad_json"]),
        (b'{"type":"MSG",\n"text":"a"}{"type":"LIST"}\n', ["bad_json"] * 2),
        (b'{"type":"LIST"\n}{"type":"LIST"}\n{"type":"LIST"}\n', ["bad_json"] * 2 + ["LIST"]),
        (b'{"type":"LIST"}\r\n{"type":"LIST"}\r\n', ["LIST"] * 2),
        (b'{"type":"LIST"} \n{"type":"LIST"}\n', ["LIST"] * 2),
    ],
)
def test_a_message_is_a_line_and_a_line_a_message(block: bytes, codes: list[str]) -> None:
    """Though a batch may have as many of the one as of the other: else the limit of a line would be none."""
    heard = client_decoder(LIMIT).decode(block)
    assert [each.code if isinstance(each, PeerError) else tag(type(each)) for each in heard] == codes


def test_blank_lines_are_nothing() -> None:
    """A person may press Enter."""
    assert DECODER.decode(b"\n\r\n \t\n") == []
    assert len(DECODER.decode(b"\n" + GOOD + b"\r\n" + GOOD + b"\n")) == 2


def test_an_escaped_nul_is_text() -> None:
    """Only the raw byte is no JSON; what a terminal must not get is the reader's to hide."""
    (msg,) = DECODER.decode(b'{"type":"MSG","text":"a\\u0000b"}\n')
    assert isinstance(msg, Msg)
    assert msg.text == "a\0b"


def test_unknown_fields_are_skipped() -> None:
    """A newer client may say more."""
    (msg,) = DECODER.decode(b'{"type":"MSG","text":"hi","colour":{"r":[1,2,3]}}\n')
    assert isinstance(msg, Msg)


@pytest.mark.parametrize("limit", [32, 256, 300, 1000, LIMIT])
def test_the_limit_counts_the_end(limit: int) -> None:
    """A line of the limit passes, one byte more does not, alone and in a batch."""
    decoder = client_decoder(limit)
    start, end = b'{"type":"MSG","text":"', b'"}\n'
    fits = start + b"x" * (limit - len(start + end)) + end
    assert len(fits) == limit
    long = start + b"x" * (limit - len(start + end) + 1) + end
    assert kinds_of(decoder, fits) == ["Msg"]
    assert kinds_of(decoder, long) == ["LineTooLongError"]
    assert kinds_of(decoder, fits + long + fits) == ["Msg", "LineTooLongError", "Msg"]


def kinds_of(decoder: Decoder[ClientMessage], block: bytes) -> list[str]:
    """Return what kind each line of the block is."""
    return [type(each).__name__ for each in decoder.decode(block)]


@pytest.mark.parametrize("bracket", [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth(bracket: tuple[bytes, bytes]) -> None:
    """The deepest that passes is `NESTING_LEVELS`, brackets in strings do not count."""
    opening, closing = bracket

    def nested(depth: int) -> bytes:
        inner = opening * (depth - 1) + b"1" + closing * (depth - 1)
        return b'{"type":"PING","x":' + inner + b',"y":"' + b"[{" * NESTING_LEVELS + b'\\""}\n'

    assert kinds_of(DECODER, nested(NESTING_LEVELS)) == ["Ping"]
    assert kinds_of(DECODER, nested(NESTING_LEVELS + 1)) == ["BadJsonError"]


def test_many_long_lines_with_brackets_are_no_bomb() -> None:
    """The depth is that of a line, not of the batch."""
    line = b'{"type":"MSG","text":"' + b"[" * 300 + b'"}\n'
    assert kinds_of(DECODER, line * 3) == ["Msg"] * 3


BOMBS = """
import threading
from chat_server.net.server import STACK_BYTES
from chat_protocol.codec import NESTING_LEVELS, client_decoder

decoder = client_decoder(1 << 20)
shapes = []
for opening, closing in ((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")):
    near = (NESTING_LEVELS // 2 - 2, NESTING_LEVELS - 2, NESTING_LEVELS, NESTING_LEVELS + 1)
    for depth in (*near, 1_000, 10_000, 100_000):
        whole = opening * depth + b"1" + closing * depth
        shapes += [whole, opening * depth, b'{"type":"PING","x":' + whole + b"}"]
        shapes += [b'{"type":"MSG","text":' + whole + b"}", b'{"type":' + whole + b"}"]

def run():
    for shape in shapes:
        assert len(decoder.decode(shape + b"\\n")) == 1
        assert len(decoder.decode(b'{"type":"PING"}\\n' + shape + b"\\n")) == 2
    print("survived", len(shapes))

threading.stack_size(STACK_BYTES)
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""


def test_a_depth_bomb_on_the_stack_of_a_connection() -> None:
    """No nesting overruns it; run in a process of its own, since a failure is a segmentation fault."""
    assert _run(BOMBS).startswith("survived")


def _run(program: str) -> str:
    """Return what a program prints that ends in order, in a process of its own."""
    done = subprocess.run(  # noqa: S603  # this interpreter and the texts of this file
        [sys.executable, "-c", program],
        cwd=Path(chat_server.__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


SHORTAGE = """
import resource
from chat_protocol.codec import Decoder, encode, encode_json, encode_lines
from chat_protocol.messages import ClientMessage, Msg

message = Msg("x" * (8 << 20))
line = encode(message)
decode = Decoder(ClientMessage, len(line)).decode
(kib,) = [int(each.split()[1]) for each in open("/proc/self/status") if each.startswith("VmData")]
for spare in range(0, 48, 3):
    resource.setrlimit(resource.RLIMIT_DATA, (kib * 1024 + (spare << 20), resource.RLIM_INFINITY))
    for act, text in (encode, message), (encode_json, message), (encode_lines, [message] * 2), (decode, line):
        try:
            act(text)
            print("done")
        except MemoryError:
            print("none left")
"""


def test_what_is_too_long_for_memory_is_an_error() -> None:
    """However much there is: the process goes on (msgspec 0.22 crashes in two of its functions)."""
    told = _run(SHORTAGE)
    assert set(told.split("\n")) == {"done", "none left", ""}


GOOD_REF = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64)
FIELDS = st.dictionaries(
    st.sampled_from(["type", "text", "room", "after", "limit", "name", "words", "to", "x"]),
    st.none() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=3) | st.just([1]),
)


@given(GOOD_REF, FIELDS, st.sampled_from([None, *(tag(kind) for kind in get_args(ClientMessage))]))
def test_an_error_has_the_ref_of_its_line(ref: str, fields: dict[str, object], kind: str | None) -> None:
    """Whatever else is wrong with it: type, field, or both."""
    line = {**fields, **({"type": kind} if kind else {}), "ref": ref}
    (decoded,) = client_decoder(16_384).decode(encode_json(line) + b"\n")
    assert getattr(decoded, "ref", ref) == ref


@pytest.mark.parametrize("ref", [None, 5, "", "x" * 65, ["a"], {"a": 1}])
def test_a_bad_ref_is_none(ref: object) -> None:
    """An answer that could not be sent back is left out."""
    (error,) = client_decoder(16_384).decode(encode_json({"type": "MSG", "ref": ref}) + b"\n")
    assert isinstance(error, PeerError)
    assert error.ref is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"{", BadJsonError),
        (b'"\xff"', BadEncodingError),
        (b"[" * (NESTING_LEVELS + 1) + b"]" * (NESTING_LEVELS + 1), BadJsonError),
    ],
)
def test_any_json_is_decoded_within_bounds(text: bytes, error: type[PeerError]) -> None:
    """Or it is told what is wrong."""
    assert decode_json(b'{"a": ["b", 1]}') == {"a": ["b", 1]}
    with pytest.raises(error):
        decode_json(text)
