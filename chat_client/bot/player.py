"""Plays a script. Pure: the time is an argument, and what is to be done is returned."""

import random
import re
from collections import OrderedDict
from dataclasses import dataclass

from chat_client.bot.script import Enter, Finish, Loop, Pause, Reaction, Say, Script, fill
from chat_client.protocol.events import Event, Said
from chat_protocol.server_messages import Joined

#: The least time between two reactions of one persona, in seconds.
BETWEEN_SECONDS = 1.0
#: How long a reaction to who enters rests for everybody, in seconds: a crowd is not greeted one by one.
CROWD_SECONDS = 3.0
#: How much of a text is looked at for a pattern, in characters.
LOOKED_AT_CHARACTERS = 500
#: How many cooldowns are remembered.
COOLDOWNS_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Speech:
    """Say this now; in `room`, or in the room the client is turned to if none is given."""

    text: str
    action: bool
    room: str | None


Deed = Speech | Enter | Finish


@dataclass(frozen=True, slots=True)
class _Cue:
    """What somebody said or, without a text, that somebody entered."""

    name: str
    room: str
    text: str | None


class Player:
    """One run of a script: `play` when it is `due`, and `hear` what happens meanwhile."""

    def __init__(self, script: Script, chance: random.Random, now: float) -> None:
        self._steps = script.steps
        self._reactions = script.reactions
        self._chance = chance
        self._room: str | None = None
        self._place = 0
        self._next_step: float | None = now if script.steps else None
        #: Place of a `loop` -> how often it still goes back.
        self._left: dict[int, int] = {}
        self._last_text: dict[Say, str] = {}
        self._waiting: list[tuple[float, Speech]] = []
        self._last_reaction = now - BETWEEN_SECONDS
        #: (number of the reaction, name, or none for all) -> until when it rests; the oldest first.
        self._resting: OrderedDict[tuple[int, str], float] = OrderedDict()

    @property
    def due(self) -> float | None:
        """When there is something to do next; none where only what others do can change that."""
        times = [when for when, _ in self._waiting]
        if self._next_step is not None:
            times.append(self._next_step)
        return min(times, default=None)

    def play(self, now: float) -> list[Deed]:
        """Return what is to be done now."""
        deeds: list[Deed] = [speech for when, speech in self._waiting if when <= now]
        self._waiting = [(when, speech) for when, speech in self._waiting if when > now]
        while self._next_step is not None and self._next_step <= now:
            deeds += self._step(now)
        return deeds

    def hear(self, event: Event, now: float) -> None:
        """Take what happened; at most one reaction comes of it."""
        cue = _cue(event)
        if cue is None or now - self._last_reaction < BETWEEN_SECONDS:
            return
        for number, reaction in enumerate(self._reactions):
            fits, match = _fit(reaction, cue)
            rests = _rests(number, reaction, cue)
            if fits and all(self._resting.get(key, now) <= now for key in rests):
                self._react(reaction, cue, match, now)
                for key, seconds in rests.items():
                    self._rest(key, now + seconds)
                return

    def _step(self, now: float) -> list[Deed]:
        place = self._place
        self._place += 1
        step = self._steps[place] if place < len(self._steps) else Finish()
        if isinstance(step, Say):
            return [Speech(self._choose(step), step.action, self._room)]
        if isinstance(step, Pause):
            self._next_step = now + step.span.choose(self._chance)
            return []
        if isinstance(step, Loop):
            self._go_back(place, step)
            return []
        if isinstance(step, Enter):
            self._room = step.room
        else:
            self._next_step = None
        return [step]

    def _go_back(self, place: int, loop: Loop) -> None:
        if loop.times is not None:
            left = self._left.pop(place, loop.times)
            if left == 0:
                return
            self._left[place] = left - 1
        self._place = loop.target

    def _choose(self, say: Say) -> str:
        texts = [text for text in say.texts if text != self._last_text.get(say)] or say.texts
        text = self._chance.choice(texts)
        self._last_text[say] = text
        return text

    def _react(self, reaction: Reaction, cue: _Cue, match: re.Match[str] | None, now: float) -> None:
        text = fill(self._choose(reaction.say), cue.name, match)
        speech = Speech(text, reaction.say.action, cue.room)
        self._waiting.append((now + reaction.wait.choose(self._chance), speech))
        self._last_reaction = now

    def _rest(self, key: tuple[int, str], until: float) -> None:
        self._resting.pop(key, None)
        self._resting[key] = until
        if len(self._resting) > COOLDOWNS_REMEMBERED:
            self._resting.popitem(last=False)


def _cue(event: Event) -> _Cue | None:
    if isinstance(event, Said) and not (event.own or event.replayed or event.message.notice):
        return _Cue(event.message.sender, event.message.room, event.message.text[:LOOKED_AT_CHARACTERS])
    if isinstance(event, Joined) and event.last is None:
        return _Cue(event.name, event.room, None)
    return None


def _rests(number: int, reaction: Reaction, cue: _Cue) -> dict[tuple[int, str], float]:
    """Return what rests after a reaction, and for how long: the whole of it, or the part for one name."""
    if reaction.pattern is not None:
        return {(number, ""): reaction.cooldown}
    return {(number, ""): CROWD_SECONDS, (number, cue.name.casefold()): reaction.cooldown}


def _fit(reaction: Reaction, cue: _Cue) -> tuple[bool, re.Match[str] | None]:
    """Return whether a reaction fits, and what of the text does."""
    if reaction.pattern is None or cue.text is None:
        return reaction.pattern is None and cue.text is None, None
    match = reaction.pattern.search(cue.text)
    return match is not None, match
