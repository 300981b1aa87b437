"""How somebody comes in."""

import pytest

from chat_protocol.messages import List, Msg, Name, RegName, Who
from chat_protocol.server_messages import ErrorFrame, Joined, Left, Rooms, Users, Welcome
from chat_server.chat.passwords import digest
from chat_server.errors import StoreError
from chat_server.store.base import Scope
from tests.chat_server.chat.test_people import PASSWORD, add, come, world
from tests.support.world import Client


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
    assert bot.outbox.errors() == ["not_a_member"]
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
