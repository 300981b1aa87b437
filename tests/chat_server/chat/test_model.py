"""Rooms and journal against a simple model, whatever people do and in whatever order.

The model is a list of messages for each room, and for each member what they have. At any time: what a
member got or was acknowledged in a room is contiguous from where the stay began, without a repeat, and
says what the model says; after a journal's failure all of it is there in the end.
"""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chat_protocol.messages import History, Join, Leave, Msg
from chat_protocol.server_messages import Ack, HistoryFrame, Joined, MsgFrame, Welcome
from chat_server.errors import JournalError
from chat_server.journal.base import Journal, Placement, Record
from chat_server.stream.pacing import MEASURED, PLAIN, Pacing
from tests.chat_server.journal.factories import FACTORIES, Factory
from tests.support.world import Client, World

NAMES = ["ann", "bob", "cat"]
ROOMS = ["lobby", "den"]
people = st.sampled_from(NAMES)
rooms = st.sampled_from(ROOMS)


class Person:
    """What one client knows: its session, and for each room the ids that it has, with their texts."""

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name
        self.token = ""
        self.sent: dict[str, str] = {}
        self.seen: dict[str, dict[int, str]] = {}
        self.starts: dict[str, int] = {}

    def take(self) -> None:
        """Read all that came since, and check that nothing comes twice or leaves a hole."""
        messages = list(self.client.outbox.messages)
        self.client.outbox.clear()
        for each in messages:
            match each:
                case Welcome():
                    self.token = each.session
                case Joined() if each.name == self.name and each.last is not None:
                    if each.room not in self.seen:
                        self.seen[each.room] = {}
                case MsgFrame():
                    self.learn(each.room, each.id, each.text)
                case Ack(room=str(room)) if room in self.seen:
                    if each.id not in self.seen[room]:
                        self.learn(room, each.id, self.sent[each.ref])

    def learn(self, room: str, id_: int, text: str) -> None:
        """Take one message."""
        seen = self.seen[room]
        assert id_ not in seen, f"{self.name} got {room} {id_} twice"
        if seen:
            assert id_ == max(seen) + 1, f"{self.name} has a gap in {room} between {max(seen)} and {id_}"
        else:
            self.starts[room] = id_
        seen[id_] = text

    def last(self, room: str) -> int:
        """Return the last id that it has of the room."""
        return max(self.seen.get(room, {}), default=0)


class Fragile:
    """Makes a journal of any kind fail while it is told to."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.broken = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the journal has
        return getattr(self.journal, name)

    def commit(self, records: list[Record]) -> Sequence[Placement]:
        """Store, or raise."""
        if self.broken:
            raise JournalError("told to")
        return self.journal.commit(records)


class Chat(RuleBasedStateMachine):
    """People who join, leave, speak, resend, lose their connections and come back; servers that restart."""

    factory: Factory
    pacing: Pacing

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.journal = Fragile(self.factory.open(Path(self.folder.name), 0))
        self.world = World(self.journal, presence_limit=2, join_history=3, pacing=self.pacing)  # type: ignore[arg-type]  # by __getattr__
        self.people: dict[str, Person] = {}
        self.gone: dict[str, Person] = {}
        self.said: dict[str, list[str]] = {room: [] for room in ROOMS}
        self.number = 0

    def teardown(self) -> None:
        """Let go of the files, after a last look at what was stored."""
        with self.folder, closing(self.journal.journal):
            self.recover()
            self.everything_stored_is_what_was_said()

    def text(self) -> str:
        """Return a text that was never said."""
        self.number += 1
        return f"text {self.number}"

    # What people do

    @initialize()
    def begin(self) -> None:
        """Two are there."""
        self.come("ann")
        self.come("bob")

    @rule(name=people)
    def come(self, name: str) -> None:
        """Somebody comes, as new."""
        if name not in self.people:
            if gone := self.gone.pop(name, None):
                self.leave_for_good(gone)
            person = self.people[name] = Person(Client(self.world.hub), name)
            person.client.register(name)
            person.take()

    def leave_for_good(self, person: Person) -> None:
        """Have somebody whose name may be kept come back and leave properly: then it is free."""
        again = Client(self.world.hub)
        assert again.register(person.name, session=person.token)
        again.hang_up("exit", final=True)

    @rule(name=people, room=rooms)
    def join(self, name: str, room: str) -> None:
        """Somebody joins a room after the last message that they have of it."""
        if person := self.people.get(name):
            person.take()
            after = person.last(room) if room in person.seen else None
            person.client.send(Join(room, after))

    @rule(name=people, room=rooms)
    def leave(self, name: str, room: str) -> None:
        """Somebody leaves a room."""
        if person := self.people.get(name):
            person.client.send(Leave(room))

    @rule(name=people, room=rooms, count=st.integers(1, 4), referred=st.booleans())
    def speak(self, name: str, room: str, count: int, referred: bool) -> None:  # noqa: FBT001  # drawn
        """Somebody says something, some of it twice in one go."""
        person = self.people.get(name)
        if person is None or room not in person.client.session.memberships:
            return
        texts = [self.text() for _ in range(count)]
        if self.world.commit.failure is None:
            self.said[room] += texts
        if not referred:
            # Without an ACK the speaker does not learn the ids: it cannot tell its own from a hole.
            person.take()
            before = len(self.said[room]) - count
            person.client.say(*texts, room=room)
            self.skip_own(person, room, before, texts)
            return
        refs = {f"{name}-{text}": text for text in texts}
        person.sent.update(refs)
        messages = [Msg(text, room, ref) for ref, text in refs.items()]
        person.client.send(*messages, messages[0])

    def skip_own(self, person: Person, room: str, before: int, texts: list[str]) -> None:
        """Have the speaker know what it said itself, where it was taken."""
        person.take()
        if self.said[room][before:] == texts:
            for id_, text in enumerate(texts, before + 1):
                person.learn(room, id_, text)

    @rule(name=people, room=rooms, count=st.integers(1, 3))
    def resend(self, name: str, room: str, count: int) -> None:
        """Somebody who is not sure sends the last ones again; nothing is said twice."""
        person = self.people.get(name)
        if person and room in person.client.session.memberships:
            for ref in list(person.sent)[-count:]:
                if (ledger := person.client.session.ledger) is not None and ledger.find([ref]):
                    person.client.send(Msg(person.sent[ref], room, ref))

    # What happens to them

    @rule(name=people, at=st.integers(0, 3))
    def lose_the_connection(self, name: str, at: int = 3) -> None:
        """Have a connection end; what came last was perhaps not read."""
        if person := self.people.pop(name, None):
            if at < len(person.client.outbox.pushed):
                del person.client.outbox.pushed[at:]
            person.take()
            person.client.hang_up("peer_reset")
            person.client.outbox.clear()
            self.gone[name] = person

    @rule(name=people)
    def resume(self, name: str) -> None:
        """Somebody comes back to the session, and gets exactly what was missed."""
        if person := self.gone.pop(name, None):
            person.client = Client(self.world.hub)
            after = {room: person.last(room) for room in person.seen if person.seen[room]}
            welcome = person.client.register(name, session=person.token, after=after or None)
            assert welcome is not None, person.client.outbox.errors()
            assert welcome.resumed
            self.people[name] = person

    @rule()
    def sweep(self) -> None:
        """Forget empty rooms; their ids go on."""
        self.world.hub.sweep()

    @rule()
    def look_back(self) -> None:
        """Anybody's page of history says what the model says."""
        for person in self.people.values():
            for room in person.client.session.memberships:
                person.take()
                person.client.send(History(room))
                (page,) = person.client.outbox.of(HistoryFrame)
                person.client.outbox.clear()
                shown = [(each.id, each.text) for each in page.messages if isinstance(each, MsgFrame)]
                assert shown == list(enumerate(self.said[room], 1))[: len(shown)]

    # What happens to the journal

    @precondition(lambda self: not self.journal.broken and self.world.commit.failure is None)
    @rule()
    def fail(self) -> None:
        """Fill the disk."""
        self.settle()
        self.journal.broken = True

    @rule()
    def recover(self) -> None:
        """Make room on the disk again; what waited is stored and shown."""
        self.journal.broken = False
        self.world.commit.retry()
        self.settle()

    @precondition(lambda self: not self.journal.broken and self.world.commit.failure is None)
    @rule()
    def restart(self) -> None:
        """Another server is started on the same journal; everybody was cut."""
        self.settle()
        for name in list(self.people):
            self.lose_the_connection(name)
        if self.factory.durable:
            self.journal.journal.close()
            self.journal.journal = self.factory.open(Path(self.folder.name), 0)
        else:
            for person in self.gone.values():
                person.sent.clear()  # this journal forgets what was published with a ref
        self.world = self.world.restarted()

    def settle(self) -> None:
        """Do what was handed over."""
        while self.world.jobs.work():
            pass

    # What holds at any time

    @invariant()
    def everybody_has_what_was_said(self) -> None:
        """Check that what each has of a room is contiguous, and says what was said."""
        for person in [*self.people.values(), *self.gone.values()]:
            person.take()
            for room, seen in person.seen.items():
                assert all(self.said[room][id_ - 1] == text for id_, text in seen.items())

    @invariant()
    def members_are_up_to_date(self) -> None:
        """Where nothing waits to be stored, a member has all up to the last."""
        if self.world.commit.failure is None and not self.journal.broken:
            for person in self.people.values():
                for room in person.client.session.memberships:
                    assert person.last(room) == len(self.said[room])

    @invariant()
    def everything_stored_is_what_was_said(self) -> None:
        """Check that the journal has nothing that was not said, and in the end all that was."""
        for room, said in self.said.items():
            last = self.journal.bounds(room).last
            assert last <= len(said)
            if self.world.commit.failure is None:
                assert last == len(said)


def machine(factory: Factory, pacing: Pacing) -> type[Chat]:
    """Return the machine on that kind of journal."""
    return type("Chat", (Chat,), {"factory": factory, "pacing": pacing})


@pytest.mark.parametrize("pacing", [MEASURED, PLAIN], ids=["measured", "plain"])
@pytest.mark.parametrize("factory", FACTORIES, ids=lambda factory: factory.name)
def test_rooms_and_journal_do_as_the_model_does(factory: Factory, pacing: Pacing) -> None:
    """Whatever people do, in whatever order."""
    run_state_machine_as_test(machine(factory, pacing), settings=settings(stateful_step_count=50))
