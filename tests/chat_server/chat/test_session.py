"""Sessions and their tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.errors import NotAMemberError
from chat_protocol.messages import Notice
from chat_protocol.reasons import CloseReason
from chat_server.chat import session as module
from chat_server.chat.session import RANDOM, Session, is_signed, new_token, reissued, session_id
from chat_server.journal.ledger import Ledger
from chat_server.stream.outgoing import REFUSED, Nowhere
from tests.support.world import RecordingOutbox, World

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
    nowhere.end(CloseReason.EXIT)


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


def test_who_says_much_in_a_second_is_fast() -> None:
    """Until a second has passed since the count began; then it begins anew."""
    session = Session("token", "ann")
    fast = []
    for now in (10.0, 10.9, 10.95, 11.0, 12.1):
        session.said += module.PACE_BYTES + 1
        session.said_much(now)
        fast.append((session.fast, session.said > 0))
    assert fast == [(False, False), (True, True), (True, True), (False, False), (False, False)]


def test_weight() -> None:
    """It grows with what was published with refs, as memory does."""
    session = Session("token", "ann")
    empty = session.weight
    session.ledger = Ledger(1000, {str(number).zfill(60): ("lobby", number, 1.0) for number in range(100)})
    assert session.weight - empty == session.ledger.weight > 0
