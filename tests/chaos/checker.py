"""The checker: what clients recorded, held against the journal and against each other. Pure.

Texts identify messages: the clients never use one twice.
"""

import enum
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from tests.chaos.listener import Listener
from tests.chaos.records import (
    Acknowledged,
    Heard,
    History,
    Journal,
    Refused,
    Registered,
    Sent,
    Stored,
    Unexpected,
)


class Fault(enum.StrEnum):
    """What can be wrong; the words before the colon are the column of the summary."""

    NOT_STORED = "lost: acknowledged, but not stored there"
    HOLE = "lost: a member did not get it"
    UNANSWERED = "lost: never acknowledged, though the client stayed"
    JOURNAL_HOLE = "lost: the stored ids have a hole"
    STORED_TWICE = "duplicated: stored more than once for one ref"
    HEARD_TWICE = "duplicated: shown to a member twice"
    ACKNOWLEDGED_TWICE = "duplicated: one ref acknowledged at two places"
    BACKWARDS = "out of order: a member was shown an earlier message after a later one"
    DISAGREED = "out of order: two members were shown different messages under one id"
    OWN_ORDER = "out of order: a sender's own messages changed places"
    TIME = "out of order: the times of a room go back"
    INVENTED = "invented: shown, but not stored so"
    STRANGE = "invented: stored, but nobody sent it so"
    OUTSIDE = "invented: shown to somebody who is not in the room"
    UNEXPECTED = "session: the protocol has it otherwise"
    SESSION_LOST = "session: it could not be resumed"
    EPOCH = "session: the record is said to be a new one"
    GHOST = "session: in a room, though nobody is connected"

    @property
    def column(self) -> str:
        """The column of the summary that counts it."""
        return self.value.partition(":")[0]


class Violation(NamedTuple):
    """A broken promise: who saw it, and what exactly."""

    fault: Fault
    client: str
    text: str

    def __str__(self) -> str:
        return f"{self.client}: {self.fault.value}: {self.text}"


def check(histories: Sequence[History], journal: Journal, *, trimmed: bool = False) -> list[Violation]:
    """Return every broken promise; where it is `trimmed`, the journal may begin later than with id 1."""
    stored = list(journal)
    book = _Book(histories, stored, trimmed=trimmed)
    found = [*_journal(stored, book), *_agreement(histories, book)]
    for history in histories:
        found += _session(history)
        found += _stored_once(history, book)
        found += _acknowledgements(history, book)
        found += _own_order(history, book)
        found += _delivery(history, book)
    return found


class _Book:
    """The journal, by place and by text, and who sent what."""

    def __init__(self, histories: Sequence[History], stored: Sequence[Stored], *, trimmed: bool) -> None:
        self.trimmed = trimmed
        self.by_place = {(each.room, each.id): each for each in stored}
        self.by_text: dict[str, list[Stored]] = defaultdict(list)
        self.rooms: dict[str, list[int]] = defaultdict(list)
        for each in stored:
            self.by_text[each.text].append(each)
            self.rooms[each.room].append(each.id)
        self.sent = {
            event.text: (event, names)
            for history, names in [(each, each.names) for each in histories]
            for event in history.events
            if isinstance(event, Sent)
        }

    def kept(self, room: str, number: int) -> bool:
        """Tell whether retention has left this id."""
        return not self.trimmed or room not in self.rooms or number >= self.rooms[room][0]

    def last(self, room: str) -> int:
        """Return the last id of a room; 0 where it has none."""
        return self.rooms[room][-1] if room in self.rooms else 0


def _journal(stored: Sequence[Stored], book: _Book) -> Iterator[Violation]:
    for room, ids in book.rooms.items():
        start = ids[0] - 1 if book.trimmed else 0
        for before, number in pairwise([start, *ids]):
            if number != before + 1:
                yield Violation(Fault.JOURNAL_HOLE, "journal", f"{room}: {before} is followed by {number}")
    for each in stored:
        sent, names = book.sent.get(each.text, (None, ()))
        if sent is None or sent.room != each.room or each.sender not in names:
            yield Violation(Fault.STRANGE, "journal", str(each))


def _session(history: History) -> Iterator[Violation]:
    epochs = {event.epoch for event in history.events if isinstance(event, Registered)}
    if len(epochs) > 1:
        yield Violation(Fault.EPOCH, history.client, f"epochs {sorted(epochs)}")
    for event in history.events:
        if isinstance(event, Registered) and event.resumed is False:
            yield Violation(Fault.SESSION_LOST, history.client, str(event))
        elif isinstance(event, Unexpected):
            yield Violation(Fault.UNEXPECTED, history.client, event.text)


def _stored_once(history: History, book: _Book) -> Iterator[Violation]:
    for event in history.events:
        if isinstance(event, Sent) and len(places := book.by_text.get(event.text, ())) > 1:
            yield Violation(
                Fault.STORED_TWICE, history.client, f"{event}: at {[(each.room, each.id) for each in places]}"
            )


def _acknowledgements(history: History, book: _Book) -> Iterator[Violation]:
    sent = {event.ref: event for event in history.events if isinstance(event, Sent)}
    places: dict[str, tuple[str, int]] = {}
    for event in history.events:
        if not isinstance(event, Acknowledged):
            continue
        place = (event.room, event.id)
        if places.setdefault(event.ref, place) != place:
            yield Violation(
                Fault.ACKNOWLEDGED_TWICE, history.client, f"{event}, before at {places[event.ref]}"
            )
        if not book.kept(*place):
            continue
        there = book.by_place.get(place)
        if there is None or event.ref not in sent or there.text != sent[event.ref].text:
            yield Violation(Fault.NOT_STORED, history.client, f"{event}: there is {there}")
    if history.settled:
        for ref in sent.keys() - places.keys():
            yield Violation(Fault.UNANSWERED, history.client, str(sent[ref]))


def _own_order(history: History, book: _Book) -> Iterator[Violation]:
    """Hold the stored order of a sender's messages in each room against the order of sending."""
    refused = {event.ref for event in history.events if isinstance(event, Refused)}
    latest: Counter[str] = Counter()
    for event in history.events:
        if not isinstance(event, Sent) or event.ref in refused:
            continue
        for place in book.by_text.get(event.text, ())[:1]:
            if place.id < latest[place.room]:
                yield Violation(Fault.OWN_ORDER, history.client, f"{place} comes before {latest[place.room]}")
            latest[place.room] = max(latest[place.room], place.id)


def _delivery(history: History, book: _Book) -> Iterator[Violation]:
    listener = Listener()
    for event in history.events:
        for fault, text in listener.take(event):
            yield Violation(Fault[fault], history.client, text)
    if history.settled:
        for fault, text in listener.finish(book.last):
            yield Violation(Fault[fault], history.client, text)


def _agreement(histories: Sequence[History], book: _Book) -> Iterator[Violation]:
    """Hold what members were shown against each other and against the journal."""
    shown: dict[tuple[str, int], tuple[Stored, str]] = {}
    for history in histories:
        for event in history.events:
            if not isinstance(event, Heard):
                continue
            place, message = (event.room, event.id), Stored(*event)
            other, who = shown.setdefault(place, (message, history.client))
            if other != message:
                yield Violation(Fault.DISAGREED, history.client, f"{message}; {who} was shown {other}")
            if book.kept(*place) and book.by_place.get(place) != message:
                yield Violation(
                    Fault.INVENTED, history.client, f"{message}; stored is {book.by_place.get(place)}"
                )
