"""The contract of `Registry`: names, sessions, and how many of those who are away are kept."""

import pytest

from chat_protocol.errors import NameTakenError, UnavailableError
from chat_protocol.messages import REFS_AT_MOST
from chat_server.chat import registry as module
from chat_server.chat.directory import LocalDirectory
from chat_server.chat.identity import Identity
from chat_server.chat.inbox import Inbox
from chat_server.chat.registry import HubLimits, Registry
from chat_server.chat.session import Session, guest, weight
from chat_server.journal.ledger import Ledger
from chat_server.stream.outgoing import NOWHERE
from tests.support.world import Clock, RecordingOutbox, World


class Book:
    """A registry, its clock, and people who come and go."""

    def __init__(self, **limits: float) -> None:
        self.clock = Clock()
        self.directory = LocalDirectory(self.clock)
        self.registry = Registry(HubLimits(**limits), self.clock, self.directory)  # type: ignore[arg-type]  # its fields
        self.world = World()
        self.came = 0

    def come(self, name: str, refs: int = 0) -> Session:
        """Return somebody who is here."""
        self.came += 1
        session = guest(f"{self.came:028} token", name)
        session.ledger = Ledger(REFS_AT_MOST, {str(number): ("lobby", number, 1.0) for number in range(refs)})
        self.registry.give_name(session, name)
        self.registry.begin(session, RecordingOutbox())
        return session

    def go(self, session: Session, *, final: bool = False) -> None:
        """Have somebody leave."""
        self.registry.pause(session)
        self.registry.depart(session, final=final)

    def inbox(self, owner: Identity) -> Inbox:
        """Make an inbox."""
        return Inbox(owner, self.world.shared)


def test_a_name_belongs_to_one_session() -> None:
    """Contract 1: also to one that is away, for a while; then it goes to who asks first."""
    book = Book(name_hold=60.0)
    ann = book.come("ann")
    with pytest.raises(NameTakenError, match="taken"):
        book.come("ANN")
    book.go(ann)
    with pytest.raises(NameTakenError, match="60 s"):
        book.come("ann")
    book.clock.now += 60
    with pytest.raises(NameTakenError):
        book.come("ann")
    book.clock.now += 0.5
    other = book.come("ann")
    assert book.registry.claim(ann.id) is ann
    with pytest.raises(NameTakenError):
        book.registry.give_name(ann, "ann")
    assert ann.left_at is not None, "it is away again, and may try another name"
    book.go(ann, final=True)
    assert (book.directory.find("ann"), len(book.directory)) == (other.id, 1)


def test_a_session_is_forgotten_after_its_time() -> None:
    """Contract 2: in the order of leaving; who came back counts from the next time."""
    book = Book(session_ttl=600.0)
    people = [book.come(name) for name in ("ann", "bob", "cat")]
    for session in people:
        book.go(session)
        book.clock.now += 100
    assert book.registry.claim(people[0].id) is people[0]
    book.go(people[0])
    book.clock.now += 450
    book.registry.expire()
    assert set(book.registry.sessions) == {people[0].id, people[2].id}
    book.clock.now += 151
    book.registry.expire()
    assert (dict(book.registry.sessions), len(book.directory)) == ({}, 0)
    assert (book.registry.absent(), book.registry.evicted) == ((0, 0), 0)


@pytest.mark.parametrize(
    ("limits", "refs"),
    [({"absent_sessions": 5}, 0), ({"absent_bytes": 5 * 4500}, 10), ({"absent_bytes": 50_000}, 40)],
)
def test_of_those_who_are_away_so_many_are_kept(limits: dict[str, float], refs: int) -> None:
    """Contract 2: by number and by bytes; who left first is forgotten, whoever is here is not."""
    book = Book(**limits)
    here = book.come("here")
    people = []
    for number in range(50):
        people.append(book.come(f"user{number}", refs))
        book.go(people[-1])
        count, size = book.registry.absent()
        assert count <= limits.get("absent_sessions", 50)
        assert size <= limits.get("absent_bytes", size)
        assert size == sum(weight(each) for each in people[-count:])
    count, _ = book.registry.absent()
    assert 1 < count <= 5
    assert book.registry.evicted == len(people) - count
    assert set(book.registry.sessions.values()) == {here, *people[-count:]}
    assert len(book.directory) == count + 1
    assert book.registry.connected() == 1


def test_a_session_larger_than_all_that_is_kept() -> None:
    """Contract 2: is forgotten at once."""
    book = Book(absent_bytes=3000)
    book.go(book.come("ann", 100))
    assert book.registry.absent() == (0, 0)
    assert not book.registry.sessions


def test_a_connection_that_does_not_end_keeps_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 3: it is asked to end, and who resumes is told to try again."""
    monkeypatch.setattr(module, "REPLACE_SECONDS", 0.0)
    book = Book()
    ann = book.come("ann")
    outbox = ann.outbox
    assert isinstance(outbox, RecordingOutbox)
    with pytest.raises(UnavailableError, match="try again"):
        book.registry.claim(ann.id)
    assert outbox.ended == ["session_replaced"]
    assert ann.left_at is None


def test_a_session_that_is_away_keeps_nothing_of_its_connection() -> None:
    """Contract 4: but who has resumed it meanwhile keeps the new one."""
    book = Book()
    ann = book.come("ann")
    first, second = ann.outbox, RecordingOutbox()
    book.go(ann)
    assert ann.outbox is first, "acknowledgements may still be on their way"
    book.registry.release(ann, first)
    assert {ann.outbox} == {NOWHERE}
    book.registry.claim(ann.id)
    book.registry.begin(ann, second)
    book.registry.release(ann, first)
    assert {ann.outbox} == {second}


def test_an_inbox_goes_with_its_session() -> None:
    """It is told once, however the session ends; what was counted still counts."""
    book = Book(session_ttl=10.0)
    ann, bob, cat = (book.come(name) for name in ("ann", "bob", "cat"))
    for name in ("ann", "bob"):
        found = book.registry.guest(name, book.inbox)
        assert found is not None
        assert found.inbox is not None
        found.inbox.delivery.counters.delivered["dm"] += 1
    assert book.registry.guest("dan", book.inbox) is None
    book.go(ann, final=True)
    book.go(bob)
    book.go(cat)
    book.clock.now += 11
    book.registry.expire()
    assert book.registry.orphans() == [ann.id, bob.id]
    assert book.registry.orphans() == []
    assert book.registry.counters().delivered["dm"] == 2


def test_an_inbox_is_live_only_for_who_is_here() -> None:
    """While somebody comes or goes, what is said waits for the replay."""
    book = Book()
    for stage in ("coming", "here", "going", "away"):
        session = guest(f"token of {stage}", stage)
        book.registry.give_name(session, stage)
        outbox = RecordingOutbox()
        if stage != "coming":
            book.registry.begin(session, outbox)
        if stage in ("going", "away"):
            book.registry.pause(session)
        if stage == "away":
            book.registry.depart(session, final=False)
        found = book.registry.guest(stage, book.inbox)
        assert found is not None
        assert found.inbox is not None
        assert found.inbox.delivery.idle is (stage != "here")


def test_a_session_of_an_earlier_run_is_taken_in_once() -> None:
    """Two connections may resume it at once."""
    book = Book()
    one, other = guest("token", "ann"), guest("token", "ann")
    assert book.registry.adopt(one)
    assert not book.registry.adopt(other)
