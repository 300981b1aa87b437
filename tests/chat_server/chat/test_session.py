"""Sessions and their tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.chat import session as module
from chat_server.chat.session import (
    RANDOM,
    REFUSED,
    Nowhere,
    Session,
    is_signed,
    new_token,
    reissued,
    session_id,
)
from chat_server.errors import NotAMemberError
from chat_server.wire.messages import Ack, Notice
from tests.chat_server.chat.world import RecordingOutbox, World

SECRET = b"s" * 32
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_a_token_is_its_server_s_own() -> None:
    """Two are never the same; letters, digits, - and _, so that it can be handed on as it is."""
    token = new_token(SECRET)
    assert is_signed(SECRET, token)
    assert token != new_token(SECRET)
    assert len(token) == 48
    assert set(token) <= set(ALPHABET)


def test_a_token_of_another_run_is_none() -> None:
    """It was signed with another key."""
    assert not is_signed(b"t" * 32, new_token(SECRET))


def test_a_truncated_token_is_none() -> None:
    """However much of it is missing, and whatever follows it."""
    token = new_token(SECRET)
    assert not any(is_signed(SECRET, token[:length]) for length in range(len(token)))
    assert not any(is_signed(SECRET, token + more) for more in ("A", "=", "\n", "é"))


@given(st.integers(0, 47), st.sampled_from(ALPHABET))
def test_a_forged_token_is_none(place: int, letter: str) -> None:
    """Whatever letter of it is changed: there is one spelling of a token."""
    token = new_token(SECRET)
    forged = token[:place] + letter + token[place + 1 :]
    assert is_signed(SECRET, forged) is (forged == token)


@given(st.text(max_size=60))
def test_any_text_is_no_token(text: str) -> None:
    """Nothing that a client sends raises."""
    assert not is_signed(SECRET, text)


def test_a_session_has_another_token_in_each_run() -> None:
    """Each shows that it is of the same session, and of its own run."""
    token = new_token(SECRET)
    later = reissued(b"t" * 32, token)
    assert session_id(later) == session_id(token) == Session(token, "ann").id
    assert is_signed(b"t" * 32, later)
    assert not is_signed(SECRET, later)
    assert later[:RANDOM] == token[:RANDOM]


def test_the_token_is_kept_from_others() -> None:
    """What others know the session by does not tell it."""
    token, other = new_token(SECRET), new_token(SECRET)
    session = Session(token, "ann")
    assert len(session.id) == 24
    assert session.id not in token
    assert session.id == Session(token, "bob").id != Session(other, "ann").id


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
