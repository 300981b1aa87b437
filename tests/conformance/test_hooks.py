"""Programs that post, and that are told, over the wire; the server is killed and comes back meanwhile."""

import hashlib
import hmac
import http.client
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conformance.operated import Operated
from tests.support.peer import PATIENCE
from tests.support.receiver import Receiver

LISTEN = ("--listen", "chat://127.0.0.1:0", "--listen", "http://127.0.0.1:0")


@pytest.fixture
def operated(tmp_path: Path) -> Iterator[Operated]:
    """Run a server with a chat port and an HTTP port."""
    made = Operated(tmp_path, *LISTEN)
    yield made
    made.stop()


def hook(operated: Operated, *arguments: str) -> str:
    """Make a hook; return what its command shows: the path of its address, or its key."""
    done = operated.shell("hook", "add", *arguments)
    assert done.returncode == 0, done.stderr
    return urlsplit(done.stdout.strip()).path


def post(operated: Operated, path: str, body: str, **headers: str) -> tuple[int, str]:
    """Post to a hook; return status and text of the answer."""
    address = next(each for each in operated.running.listening["endpoints"] if each.startswith("http:"))
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", path, body.encode(), named)
        answer = connection.getresponse()
        return answer.status, answer.read().decode().strip()
    finally:
        connection.close()


def test_what_a_program_posts_is_said(operated: Operated) -> None:
    """By its name, as a program's; nobody sees it come or go."""
    ann = operated.come("ann")
    path = hook(operated, "ci")
    assert post(operated, path, '{"text": "green"}') == (200, "ok")
    said = ann.hear("green")
    assert (said["from"], said["notice"], said["id"]) == ("ci", True, 1)
    assert post(operated, path, "text=red", content_type="application/x-www-form-urlencoded") == (200, "ok")
    ann.hear("red")
    assert {each["type"] for each in ann.fence()} <= {"MSG"}
    ann.send("WHO")
    assert ann.until("USERS")["names"] == ["ann"]


def test_a_repeat_is_said_once_also_after_a_crash(operated: Operated) -> None:
    """200 says that it is stored: the server is killed at once."""
    path = hook(operated, "ci")
    assert post(operated, path, "{}", idempotency_key="k")[0] == 400
    assert post(operated, path, '{"text": "green"}', idempotency_key="k") == (200, "ok")
    operated.restart(signal.SIGKILL)
    assert post(operated, path, '{"text": "green"}', idempotency_key="k") == (200, "ok")
    assert post(operated, path, '{"text": "last"}') == (200, "ok")
    ann = operated.come("ann")
    ann.send("HISTORY")
    assert [each["text"] for each in ann.until("HISTORY")["messages"]] == ["green", "last"]


def test_a_hook_is_good_until_it_is_revoked(operated: Operated) -> None:
    """From one post to the next."""
    path = hook(operated, "ci")
    assert post(operated, path, '{"text": "green"}')[0] == 200
    assert operated.shell("hook", "revoke", "1").returncode == 0
    status, text = post(operated, path, '{"text": "green"}')
    assert (status, "revoked" in text) == (404, True)


def test_whoever_has_the_name_must_go(operated: Operated) -> None:
    """As soon as the server sees that it is a program's."""
    eve = operated.come("c\u0456")
    hook(operated, "ci")
    assert eve.until("BYE")["reason"] == "name_reserved"
    again = operated.stranger()
    again.until("REG_NAME")
    again.send("REG_NAME", name="ci")
    assert again.until("ERROR")["code"] == "name_taken"


def test_a_program_is_told_what_is_said(operated: Operated) -> None:
    """Signed, in its order; what hooks say is none of it."""
    ann = operated.come("ann")
    path = hook(operated, "ci")
    with Receiver() as receiver:
        key = hook(operated, "--to", receiver.url, "--word", "deploy", "--prefix", "!")
        told: list[str] = []
        while not told:  # from when the server has seen it
            ann.say("!ready")
            told = [json.loads(each.body)["text"] for each in receiver.waiting(1.0)]
        assert post(operated, path, '{"text": "!loop"}')[0] == 200
        ann.say("nothing")
        ann.say("please deploy")
        got = receiver.until(b"please deploy")
        body = json.loads(got.body)
        assert (body["room"], body["from"], body["account"]) == ("lobby", "ann", False)
        signed = got.headers["X-Chat-Timestamp"].encode() + b"." + got.body
        digest = hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
        assert got.headers["X-Chat-Signature"] == f"sha256={digest}"
        assert "!loop" not in [json.loads(each.body)["text"] for each in receiver.seen]


def test_a_relay_goes_on_after_a_crash(operated: Operated) -> None:
    """With what was said while nobody took it."""
    with Receiver() as receiver:
        hook(operated, "--to", receiver.url, "--prefix", "!")
        ann = operated.come("ann")
        while not receiver.waiting(1.0):
            ann.say("!ready")
        receiver.fail = True
        ann.say("!missed", ref="1")
        ann.until("ACK")
        receiver.until(b"!missed")
        operated.restart(signal.SIGKILL)
        receiver.fail = False
        receiver.until(b"!missed")
