"""What is said to one person alone."""

from chat_protocol.messages import Dm
from chat_protocol.server_messages import DmFrame
from chat_server.chat.inbox import Inbox, inbox_name
from chat_server.chat.session import guest
from tests.support.world import RecordingOutbox, World


def said(outbox: RecordingOutbox) -> list[tuple[int, str, str]]:
    """Return id, sender and text of what came."""
    return [(each.id, each.sender, each.text) for each in outbox.of(DmFrame)]


def test_an_inbox() -> None:
    """Anybody speaks in it, one hears it: live, or from the record when that one comes back."""
    world = World()
    (ann,) = world.clients("ann")
    owner = guest("token", "bob")
    inbox = Inbox(owner.identity, world.shared)
    assert inbox.name == inbox_name(owner.id) == f"@{owner.id}"
    first, second = RecordingOutbox(), RecordingOutbox()
    inbox.go_live(first)
    inbox.publish(ann.session, [Dm("bob", "1")], 0.0)
    inbox.close(first)
    inbox.publish(ann.session, [Dm("bob", "2"), Dm("bob", "3")], 0.0)
    inbox.open(second, 1)
    inbox.publish(ann.session, [Dm("bob", "4")], 0.0)
    assert said(first) == [(1, "ann", "1")]
    assert said(second) == [(2, "ann", "2"), (3, "ann", "3"), (4, "ann", "4")]
    assert inbox.people() == []


def test_an_inbox_of_a_run_before() -> None:
    """Its ids go on."""
    world = World()
    (ann,) = world.clients("ann")
    owner = guest("token", "bob")
    Inbox(owner.identity, world.shared).publish(ann.session, [Dm("bob", "1")], 0.0)
    again = Inbox(owner.identity, world.shared, world.journal.bounds(inbox_name(owner.id)))
    outbox = RecordingOutbox()
    again.publish(ann.session, [Dm("bob", "2")], 0.0)
    again.open(outbox, 0)
    assert said(outbox) == [(1, "ann", "1"), (2, "ann", "2")]


def test_an_owner_who_has_no_name_yet() -> None:
    """A session that comes back from a run before is reached by its name a moment before it is given it."""
    world = World()
    (ann,) = world.clients("ann")
    inbox = Inbox(guest("token", "").identity, world.shared)
    outbox = RecordingOutbox()
    inbox.go_live(outbox)
    inbox.publish(ann.session, [Dm("bob", "1")], 0.0)
    assert said(outbox) == [(1, "ann", "1")]
