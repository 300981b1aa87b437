"""Who may do what in a room."""

import pytest

from chat_protocol.errors import NotAllowedError, RateLimitedError
from chat_server.chat.identity import Identity
from chat_server.chat.standing import Role, Standing, key_of, keys_of
from chat_server.store.base import Account
from chat_server.store.moderation import Ban
from chat_server.store.rooms import RoomRules, RoomTopic, StoredRoom
from tests.support.world import Clock


def person(number: int, *, operator: bool = False) -> Identity:
    """Return an account."""
    account = Account(number, f"a{number}", "", operator=operator, disabled=False, version=1)
    return Identity(f"account-{number}", account.name, account)


OWNER, MODERATOR, MEMBER, READER, OTHER = (person(number) for number in range(1, 6))
OPERATOR = person(9, operator=True)
GUEST = Identity("session1", "gus")
ROLES = {1: "owner", 2: "moderator", 3: "member", 4: "reader"}


def standing(clock: Clock | None = None, bans: list[Ban] | None = None, **rules: object) -> Standing:
    """Return the standing in a room that somebody owns."""
    stored = StoredRoom(RoomTopic(), RoomRules(**rules), ROLES)  # type: ignore[arg-type]  # its fields
    return Standing(stored, bans or [], clock or Clock())


def knows(_: str) -> bool:
    """Know the password."""
    return True


def knows_not(_: str) -> bool:
    """Know it not."""
    return False


def enters(room: Standing, identity: Identity, *, password: bool = False) -> bool:
    """Tell whether somebody may come in."""
    try:
        room.may_enter(identity, knows if password else knows_not)
    except NotAllowedError:
        return False
    return True


def speaks(room: Standing, identity: Identity, number: int = 1) -> bool:
    """Tell whether somebody may speak."""
    try:
        room.may_speak(identity, number)
    except (NotAllowedError, RateLimitedError):
        return False
    return True


def test_roles() -> None:
    """Whoever has none is a member, a guest as well; an operator is above all."""
    room = standing()
    everyone = (OWNER, MODERATOR, MEMBER, READER, OTHER, GUEST, OPERATOR)
    assert [room.role(each).word for each in everyone] == [
        *("owner", "moderator", "member", "reader", "member", "member", "operator"),
    ]
    assert (room.owned, Standing(None, [], Clock()).owned) == (True, False)


def test_a_room_without_rules_is_everybody_s() -> None:
    """All come in and speak."""
    room = Standing(None, [], Clock())
    assert all(enters(room, each) and speaks(room, each, 9) for each in (OTHER, GUEST, OPERATOR))
    assert not room.persistent


def test_who_comes_in_by_invitation() -> None:
    """Those with a role, operators, and guests who were invited, for as long as they can resume."""
    room = standing(invite_only=True)
    assert [enters(room, each) for each in (OWNER, MODERATOR, MEMBER, READER, OPERATOR)] == [True] * 5
    assert not enters(room, OTHER)
    assert not enters(room, GUEST, password=True)
    room.invite(GUEST)
    assert enters(room, GUEST)
    assert not enters(room, Identity("session2", "gus"))


def test_who_comes_in_with_a_password() -> None:
    """Those with a role need none."""
    room = standing(hash="h")
    assert [enters(room, each) for each in (OWNER, MEMBER, OTHER, GUEST)] == [True, True, False, False]
    assert all(enters(room, each, password=True) for each in (OTHER, GUEST))


def test_who_speaks_where_something_is_announced() -> None:
    """Speakers and above."""
    room = standing(announce=True)
    speaker = person(8)
    room.set_role(8, Role.SPEAKER)
    assert speaks(room, speaker)
    assert [speaks(room, each) for each in (OWNER, MODERATOR, OPERATOR)] == [True] * 3
    assert not any(speaks(room, each) for each in (MEMBER, READER, OTHER, GUEST))
    assert [speaks(standing(), each) for each in (READER, MEMBER)] == [False, True]


def test_a_hook_is_bound_by_mutes_and_bans_alone() -> None:
    """By its name, for as long as they last."""
    clock = Clock()
    hook = Identity("hook:1", "ci")
    bans = [Ban("tea", "mute", "ci", "ci", clock.now + 10), Ban("tea", "name", "ci", "ci", clock.now + 20)]
    room = standing(clock, bans, announce=True, slow_seconds=30.0)
    for what in ("muted", "banned"):
        with pytest.raises(NotAllowedError, match=f"ci is {what} in this room"):
            room.may_post(hook)
        clock.now += 10
    room.may_post(hook)
    room.may_post(hook)


def test_slow_mode() -> None:
    """A member speaks once, then waits; it is said for how long. Moderators are not held to it."""
    clock = Clock()
    room = standing(clock, slow_seconds=30.0)
    assert speaks(room, MEMBER)
    clock.now += 10
    with pytest.raises(RateLimitedError) as refused:
        room.may_speak(MEMBER, 1)
    assert refused.value.retry_after == 20.0
    assert speaks(room, GUEST)
    assert not speaks(room, OTHER, 2)
    assert all(speaks(room, MODERATOR) for _ in range(9))
    clock.now += 20
    assert speaks(room, MEMBER)


@pytest.mark.parametrize("other", [OTHER, GUEST])
def test_a_ban_and_a_mute_have_their_end(other: Identity) -> None:
    """Or are lifted before it."""
    clock = Clock()
    room = standing(clock)
    room.add_ban(Ban("tea", "name", key_of(other), other.name, clock.now + 60), other.id)
    room.add_ban(Ban("tea", "mute", key_of(other), other.name, clock.now + 60), other.id)
    assert (enters(room, other), speaks(room, other)) == (False, False)
    clock.now += 61
    assert (enters(room, other), speaks(room, other)) == (True, True)
    room.add_ban(Ban("tea", "name", key_of(other), other.name), other.id)
    room.add_ban(Ban("tea", "mute", key_of(other), other.name), other.id)
    room.lift(key_of(other), mute=True)
    assert (enters(room, other), speaks(room, other)) == (False, True)
    room.lift(key_of(other), mute=False)
    assert enters(room, other)


def test_a_guest_who_is_banned_gets_in_under_no_other_name() -> None:
    """Nor with another session under a name that looks like it; and what was stored holds after a restart."""
    ban = Ban("tea", "name", key_of(GUEST), "gus")
    room = standing()
    room.add_ban(ban, GUEST.id)
    assert not enters(room, Identity("session1", "renamed"))
    assert not enters(room, Identity("session2", "GUS"))
    assert not enters(standing(bans=[ban]), Identity("session3", "gu\u0455"))
    assert enters(room, Identity("session4", "ann"))
    assert keys_of(OTHER) == {"account-5"}


def test_nobody_acts_on_whoever_is_no_less() -> None:
    """A moderator on moderators, an owner on owners; an operator may on everybody."""
    room = standing()
    for actor, other, allowed in (
        (MODERATOR, MEMBER, True),
        (MODERATOR, GUEST, True),
        (MODERATOR, MODERATOR, False),
        (MODERATOR, OWNER, False),
        (OWNER, MODERATOR, True),
        (MEMBER, GUEST, False),
        (GUEST, OTHER, False),
        (OPERATOR, OWNER, True),
        (OWNER, OPERATOR, False),
    ):
        try:
            room.require_over(actor, other)
        except NotAllowedError:
            assert not allowed
        else:
            assert allowed


def test_moderators_cannot_be_shut_out() -> None:
    """Whatever was stored of them."""
    room = standing(bans=[Ban("tea", "account", OWNER.id, "a1")], invite_only=True)
    assert enters(room, OWNER)
    room.set_role(3, None)
    room.set_role(2, Role.READER)
    assert (room.role(MEMBER), room.role(MODERATOR)) == (Role.MEMBER, Role.READER)
