"""The server's errors and reasons in a person's terms."""

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_client.terms import departure, farewell, plain, refusal, refused_name
from chat_protocol import errors
from chat_protocol.codec import client_decoder
from chat_protocol.errors import NameInvalidError, PeerError
from chat_protocol.reasons import CloseReason, RejectReason
from chat_server.chat.names import user_name
from tests.support.source import modules, tree

#: What a person should not read: a type of message, a code point, a word with an underscore, JSON.
REASONS: list[CloseReason | RejectReason] = [*CloseReason, *RejectReason]
JARGON = re.compile(
    r"(?<![/\w])(?:REG_NAME|MSG|DM|JOIN|LEAVE|NAME|TOPIC|WHO|LIST|HISTORY|SEARCH|PING|PONG|EXIT|ACK)\b"
    r"|U\+[0-9A-F]{4}|[a-z]_[a-z]|[{$`]"
)


def server_errors() -> list[tuple[str, str]]:
    """Return code and text of each error that the chat makes, with `9` for what is filled in."""
    found = []
    for path in modules("chat_server/chat"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and node.args:
                kind = getattr(errors, ast.unparse(node.func), None)
                if isinstance(kind, type) and issubclass(kind, PeerError):
                    found.append((kind.code, _text(node.args[0])))
    return found


def _text(node: ast.expr) -> str:
    """Return what a literal says."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(each) for each in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else "9"


def test_each_error_of_the_server() -> None:
    """Whatever the chat refuses, the person reads nothing of the protocol, and something."""
    found = server_errors()
    assert len({code for code, _ in found}) > 6
    for code, text in found:
        shown = refusal(code, text)
        assert shown.strip()
        assert not JARGON.search(shown), shown


@pytest.mark.parametrize(
    "line", [b'{"type":"DM","to":5,"text":"x"}', b"{", b"[]", b'{"type":"X"}', b"{}", b"\xff"]
)
def test_each_error_of_the_decoder(line: bytes) -> None:
    """A newer or older server may find our messages wrong; that is no person's business."""
    (error,) = client_decoder(1024).decode(line + b"\n")
    assert isinstance(error, PeerError)
    assert not JARGON.search(refusal(error.code, error.text))


@pytest.mark.parametrize(("reason", "text"), [*((str(each), each.text) for each in REASONS), ("new_one", "")])
def test_each_reason(reason: str, text: str) -> None:
    """So it is with why connections end, one's own and others', also with a reason that is not known yet."""
    for shown in (farewell(reason, text), departure(reason)):
        assert not JARGON.search(shown)
    assert farewell(reason, text)


@given(st.text(st.one_of(st.sampled_from(" @#\u200b\u3000/,"), st.characters(codec="utf-8")), max_size=40))
def test_each_name_that_is_refused(name: str) -> None:
    """No code point is shown, whatever is wrong with a name, and a name with spaces gets one without."""
    try:
        user_name(name, 32)
    except NameInvalidError as error:
        for shown in (refusal(error.code, error.text), refused_name("dave", error.code, error.text)):
            assert not re.search(r"\bU\+[0-9A-F]{4}", shown)


@pytest.mark.parametrize(
    ("name", "code", "text", "shown"),
    [
        ("dave smith", "name_invalid", "U+0020 is not allowed", "names have no spaces: try dave-smith"),
        (
            "a@b",
            "name_invalid",
            "U+0040 is not allowed; use letters",
            "“a@b” cannot be used: “@” is not allowed; use letters",
        ),
        (
            "a\u202eb",
            "name_invalid",
            "U+202E is not allowed",
            "“a\u202eb” cannot be used: an invisible character is not allowed",
        ),
        ("x", "name_invalid", "U+FFFFFF is not allowed", "“x” cannot be used: a character is not allowed"),
        (
            "JOIN",
            "name_taken",
            "the name JOIN is held for 42 s; choose another",
            "the name JOIN is held for 42 s; choose another",
        ),
        ("dave", "name_taken", "taken", "dave: taken"),
    ],
)
def test_refused_names(name: str, code: str, text: str, shown: str) -> None:
    """What is said names the name once, and what to do; how long it is held is the server's to say."""
    assert refused_name(name, code, text) == shown


def test_examples() -> None:
    """A known code has its sentence, another keeps the server's text, translated; the rest is left alone."""
    assert (
        refusal("not_a_member", "JOIN it first") == "you are not in that room; /join it first, or see /rooms"
    )
    assert refusal("limit_reached", "20 rooms; LEAVE one first") == "20 rooms; /leave one first"
    assert refusal("name_invalid", "longer than 32") == "that name cannot be used: longer than 32"
    assert refusal("name_taken", "the name WHO is taken") == "the name WHO is taken"
    assert refusal("new_code", "") == "new code"
    assert plain("no answer to PING") == "no answer to the question whether you are there"
    assert plain("JOINED /WHO xWHO") == "JOINED /WHO xWHO"
    assert departure("ping_timeout") == "connection lost"
    assert departure("exit") == ""
