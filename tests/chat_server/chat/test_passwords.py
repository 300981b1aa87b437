"""Passwords and other secrets."""

import threading

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.errors import RateLimitedError
from chat_server.chat import passwords
from chat_server.chat.passwords import HASHES_AT_ONCE, Passwords, digest, new_secret, same


def test_a_password_is_known_by_its_hash() -> None:
    """Which is argon2id's, has its own salt, and does not have the password in it."""
    one, other = Passwords().hashed("correct horse"), Passwords().hashed("correct horse")
    assert one.startswith("$argon2id$")
    assert one != other
    assert "correct" not in one
    assert [Passwords().is_right(one, given_) for given_ in ("correct horse", "Correct horse", "")] == [
        *(True, False, False)
    ]


@pytest.mark.parametrize("hash_", [None, "", "no hash at all"])
def test_nobody_s_password_is_never_right(hash_: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """And for an unknown name a hash is worked out all the same: the time tells nothing."""
    verified: list[str] = []
    real = argon2.PasswordHasher.verify

    def watched(hasher: argon2.PasswordHasher, hash_: str, password: str) -> bool:
        verified.append(hash_)
        return real(hasher, hash_, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    assert not Passwords().is_right(hash_, "anything")
    assert len(verified) == 1
    assert hash_ or verified[0].startswith("$argon2id$")


def test_a_few_hashes_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes beyond waits for a turn, and is told to come again if there is none in time."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slow(_: object, password: str) -> str:
        begun.release()
        go_on.wait(10)
        return password

    monkeypatch.setattr(argon2.PasswordHasher, "hash", slow)
    made = Passwords(turn_seconds=0.01)
    threads = [threading.Thread(target=made.hashed, args=("x",)) for _ in range(HASHES_AT_ONCE)]
    for thread in threads:
        thread.start()
        begun.acquire()
    with pytest.raises(RateLimitedError, match="try again") as refused:
        made.is_right(None, "x")
    go_on.set()
    for thread in threads:
        thread.join()
    assert refused.value.retry_after == 0.01
    assert made.hashed("y") == "y"


def test_a_fault_gives_the_turn_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two of them would lock everybody out."""

    def faulty(*_: object) -> None:
        raise MemoryError

    made = Passwords(turn_seconds=0.0)
    with monkeypatch.context() as patched:
        patched.setattr(argon2.PasswordHasher, "hash", faulty)
        patched.setattr(argon2.PasswordHasher, "verify", faulty)
        for _ in range(HASHES_AT_ONCE + 1):
            with pytest.raises(MemoryError):
                made.hashed("x")
            with pytest.raises(MemoryError):
                made.is_right(None, "x")
    assert made.is_right(made.hashed("x"), "x")


def test_a_secret_cannot_be_guessed() -> None:
    """It has 192 random bits, and its kind in front."""
    secrets = {new_secret("token") for _ in range(100)}
    assert len(secrets) == 100
    assert all(each.startswith("token-") and len(each) == len("token-") + 32 for each in secrets)
    assert passwords.SECRET_BYTES * 8 == 192


@given(st.text(), st.text())
def test_two_secrets_are_the_same_if_they_are_equal(one: str, other: str) -> None:
    """Whatever is in them."""
    one, other = (each.encode("utf-8", "replace").decode() for each in (one, other))
    assert same(one, other) is (one == other)
    assert same(one, one)
    assert len(digest(one)) == 32
