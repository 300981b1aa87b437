"""How somebody comes in."""

import pytest

from chat_protocol.messages import ClientMessage, Dm, History, List, Msg, Name, RegName, Search, Who
from chat_protocol.moderation_messages import Ban, Invite, Kick, Mute, Role, Rules, Unban
from chat_protocol.reading_messages import Read
from chat_protocol.server_messages import DmFrame, ErrorFrame, Joined, Left, Rooms, Users, Welcome
from chat_server.chat.passwords import Passwords, digest
from chat_server.chat.resumption import Resumption
from chat_server.errors import StoreError
from chat_server.store.base import Scope
from tests.chat_server.chat.test_people import HASH, PASSWORD, add, come, world
from tests.support.world import Client, World

TOKEN = "t"  # noqa: S105  # a test's


def test_an_account_comes_and_goes_once_for_the_others() -> None:
    """However many connections it has; each of them is told of its own coming."""
    chat = world("ann")
    gus = chat.client("gus")
    phone, desk = come(chat, "ann"), come(chat, "ann")
    assert [(each.name, each.account) for each in gus.outbox.of(Joined)] == [("ann", True)]
    assert [len(each.outbox.of(Joined)) for each in (phone, desk)] == [1, 1]
    assert [each.members for each in desk.outbox.of(Joined)] == [2]
    phone.hang_up()
    assert gus.outbox.of(Left) == []
    desk.hang_up()
    assert [each.name for each in gus.outbox.of(Left)] == ["ann"]


def test_it_is_one_in_every_list() -> None:
    """WHO, LIST and the number of members count people, not connections."""
    chat = world("ann")
    gus = chat.client("gus")
    come(chat, "ann")
    come(chat, "ann")
    gus.send(Who(), List())
    (users,), (rooms,) = gus.outbox.of(Users), gus.outbox.of(Rooms)
    assert (users.names, users.total, users.accounts) == (["gus", "ann"], 2, [1])
    assert [(each.room, each.members) for each in rooms.rooms] == [("lobby", 2)]


def test_a_session_is_resumed_without_a_password() -> None:
    """It is the account's still, in the same rooms."""
    chat = world("ann")
    ann = come(chat, "ann")
    token = ann.session.token
    ann.hang_up()
    again = Client(chat.hub)
    welcome = again.register("ann", session=token)
    assert welcome is not None
    assert (welcome.resumed, welcome.account, again.session) == (True, True, ann.session)


def test_after_a_restart_the_password_is_asked_for() -> None:
    """A token of a run before may be of somebody who had logged out; what was published is still known."""
    chat = world("ann")
    chat.rules = chat.rules.__class__("accounts")
    ann = come(chat, "ann")
    ann.send(Msg("once", ref="1"))
    token = ann.session.token
    later = chat.restarted()
    again = Client(later.hub)
    assert again.register("ann", session=token) is None
    assert again.outbox.errors() == ["auth_required"]
    welcome = again.register("ann", session=token, password=PASSWORD)
    assert welcome is not None
    assert welcome.resumed
    again.send(Msg("once", ref="1"))
    assert later.journal.bounds("lobby").last == 1


def test_nobody_resumes_what_is_somebody_else_s() -> None:
    """Whoever shows another account's session comes in as who they are, with a session of their own."""
    chat = world("ann", "bob")
    ann, gus = come(chat, "ann"), chat.client("gus")
    for token in (ann.session.token, gus.session.token):
        bob = Client(chat.hub)
        welcome = bob.register("bob", session=token, password=PASSWORD)
        assert welcome is not None
        assert (welcome.name, welcome.resumed) == ("bob", False)
        assert bob.session.identity.name == "bob"
    assert (ann.outbox.ended, gus.outbox.ended) == ([], [])
    assert ann.session.identity.name == "ann"


def test_whoever_holds_an_account_s_name_must_go() -> None:
    """A guest who had it before the account was made; the account is let in at once."""
    chat = world()
    gus = chat.client("\u0430nn")
    add(chat.store, "ann")
    ann = come(chat, "ann")
    assert gus.outbox.ended == ["name_reserved"]
    assert ann.session.identity.name == "ann"
    gus.hang_up()
    again = Client(chat.hub)
    again.send(RegName("\u0430nn", session=gus.session.token))
    assert again.outbox.errors() == ["name_taken"]


def test_a_bot_is_in_the_rooms_of_its_token() -> None:
    """And knows of no other."""
    chat = world("bot")
    chat.store.add_token(1, digest("secret"), "", Scope(("builds",)))
    gus = chat.client("gus", "tea")
    bot = Client(chat.hub)
    welcome = bot.register("bot", token="secret")  # noqa: S106  # a test's
    assert welcome is not None
    assert welcome.rooms == ["builds"]
    bot.send(List())
    assert [each.room for each in bot.outbox.of(Rooms)[0].rooms] == ["builds"]
    bot.say("done", room="lobby")
    assert bot.outbox.errors() == ["not_allowed"]
    gus.send(Msg("hi", "tea"))
    assert bot.outbox.ids("tea") == []


def test_a_token_s_bounds_outlast_the_connection() -> None:
    """Whoever resumes the session may do no more than before."""
    chat = world("bot")
    chat.store.add_token(1, digest("secret"), "", Scope(("builds",), writes=False))
    bot = Client(chat.hub)
    bot.register("bot", token="secret")  # noqa: S106  # a test's
    bot.hang_up()
    again = Client(chat.hub)
    again.register("bot", session=bot.session.token)
    again.say("hi", room="builds")
    assert again.outbox.errors() == ["not_allowed"]


@pytest.mark.parametrize("step", ["find", "positions"])
def test_a_store_that_fails_lets_nobody_in_and_leaves_nothing(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said that it cannot be now; the same connection may try again."""
    chat = world("ann")

    def faulty(*_: object) -> None:
        raise StoreError("the disk is on fire")

    ann = Client(chat.hub)
    with monkeypatch.context() as patched:
        patched.setattr(chat.store, step, faulty)
        assert ann.register("ann", password=PASSWORD) is None
    (error,) = ann.outbox.of(ErrorFrame)
    assert (error.code, "fire" in error.text) == ("unavailable", False)
    assert chat.hub.counts() == (0, 1)
    assert ann.register("ann", password=PASSWORD) is not None
    assert len(ann.outbox.of(Welcome)) == 1


def test_an_account_keeps_its_name() -> None:
    """A guest changes it, but not to an account's."""
    chat = world("ann")
    ann, gus = come(chat, "ann"), chat.client("gus")
    for client in (ann, gus):
        client.send(Name("ann"))
    assert (ann.outbox.errors(), gus.outbox.errors()) == (["not_allowed"], ["name_taken"])


@pytest.fixture
def stolen() -> tuple[World, Client, str]:
    """Return a chat, ann who came back to it after a restart, and the token that she came back with."""
    chat = world("ann", "bob")
    token = come(chat, "ann").session.token
    later = chat.restarted()
    ann = Client(later.hub)
    assert ann.register("ann", session=token, password=PASSWORD) is not None
    assert ann.session.token != token
    return later, ann, token


@pytest.mark.parametrize("fields", [{"name": "gus"}, {"name": "bob", "password": PASSWORD}])
def test_a_token_of_the_run_before_opens_no_other_s_account(
    stolen: tuple[World, Client, str], fields: dict[str, str]
) -> None:
    """Neither to a guest nor to another account, and the session that it belongs to goes on."""
    chat, ann, token = stolen
    thief = Client(chat.hub)
    welcome = thief.register(**fields, session=token)
    assert welcome is not None
    assert (welcome.resumed, thief.session.identity.name) == (False, fields["name"])
    assert thief.session.identity is not ann.session.identity
    assert ann.outbox.ended == []


def test_a_session_that_becomes_another_s_at_the_last_moment(
    stolen: tuple[World, Client, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner is back between the look and the claim: the session stays the owner's."""
    chat, ann, token = stolen
    ann.hang_up()
    monkeypatch.setattr(Resumption, "find", lambda *_: None)
    thief = Client(chat.hub)
    welcome = thief.register("gus", session=token)
    assert welcome is not None
    assert (welcome.resumed, thief.session.identity.is_account) == (False, False)
    assert chat.hub.registry.absent()[0] == 1


@pytest.mark.parametrize("fields", [{"epoch": "another"}, {}])
def test_a_bot_gains_nothing_by_a_session_that_is_over(fields: dict[str, str]) -> None:
    """Of another epoch, or ended meanwhile: the token must be shown again, or everything would be allowed."""
    chat = world("ann")
    chat.store.add_token(1, digest(TOKEN), "", Scope(("builds",), writes=False))
    bot = Client(chat.hub)
    assert bot.register("ann", token=TOKEN) is not None
    bot.hang_up(final=not fields)
    again = Client(chat.hub)
    assert again.register("ann", session=bot.session.token, **fields) is None
    assert again.outbox.errors() == ["auth_required"]
    back = Client(chat.hub)
    assert back.register("ann", session=bot.session.token, token=TOKEN, **fields) is not None
    assert (list(back.session.scope.rooms), back.session.scope.writes) == (["builds"], False)


def test_a_session_that_ends_after_it_was_looked_at_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever came with it is asked anew."""
    chat = world("ann")
    ann = come(chat, "ann")
    monkeypatch.setattr(Resumption, "claim", lambda *_: None)
    again = Client(chat.hub)
    assert again.register("ann", session=ann.session.token) is None
    assert again.outbox.errors() == ["auth_required"]
    welcome = again.register("ann", session=ann.session.token, password=PASSWORD)
    assert welcome is not None
    assert welcome.resumed is False


def test_another_password_ends_what_came_before_it() -> None:
    """Also once the owner has come in with the new one: neither a session nor its token is good again."""
    chat = world("ann")
    away, here = come(chat, "ann"), come(chat, "ann")
    away.hang_up()
    chat.store.set_password(1, HASH)
    owner = come(chat, "ann")
    chat.hub._is_outdated = True  # noqa: SLF001  # as a shell's change would have it
    chat.hub.follow_accounts()
    assert (here.outbox.ended, owner.outbox.ended) == (["logged_out"], [])
    thief = Client(chat.hub)
    assert thief.register("ann", session=away.session.token) is None
    assert thief.outbox.errors() == ["auth_required"]


def test_an_account_that_is_changed_while_it_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who was looked for was there yet, so the newcomer looks once more."""
    chat = world("ann")
    account = chat.store.find("ann")
    assert account is not None
    is_right = Passwords.is_right

    def slow(passwords: Passwords, hash_: str | None, password: str) -> bool:
        chat.store.set_disabled(account.number, disabled=True)
        return is_right(passwords, hash_, password)

    monkeypatch.setattr(Passwords, "is_right", slow)
    ann = Client(chat.hub)
    assert ann.register("ann", password=PASSWORD) is None
    assert ann.outbox.errors() == ["auth_failed"]
    assert chat.hub.registry.connected() == 0
    assert chat.hub.people.identity(account).sessions == ()


def test_a_token_for_rooms_brings_no_direct_messages() -> None:
    """Neither those that wait, nor what is said, nor by a question; and they stay unread."""
    chat = world("ann", "op")
    chat.store.add_token(1, digest(TOKEN), "", Scope(("builds",)))
    gus = chat.client("gus")
    gus.send(Dm("ann", "a secret"))
    bot = Client(chat.hub)
    bot.register("ann", token=TOKEN)
    gus.send(Dm("ann", "another secret"))
    asked = (History("@", ref="1"), Search("secret", "@", ref="2"), Read(2, "@", ref="3"))
    bot.send(*asked, Search("secret", ref="4"))
    assert [each.ref for each in bot.outbox.of(ErrorFrame)] == ["1", "2", "3"]
    assert b"a secret" not in b"".join(bot.outbox.pushed)
    assert b"another" not in b"".join(bot.outbox.pushed)
    bot.hang_up(final=True)
    assert [each.text for each in come(chat, "ann").outbox.of(DmFrame)] == ["a secret", "another secret"]


def test_a_token_for_rooms_moderates_no_other() -> None:
    """Though its account is an operator's."""
    chat = world("op")
    chat.store.set_operator(1, operator=True)
    chat.store.add_token(1, digest(TOKEN), "", Scope(("builds",)))
    gus, bot = chat.client("gus"), Client(chat.hub)
    bot.register("op", token=TOKEN)
    acts: list[ClientMessage] = [Kick("gus", "lobby"), Ban("gus", "lobby"), Mute("gus", "lobby")]
    acts += [Rules("lobby"), Rules("#Lobby", announce=True), Role("op", "owner", "lobby")]
    acts += [Invite("gus", "lobby"), Unban("gus", "lobby")]
    bot.send(*acts)
    assert bot.outbox.errors() == ["not_allowed"] * len(acts)
    assert "lobby" in gus.session.memberships


@pytest.mark.parametrize("name", ["gus", "GUS", "g\u057ds"])
def test_nobody_registers_a_name_that_a_guest_has(name: str) -> None:
    """Or one that looks like it: the guest would have to go, and the stranger would get their messages."""
    chat = world(registration="open")
    gus = chat.client("gus")
    stranger = Client(chat.hub)
    assert stranger.register(name, password=PASSWORD, register=True) is None
    assert (stranger.outbox.errors(), gus.outbox.ended) == (["name_taken"], [])
    assert Client(chat.hub).register("gus", password=PASSWORD, register=True, session=gus.session.token)
    assert gus.outbox.ended == ["name_reserved"]


def test_an_account_has_so_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is told so, and one that came back is as it was."""
    monkeypatch.setattr("chat_server.chat.registry.CONNECTIONS_OF_ONE", 2)
    chat = world("ann")
    away = come(chat, "ann")
    away.hang_up()
    here = [come(chat, "ann") for _ in range(2)]
    for token in (None, away.session.token):
        client = Client(chat.hub)
        assert client.register("ann", password=PASSWORD, session=token) is None
        assert client.outbox.errors() == ["limit_reached"]
    here[0].hang_up()
    assert Client(chat.hub).register("ann", session=away.session.token) is not None
