"""Inputs for the targets, made with hypothesis: it knows their form, as atheris knows what they reach."""

import json
from collections.abc import Mapping

from hypothesis import strategies as st
from websockets.frames import Opcode

from chat_protocol.messages import ClientMessage
from chat_server.net.dialects.irc.tables import COMMANDS
from tests.chat_protocol.strategies import kinds
from tests.fuzz.irc import SETTINGS
from tests.fuzz.targets import corpus
from tests.support.proxying import raw_header
from tests.support.websocket import HANDSHAKE, masked, request

_TYPES = [str(each.__struct_config__.tag) for each in kinds(ClientMessage)]
_FIELDS = sorted({name for each in kinds(ClientMessage) for name in each.__struct_fields__})
_WORDS = st.sampled_from(["ann", "bob", "tea", "lobby", "@", "#TEA", "\u202e", "\n", "\u017f", "", "x" * 33])
_VALUES = st.one_of(
    _WORDS, st.integers(-1, 2**64), st.none(), st.booleans(), st.floats(), st.text(max_size=9)
)
_MESSAGES = st.builds(
    lambda kind, fields: json.dumps({"type": kind, **fields}).encode(),
    st.sampled_from([*_TYPES, "SHOUT"]),
    st.dictionaries(
        st.sampled_from(_FIELDS), st.one_of(_VALUES, st.dictionaries(_WORDS, _VALUES)), max_size=4
    ),
)
_LINES = st.one_of(_MESSAGES, st.binary(max_size=40), st.just(b"[" * 300), st.just(b'{"type":"LIST"}' * 2))
_SPEAKERS = st.sampled_from([b"0", b"1", b"2"])
_BEGINNING = b"".join(
    b'%d{"type":"REG_NAME","name":"%s"}\n' % each for each in enumerate((b"ann", b"bob", b"cat"))
)
_GOVERNED = b"".join(
    b'%d{"type":"REG_NAME","name":"%s","password":"%s"}\n' % (each, name, name)
    for each, name in enumerate((b"ann", b"bob", b"eve"))
)
_SPOKEN = st.lists(st.builds(bytes.__add__, _SPEAKERS, st.one_of(_LINES, st.just(b""))), max_size=20)
_HEADERS = st.sampled_from(
    [
        *(
            b"Host: localhost\r\n",
            b"Host: evil.example\r\n",
            b"Origin: http://localhost\r\n",
            b"Origin: null\r\n",
        ),
        *(b"Content-Length: 3\r\n", b"Content-Length: 65\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\n"),
        *(
            b"Connection: close\r\n",
            b"Expect: 100-continue\r\n",
            b'If-None-Match: "1"\r\n',
            b"abc",
            b"1\r\nx\r\n",
        ),
        *(request("/ws", HANDSHAKE), request(), b"0\r\n\r\n", b"X: y\r\n", b" z\r\n", b"\n"),
    ]
)
_FIRSTS = st.sampled_from(
    [
        *(
            b"GET / HTTP/1.1\r\n",
            b"POST /post/x HTTP/1.1\r\n",
            b"GET /ws HTTP/1.1\r\n",
            b"HEAD / HTTP/1.1\r\n",
        ),
        *(b"GET /../x?y HTTP/1.0\r\n", b"CONNECT a:1 HTTP/1.1\r\n", b"GET http://evil.example/ HTTP/1.1\r\n"),
    ]
)
_REQUESTS = st.lists(st.one_of(_FIRSTS, _HEADERS, _HEADERS, st.binary(max_size=9)), max_size=15)
_FRAMES = st.lists(
    st.one_of(
        st.builds(
            lambda data, opcode, fin: (
                masked(data[:125], opcode) if opcode >= Opcode.CLOSE else masked(data, opcode, fin=fin)
            ),
            st.one_of(st.binary(max_size=9), st.just(b"x" * 126), st.just(b"\xc3\xa9"[:1])),
            st.sampled_from([0, 1, 1, 2, 8, 9, 10]),
            st.sampled_from([True, True, False]),
        ),
        st.binary(max_size=9),
    ),
    max_size=12,
)

_POSTED = st.recursive(
    _VALUES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "attachments", "blocks", "alerts", "labels"]), inner)
    ),
    max_leaves=9,
)

_COMMANDS = st.sampled_from([*COMMANDS, "FOO", "privmsg"]).map(str.encode)
_PARAMS = st.one_of(
    st.sampled_from(["#lobby", "#TEA,#lobby", "ann", "bob", "*", "0", "+o", "LS", "302", ":", ": x y"]),
    st.text(max_size=9),
).map(str.encode)
_IRC = st.one_of(
    st.builds(
        lambda tags, command, params: tags + b" ".join([command, *params]),
        st.sampled_from([b"", b"@label=1 ", b"@batch=b ", b"@a=\\;b "]),
        _COMMANDS,
        st.lists(_PARAMS, max_size=4),
    ),
    st.sampled_from([b"CAP REQ :" + each.encode() for each in SETTINGS.caps]),
    st.binary(max_size=40),
)
_IRC_BEGINNING = b"""0NICK ann
0USER ann 0 * :Ann
1NICK bob
1USER bob 0 * :Bob
2{"type":"REG_NAME","name":"cat"}
0JOIN #lobby
1JOIN #tea,#lobby
"""
_IRC_SPOKEN = st.lists(
    st.one_of(
        st.builds(bytes.__add__, st.sampled_from([b"0", b"1"]), _IRC), st.builds(b"2".__add__, _MESSAGES)
    ),
    max_size=20,
)

INPUTS: Mapping[str, st.SearchStrategy[bytes]] = {
    "payload": st.builds(
        lambda kind, body: kind + body,
        st.sampled_from([b"0", b"1", b"2", b"3"]),
        st.one_of(st.binary(), _POSTED.map(json.dumps).map(str.encode)),
    ),
    "framing": st.builds(
        lambda head, lines: head + b"\n".join(lines),
        st.binary(min_size=2, max_size=2),
        st.lists(st.binary(max_size=60), max_size=12),
    ),
    "codec": st.lists(_LINES, max_size=12).map(b"\n".join),
    "commands": _SPOKEN.map(lambda lines: _BEGINNING + b"\n".join(lines)),
    "irc": _IRC_SPOKEN.map(lambda lines: _IRC_BEGINNING + b"\n".join(lines)),
    "governed": _SPOKEN.map(lambda lines: _GOVERNED + b"\n".join(lines)),
    "http": st.builds(
        lambda seed, parts: seed + b"".join(parts), st.binary(min_size=1, max_size=1), _REQUESTS
    ),
    "websocket": st.builds(
        lambda seed, frames: seed + b"".join(frames), st.binary(min_size=1, max_size=1), _FRAMES
    ),
    "proxy_header": st.builds(
        lambda seed, header, tail: seed + header + tail,
        st.binary(min_size=1, max_size=1),
        st.builds(raw_header, st.integers(0x1F, 0x22), st.integers(0, 0x32), st.binary(max_size=60)),
        st.binary(max_size=40),
    ),
}


def inputs(target: str) -> st.SearchStrategy[bytes]:
    """Return inputs for a target: made, taken from the corpus and spoilt, or anything."""
    begun = st.sampled_from([path.read_bytes() for path in corpus(target)])
    spoilt = st.builds(_spoilt, begun, st.integers(0, 500), st.binary(max_size=8))
    return st.one_of(INPUTS[target], spoilt, st.binary(max_size=300))


def _spoilt(data: bytes, at: int, put: bytes) -> bytes:
    at %= len(data) + 1
    return data[:at] + put + data[at + len(put) :]
