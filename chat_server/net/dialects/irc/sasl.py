"""AUTHENTICATE: proving who one is before one comes in.

| stage | what leads to the next |
|---|---|
| idle | AUTHENTICATE with a mechanism that there is |
| begun | the last piece of the answer: REG_NAME is said; `*` leads back to idle |
| asked | WELCOME: it is over; an error leads back to idle |

The account's name is the nick from then on, whatever NICK asks for.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from chat_protocol.messages import RegName
from chat_protocol.server_messages import ErrorFrame, Welcome
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.commands import Command, Part, plain
from chat_server.net.dialects.irc.grammar import Line, compose
from chat_server.net.dialects.irc.registration import proof
from chat_server.net.dialects.irc.settings import IrcSettings
from chat_server.net.dialects.irc.state import Asked, State

PLAIN, EXTERNAL = "PLAIN", "EXTERNAL"
#: Characters of a piece; a shorter one is the last.
PIECE_CHARACTERS = 400
#: Pieces of an answer: an account, twice, and a password of 256 characters take 4 at most.
PIECES_AT_MOST = 5
SECRET_CHARACTERS = 256


class Credentials(NamedTuple):
    """An account and what proves it."""

    account: str
    secret: str


@dataclass(slots=True)
class Sasl:
    """How far a connection is with proving who it is."""

    mechanism: str = ""
    pieces: list[str] = field(default_factory=list)
    #: Whether REG_NAME was said for it, and is not answered.
    asked: bool = False

    def begin(self, mechanism: str) -> None:
        """Take pieces for a mechanism from now on; for none, begin anew."""
        self.mechanism = mechanism
        self.pieces.clear()


def parse_plain(answer: str) -> Credentials | None:
    """Return what an answer of PLAIN (RFC 4616) says; none if it says nothing, or asks to act for another."""
    try:
        authzid, account, secret = base64.b64decode(answer, validate=True).decode().split("\0")
    except (binascii.Error, ValueError):
        return None
    if not account or not secret or len(secret) > SECRET_CHARACTERS or authzid not in ("", account):
        return None
    return Credentials(account, secret)


def parse_external(answer: str) -> str | None:
    """Return the account that an answer of EXTERNAL names, empty for the certificate's own; none for none."""
    try:
        return base64.b64decode(answer, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _authenticate(state: State, line: Line) -> None:
    own, given = state.part(Sasl), line.param(0)
    if state.name or own.asked or state.enters:
        state.tell(state.numeric(n.ERR_SASLALREADY, "You have already authenticated"))
    elif given == "*":
        own.begin("")
        state.tell(state.numeric(n.ERR_SASLABORTED, "SASL authentication aborted"))
    elif not own.mechanism:
        _choose(state, own, given.upper())
    else:
        _take(state, own, given)


def _choose(state: State, own: Sasl, mechanism: str) -> None:
    """Begin with a mechanism, if there is such."""
    there = mechanisms(state.settings)
    if mechanism in there:
        own.begin(mechanism)
        state.tell(compose("AUTHENTICATE", "+", source=""))
    else:
        state.tell(
            state.numeric(n.RPL_SASLMECHS, ",".join(there) or "*", "are available SASL mechanisms"),
            _failed(state, "There is no such mechanism"),
        )


def _take(state: State, own: Sasl, piece: str) -> None:
    """Take a piece of the answer, and look at it if it is the last."""
    if len(piece) > PIECE_CHARACTERS or len(own.pieces) >= PIECES_AT_MOST:
        own.begin("")
        state.tell(state.numeric(n.ERR_SASLTOOLONG, "SASL message too long"))
        return
    own.pieces.append("" if piece == "+" else piece)
    if len(piece) == PIECE_CHARACTERS:
        return
    asked = _proof(own.mechanism, "".join(own.pieces))
    own.begin("")
    if asked is None:
        state.tell(_failed(state, "the answer makes no sense"))
    else:
        own.asked = True
        state.register(asked, _let_in, _refused)


def _proof(mechanism: str, answer: str) -> RegName | None:
    """Return what to register by; none if the answer says nothing."""
    if mechanism == EXTERNAL:
        account = parse_external(answer)
        return None if account is None else RegName(account, certificate=True, rooms=[])
    shown = parse_plain(answer)
    return None if shown is None else proof(shown.account, shown.secret)


def _let_in(state: State, welcome: Welcome) -> Sequence[bytes]:
    state.part(Sasl).asked = False
    text = f"You are now logged in as {state.nick}"
    return (
        [
            state.numeric(n.RPL_LOGGEDIN, state.source, state.nick, text),
            state.numeric(n.RPL_SASLSUCCESS, "SASL authentication successful"),
        ]
        if welcome.account
        else [_failed(state, "This chat has no accounts")]
    )


def _refused(state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    del asked
    state.part(Sasl).asked = False
    if error.code == "banned":
        return [state.numeric(n.ERR_NICKLOCKED, error.text)]
    return [_failed(state, error.text)]


def _failed(state: State, text: str) -> bytes:
    return state.numeric(n.ERR_SASLFAIL, f"SASL authentication failed: {text}")


def mechanisms(settings: IrcSettings) -> Sequence[str]:
    """Return the mechanisms that there are: none in a chat without accounts."""
    if settings.request.access != "accounts":
        return []
    return [PLAIN, EXTERNAL] if settings.request.certificates else [PLAIN]


def _offered(settings: IrcSettings) -> str | None:
    return ",".join(mechanisms(settings)) or None


PART = Part(
    commands={
        "AUTHENTICATE": Command(
            _authenticate, needs=1, nameless=True, usage="AUTHENTICATE PLAIN - log in, before you come in"
        )
    },
    caps={"sasl": _offered, "account-notify": plain},
)
