"""Tokens: signed, and each session has one in each run."""

from hypothesis import given
from hypothesis import strategies as st

from chat_server.chat.tokens import RANDOM_CHARACTERS, is_signed, new_token, reissued, session_id

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
    assert session_id(later) == session_id(token)
    assert is_signed(b"t" * 32, later)
    assert not is_signed(SECRET, later)
    assert later[:RANDOM_CHARACTERS] == token[:RANDOM_CHARACTERS]


def test_the_token_is_kept_from_others() -> None:
    """What others know the session by does not tell it."""
    token, other = new_token(SECRET), new_token(SECRET)
    assert len(session_id(token)) == 24
    assert session_id(token) not in token
    assert session_id(token) != session_id(other)
