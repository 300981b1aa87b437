"""What people tell of themselves and ask of others, as tagged msgspec Structs; both directions."""

from typing import Annotated

from msgspec import Meta, Struct, field

from chat_protocol.base import Message, Ref

REALNAME_CHARACTERS = 128
AWAY_CHARACTERS = 200
#: What somebody wants to be known by beside the name.
Realname = Annotated[str, Meta(max_length=REALNAME_CHARACTERS)]
#: Why somebody is not at the keyboard.
AwayText = Annotated[str, Meta(max_length=AWAY_CHARACTERS)]
#: How many names one session may watch.
WATCHED_AT_MOST = 100


class Profile(Message, tag="PROFILE"):
    """Changes what others see beside the sender's name; an empty text takes it away. Without any, asks."""

    realname: Realname | None = None
    away: AwayText | None = None
    bot: bool | None = None
    ref: Ref | None = None


class Whois(Message, tag="WHOIS"):
    """Asks about somebody who is here."""

    name: str
    ref: Ref | None = None


class Watch(Message, tag="WATCH"):
    """Tells from now on when these come and go, until `on` is false; `*` then stands for all.

    Without names, asks about all that are watched.
    """

    names: Annotated[list[str], Meta(max_length=WATCHED_AT_MOST)] | None = None
    on: bool = True
    ref: Ref | None = None


class ProfileFrame(Message, tag="PROFILE"):
    """What is to be seen beside somebody's name from now on: all of it, and what is left out is empty.

    `changed` names the fields that are new.
    """

    name: str
    realname: str = ""
    away: str = ""
    bot: bool = False
    ref: str | None = None
    account: bool = False
    changed: list[str] = field(default_factory=list)


class Away(Message, tag="AWAY"):
    """The one whom you have just written to is not at the keyboard."""

    name: str
    text: str


class PersonRoom(Struct, gc=False, omit_defaults=True):
    """One room of PERSON; the `role` there, if it is more or less than a member's."""

    room: str
    role: str | None = None


class Person(Message, tag="PERSON"):
    """Who somebody is; answers WHOIS. `rooms` are those that the receiver shares.

    `since` is when the first of their connections was made, `idle` how many seconds ago they last spoke.
    """

    name: str
    since: float
    idle: float
    rooms: list[PersonRoom]
    account: bool = False
    operator: bool = False
    realname: str = ""
    away: str = ""
    bot: bool = False
    ref: str | None = None


class Online(Message, tag="ONLINE"):
    """These, whom the receiver watches, have come."""

    names: list[str]


class Offline(Message, tag="OFFLINE"):
    """These, whom the receiver watches, have gone."""

    names: list[str]


class Watched(Message, tag="WATCHED"):
    """Who of those that were named in WATCH is here, and who is not."""

    online: list[str] = field(default_factory=list)
    offline: list[str] = field(default_factory=list)
    ref: str | None = None


class UserProfile(Struct, gc=False, omit_defaults=True):
    """A row of USERS for somebody who has a profile; `at` is the place in `names`, from 0."""

    at: int
    realname: str = ""
    away: str = ""
    bot: bool = False
