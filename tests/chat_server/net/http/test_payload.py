"""What programs post, in each format, and anything at all."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat_protocol.errors import PeerError
from chat_server.net.http.payload import FORM, Payload, cleaned, read

JSON = "application/json; charset=utf-8"
MOST = 1000
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "text",
                        "attachments",
                        "blocks",
                        "fields",
                        "elements",
                        "title",
                        "title_link",
                        "pretext",
                    ),
                    *("fallback", "value", "type", "url", "channel", "room", "alerts", "labels", "status"),
                    *("annotations", "summary", "description", "alertname", "severity", "truncatedAlerts"),
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


def of_json(value: object) -> Payload:
    """Return what is said in JSON."""
    return read(JSON, json.dumps(value).encode(), MOST)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"text": "hello"}, "hello"),
        ({"text": "hello", "username": "root", "icon_emoji": ":x:"}, "hello"),
        ({"text": 42}, "42"),
        (
            {"text": "see <https://a.example/x|the log> &lt;b&gt; &amp;amp;"},
            "see the log (https://a.example/x) <b> &amp;",
        ),
        (
            {"text": "<https://a.example> <mailto:ann@a.example|ann@a.example>"},
            "https://a.example ann@a.example",
        ),
        ({"text": "<!here> <@U1|dave> <@U2> <#C1|ops>"}, "@here @dave @U2 #ops"),
        ({"text": "a < b > c"}, "a < b > c"),
        (
            {
                "text": "up",
                "attachments": [{"pretext": "p", "title": "T", "title_link": "http://t", "text": "b"}],
            },
            "up\np\nT (http://t)\nb",
        ),
        (
            {"attachments": [{"title": "T", "fields": [{"title": "Prio", "value": 1}, {"value": "x"}]}]},
            "T\nPrio: 1\nx",
        ),
        ({"attachments": [{"fallback": "only"}, {"fallback": "not", "text": "this"}, 7]}, "only\nthis"),
        (
            {
                "text": "stands in",
                "blocks": [
                    {"type": "header", "text": {"type": "plain_text", "text": "Deploy"}},
                    {"type": "divider"},
                    {
                        "type": "section",
                        "text": {"type": "mrkdwn", "text": "done"},
                        "fields": [{"text": "a"}],
                    },
                    {"type": "context", "elements": [{"text": "by"}, {"text": "ci"}]},
                ],
            },
            "Deploy\ndone a\nby ci",
        ),
        (
            {
                "blocks": [
                    {
                        "type": "rich_text",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [
                                    {"type": "text", "text": "see "},
                                    {"type": "link", "url": "http://x", "text": "this"},
                                    {"type": "link", "url": "http://y"},
                                ],
                            }
                        ],
                    }
                ]
            },
            "see this (http://x)http://y",
        ),
        ({"text": "kept", "blocks": [{"type": "divider"}]}, "kept"),
    ],
)
def test_what_programs_send_to_slack_and_mattermost(value: dict[str, Any], text: str) -> None:
    """In JSON, and in a form's `payload`."""
    assert of_json(value) == Payload(text)
    form = urlencode({"payload": json.dumps(value)}).encode()
    assert read(FORM, form, MOST) == Payload(text)


def test_a_room_may_be_named() -> None:
    """As `channel` or `room`, in whichever format has them."""
    assert of_json({"text": "x", "channel": "#ops"}).room == "#ops"
    assert of_json({"text": "x", "room": "ops", "channel": ""}).room == "ops"
    assert of_json({"alerts": [{}], "room": "ops"}).room == "ops"
    assert read(FORM, b"text=x&channel=%23ops", MOST) == Payload("x", "#ops")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain; charset=utf-8", b"hello you\n"),
        ("", b"hello you"),
        (FORM, b"text=hello+you"),
        (FORM, b' {"text": "hello you"}'),
        ("", b'{"text": "hello you"}'),
        ("application/problem+json", b'{"text": "hello you"}'),
        ("text/plain", b"\x1b[1;31mhello\x1b[0m \x1b]0;title\x07you\x00\x7f\r\n"),
    ],
)
def test_what_curl_sends(kind: str, body: bytes) -> None:
    """With or without a header of its own."""
    assert read(kind, body, MOST) == Payload("hello you")


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("image/png", b"x", "'image/png' is not understood"),
        (FORM, b"hello", "send text=hello"),
        (FORM, b"text=%ff", "send UTF-8"),
        (FORM, b"&".join([b"a=b"] * 101), "more than 100 fields"),
        ("text/plain", b"\xff", "at byte 0"),
        ("text/plain", b" \n\x00", "nothing to say"),
        (JSON, b"", "send JSON"),
        (JSON, b'{"text":', "send JSON"),
        (JSON, b'{"text": "\xff"}', "send UTF-8"),
        (JSON, b"[1]", "a JSON object"),
        (JSON, b"[" * 300 + b"]" * 300, "nested deeper"),
        (JSON, b'{"text": ["no text"]}', "nothing to say"),
        (JSON, b'{"alerts": []}', "no alert"),
        (
            JSON,
            json.dumps({"text": "\u00e9" * 501}).encode(),
            "the text has 1002 bytes, and a message at most 1000",
        ),
    ],
)
def test_what_is_not_understood_says_what_to_send(kind: str, body: bytes, said: str) -> None:
    """In one sentence."""
    with pytest.raises(PeerError, match=said):
        read(kind, body, MOST)


def test_lines_end_in_one_way_and_nothing_controls_a_terminal() -> None:
    """What is left of colours, titles and beeps is the text."""
    assert cleaned("a\r\nb\rc\u2028d\te\x07\x9b1mf\x1bMg") == "a\nb\nc\nd\tefg"
    assert cleaned("\ud800x\x85y") == "x\ny"
    assert cleaned("\x9d" * 60_000 + "x") == "x"
    assert cleaned("\x1b]" * 30_000 + "x") == "]" * 30_000 + "x" or cleaned("\x1b]" * 30_000).strip("]") == ""


@given(st.sampled_from([JSON, FORM, "text/plain", "", "x"]) | st.text(max_size=20), st.binary(max_size=200))
@example(JSON, b'{"text": "\\ud800"}')
def test_any_body_is_text_or_refused(kind: str, body: bytes) -> None:
    """Nothing else comes out of it."""
    refused_or_good(kind, body)


@given(values)
def test_any_json_is_text_or_refused(value: object) -> None:
    """Whatever stands where."""
    body = json.dumps(value).encode()
    refused_or_good(JSON, body)
    refused_or_good(FORM, urlencode({"payload": body}).encode())


@given(st.dictionaries(st.sampled_from(["text", "payload", "channel", "room"]), st.text(max_size=20)))
def test_any_form_is_text_or_refused(fields: dict[str, str]) -> None:
    """Fields may be missing or empty."""
    refused_or_good(FORM, urlencode(fields).encode())


@given(st.text())
def test_a_text_is_what_was_said(text: str) -> None:
    """But for what is cleaned away; what is clean stays as it is."""
    clean = cleaned(text)
    assert cleaned(clean) == clean
    if clean and len(clean.encode()) <= MOST:
        assert read("text/plain", clean.encode(), MOST).text == clean


def refused_or_good(kind: str, body: bytes) -> None:
    """Check that a body is taken, as a text that may be shown, or refused in one sentence."""
    try:
        payload = read(kind, body, MOST)
    except PeerError as error:
        said = error.text
    else:
        said = "taken"
        assert_clean(payload)
    assert said
    assert "\n" not in said


def assert_clean(payload: Payload) -> None:
    """Check that it may be stored as it is."""
    assert 0 < len(payload.text.encode()) <= MOST
    assert payload.text == cleaned(payload.text)
    assert payload.room is None or payload.room.strip()
