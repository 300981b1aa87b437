"""A chat without faults, told as histories: what the checker must accept, and what tests then spoil. Pure."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.records import (
    Acknowledged,
    Closed,
    Departed,
    Entered,
    Event,
    Heard,
    History,
    Registered,
    Sent,
    Stored,
)

STEPS = 60


@dataclass
class Story:
    """What some clients saw, and what is stored."""

    histories: list[History]
    stored: list[Stored]

    def pick(
        self, kind: type[Event], source: random.Random, fits: "Fits | None" = None
    ) -> tuple[list[Event], int]:
        """Pick one of all events of a kind, among those that `fits` says yes to."""
        found = [
            (history.events, place)
            for history in self.histories
            for place, event in enumerate(history.events)
            if isinstance(event, kind) and (fits is None or fits(history, place))
        ]
        return source.choice(found)


Fits = Callable[[History, int], bool]


def is_of_another(history: History, place: int) -> bool:
    """Tell whether a MSG is not the client's own, which an ACK stands for as well."""
    event = history.events[place]
    return isinstance(event, Heard) and event.sender != history.client


def next_of_room(events: list[Event], place: int) -> int | None:
    """Return where the next event of the same kind and room is."""
    event = events[place]
    for later, each in enumerate(events[place + 1 :], place + 1):
        if isinstance(each, Heard | Sent) and isinstance(event, type(each)) and each.room == event.room:
            return later
    return None


def is_followed(history: History, place: int) -> bool:
    """Tell whether another event of the same kind and room follows."""
    return next_of_room(history.events, place) is not None


class _Member:
    """One client, as the model moves it."""

    def __init__(self, name: str) -> None:
        self.history = History(name)
        self.session = False
        self.connected = False
        self.inside: set[str] = set()
        self.positions: dict[str, int] = {}
        self.pending: dict[str, Sent] = {}
        #: Of the pending ones, those that the server has stored already: their ACK was lost on the way.
        self.placed: dict[str, Stored] = {}
        self.numbers = 0

    def note(self, event: Event) -> None:
        self.history.events.append(event)


class _Chat:
    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.rooms: dict[str, list[Stored]] = {"r": [], "s": []}
        self.members = [_Member(f"user{number}") for number in range(self.source.randint(2, 4))]

    def connect(self, member: _Member) -> None:
        member.note(Registered(member.history.client, "epoch", True if member.session else None))
        member.session = member.connected = True
        for room in self.rooms:
            self.enter(member, room)
        for sent in list(member.pending.values()):
            self.answer(member, sent)

    def enter(self, member: _Member, room: str) -> None:
        after = member.positions.get(room, 0)
        member.note(Entered(room, after, len(self.rooms[room])))
        member.inside.add(room)
        for stored in self.rooms[room][after:]:
            member.note(Heard(*stored))
            member.positions[room] = stored.id

    def leave(self, member: _Member) -> None:
        room = self.source.choice(sorted(member.inside))
        member.inside.remove(room)
        member.note(Departed(room))

    def disconnect(self, member: _Member) -> None:
        member.connected = False
        member.inside.clear()
        member.note(Closed())

    def say(self, member: _Member) -> None:
        """Say something, and lose the connection now and then: before it is stored, or before the ACK."""
        room = self.source.choice(sorted(member.inside))
        member.numbers += 1
        sent = Sent(str(member.numbers), room, f"{member.history.client} {member.numbers}")
        member.pending[sent.ref] = sent
        member.note(sent)
        fate = self.source.randrange(8)
        if fate == 0:
            self.disconnect(member)
        elif fate == 1:
            self.disconnect(member)
            self.store(member, sent)
        else:
            self.answer(member, sent)

    def store(self, member: _Member, sent: Sent) -> Stored:
        stored = Stored(sent.room, len(self.rooms[sent.room]) + 1, member.history.client, sent.text)
        self.rooms[sent.room].append(stored)
        member.placed[sent.ref] = stored
        for other in self.members:
            if other is not member and sent.room in other.inside:
                other.note(Heard(*stored))
                other.positions[sent.room] = stored.id
        return stored

    def answer(self, member: _Member, sent: Sent) -> None:
        stored = member.placed.get(sent.ref) or self.store(member, sent)
        member.note(Acknowledged(sent.ref, stored.room, stored.id))
        member.positions[stored.room] = max(member.positions.get(stored.room, 0), stored.id)
        del member.pending[sent.ref]

    def step(self) -> None:
        member = self.source.choice(self.members)
        if not member.connected:
            self.connect(member)
        elif len(member.inside) < len(self.rooms):
            self.enter(member, min(set(self.rooms) - member.inside))
        elif self.source.randrange(10) == 0:
            self.leave(member)
        elif self.source.randrange(10) == 0:
            self.disconnect(member)
        else:
            self.say(member)


def tell(seed: int) -> Story:
    """Tell a conversation of a few clients, at whose end everybody has everything."""
    chat = _Chat(seed)
    for _ in range(STEPS):
        chat.step()
    for member in chat.members:
        if not member.connected:
            chat.connect(member)
        for room in sorted(set(chat.rooms) - member.inside):
            chat.enter(member, room)
    for member in chat.members:  # two more each, so that there is something to spoil
        for room in chat.rooms:
            for _ in range(2):
                member.numbers += 1
                text = f"{member.history.client} {member.numbers}"
                sent = Sent(str(member.numbers), room, text)
                member.pending[sent.ref] = sent
                member.note(sent)
                chat.answer(member, sent)
    return Story(
        [member.history for member in chat.members], [each for room in chat.rooms.values() for each in room]
    )
