"""The accounts that have been here."""

import sqlite3
from pathlib import Path

import pytest

from chat_protocol.messages import Dm, Join, Msg
from chat_protocol.moderation_messages import Ignore, Ignored
from chat_protocol.reading_messages import Read
from chat_protocol.server_messages import Ack, DmFrame
from chat_server.chat import names
from chat_server.chat import people as people_module
from chat_server.chat.access import AccessRules
from chat_server.chat.inbox import INBOX, inbox_name
from chat_server.chat.passwords import Passwords
from chat_server.chat.people import ROOMS_OF_ONE
from chat_server.errors import StoreError
from chat_server.store.base import Account, Naming
from chat_server.store.sqlite import SqliteStore
from tests.support.world import Client, Clock, FragileJournal, World

PASSWORD = "correct horse"  # noqa: S105  # a test's
HASH = Passwords().hashed(PASSWORD)


def add(store: SqliteStore, name: str) -> Account:
    """Make an account."""
    account = store.add(Naming(name, names.key(name), names.keys(name)), HASH)
    assert account is not None
    return account


def world(*accounts: str, store: SqliteStore | None = None, registration: str = "off") -> World:
    """Return a chat for accounts and guests, with these accounts."""
    rules, time = AccessRules("accounts", guests=True, registration=registration), Clock(1_790_000_000.0)
    made = World(FragileJournal(), rules=rules, time=time, store=store or SqliteStore(None, time))
    for name in accounts:
        add(made.store, name)
    return made


def come(chat: World, name: str) -> Client:
    """Return a client that has logged in; all is still."""
    client = Client(chat.hub)
    assert client.register(name, password=PASSWORD) is not None, client.outbox.messages
    return client


def test_an_account_has_one_identity() -> None:
    """However often it comes, and whoever asks for it by whatever spelling."""
    chat = world("ann")
    people, account = chat.hub.people, chat.store.find("ann")
    assert account is not None
    assert people.find("ANN") is people.identity(account) is people.find("ann")
    assert (people.find("bob"), len(people)) == (None, 1)
    one, other = come(chat, "ann"), come(chat, "ann")
    assert one.session is not other.session
    assert one.session.identity is other.session.identity is people.find("ann")


def test_it_is_written_to_while_it_is_away() -> None:
    """Also before it was ever here, and after a restart of the server."""
    chat = world("ann")
    gus = chat.client("gus")
    gus.send(Dm("ann", "before you came"))
    ann = come(chat, "ann")
    assert [each.text for each in ann.outbox.of(DmFrame)] == ["before you came"]
    ann.hang_up(final=True)
    gus.send(Dm("ann", "after you left"))
    chat.hub.people.save()
    later = chat.restarted()
    ann = come(later, "ann")
    assert [each.text for each in ann.outbox.of(DmFrame)] == ["after you left"]


def test_nobody_writes_to_an_account_that_is_disabled() -> None:
    """Unless it was here in this run: then what is said waits in its inbox."""
    chat = world("ann")
    account = chat.store.find("ann")
    assert account is not None
    chat.store.set_disabled(account.number, disabled=True)
    gus = chat.client("gus")
    gus.send(Dm("ann", "hello"))
    assert gus.outbox.errors() == ["no_such_user"]


def test_its_other_connections_hear_what_it_says_alone() -> None:
    """Once, with the id that the acknowledgement has; and a resend is said once."""
    chat = world("ann", "bob")
    phone, desk, bob = come(chat, "ann"), come(chat, "ann"), come(chat, "bob")
    for _ in range(2):
        phone.send(Dm("bob", "one", "1"), Dm("bob", "two", "2"))
    assert [(each.sender, each.to, each.text, each.id) for each in desk.outbox.of(DmFrame)] == [
        ("ann", "bob", "one", 1),
        ("ann", "bob", "two", 2),
    ]
    assert phone.outbox.of(DmFrame) == []
    assert [each.id for each in phone.outbox.of(Ack)] == [1, 2, 1, 2]
    assert [(each.text, each.account) for each in bob.outbox.of(DmFrame)] == [("one", True), ("two", True)]


def test_what_is_said_alone_is_stored_twice_or_not_at_all() -> None:
    """A fault of the disk leaves nobody with half of it."""
    chat = world("ann", "bob")
    ann, bob = come(chat, "ann"), come(chat, "bob")
    journal = chat.journal
    assert isinstance(journal, FragileJournal)
    journal.broken = True
    ann.send(Dm("bob", "one", "1"))
    assert (ann.outbox.of(Ack), bob.outbox.of(DmFrame)) == ([], [])
    journal.broken = False
    chat.commit.retry()
    assert (len(ann.outbox.of(Ack)), len(bob.outbox.of(DmFrame))) == (1, 1)
    (batch,) = [batch for batch in journal.batches if batch[0].room.startswith("@")]
    assert {each.room for each in batch} == {inbox_name("account-1"), inbox_name("account-2")}


def test_read_positions_are_kept() -> None:
    """What was read is not shown again; what was not, is; and nothing goes back."""
    chat = world("ann")
    ann, gus = come(chat, "ann"), chat.client("gus")
    gus.say("1", "2", "3")
    ann.send(Read(2, "lobby"), Read(1, "lobby"), Read(99, "@"))
    ann.hang_up(final=True)
    again = come(chat, "ann")
    assert again.outbox.ids() == [3]
    assert again.session.identity.positions == {"lobby": 2, INBOX: 0}
    chat.hub.people.save()
    assert chat.store.positions(1) == {"lobby": 2, INBOX: 0}


def test_what_is_said_anew_after_a_restore_is_not_read() -> None:
    """A journal that was put back gives ids again that the account had read."""
    chat = world("ann")
    chat.store.set_positions({(1, "lobby"): 150})
    gus = chat.client("gus")
    gus.say("1")
    ann = come(chat, "ann")
    assert ann.session.identity.positions["lobby"] == 1
    ann.hang_up()
    gus.say("2")
    assert come(chat, "ann").outbox.ids() == [2]


def test_whoever_never_says_what_was_read_has_read_it_all_on_leaving() -> None:
    """But not if the connection broke: then nobody knows."""
    chat = world("ann")
    gus = chat.client("gus")
    ann = come(chat, "ann")
    gus.say("1")
    ann.hang_up(final=False)
    ann = come(chat, "ann")
    assert ann.outbox.ids() == [1]
    gus.say("2")
    ann.hang_up(final=True)
    assert come(chat, "ann").outbox.ids() == []


def test_an_account_keeps_its_rooms() -> None:
    """Until it leaves them; a room that another connection is in is still its own."""
    chat = world("ann")
    ann = come(chat, "ann")
    chat.hub.join(ann.session, Join("tea"))
    chat.hub.join(ann.session, Join("ale"))
    chat.hub.leave(ann.session, ann.session.memberships["ale"].room)
    phone = come(chat, "ann")
    assert list(phone.session.memberships) == ["lobby", "tea"]
    chat.hub.leave(phone.session, phone.session.memberships["tea"].room)
    assert "tea" in phone.session.identity.positions
    chat.hub.leave(ann.session, ann.session.memberships["tea"].room)
    assert list(come(chat, "ann").session.memberships) == ["lobby"]


def test_a_store_that_fails_loses_no_position(tmp_path: Path) -> None:
    """They are stored as soon as that goes."""
    path = tmp_path / "store"
    chat = world("ann", store=SqliteStore(path))
    ann = come(chat, "ann")
    chat.client("gus").say("1")
    ann.send(Read(1, "lobby"))
    with sqlite3.connect(path, isolation_level=None) as other:
        chat.store.file.connection.execute("PRAGMA busy_timeout = 1")  # a test does not wait for 2 s
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError):
            chat.hub.people.save()
        other.execute("ROLLBACK")
    other.close()
    chat.hub.people.save()
    assert chat.store.positions(1)["lobby"] == 1
    chat.store.close()


def test_whoever_was_changed_from_outside_must_go(tmp_path: Path) -> None:
    """At the next look; the others stay, and so does who was changed in nothing that matters."""
    path = tmp_path / "store"
    chat = world("ann", "bob", store=SqliteStore(path))
    ann, bob = come(chat, "ann"), come(chat, "bob")
    shell = SqliteStore(path)
    add(shell, "cat")
    chat.hub.follow_accounts()
    assert (ann.outbox.ended, bob.outbox.ended) == ([], [])
    shell.set_disabled(1, disabled=True)
    chat.hub.follow_accounts()
    assert (ann.outbox.ended, bob.outbox.ended) == (["logged_out"], [])
    shell.close()
    chat.store.close()


def test_what_it_says_is_marked() -> None:
    """A guest's is not: the server alone says who spoke."""
    chat = world("ann")
    ann, gus = come(chat, "ann"), chat.client("gus")
    ann.say("hello")
    gus.send(Msg("hello"))
    assert [each.account for each in gus.outbox.messages if each.__class__.__name__ == "MsgFrame"] == [True]
    assert b'"account"' not in gus.outbox.pushed[-1] or b"gus" not in gus.outbox.pushed[-1]
    assert [each.account for each in ann.outbox.messages if getattr(each, "sender", "") == "gus"] == [False]


def test_somebody_who_is_ignored_is_not_heard_alone() -> None:
    """Until that ends; an account keeps it, and is told on login. Nobody else is touched."""
    chat = world("ann", "bob")
    ann, bob, gus = come(chat, "ann"), come(chat, "bob"), chat.client("gus")
    ann.send(Ignore("GUS", ref="i"), Ignore("bad name"))
    assert ann.outbox.of(Ignored) == [Ignored(["GUS"], "i")]
    assert ann.outbox.errors() == ["name_invalid"]
    gus.send(Dm("ann", "psst", "1"))
    bob.send(Dm("ann", "hello", "2"))
    assert gus.outbox.errors() == ["not_allowed"]
    assert [each.text for each in ann.outbox.of(DmFrame)] == ["hello"]
    later = chat.restarted()
    ann, gus, bob = come(later, "ann"), later.client("gus"), come(later, "bob")
    assert ann.outbox.of(Ignored) == [Ignored(["GUS"])]
    ann.send(Ignore("gus", on=False), Ignore("*"))
    bob.send(Dm("ann", "hello", "3"))
    assert bob.outbox.errors() == ["not_allowed"]
    ann.send(Ignore("*", on=False))
    gus.send(Dm("ann", "psst", "4"))
    assert [each.text for each in ann.outbox.of(DmFrame)][-1] == "psst"


def test_a_guest_ignores_for_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """And so many people at the most."""
    monkeypatch.setattr(people_module, "IGNORED_AT_MOST", 2)
    ann, bob = World().clients("ann", "bob")
    ann.send(Ignore("bob"), Ignore("x"), Ignore("y"))
    bob.send(Dm("ann", "psst"))
    assert (ann.outbox.errors(), bob.outbox.errors()) == (["limit_reached"], ["not_allowed"])


def test_so_many_rooms_of_an_account_are_remembered() -> None:
    """With several connections it can be in more than one may, and each is a row that stays."""
    chat = world("ann")
    identity = come(chat, "ann").session.identity
    chat.hub.people.note_read(identity, INBOX, 0)
    for number in range(300):
        chat.hub.people.note_entered(identity, f"r{number}", 0, 0)
    assert len(identity.positions) == ROOMS_OF_ONE
    assert INBOX in identity.positions
    chat.hub.people.save()
    assert chat.store.positions(1).keys() == identity.positions.keys()


def test_a_store_that_fails_hides_no_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The change is looked at again, though the file is as it was at the last look."""
    path = tmp_path / "store"
    chat = world("ann", store=SqliteStore(path))
    ann, shell = come(chat, "ann"), SqliteStore(path)
    shell.set_disabled(1, disabled=True)
    shell.close()

    def faulty(_: int) -> None:
        raise StoreError("it cannot be read")

    with monkeypatch.context() as patched:
        patched.setattr(chat.store, "account", faulty)
        with pytest.raises(StoreError):
            chat.hub.follow_accounts()
    chat.hub.follow_accounts()
    assert ann.outbox.ended == ["logged_out"]
    chat.store.close()
