"""Messages by which a room is kept in order, and people keep others off; docs/moderation.md tells how."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from chat_protocol.base import Message, Ref

REASON_CHARACTERS = 200
#: Why somebody was put out.
Reason = Annotated[str, Meta(max_length=REASON_CHARACTERS)]
#: For how long, in seconds, something holds; a year at most.
Seconds = Annotated[float, Meta(ge=0, le=31_536_000)]


class Kick(Message, tag="KICK"):
    """Puts somebody out of a room, who may come back."""

    name: str
    room: str | None = None
    reason: Reason = ""
    ref: Ref | None = None


class Ban(Message, tag="BAN"):
    """Puts somebody out of a room, who may not come back for so many seconds; for ever without them."""

    name: str
    room: str | None = None
    seconds: Seconds | None = None
    reason: Reason = ""
    ref: Ref | None = None


class Unban(Message, tag="UNBAN"):
    """Ends a ban."""

    name: str
    room: str | None = None
    ref: Ref | None = None


class Mute(Message, tag="MUTE"):
    """Lets somebody only read for so many seconds; for ever without them, and no longer with 0."""

    name: str
    room: str | None = None
    seconds: Seconds | None = None
    ref: Ref | None = None


class Invite(Message, tag="INVITE"):
    """Lets somebody into a room that is not for everyone, and tells them."""

    name: str
    room: str | None = None
    ref: Ref | None = None


class Bans(Message, tag="BANS"):
    """Asks who is banned or muted in a room."""

    room: str | None = None
    ref: Ref | None = None


class Role(Message, tag="ROLE"):
    """Gives an account a role in a room: owner, moderator, speaker, member, reader or none.

    With `from_roles` it does so only to whoever has one of these now.
    """

    name: str
    role: Literal["owner", "moderator", "speaker", "member", "reader", "none"]
    room: str | None = None
    ref: Ref | None = None
    from_roles: Annotated[list[str], Meta(max_length=6)] | None = None


class Rules(Message, tag="RULES"):
    """Asks how a room is run, or changes what is given; an empty `password` takes it away."""

    room: str | None = None
    invite_only: bool | None = None
    announce: bool | None = None
    unlisted: bool | None = None
    slow_seconds: Annotated[float, Meta(ge=0, le=3600)] | None = None
    password: Annotated[str, Meta(max_length=256)] | None = None
    ref: Ref | None = None


class Ignore(Message, tag="IGNORE"):
    """Takes no direct messages of somebody, with `*` of anybody; `on` false ends it. Without a name, asks."""

    name: str | None = None
    on: bool = True
    ref: Ref | None = None


class Banned(Message, tag="BANNED"):
    """Somebody may not enter a room for so many seconds, or again if these are 0; told to who decided it."""

    room: str
    name: str
    seconds: float | None = None
    ref: str | None = None


class Muted(Message, tag="MUTED"):
    """Somebody may only read in a room for so many seconds, or speak again if these are 0."""

    room: str
    name: str
    by: str
    seconds: float | None = None
    ref: str | None = None


class Invited(Message, tag="INVITED"):
    """Somebody may enter a room; told to them, to who invited them, and to the room's other moderators."""

    room: str
    name: str
    by: str
    ref: str | None = None


class BanRow(Struct, gc=False, omit_defaults=True):
    """Somebody who may not come in, or with `mute` not speak, for so many seconds; for ever without them."""

    name: str
    by: str = ""
    seconds: float | None = None
    reason: str = ""
    mute: bool = False


class BansFrame(Message, tag="BANS"):
    """Who is banned or muted in a room; answers BANS. `total` counts all if `bans` is cut to fit a line."""

    room: str
    bans: list[BanRow]
    total: int
    ref: str | None = None


class Ignored(Message, tag="IGNORED"):
    """Whom one ignores; told on login if there is anybody, and after each change."""

    names: list[str]
    ref: str | None = None


class RoleFrame(Message, tag="ROLE"):
    """Somebody's role in a room from now on, and what it `was`; if nothing was changed, that is left out."""

    room: str
    name: str
    role: str
    by: str
    ref: str | None = None
    was: str | None = None


class RulesFrame(Message, tag="RULES"):
    """How a room is run; `password` tells that it has one, `role` is the receiver's own, if they asked.

    `changed` names the rules that are new.
    """

    room: str
    owned: bool
    invite_only: bool = False
    announce: bool = False
    unlisted: bool = False
    slow_seconds: float = 0.0
    password: bool = False
    role: str | None = None
    by: str | None = None
    ref: str | None = None
    changed: list[str] = field(default_factory=list)
