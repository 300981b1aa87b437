"""Sessions and their tokens."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.chat import session as module
from chat_server.chat.session import REFUSED, Nowhere, Session, issued_at, new_token
from chat_server.errors import NotAMemberError
from chat_server.wire.messages import Ack, Notice
from tests.chat_server.chat.world import RecordingOutbox, World

SECRET = b"s" * 32
NOW = 1_790_000_000.9


def test_a_token_tells_when_it_was_issued() -> None:
    """In milliseconds; two tokens are never the same."""
    assert issued_at(SECRET, new_token(SECRET, NOW)) == NOW
    assert new_token(SECRET, NOW) != new_token(SECRET, NOW)


def test_a_token_of_another_server_is_none() -> None:
    """It was signed with another secret."""
    assert issued_at(b"t" * 32, new_token(SECRET, NOW)) is None


def test_a_truncated_token_is_none() -> None:
    """However much of it is missing."""
    token = new_token(SECRET, NOW)
    assert all(issued_at(SECRET, token[:length]) is None for length in range(len(token)))


@given(st.integers(0, 8 * 36 - 1))
def test_a_forged_token_is_none(bit: int) -> None:
    """Whatever bit of it is changed: its random part, its time or its signature."""
    raw = bytearray(base64.urlsafe_b64decode(new_token(SECRET, NOW)))
    assert len(raw) == 36
    raw[bit // 8] ^= 1 << bit % 8
    assert issued_at(SECRET, base64.urlsafe_b64encode(bytes(raw)).decode()) is None


@given(st.text(max_size=60))
def test_any_text_is_no_token(text: str) -> None:
    """Nothing that a client sends raises."""
    assert issued_at(SECRET, text) is None


def test_the_token_is_kept_from_others() -> None:
    """What others know the session by does not tell it."""
    session = Session("secret token", "ann")
    assert "secret" not in session.id
    assert session.id == Session("secret token", "bob").id != Session("other token", "ann").id


def test_a_session_without_a_connection_refuses() -> None:
    """Nothing is sent, nobody waits, and to end it is no error."""
    nowhere = Session("token", "ann").outbox
    assert isinstance(nowhere, Nowhere)
    assert nowhere.push(b"x") == nowhere.push(b"x", droppable=True) == REFUSED
    assert nowhere.wait_below(1, 60) is False
    nowhere.end("exit")


def test_send() -> None:
    """A message goes to the connection of the moment."""
    session = Session("token", "ann")
    session.outbox = outbox = RecordingOutbox()
    session.send(Notice("hello"))
    assert [each.text for each in outbox.of(Notice)] == ["hello"]


def test_room() -> None:
    """The room of a name, or the one joined last."""
    world = World()
    session = Session("token", "ann")
    with pytest.raises(NotAMemberError, match="JOIN"):
        session.room(None)
    session.rooms = {name: world.room(name) for name in ("lobby", "den")}
    assert session.room(None).name == "den"
    assert session.room("lobby").name == "lobby"
    with pytest.raises(NotAMemberError, match="lobby, den"):
        session.room("attic")


def test_refs_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest ones, so that memory does not grow."""
    monkeypatch.setattr(module, "REFS", 3)
    session = Session("token", "ann")
    for number in range(5):
        session.acknowledge([], {str(number): ("lobby", number, 1.0)})
    assert list(session.refs) == ["2", "3", "4"]


def test_the_oldest_ref_may_come_again_among_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is acknowledged before it is forgotten."""
    monkeypatch.setattr(module, "REFS", 2)
    session = Session("token", "ann")
    session.acknowledge([], {"old": ("lobby", 1, 1.0), "older": ("lobby", 2, 1.0)})
    acks = session.acknowledge(["old", "new"], {"new": ("lobby", 3, 2.0)})
    assert [(each.ref, each.id) for each in acks] == [("old", 1), ("new", 3)]
    assert list(session.refs) == ["older", "new"]


def test_an_acknowledgement_names_a_room_but_no_inbox() -> None:
    """A direct message is stored under a name that is nobody's business."""
    session = Session("token", "ann")
    acks = session.acknowledge(["a", "b"], {"a": ("lobby", 4, 1.5), "b": ("@f00", 5, 2.5)})
    assert repr(acks) == repr([Ack("a", 4, 1.5, "lobby"), Ack("b", 5, 2.5)])
