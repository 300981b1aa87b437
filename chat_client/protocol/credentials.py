"""What proves who one is. Pure."""

from dataclasses import dataclass, field, replace

import msgspec

from chat_protocol.messages import RegName

#: The server's errors that say that it wants other proof, or some; none of them passes by itself.
UNPROVED = frozenset(("auth_required", "auth_failed", "not_allowed"))


@dataclass(frozen=True, slots=True)
class Credentials:
    """A password, or a bot's token; `register` makes an account first, if need be with an `invitation`.

    None of it is shown where this is printed.
    """

    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    invitation: str | None = field(default=None, repr=False)
    register: bool = False

    def added_to(self, request: RegName) -> RegName:
        """Return the request for a name with all this in it."""
        if self == NOTHING:
            return request
        return msgspec.structs.replace(
            request,
            password=self.password,
            token=self.token,
            invitation=self.invitation,
            register=self.register,
        )

    def used(self) -> "Credentials":
        """Return what it takes to come back: an account is made once."""
        return replace(self, invitation=None, register=False)


NOTHING = Credentials()
