"""EDIT and DELETE."""

import pytest

from chat_protocol.messages import Delete, Edit, History, Msg, Search
from chat_protocol.moderation_messages import Rules
from chat_protocol.server_messages import Ack, DeleteFrame, EditFrame, Found, HistoryFrame, MsgFrame
from chat_server.chat.registry import HubLimits
from tests.chat_server.chat.test_governance import Tea
from tests.chat_server.chat.test_people import come, world
from tests.support.world import World


def test_an_edit_has_an_id_of_its_own() -> None:
    """In order with what is said; the others are told, the sender gets the acknowledgement."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Msg("helo", ref="1"), Edit(1, "hello", ref="2"), Msg("there", ref="3"), Delete(1, ref="4"))
    assert ann.outbox.acked() == [1, 2, 3, 4]
    assert [(each.id, each.of, each.text, each.sender) for each in bob.outbox.of(EditFrame)] == [
        (2, 1, "hello", "ann")
    ]
    assert [(each.id, each.of) for each in bob.outbox.of(DeleteFrame)] == [(4, 1)]
    assert bob.outbox.ids() == [1, 3]


def test_everybody_who_comes_later_gets_the_outcome() -> None:
    """On joining, in a page, by a search; the text that was taken back is nowhere."""
    world_ = World()
    ann, bob = world_.clients("ann", "bob")
    ann.send(Msg("a secret", ref="1"), Msg("helo", ref="2"), Edit(2, "hello", ref="3"), Delete(1, ref="4"))
    late = world_.client("late")
    for client in (bob, late):
        client.outbox.clear()
        client.send(History(), Search("secret"), Search("hello"))
        (page,) = client.outbox.of(HistoryFrame)
        assert [
            (each.text, each.deleted, each.edited) for each in page.messages if isinstance(each, MsgFrame)
        ] == [
            ("", True, False),
            ("hello", False, True),
        ]
        assert [[each.id for each in found.messages] for found in client.outbox.of(Found)] == [[], [2]]
        assert b"secret" not in b"".join(client.outbox.pushed)
    again = world_.client("again")
    world_.hub.disconnect(again.session, "gone", final=False)
    assert b"secret" not in world_.journal.read("lobby", 0, 99, 99).frames


def test_a_resend_changes_nothing_more() -> None:
    """It is acknowledged once more, also if the message is deleted meanwhile."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Msg("1", ref="1"), Edit(1, "2", ref="2"), Delete(1, ref="3"))
    ann.outbox.clear()
    ann.send(Edit(1, "2", ref="2"), Delete(1, ref="3"))
    assert ann.outbox.acked() == [2, 3]
    assert (len(bob.outbox.of(EditFrame)), len(bob.outbox.of(DeleteFrame))) == (1, 1)


@pytest.mark.parametrize(
    ("id_", "code"), [(9, "no_such_message"), (0, "no_such_message"), (2, "no_such_message")]
)
def test_what_is_no_message(id_: int, code: str) -> None:
    """No id of the room, or that of an edit."""
    (ann,) = World().clients("ann")
    ann.send(Msg("1", ref="1"), Edit(1, "2", ref="2"), Edit(id_, "3"), Delete(id_))
    assert ann.outbox.errors() == [code] * 2


def test_a_guest_changes_what_the_session_said() -> None:
    """Not what another of the same name did, and not what had no ref."""
    world_ = World()
    ann, bob = world_.clients("ann", "bob")
    ann.send(Msg("1", ref="1"), Msg("2"))
    bob.send(Edit(1, "mine"), Delete(1))
    ann.send(Edit(2, "no"))
    ann.hang_up(final=True)
    other = world_.client("ann")
    other.send(Edit(1, "mine"), Delete(1))
    assert bob.outbox.errors() == other.outbox.errors() == ["not_allowed"] * 2
    assert ann.outbox.errors() == ["not_allowed"]


def test_an_account_changes_what_it_said_on_any_connection() -> None:
    """Also after a restart; a guest of a name like it does not."""
    chat = world("ann")
    ann = come(chat, "ann")
    ann.say("helo")
    phone = come(chat, "ann")
    phone.send(Edit(1, "hello", ref="1"))
    assert phone.outbox.of(Ack)
    later = come(chat.restarted(), "ann")
    later.send(Delete(1, ref="2"))
    assert later.outbox.acked() == [3]


def test_a_message_is_changed_for_a_while() -> None:
    """Then it stays, but for moderators."""
    world_ = World(limits=HubLimits(edit_seconds=60.0))
    (ann,) = world_.clients("ann")
    ann.send(Msg("1", ref="1"))
    world_.time.now += 61
    ann.send(Edit(1, "2"), Delete(1))
    assert ann.outbox.errors() == ["not_allowed"] * 2


def test_a_moderator_deletes_anybody_s_and_reads_the_trace() -> None:
    """But says nothing in anybody's name; it is kept who did it."""
    tea = Tea()
    tea.gus.send(Msg("spam", "tea", ref="1"))
    tea.chat.time.now += 10_000
    tea.bob.send(Delete(1, "tea"), History("tea", raw=True))
    tea.ann.send(
        Edit(1, "I am sorry", "tea"), Delete(1, "tea", "d"), History("tea", raw=True), History("tea")
    )
    assert tea.bob.outbox.errors() == ["not_allowed"] * 2
    assert tea.ann.outbox.errors() == ["not_allowed"]
    raw, now = tea.ann.outbox.of(HistoryFrame)
    assert [each.text for each in raw.messages if isinstance(each, MsgFrame)] == ["spam"]
    assert [each.text for each in now.messages if isinstance(each, MsgFrame)] == [""]
    assert tea.chat.store.moderation.acts(1)[0][:5] == ("ann", "delete", "gus", "tea", "1")


def test_whoever_may_not_speak_edits_nothing() -> None:
    """But may take back what was said."""
    tea = Tea()
    tea.bob.send(Msg("1", "tea", ref="1"))
    tea.ann.send(Rules("tea", announce=True))
    tea.bob.send(Edit(1, "2", "tea"), Delete(1, "tea", "d"))
    assert tea.bob.outbox.errors() == ["not_allowed"]
    assert len(tea.bob.outbox.of(Ack)) == 2
