"""Who somebody is, however often they come and go."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat_server.chat.inbox import Inbox


@dataclass(slots=True, eq=False)
class Identity:
    """A guest: the name, and what is said to them alone. It lasts as long as their session can be resumed."""

    name: str
    inbox: "Inbox | None" = None
