"""What moderators do in a room."""

import pytest

from chat_protocol.messages import ClientMessage, History, Join, List, Msg, Name, Search, Topic, Who
from chat_protocol.moderation_messages import (
    Ban,
    Banned,
    Bans,
    BansFrame,
    Invite,
    Invited,
    Kick,
    Mute,
    Muted,
    Role,
    RoleFrame,
    Rules,
    RulesFrame,
    Unban,
)
from chat_protocol.server_messages import ErrorFrame, HistoryFrame, Joined, Left, MsgFrame, Rooms, TopicFrame
from chat_server.errors import StoreError
from tests.chat_server.chat.test_people import come, world
from tests.support.world import Client, World


class Tea:
    """A room that ann owns; bob and gus (a guest) are in it, and eve is outside."""

    def __init__(self, **rules: object) -> None:
        self.chat = world("ann", "bob", "eve", "op")
        self.chat.store.set_operator(4, operator=True)
        self.ann, self.bob = come(self.chat, "ann"), come(self.chat, "bob")
        self.eve, self.op = come(self.chat, "eve"), come(self.chat, "op")
        self.gus = self.chat.client("gus")
        self.ann.send(Join("tea"), Rules("tea", **{"slow_seconds": 0.0, **rules}))  # type: ignore[arg-type]  # its fields
        for client in (self.bob, self.gus):
            client.send(Join("tea"))
        self.still()

    @property
    def everyone(self) -> list[Client]:
        """All clients."""
        return [self.ann, self.bob, self.eve, self.op, self.gus]

    def still(self) -> None:
        """Forget what came so far."""
        for client in self.everyone:
            client.outbox.clear()

    def restarted(self) -> World:
        """Return the chat after a restart."""
        self.chat.hub.people.save()
        return self.chat.restarted()

    def names(self) -> list[str]:
        """Return who is in the room."""
        room = self.chat.hub.rooms.get("tea")
        return [] if room is None else [each.name for each in room.people()]


def test_whoever_changes_a_room_s_rules_alone_owns_it() -> None:
    """Not while others are in it, not a guest, not the lobby, and not a room that is somebody's."""
    tea = Tea()
    tea.ann.send(Rules("tea"))
    (told,) = tea.ann.outbox.of(RulesFrame)
    assert (told.owned, told.role) == (True, "owner")
    tea.bob.send(Rules("tea", announce=True), Rules("lobby", announce=True))
    tea.gus.send(Join("den"), Rules("den", announce=True))
    assert tea.bob.outbox.errors() == tea.gus.outbox.errors() * 2 == ["not_allowed"] * 2
    tea.bob.send(Join("den"), Rules("den", announce=True))
    assert tea.bob.outbox.errors()[2:] == ["not_allowed"]
    tea.op.send(Rules("lobby", slow_seconds=1.0))
    assert tea.op.outbox.of(RulesFrame)[0].slow_seconds == 1.0


def test_rules_are_told_and_kept() -> None:
    """In the room at once, and over a restart with topic and roles, though everybody had left."""
    tea = Tea()
    tea.ann.send(Rules("tea", announce=True, ref="r"), Topic("green", "tea"), Role("bob", "moderator", "tea"))
    (told,) = tea.bob.outbox.of(RulesFrame)
    assert (told.announce, told.by, told.ref) == (True, "ann", None)
    assert tea.ann.outbox.of(RulesFrame)[0].ref == "r"
    later = tea.restarted()
    bob, gus = come(later, "bob"), later.client("gus")
    bob.send(Join("tea"), Msg("hi", "tea"))
    gus.send(Join("tea"), Msg("hi", "tea"))
    assert (bob.outbox.errors(), gus.outbox.errors()) == ([], ["not_allowed"])
    assert [each.topic for each in gus.outbox.of(Joined) if each.room == "tea" and each.name == "gus"] == [
        "green"
    ]


def test_a_kick() -> None:
    """Everybody is told once, and whoever is put out; who may come back."""
    tea = Tea()
    tea.ann.send(Kick("gus", "tea", "spam", "k"))
    for client, ref in ((tea.ann, "k"), (tea.bob, None), (tea.gus, None)):
        (left,) = client.outbox.of(Left)
        assert (left.name, left.reason, left.by, left.text, left.ref) == ("gus", "kicked", "ann", "spam", ref)
    assert tea.names() == ["ann", "bob"]
    tea.gus.send(Join("tea"))
    assert tea.names() == ["ann", "bob", "gus"]


@pytest.mark.parametrize("name", ["bob", "gus"])
def test_a_ban_holds_until_it_is_lifted(name: str) -> None:
    """Over a restart; then they may come in again."""
    tea = Tea()
    tea.ann.send(Ban(name, "tea", 3600.0, "spam", "b"))
    assert tea.ann.outbox.of(Banned) == [Banned("tea", name, 3600.0, "b")]
    other = tea.bob if name == "bob" else tea.gus
    other.send(Join("tea"))
    (error,) = other.outbox.of(ErrorFrame)
    assert (error.code, "banned from this room: spam" in error.text) == ("not_allowed", True)
    later = tea.restarted()
    again = come(later, "bob") if name == "bob" else later.client("gus")
    again.outbox.clear()
    again.send(Join("tea"))
    assert again.outbox.errors() == ["not_allowed"]
    ann = come(later, "ann")
    ann.send(Unban(name, "tea", "u"), Unban(name, "tea"))
    assert ann.outbox.of(Banned) == [Banned("tea", name, 0.0, "u")]
    assert ann.outbox.errors() == ["no_such_user"]
    again.send(Join("tea"))
    assert again.outbox.errors() == ["not_allowed"]
    assert len(later.hub.rooms.get("tea") or ()) == 2


def test_whoever_is_put_out_reads_nothing_more() -> None:
    """By no path: what is said, pages, search, the list of people, the topic, a resume."""
    tea = Tea(unlisted=True)
    tea.bob.say("a secret", room="tea")
    tea.ann.send(Ban("bob", "tea"))
    tea.still()
    tea.ann.say("another secret", room="tea")
    asked: list[ClientMessage] = [
        History("tea", ref="1"),
        Search("secret", "tea", ref="2"),
        Who("tea", ref="3"),
        Topic(room="tea", ref="4"),
        Rules("tea", ref="5"),
        Msg("hi", "tea", ref="6"),
        Join("tea", ref="7"),
        Search("secret", ref="8"),
        List(ref="9"),
    ]
    for message in asked:
        tea.bob.send(message)
    assert [each.ref for each in tea.bob.outbox.of(ErrorFrame)] == ["1", "2", "3", "4", "5", "6", "7"]
    assert b"secret" not in b"".join(tea.bob.outbox.pushed).replace(b'"words"', b"")
    assert [each.room for each in tea.bob.outbox.of(Rooms)[0].rooms] == ["lobby"]
    token = tea.bob.session.token
    tea.bob.hang_up()
    again = Client(tea.chat.hub)
    welcome = again.register("bob", session=token, after={"tea": 0})
    assert welcome is not None
    assert welcome.rooms == ["lobby"]
    assert again.outbox.of(MsgFrame) == []
    assert "tea" not in again.session.identity.positions


def test_an_account_is_put_out_on_all_its_connections() -> None:
    """And told on each; the others see it go once."""
    tea = Tea()
    phone = come(tea.chat, "bob")
    phone.send(Join("tea"))
    tea.still()
    tea.ann.send(Kick("bob", "tea"))
    assert tea.names() == ["ann", "gus"]
    assert [len(each.outbox.of(Left)) for each in (tea.bob, phone, tea.gus, tea.ann)] == [1, 1, 1, 1]
    assert len(tea.chat.hub.rooms.get("tea") or ()) == 2


def test_a_mute() -> None:
    """Is told to all, and ends with 0 seconds."""
    tea = Tea()
    tea.ann.send(Mute("gus", "tea", ref="m"))
    tea.gus.send(Msg("hi", "tea", ref="1"))
    tea.ann.send(Mute("gus", "tea", 0.0))
    tea.gus.send(Msg("hi again", "tea"))
    assert tea.gus.outbox.errors() == ["not_allowed"]
    assert [(each.name, each.seconds) for each in tea.bob.outbox.of(Muted)] == [("gus", None), ("gus", 0.0)]
    assert [each.text for each in tea.bob.outbox.of(MsgFrame)] == ["hi again"]


def test_an_invitation() -> None:
    """To an account holds for good, to a guest for their session; both are told."""
    tea = Tea(invite_only=True)
    assert tea.names() == ["ann"]
    tea.eve.send(Join("tea"))
    tea.ann.send(Invite("eve", "tea", "i"), Invite("gus", "tea"))
    assert [each.ref for each in tea.ann.outbox.of(Invited)] == ["i", None]
    for client in (tea.eve, tea.gus):
        assert client.outbox.of(Invited)[0].by == "ann"
        client.send(Join("tea"))
    assert tea.names() == ["ann", "eve", "gus"]
    assert tea.eve.outbox.errors() == ["not_allowed"]
    later = tea.restarted()
    eve, gus = come(later, "eve"), later.client("gus")
    assert "tea" in eve.session.memberships
    gus.send(Join("tea"))
    assert gus.outbox.errors() == ["not_allowed"]


def test_the_other_moderators_learn_of_an_invitation() -> None:
    """Members do not."""
    tea = Tea()
    op_in = tea.op
    op_in.send(Join("tea"))
    tea.still()
    tea.ann.send(Invite("eve", "tea"))
    assert [(each.name, each.by) for each in op_in.outbox.of(Invited)] == [("eve", "ann")]
    assert tea.bob.outbox.of(Invited) == tea.gus.outbox.of(Invited) == []
    assert len(tea.ann.outbox.of(Invited)) == len(tea.eve.outbox.of(Invited)) == 1


def test_who_is_banned_or_muted() -> None:
    """For how long, by whom and why; a member is not told."""
    tea = Tea()
    tea.ann.send(Ban("gus", "tea", 60.0, "spam"), Ban("eve", "tea"), Mute("bob", "tea", 30.0))
    tea.chat.time.now += 10.0
    tea.still()
    tea.ann.send(Bans("tea", "b"))
    tea.bob.send(Bans("tea"))
    (frame,) = tea.ann.outbox.of(BansFrame)
    assert [(each.name, each.by, each.seconds, each.reason, each.mute) for each in frame.bans] == [
        ("gus", "ann", 50.0, "spam", False),
        ("eve", "ann", None, "", False),
        ("bob", "ann", 20.0, "", True),
    ]
    assert (frame.room, frame.total, frame.ref) == ("tea", 3, "b")
    assert tea.bob.outbox.errors() == ["not_allowed"]


def test_a_role_may_depend_on_the_one_before() -> None:
    """So that nobody is lowered who was to be raised: it is answered, and told to nobody else."""
    tea = Tea()
    lower = ["reader", "member", "speaker"]
    tea.ann.send(Role("bob", "moderator", "tea", "1", lower), Role("bob", "moderator", "tea", "2", lower))
    tea.ann.send(Role("bob", "member", "tea", "3", ["speaker"]), Role("ann", "moderator", "tea", "4", lower))
    assert [(each.ref, each.role, each.was) for each in tea.ann.outbox.of(RoleFrame)] == [
        ("1", "moderator", "member"),
        ("2", "moderator", None),
        ("3", "moderator", None),
        ("4", "owner", None),
    ]
    assert [(each.role, each.was) for each in tea.bob.outbox.of(RoleFrame)] == [("moderator", "member")]


def test_a_name_is_banned_that_nobody_has() -> None:
    """Whoever comes under it, in whatever spelling, stays outside until that is lifted."""
    tea = Tea()
    tea.ann.send(Ban("Mallory", "tea", ref="b"))
    mallory = tea.chat.client("MALLORY")
    mallory.send(Join("tea"))
    assert mallory.outbox.errors() == ["not_allowed"]
    mallory.hang_up(final=True)
    tea.ann.send(Unban("MALLORY", "tea"))
    assert [each.seconds for each in tea.ann.outbox.of(Banned)] == [None, 0.0]
    mallory = tea.chat.client("mallory")
    mallory.send(Join("tea"))
    assert mallory.outbox.errors() == []
    tea.ann.send(Ban("no name", "tea"))
    assert tea.ann.outbox.errors() == ["name_invalid"]


def test_a_speaker_speaks_where_something_is_announced() -> None:
    """A moderator makes one."""
    tea = Tea(announce=True)
    tea.bob.send(Msg("quiet", "tea"))
    tea.ann.send(Role("bob", "speaker", "tea"))
    tea.bob.send(Msg("loud", "tea"))
    assert tea.bob.outbox.errors() == ["not_allowed"]
    assert [each.text for each in tea.ann.outbox.of(MsgFrame)] == ["loud"]


def test_what_is_new_of_the_rules_is_named() -> None:
    """So that nobody has to remember what they were."""
    tea = Tea()
    tea.ann.send(Rules("tea", announce=True, invite_only=False, password="word"))  # noqa: S106  # a test's
    tea.ann.send(Rules("tea", announce=True), Rules("tea"))
    assert [each.changed for each in tea.bob.outbox.of(RulesFrame)] == [["announce", "password"], []]
    assert tea.ann.outbox.of(RulesFrame)[-1].changed == []


def test_a_room_with_a_password() -> None:
    """Lets in whoever knows it; guessing is slow; an empty one takes it away."""
    tea = Tea(password="open sesame")  # noqa: S106  # a test's
    tea.eve.send(Join("tea"), *[Join("tea", password=f"no {each}") for each in range(6)])
    assert tea.eve.outbox.errors() == ["not_allowed"] * 6 + ["rate_limited"]
    tea.gus.conversation.address = "192.0.2.2"  # tries are counted by address as well
    tea.gus.send(Join("tea", password="open sesame"))  # noqa: S106  # a test's
    assert tea.names() == ["ann", "gus"]
    tea.ann.send(Rules("tea", password=""))
    tea.eve.send(Join("tea"))
    assert tea.names() == ["ann", "gus", "eve"]


def test_roles_are_given_by_those_above() -> None:
    """A moderator makes members and readers, an owner everything; a guest has none."""
    tea = Tea()
    tea.ann.send(Role("bob", "moderator", "tea", "r"))
    assert tea.gus.outbox.of(RoleFrame) == [RoleFrame("tea", "bob", "moderator", "ann", was="member")]
    tea.bob.send(
        Role("eve", "reader", "tea"),
        Role("eve", "moderator", "tea"),
        Role("ann", "reader", "tea"),
        Role("gus", "member", "tea"),
        Kick("ann", "tea"),
        Rules("tea", announce=True),
    )
    assert tea.bob.outbox.errors() == ["not_allowed"] * 5
    tea.eve.send(Join("tea"), Msg("hi", "tea"))
    assert tea.eve.outbox.errors() == ["not_allowed"]
    tea.ann.send(Role("bob", "owner", "tea"), Role("ann", "none", "tea"))
    tea.bob.send(Rules("tea", announce=True))
    assert tea.bob.outbox.errors() == ["not_allowed"] * 5


def test_an_operator_acts_in_every_room() -> None:
    """Without being in it, and gets the answer."""
    tea = Tea()
    tea.op.send(Kick("gus", "tea", ref="1"), Mute("bob", "tea", 60.0, "2"), Rules("tea", ref="3"))
    assert [each.ref for each in tea.op.outbox.of(Left)] == ["1"]
    assert [each.ref for each in tea.op.outbox.of(Muted)] == ["2"]
    assert [each.role for each in tea.op.outbox.of(RulesFrame)] == ["operator"]
    assert tea.names() == ["ann", "bob"]


def test_nobody_has_rights_in_an_open_chat() -> None:
    """And it is said why."""
    chat = World()
    ann, bob = chat.clients("ann", "bob")
    ann.send(Kick("bob"), Rules(announce=True), Rules(), Topic("anybody's"))
    assert ann.outbox.errors() == ["not_allowed"] * 3
    assert "no accounts" in ann.outbox.of(ErrorFrame)[0].text
    assert bob.outbox.of(TopicFrame)[0].topic == "anybody's"


def test_every_act_is_kept() -> None:
    """With who, what, whom, where and why."""
    tea = Tea()
    tea.ann.send(
        Role("bob", "moderator", "tea"),
        Kick("gus", "tea", "spam"),
        Ban("gus", "tea"),
        Unban("gus", "tea"),
        Mute("eve", "tea"),
        Mute("eve", "tea", 0.0),
        Invite("eve", "tea"),
        Topic("green", "tea"),
    )
    acts = [(each.act, each.target, each.detail) for each in tea.chat.store.moderation.acts(20, "tea")][::-1]
    assert acts == [
        ("rules", "", "slow_seconds"),
        ("role", "bob", "moderator"),
        ("kick", "gus", "spam"),
        ("ban", "gus", ""),
        ("unban", "gus", ""),
        ("mute", "eve", ""),
        ("unmute", "eve", ""),
        ("invite", "eve", ""),
        ("topic", "", ""),
    ]


@pytest.mark.parametrize("message", [Ban("gus", "tea"), Mute("gus", "tea"), Rules("tea", announce=True)])
def test_what_cannot_be_stored_is_not_done(message: ClientMessage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be undone by the next start; whoever asked is told to try later."""
    tea = Tea()

    def faulty(*_: object) -> None:
        raise StoreError("no room")

    monkeypatch.setattr(tea.chat.store.moderation, "add_ban", faulty)
    monkeypatch.setattr(tea.chat.store.rooms, "save", faulty)
    tea.ann.send(message)
    assert tea.ann.outbox.errors() == ["unavailable"]
    tea.gus.send(Msg("still here", "tea"))
    assert [each.text for each in tea.bob.outbox.of(MsgFrame)] == ["still here"]
    assert tea.bob.outbox.of(HistoryFrame) == []


def test_a_guest_is_not_taken_for_an_account() -> None:
    """Whose id would be the guest's name: a ban of the one would be the other's."""
    tea = Tea()
    tea.gus.send(Name("account-1"), Name("ACCOUNT-2"))
    assert tea.gus.outbox.errors() == ["name_taken"] * 2


def test_a_role_that_is_taken_away() -> None:
    """Puts out of a room that is for members alone, on all connections."""
    tea = Tea(invite_only=True)
    tea.ann.send(Invite("eve", "tea"))
    tea.eve.send(Join("tea"))
    tea.still()
    tea.ann.send(Role("eve", "none", "tea"))
    for client in (tea.ann, tea.eve):
        assert [(each.name, each.reason) for each in client.outbox.of(Left)] == [("eve", "kicked")]
    tea.eve.send(Join("tea"), History("tea"))
    assert tea.eve.outbox.errors() == ["not_allowed", "not_a_member"]


def test_a_room_keeps_its_last_owner() -> None:
    """Or one account could leave rows of any number of rooms, one after another. Operators may do it."""
    tea = Tea()
    tea.ann.send(Role("ann", "none", "tea"), Role("ann", "reader", "tea"))
    assert tea.ann.outbox.errors() == ["not_allowed"] * 2
    tea.op.send(Role("ann", "none", "tea"))
    assert tea.op.outbox.errors() == []
    room = tea.chat.hub.rooms.get("tea")
    assert room is not None
    assert room.standing is not None
    assert not room.standing.owned


def test_an_invitation_by_an_operator_is_of_the_room_as_it_is() -> None:
    """Also after a restart, so that no role waits for a room that is somebody's later."""
    tea = Tea()
    tea.gus.send(Join("den"))
    tea.op.send(Invite("eve", "den"))
    assert tea.chat.store.rooms.load("den") is not None


def test_a_room_has_so_many_bans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a row that stays; those that are over make room."""
    monkeypatch.setattr("chat_server.chat.standing.BANS_AT_MOST", 2)
    tea = Tea()
    tea.ann.send(Ban("gus", "tea", 60.0), Ban("bob", "tea"), Ban("eve", "tea"), Mute("eve", "tea"))
    assert tea.ann.outbox.errors() == ["limit_reached"]
    tea.chat.time.now += 61.0
    tea.ann.send(Ban("eve", "tea"))
    assert tea.ann.outbox.errors() == ["limit_reached"]
    assert len(tea.chat.store.moderation.bans("tea")) == 3
    assert tea.chat.store.moderation.bans("den") == []


def test_whoever_is_muted_sets_no_topic() -> None:
    """In a room that is nobody's, where all others may."""
    tea = Tea()
    tea.gus.send(Join("den"))
    tea.op.send(Mute("gus", "den"))
    tea.gus.send(Topic("read this", "den"))
    assert tea.gus.outbox.errors() == ["not_allowed"]


def test_a_room_s_password_is_guessed_by_address() -> None:
    """A guest comes with a new identity at will."""
    tea = Tea(password="open sesame")  # noqa: S106  # a test's
    wrong = [Join("tea", password=f"no {each}") for each in range(3)]
    first, second = tea.chat.client("first"), tea.chat.client("second")
    first.send(*wrong)
    second.send(*wrong)
    assert first.outbox.errors() + second.outbox.errors() == ["not_allowed"] * 5 + ["rate_limited"]
