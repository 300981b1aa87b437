"""Programs that post without being in a room."""

import threading

import pytest

from chat_protocol.errors import (
    AuthFailedError,
    BannedError,
    LimitReachedError,
    NameTakenError,
    NotAllowedError,
    PeerError,
    RateLimitedError,
    UnavailableError,
)
from chat_protocol.messages import Dm
from chat_protocol.moderation_messages import Mute
from chat_protocol.server_messages import Joined, Left, MsgFrame
from chat_server.chat import hooks as module
from chat_server.chat import names
from chat_server.chat.access import AccessRules
from chat_server.chat.hooks import Post, Posted, hook_id
from chat_server.chat.passwords import digest
from chat_server.chat.registry import HubLimits
from chat_server.chat.standing import Role
from chat_server.store.base import Naming
from chat_server.store.hooks import Hook
from chat_server.store.moderation import Ban
from chat_server.store.rooms import RoomRules, RoomTopic
from chat_server.stream.publication import Publication
from tests.support import locks
from tests.support.world import LOCKING, FragileJournal, World

SOON = 1010.0


def hook(world: World, name: str = "alerts", *rooms: str, per_minute: float = 60.0) -> Hook:
    """Return a hook that was just made."""
    token = f"hook-{name}"
    number = world.store.hooks.add(
        digest(token), name, names.keys(name), rooms or ("lobby", "ops"), per_minute
    )
    assert number is not None
    return world.hub.hooks.find(token, "")


def post(world: World, by: Hook, text: str = "hi", room: str | None = None, ref: str | None = None) -> Posted:
    """Have a hook post."""
    return world.hub.hooks.post(by, Post(text, room, ref), SOON)


def test_a_hook_speaks_without_being_there() -> None:
    """All hear it, and nobody that it came or went."""
    world = World()
    ann = world.client("ann")
    posted = post(world, hook(world), "the build is green")
    assert posted == Posted("lobby", 1, repeated=False)
    (said,) = ann.outbox.of(MsgFrame)
    assert (said.sender, said.text, said.id, said.account) == ("alerts", "the build is green", 1, False)
    assert said.notice
    assert (ann.outbox.of(Joined), ann.outbox.of(Left)) == ([], [])
    assert [each.name for each in world.hub.rooms.visit("lobby").people()] == ["ann"]


def test_a_room_of_its_own_may_be_chosen() -> None:
    """In any spelling; no other may. One that nobody is in keeps what is said, and goes again."""
    world = World()
    by = hook(world)
    assert post(world, by, room="#OPS").room == "ops"
    with pytest.raises(NotAllowedError, match="posts to #lobby, #ops alone"):
        post(world, by, room="tea")
    world.hub.sweep()
    assert world.hub.rooms.get("ops") is None
    assert post(world, by, room="ops").id == 2


def test_there_may_be_no_room_left() -> None:
    """Then it is told."""
    world = World(limits=HubLimits(rooms=1))
    with pytest.raises(LimitReachedError):
        post(world, hook(world), room="ops")


def test_a_ref_makes_a_repeat_harmless() -> None:
    """Also after a restart of the server."""
    world = World(journal=FragileJournal())
    by = hook(world)
    first = post(world, by, ref="1")
    assert post(world, by, ref="1") == Posted("lobby", first.id, repeated=True)
    later = world.restarted()
    assert post(later, by, ref="1") == Posted("lobby", first.id, repeated=True)
    assert post(later, by, ref="2").id == first.id + 1


def test_the_same_ref_at_the_same_time_is_said_once() -> None:
    """Whichever of several requests comes first; the others are answered as it is."""
    world = World()
    ann, by = world.client("ann"), hook(world)
    together, posted = threading.Barrier(8), list[Posted]()

    def send() -> None:
        together.wait(10)
        posted.append(post(world, by, ref="1"))

    threads = [threading.Thread(target=send, name="post") for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    assert sorted(each.repeated for each in posted) == [False] + [True] * 7
    assert {each.id for each in posted} == {1}
    assert ann.outbox.ids() == [1]


def test_so_many_refs_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go: nobody ever says that they will not come again."""
    monkeypatch.setattr(module, "REFS_KEPT", 2)
    world = World()
    by = hook(world)
    for number in range(5):
        post(world, by, ref=str(number))
    assert post(world, by, ref="4").repeated
    assert not post(world, by, ref="0").repeated


def test_a_token_is_all_that_a_hook_shows() -> None:
    """Guesses are counted by address, if there is one; a good token is never refused for them."""
    world = World()
    hook(world)
    for _ in range(5):
        with pytest.raises(AuthFailedError, match="mistyped, or the hook was revoked"):
            world.hub.hooks.find("hook-guess", "192.0.2.1")
    with pytest.raises(RateLimitedError):
        world.hub.hooks.find("hook-guess", "192.0.2.1")
    for _ in range(9):
        with pytest.raises(AuthFailedError):
            world.hub.hooks.find("hook-guess", "")
    assert world.hub.hooks.find("hook-alerts", "192.0.2.1").name == "alerts"


def test_a_hook_has_a_rate() -> None:
    """So many at once, and as many in a minute from then on."""
    world = World()
    by = hook(world, per_minute=2.0)
    world.hub.hooks.charge(by)
    world.hub.hooks.charge(by)
    with pytest.raises(RateLimitedError, match="2 messages a minute") as caught:
        world.hub.hooks.charge(by)
    assert caught.value.retry_after == pytest.approx(30.0)
    world.clock.now += 30
    world.hub.hooks.charge(by)


def test_a_slow_hook_may_post_at_all() -> None:
    """One that may post less than once a minute has one token at first."""
    world = World()
    by = hook(world, per_minute=0.5)
    world.hub.hooks.charge(by)
    with pytest.raises(RateLimitedError):
        world.hub.hooks.charge(by)


def test_nobody_else_has_a_hook_s_name() -> None:
    """Nor one that looks like it; whoever has it already must go, and it is free once the hook is revoked."""
    world = World()
    ann, eve = world.client("ann"), world.client("a1erts")
    by = hook(world)
    for name in world.hub.hooks.refresh():
        world.hub.registry.clear(name)
    assert eve.outbox.ended == ["name_reserved"]
    for name in ("Alerts", "alert\u0455"):
        with pytest.raises(NameTakenError, match="a program's"):
            world.hub.rename(ann.session, name, None)
    assert world.store.hooks.revoke(by.number)
    world.hub.rename(ann.session, "alerts", None)


def test_a_change_from_outside_clears_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as the server sees it, which it does not look for at each step."""
    world = World()
    eve = world.client("alerts")
    by = hook(world)
    world.hub.follow_accounts()
    assert eve.outbox.ended == []
    monkeypatch.setattr(type(world.store), "changed", lambda _: True)
    followed: list[str] = []
    world.hub.follow_store(lambda: followed.append("told"))
    world.hub.follow_accounts()
    assert eve.outbox.ended == ["name_reserved"]
    assert followed == ["told"]
    assert post(world, by).id == 1


def governed(rules: RoomRules) -> World:
    """Return a world whose lobby has rules and an owner, the account ann."""
    world = World(rules=AccessRules("accounts", guests=True))
    made = world.store.add(names_of("ann"), "hash")
    assert made is not None
    world.store.rooms.save("ops", RoomTopic(), rules)
    world.store.rooms.set_role("ops", made.number, Role.OWNER.word)
    return world


def names_of(name: str) -> Naming:
    """Return a name as accounts have it."""
    return Naming(name, names.key(name), names.keys(name))


def test_rules_for_members_do_not_bind_a_hook() -> None:
    """An operator gave it the room."""
    world = governed(RoomRules(invite_only=True, announce=True, slow_seconds=60.0))
    by = hook(world)
    assert [post(world, by, room="ops").id for _ in range(2)] == [1, 2]


def test_a_moderator_may_silence_a_hook() -> None:
    """By its name, as anybody else."""
    world = governed(RoomRules())
    by = hook(world)
    with world.hub.rooms.visited("ops") as room:
        ann = world.hub.people.find("ann")
        assert ann is not None
        owner = world.client("bob")
        owner.session.identity = ann
        world.hub.governance.mute(owner.session, room, Mute("alerts", room="ops"))
        with pytest.raises(NotAllowedError, match="alerts is muted in this room"):
            post(world, by, room="ops")
        assert post(world, by, room="lobby").id == 1
        world.hub.governance.mute(owner.session, room, Mute("ALERTS", room="ops", seconds=0))
        assert post(world, by, room="ops").id == 1


def test_an_operator_may_silence_a_hook_everywhere() -> None:
    """With a mute or a ban of its name."""
    world = World()
    by = hook(world)
    world.access.bans.add(Ban("", "muted name", "alerts", "alerts"))
    with pytest.raises(NotAllowedError, match="may only read"):
        post(world, by)
    world.access.bans.lift("muted name", "alerts")
    world.access.bans.add(Ban("", "name", "alerts", "alerts"))
    with pytest.raises(BannedError):
        post(world, by)


def test_nobody_writes_to_a_hook_alone() -> None:
    """It reads nothing."""
    world = World()
    ann = world.client("ann")
    hook(world)
    ann.send(Dm("alerts", "hello"))
    assert ann.outbox.errors() == ["no_such_user"]


def test_what_cannot_be_stored_is_told_and_comes_once() -> None:
    """The same ref again finds it on its way, and where it is once it is stored."""
    journal = FragileJournal()
    world = World(journal=journal)
    by = hook(world)
    journal.broken = True
    with pytest.raises(UnavailableError, match="Idempotency-Key"):
        post(world, by, ref="1")
    with pytest.raises(UnavailableError):
        post(world, by, ref="1")
    journal.broken = False
    world.commit.retry()
    assert post(world, by, ref="1") == Posted("lobby", 1, repeated=True)


def test_it_waits_for_a_slow_disk_and_no_longer_than_told() -> None:
    """Another thread stores it; the time to wait is over, and it is not stored yet."""
    journal = FragileJournal()
    world = World(journal=journal)
    by = hook(world)
    ann = world.client("ann")
    slow: list[PeerError] = []

    def meanwhile() -> None:
        journal.on_commit = None
        world.clock.now = SOON
        with pytest.raises(UnavailableError) as caught:
            post(world, by, "behind", ref="2")
        slow.append(caught.value)

    journal.on_commit = meanwhile
    ann.say("first")
    assert len(slow) == 1
    assert post(world, by, ref="2") == Posted("lobby", 2, repeated=True)


def test_one_is_not_lost_that_another_thread_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever posts waits for it."""
    journal = FragileJournal()
    world = World(journal=journal)
    by = hook(world)
    ann = world.client("ann")
    posted: list[Posted] = []
    thread = threading.Thread(target=lambda: posted.append(post(world, by, "behind")), name="post")
    submit, submitted = world.commit.submit, threading.Event()

    def submit_and_tell(said: Publication) -> None:
        submit(said)
        submitted.set()

    def meanwhile() -> None:
        journal.on_commit = None
        monkeypatch.setattr(world.commit, "submit", submit_and_tell)
        thread.start()
        assert submitted.wait(10)

    journal.on_commit = meanwhile
    ann.say("first")
    thread.join(10)
    assert posted == [Posted("lobby", 2, repeated=False)]


def test_the_id_of_a_hook_is_no_name() -> None:
    """So no guest can be it."""
    with pytest.raises(PeerError):
        names.user_name(hook_id(1), 32)


def test_a_post_takes_locks_downward(monkeypatch: pytest.MonkeyPatch) -> None:
    """And none of the chat while the store or the journal is read."""
    ledger = locks.patch(monkeypatch, *LOCKING, module)
    world = World()
    ann = world.client("ann")
    by = hook(world)
    world.hub.hooks.charge(by)
    world.hub.hooks.count("accepted")
    assert post(world, by, ref="1").id == 1
    assert ann.outbox.ids() == [1]
    assert ledger.breaches == []
    assert world.hub.hooks.results["accepted"] == 1
