"""Who somebody is, however often they come and go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chat_protocol.server_messages import Joined
from chat_server.chat.bucket import Bucket
from chat_server.chat.profiles import NOTHING, Profile
from chat_server.store.base import Account

if TYPE_CHECKING:
    from chat_server.chat.inbox import Inbox
    from chat_server.chat.session import Session


@dataclass(slots=True, eq=False)
class Identity:
    """A guest, for as long as their session can be resumed, or an account, for as long as the server runs.

    `id` is what others may know it by: a guest's is that of the session. The inbox is named after it.
    """

    id: str
    name: str
    account: Account | None = None
    inbox: "Inbox | None" = None
    #: The sessions that are connected as this one. The registry sets it, as a whole.
    sessions: "tuple[Session, ...]" = ()
    #: An account's rooms, in the order of entering, and up to which id it has read each.
    positions: dict[str, int] = field(default_factory=dict)
    #: Whose direct messages it does not take: name by key. Set as a whole.
    ignored: Mapping[str, str] = field(default_factory=dict)
    #: What others see beside the name. Set as a whole.
    profile: Profile = NOTHING
    #: What they may say and ask for, on however many connections.
    bucket: Bucket = field(default_factory=Bucket)

    @property
    def is_account(self) -> bool:
        """Whether it has proved who it is."""
        return self.account is not None

    def joined(self, room: str) -> Joined:
        """Return what the others of a room are told when they come in."""
        profile = self.profile
        return Joined(
            room,
            self.name,
            account=self.is_account,
            realname=profile.realname,
            away=profile.away,
            bot=profile.bot,
        )

    def others(self, session: "Session") -> "list[Session]":
        """Return the sessions that are connected as this one beside it."""
        return [each for each in self.sessions if each is not session]


def account_id(number: int) -> str:
    """Return the id of an account's identity."""
    return f"account-{number}"
