"""docs/protocol.md lists exactly the messages, fields, codes, reasons and limits of the code."""

import re
from itertools import takewhile
from typing import Literal, get_args

import msgspec
import pytest
from msgspec.structs import fields

from chat_protocol import errors
from chat_protocol.base import Message, tag
from chat_protocol.codec import NESTING_LEVELS, SERVER_LINE_BYTES, client_decoder, encode_json, server_decoder
from chat_protocol.messages import PAGE_MESSAGES, REFS_AT_MOST, ClientMessage, Search
from chat_protocol.people_messages import WATCHED_AT_MOST
from chat_protocol.reasons import CloseReason, RejectReason
from chat_protocol.server_messages import ServerMessage
from chat_server.chat.answers import ANSWER_ROWS
from chat_server.chat.conversation import BAD_LINES
from chat_server.config import Config
from chat_server.journal.base import PAGE_BYTES
from chat_server.journal.sqlite.reader import RESEND_SECONDS
from chat_server.net.dialects.jsonlines import ENDLESS_BYTES
from tests.docs.page import ROOT, code, names_of_tests, only_code, rows, section, text

PAGE_NAME = "docs/protocol.md"
DIRECTIONS = [("From client to server", ClientMessage), ("From server to client", ServerMessage)]
TYPES = "string|integer|number|boolean|object|array"
JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", dict: "object", list: "array"}
LIMITS = {
    "bytes of a line from a client, its end included": Config.line_bytes,
    "bytes of a line from the server": SERVER_LINE_BYTES,
    "characters of a name": Config.name_length,
    "characters of a topic": Config.topic_length,
    "characters of a `ref`": 64,
    "rooms of one user": Config.rooms_per_user,
    "messages of a page": PAGE_MESSAGES,
    "rows of `USERS` and `ROOMS`": ANSWER_ROWS,
    "names that a session may watch": WATCHED_AT_MOST,
    "levels of nesting": NESTING_LEVELS,
    "bad lines in a row": BAD_LINES,
    "refs of a session whose acknowledgements may be unread": REFS_AT_MOST,
    "messages of a user that are taken at once": Config.messages_at_once,
    "messages of a user that are taken in a second from then on": round(Config.messages_per_second),
    "seconds that a message may have to wait for that": round(Config.flood_seconds),
    "bytes of a connection that are read in a second": Config.input_bytes_per_second,
    "greatest id": 2**53 - 1,
}
PHRASES = [
    f"must be given within {Config.register_timeout:g} s",
    f"sent after {Config.ping_interval:g} s of silence",
    f"did not answer a `PING` within {Config.ping_timeout:g} s",
    f"outlives its connection by {Config.session_ttl / 60:g} minutes",
    f"for its session for {Config.name_hold:g} s",
    f"the clock of {Config.session_ttl / 60:g} minutes",
    f"more than {Config.send_queue_bytes >> 20} MiB waited",
    f"the oldest of it for {Config.send_queue_age:g} s",
    f"more than {Config.presence_limit} members is quiet",
    f"without `after`, the last {Config.join_history}",
    f"more than {ENDLESS_BYTES >> 20} MiB without the end of a line",
    f"a page in order, at most {PAGE_BYTES >> 10} KiB",
    f"({Search(words='x').limit} where no `limit` is given)",
    f"those of each room's last {'hour' if RESEND_SECONDS == 3600 else RESEND_SECONDS}",
]
EXAMPLES = re.findall(r"^([CS]) (\{.*\})$", text(PAGE_NAME), re.MULTILINE)
PROOFS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text(PAGE_NAME))


def json_type(annotation: object) -> str:
    """Return how JSON calls what a field takes; `None` beside it only means that it may be left out."""
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    origin = getattr(annotation, "__origin__", annotation)
    if origin is Literal:
        return "string"
    if origin in JSON_TYPES:
        return JSON_TYPES[origin]
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return "object"
    return json_type(kinds[0])


def fields_of(kind: type[Message]) -> set[str]:
    """Return a message's fields as the page writes them."""
    return {
        f"{field.encode_name}{'' if field.required else '?'} {json_type(field.type)}"
        for field in fields(kind)
    }


@pytest.mark.parametrize(("heading", "union"), DIRECTIONS)
def test_every_message_and_nothing_else_is_listed(heading: str, union: object) -> None:
    """Types, in the order of the code."""
    listed = [only_code(row[0]) for row in rows(PAGE_NAME, heading)]
    assert listed == [tag(kind) for kind in get_args(union)]


@pytest.mark.parametrize(("heading", "union"), DIRECTIONS)
def test_every_field_is_listed_with_its_type(heading: str, union: object) -> None:
    """Name, whether it may be left out, and type."""
    for row, kind in zip(rows(PAGE_NAME, heading), get_args(union), strict=True):
        found = {" ".join(pair) for pair in re.findall(rf"`(\w+\??)` ({TYPES})", row[1])}
        assert found == fields_of(kind), row[0]


def test_every_code_is_listed() -> None:
    """The closed list of what an ERROR has."""
    codes = {kind.code for kind in vars(errors).values() if _is_peer_error(kind)}
    listed = [only_code(row[0]) for row in rows(PAGE_NAME, "Errors")]
    assert sorted(listed) == sorted(codes)


def _is_peer_error(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, errors.PeerError) and kind is not errors.PeerError


def test_every_reason_is_listed() -> None:
    """The closed lists of why connections end, and the one of who leaves a room alone."""
    listed = [only_code(row[0]) for row in rows(PAGE_NAME, "Reasons")]
    assert listed == ["left", *CloseReason, *RejectReason]


def test_no_other_reason_is_sent() -> None:
    """Every literal that a LEFT has is on the page."""
    sources = "\n".join(path.read_text() for path in (ROOT / "chat_server").rglob("*.py"))
    sent = set(re.findall(r'\.leave\([^)]*"([a-z_]+)"|\bLeft\([^)]*"([a-z_]+)"', sources))
    assert {one or other for one, other in sent} == {"left"}


def test_a_reason_is_where_the_page_says() -> None:
    """Who is turned away was never in a room, so no LEFT can have that reason."""
    for reason, where, _ in rows(PAGE_NAME, "Reasons"):
        assert set(code(where)) <= {"BYE", "LEFT"}
        if only_code(reason) in set(map(str, RejectReason)):
            assert "LEFT" not in where


def test_every_limit_is_the_code_s() -> None:
    """The figures of the table."""
    listed = {limit: int(value.replace(",", "")) for limit, value in rows(PAGE_NAME, "Limits")}
    assert listed == LIMITS


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_figure_in_the_text_is_the_code_s(phrase: str) -> None:
    """What the text says of times and sizes."""
    assert phrase in " ".join(text(PAGE_NAME).split())


def test_the_longest_ref_is_what_the_page_says() -> None:
    """That limit has no name in the code."""
    decoder = client_decoder(1 << 14)
    longest, longer = (b'{"type":"PING","ref":"%s"}\n' % (b"r" * length) for length in (64, 65))
    assert not isinstance(decoder.decode(longest)[0], errors.PeerError)
    assert isinstance(decoder.decode(longer)[0], errors.BadFieldError)


def test_there_are_examples() -> None:
    """In both directions, of most types."""
    assert len({(side, msgspec.json.decode(line)["type"]) for side, line in EXAMPLES}) >= 24


@pytest.mark.parametrize(("side", "line"), EXAMPLES)
def test_an_example_is_what_is_really_sent(side: str, line: str) -> None:
    """It decodes, and encoded again it is the same, but that a client may choose the order of its fields."""
    decoder = client_decoder(1 << 14) if side == "C" else server_decoder()
    (message,) = decoder.decode(line.encode() + b"\n")
    assert not isinstance(message, errors.PeerError), message
    again = encode_json(message).decode()
    if side == "S":
        assert again == line
    assert msgspec.json.decode(again) == msgspec.json.decode(line)


def test_promises_are_numbered_and_proved() -> None:
    """Each has its number and names at least one test."""
    listed, _, _ = section(PAGE_NAME, "Promises").partition("What is **not** promised")
    _, *promises = re.split(r"^(?=\d+\. )", listed, flags=re.MULTILINE)
    assert len(promises) >= 12
    for number, promise in enumerate(promises, 1):
        assert int("".join(takewhile(str.isdigit, promise))) == number
        assert "::test_" in promise, promise


@pytest.mark.parametrize(("path", "name"), sorted(set(PROOFS)))
def test_a_proof_exists(path: str, name: str) -> None:
    """Each test that a promise names."""
    assert name in names_of_tests(path)
