"""JSON lines in and out."""

from collections.abc import Callable

import msgspec
import pytest

from chat_client.ui import line_input
from chat_client.ui.app import ExitStatus
from chat_client.ui.pipe import Pipe
from chat_protocol.messages import Exit, Join, Msg, Ping, Pong, RegName, Who
from chat_protocol.server_messages import Ack, Bye, Users
from tests.support.fake_server import (
    FakeServer,
    entered,
    options,
    playing,
    request,
    said,
    typed_in,
    welcome,
)
from tests.support.sheet import Sheet


def run(
    server: FakeServer, typed: bytes, part: Callable[[], object], **others: object
) -> tuple[ExitStatus, list[dict[str, object]]]:
    """Run the client on these lines; return its status and the objects it printed."""
    out = Sheet()
    with typed_in(typed) as read_end, playing(server, part):
        status = Pipe(options(server, **others), out, Sheet(), read_end).run()
    return status, [msgspec.json.decode(line) for line in out.getvalue().splitlines()]


def kinds(printed: list[dict[str, object]]) -> list[object]:
    """Return the types of messages, and the events of the client's own lines."""
    return [line.get("event") or line["type"] for line in printed]


def test_messages_go_in_and_out(server: FakeServer) -> None:
    """Refs are kept, answers are given as the server sends them, and PINGs are no concern of the program."""

    def part() -> None:
        peer = server.accept()
        peer.register()
        assert peer.receive(Who) == Who(room="lobby", ref="w")
        message = peer.receive(Msg)
        assert message == Msg(text="hello", room="lobby", ref="m")
        peer.send(Users(room="lobby", names=["dave"], total=1, ref="w"), Ping(ref="k"), said(1, "ä"))
        peer.receive(Pong)
        peer.acknowledge(message, 2)
        peer.part()

    typed = b'{"type":"WHO","room":"lobby","ref":"w"}\n\n{"type":"MSG","text":"hello","ref":"m"}\n'
    status, printed = run(server, typed, part)
    assert status is ExitStatus.LEFT
    assert kinds(printed) == ["registered", "JOINED", "USERS", "MSG", "ACK", "BYE", "ended"]
    assert printed[3] == {"type": "MSG", "room": "lobby", "id": 1, "ts": 0.0, "from": "bob", "text": "ä"}
    assert printed[4] == {"type": "ACK", "ref": "m", "id": 2, "ts": 2.0, "room": "lobby"}
    assert printed[-1] == {"type": "CLIENT", "event": "ended", "cause": "left", "text": "goodbye"}


def test_wrong_lines_are_answered(server: FakeServer) -> None:
    """Each gets an ERROR, with its ref where it has one, and the others are sent."""

    def part() -> None:
        peer = server.accept()
        peer.register()
        message = peer.receive(Msg)
        assert message.ref == "good"
        peer.acknowledge(message, 1)
        peer.part()

    lines = [
        b"hello",
        b'{"type":"FOO"}',
        b'{"type":"MSG"}',
        b'{"type":"REG_NAME","name":"x"}',
        b'{"type":"MSG","room":"lobby","ref":"long","text":"' + b"x" * 2000 + b'"}',
        b'{"type":"MSG","room":"lobby","ref":"good","text":"hello"}',
        b'{"type":"EXIT"}',
        b'{"type":"MSG","text":"never"}',
    ]
    status, printed = run(server, b"\n".join(lines), part)
    errors = [(line["code"], line.get("ref")) for line in printed if line["type"] == "ERROR"]
    assert status is ExitStatus.NOT_ALL_SENT
    assert errors == [
        ("bad_json", None),
        ("unknown_type", None),
        ("bad_field", None),
        ("bad_field", None),
        ("line_too_long", "long"),
    ]


def test_leaves_with_last_words(server: FakeServer) -> None:
    """Those of the EXIT in the input."""

    def part() -> None:
        peer = server.accept()
        peer.register()
        assert peer.receive(Exit).text == "good night"
        peer.send(Bye(reason="exit", text="goodbye"))
        peer.close()

    status, _ = run(server, b'{"type":"EXIT","text":"good night"}\n', part)
    assert status is ExitStatus.LEFT


def test_a_loss_is_told_and_bridged(server: FakeServer) -> None:
    """The program sees the loss, the return and the gap, and each message once."""

    def part() -> None:
        peer = server.accept()
        peer.register(said(1))
        message = peer.receive(Msg)
        peer.close()
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        peer.send(welcome(resumed=True), entered(last=5, first=4), said(4), said(5, "hello", "dave"))
        assert peer.receive(Msg) == message
        peer.send(Ack(ref=message.ref or "", id=5, ts=0.0, room="lobby"))
        peer.part()

    typed = b'{"type":"MSG","room":"lobby","text":"hello","ref":"m"}\n'
    status, printed = run(server, typed, part, retry=60.0)
    assert status is ExitStatus.LEFT
    assert kinds(printed) == [
        *(
            "registered",
            "JOINED",
            "MSG",
            "lost",
            "registered",
            "JOINED",
            "gap",
            "MSG",
            "MSG",
            "ACK",
            "BYE",
            "ended",
        )
    ]
    assert printed[6] == {"type": "CLIENT", "event": "gap", "room": "lobby", "first": 2, "last": 3}
    assert [line["id"] for line in printed if line["type"] == "MSG"] == [1, 4, 5]


def test_a_question_while_offline_is_refused(server: FakeServer) -> None:
    """What cannot wait is answered at once; a JOIN and messages can wait."""
    typed = b'{"type":"JOIN","room":"tea"}\n'

    def part() -> None:
        peer = server.accept()
        peer.register()
        join = peer.receive(Join)
        peer.send(entered("tea", ref=join.ref))
        peer.part()

    assert run(server, typed, part)[0] is ExitStatus.LEFT


def test_a_line_without_an_end_is_answered(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the server would answer it."""
    monkeypatch.setattr(line_input, "LINE_BYTES", 1000)
    monkeypatch.setattr(line_input, "CHUNK_BYTES", 500)

    def part() -> None:
        peer = server.accept()
        peer.register()
        peer.part()

    status, printed = run(server, b"x" * 2000 + b"\n", part)
    assert status is ExitStatus.NOT_ALL_SENT
    assert "line_too_long" in [line.get("code") for line in printed]
