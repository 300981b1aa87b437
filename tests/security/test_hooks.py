"""Posting as somebody else, or what nobody should read; guessing the address of a hook."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conformance.operated import Operated
from tests.security.table import row
from tests.support.peer import PATIENCE, Peer

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def operated(tmp_path: Path) -> Iterator[Operated]:
    """Run a server with an HTTP port, which counts everybody by address."""
    made = Operated(tmp_path, "--listen", "chat://127.0.0.1:0", "--listen", "http://127.0.0.1:0")
    yield made
    made.stop()


@pytest.fixture
def hook(operated: Operated) -> str:
    """Make a hook; return the path of its address."""
    return make(operated, "ci", "60")


def make(operated: Operated, name: str, per_minute: str) -> str:
    """Make a hook of this rate; return the path of its address."""
    done = operated.shell("hook", "add", name, "--per-minute", per_minute)
    assert done.returncode == 0, done.stderr
    return urlsplit(done.stdout.strip()).path


def post(operated: Operated, path: str, body: bytes) -> int:
    """Post JSON; return the status of the answer."""
    address = next(each for each in operated.running.listening["endpoints"] if each.startswith("http:"))
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE)
    try:
        connection.request("POST", path, body, JSON)
        return connection.getresponse().status
    finally:
        connection.close()


def said(peer: Peer) -> list[dict[str, object]]:
    """Return the messages that somebody has heard."""
    peer.fence()
    return [each for each in peer.seen if each["type"] == "MSG"]


@row("guess the address of a hook", defence="192 random bits; five tries a minute of an address")
def test_guess_the_address_of_a_hook(operated: Operated, hook: str) -> None:
    """Guesses are told apart from a good address, which is never refused for them, and are not in the log."""
    statuses = [post(operated, f"{hook[:-4]}{number:04}", b'{"text": "x"}') for number in range(15)]
    assert statuses[:5] == [404] * 5
    assert statuses.count(429) >= 5, "a slow machine takes some more"
    assert post(operated, hook, b'{"text": "x"}') == 200
    assert hook.rpartition("/")[2][:-4] not in "".join(operated.running.lines)


@row("post under another name", defence="a hook has one name; username does not count")
def test_post_under_another_name(operated: Operated, hook: str) -> None:
    """Nor has an alert a sender of its own."""
    ann = operated.come("ann")
    body = {"text": "give me your password", "username": "admin", "from": "ann", "account": True}
    assert post(operated, hook, json.dumps(body).encode()) == 200
    (heard,) = said(ann)
    assert (heard["from"], heard["notice"], heard.get("account")) == ("ci", True, None)


@row("post what controls a terminal", defence="control sequences are taken out")
def test_post_what_controls_a_terminal(operated: Operated, hook: str) -> None:
    """Colours, titles, beeps, other ways to end a line."""
    ann = operated.come("ann")
    body = {"text": "a\x1b]0;title\x07b\x1b[2Jc\x9b1md\x07\x7fe\u2028f"}
    assert post(operated, hook, json.dumps(body).encode()) == 200
    assert [each["text"] for each in said(ann)] == ["abcde\nf"]


@row("post something huge or deep", defence="256 KiB, 256 levels, the bytes of a line of text")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"text": "' + b"x" * 20_000 + b'"}', 413),
        (b'{"text": "' + b"x" * 300_000 + b'"}', 413),
        (b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
        (b'{"attachments": ' + b"[" * 200 + b"]" * 200 + b"}", 400),
        (b'{"text": "\\ud800"}', 400),
    ],
    ids=["long", "huge", "deep", "nested", "half a character"],
)
def test_post_something_huge_or_deep(operated: Operated, hook: str, body: bytes, status: int) -> None:
    """It is refused, and the next is taken."""
    assert post(operated, hook, body) == status
    assert post(operated, hook, b'{"text": "x"}') == 200


@row("flood through a hook", defence="a rate for each hook", default="60 messages a minute")
def test_flood_through_a_hook(operated: Operated) -> None:
    """What comes too fast is refused, whatever it is; others are not held to it."""
    slow, other = (make(operated, name, "1") for name in ("slow", "other"))
    statuses = [post(operated, slow, b'{"text": "x"}') for _ in range(5)]
    assert statuses == [200, 429, 429, 429, 429]
    assert post(operated, other, b'{"text": "x"}') == 200
