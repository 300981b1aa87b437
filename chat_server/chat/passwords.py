"""Passwords and other secrets: how they are hashed and compared (RFC 9106, RFC 4086)."""

import hashlib
import hmac
import secrets
import threading

import argon2

from chat_protocol.errors import RateLimitedError

#: What one hash costs: argon2id with what OWASP's Password Storage Cheat Sheet names at least, 19 MiB and two
#: passes; 21 ms here (measured).
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: So many hashes are made at once: logins can take 38 MiB and leave the others time.
HASHES_AT_ONCE = 2
#: For how long a login waits for its turn, in seconds: less than the time to register.
TURN_SECONDS = 5.0
#: No password is longer, in characters: hashing is to cost the same for each.
PASSWORD_LENGTH = 256
#: Bytes of tokens and invitations.
SECRET_BYTES = 24
# What a password is compared with if nobody has that name, so that it takes as long.
_NOBODY = _HASHER.hash(secrets.token_urlsafe())


class Passwords:
    """Makes and compares hashes, a few at a time."""

    def __init__(self, turn_seconds: float = TURN_SECONDS) -> None:
        self._turns = threading.BoundedSemaphore(HASHES_AT_ONCE)
        self._turn_seconds = turn_seconds

    def hashed(self, password: str) -> str:
        """Return the hash of a password. Raises `RateLimitedError` if too many wait for one."""
        self._take_turn()
        try:
            return _HASHER.hash(password)
        finally:
            self._turns.release()

    def is_right(self, hash_: str | None, password: str) -> bool:
        """Tell whether that is the password; of nobody's hash, or an empty one, it takes as long to say no.

        Raises `RateLimitedError` if too many wait for their turn.
        """
        self._take_turn()
        try:
            return _HASHER.verify(hash_ or _NOBODY, password) and bool(hash_)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        finally:
            self._turns.release()

    def _take_turn(self) -> None:
        if not self._turns.acquire(timeout=self._turn_seconds):
            raise RateLimitedError("many are logging in just now; try again in a moment", self._turn_seconds)


def new_secret(kind: str) -> str:
    """Return a random secret of a kind that can be told from its first letters."""
    return f"{kind}-{secrets.token_urlsafe(SECRET_BYTES)}"


def digest(secret: str) -> bytes:
    """Return what is stored of a random secret: it has too many bits to be guessed, so it needs no argon2."""
    return hashlib.sha256(secret.encode()).digest()


def same(one: str, other: str) -> bool:
    """Tell whether two secrets are the same, in a time that tells nothing of where they differ."""
    return hmac.compare_digest(digest(one), digest(other))
