"""What a peer may do wrong: one tree, each with its code of the closed list in docs/protocol.md.

An error is answered with an ERROR frame and never ends more than that connection.
"""

from typing import ClassVar


class PeerError(Exception):
    """A peer broke a rule. `code` is from the closed list in docs/protocol.md; `text` is for a person.

    `ref` is that of the line, if it has one that can be read.
    """

    code: ClassVar[str]

    #: After how many seconds it is worth another try; none if that does not depend on time.
    retry_after: float | None = None

    def __init__(self, text: str, ref: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.ref = ref


class BadEncodingError(PeerError):
    """The line is not UTF-8."""

    code = "bad_encoding"


class BadJsonError(PeerError):
    """The line is not JSON, or JSON beyond what the decoder takes (nesting, size of numbers)."""

    code = "bad_json"


class NotAnObjectError(PeerError):
    """The line is JSON, but no object."""

    code = "not_an_object"


class NoTypeError(PeerError):
    """The object has no `type`, or one that is no string."""

    code = "no_type"


class UnknownTypeError(PeerError):
    """No message has this `type`."""

    code = "unknown_type"


class BadFieldError(PeerError):
    """A field is missing, or has the wrong type or size."""

    code = "bad_field"


class LineTooLongError(PeerError):
    """A line is longer than the limit, its end included."""

    code = "line_too_long"


class NotRegisteredError(PeerError):
    """A message came before the name was given."""

    code = "not_registered"


class AlreadyRegisteredError(PeerError):
    """REG_NAME came a second time."""

    code = "already_registered"


class NameInvalidError(PeerError):
    """A name is empty, too long or has characters that could mislead a reader."""

    code = "name_invalid"


class NameTakenError(PeerError):
    """Somebody here has this name, or one that reads the same."""

    code = "name_taken"


class RoomInvalidError(PeerError):
    """A room's name is empty, too long or has characters that could mislead a reader."""

    code = "room_invalid"


class NotAMemberError(PeerError):
    """The sender is not in that room."""

    code = "not_a_member"


class NoSuchUserError(PeerError):
    """Nobody of that name is here."""

    code = "no_such_user"


class NoSuchMessageError(PeerError):
    """The room has no message of this id, or has it no more."""

    code = "no_such_message"


class LimitReachedError(PeerError):
    """A bound of the server is reached: rooms in all, rooms of one user, refs of a session."""

    code = "limit_reached"


class UnavailableError(PeerError):
    """The server cannot take this now; the same message may be sent again later."""

    code = "unavailable"


class AuthRequiredError(PeerError):
    """The chat lets nobody in who does not prove who they are."""

    code = "auth_required"


class AuthFailedError(PeerError):
    """The name and password, the token or the invitation are not good; it is not said which is wrong."""

    code = "auth_failed"


class NotAllowedError(PeerError):
    """The sender may not do this."""

    code = "not_allowed"


class RateLimitedError(PeerError):
    """Too many of these came in too short a time; `retry_after` says when the next may come."""

    code = "rate_limited"

    def __init__(self, text: str, retry_after: float = 1.0) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class BannedError(PeerError):
    """Nobody may come in under this name or account; `retry_after` says when the ban ends, if it does."""

    code = "banned"

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after
