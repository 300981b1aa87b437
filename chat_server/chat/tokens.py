"""What a session is resumed with: a random part, the same for all its tokens, and a signature."""

import base64
import hashlib
import hmac
import secrets

#: Of the random part: bytes, and characters in base64.
RANDOM_BYTES = 21
RANDOM_CHARACTERS = RANDOM_BYTES * 4 // 3
SIGNATURE_BYTES = 15


def new_token(secret: bytes) -> str:
    """Make a session's token: random, and signed (RFC 2104) with the key of this run of the server."""
    return _signed(secret, secrets.token_urlsafe(RANDOM_BYTES))


def reissued(secret: bytes, token: str) -> str:
    """Return another token of the same session, signed with this key."""
    return _signed(secret, token[:RANDOM_CHARACTERS])


def is_signed(secret: bytes, token: str) -> bool:
    """Tell whether a token was signed with this key."""
    return token.isascii() and hmac.compare_digest(token, _signed(secret, token[:RANDOM_CHARACTERS]))


def session_id(token: str) -> str:
    """Return what others may know a session by: the same for all its tokens, and it tells none of them."""
    return hashlib.sha256(token[:RANDOM_CHARACTERS].encode()).hexdigest()[:24]


def _signed(secret: bytes, random: str) -> str:
    signature = hmac.digest(secret, random.encode(), hashlib.sha256)[:SIGNATURE_BYTES]
    return random + base64.urlsafe_b64encode(signature).decode()
