"""Runs a script against a server, and prints the conversation as the persona sees it."""

import random
import time
from collections import deque

from chat_client.events import Event
from chat_client.front import Front, Options
from chat_client.output import Output
from chat_client.player import Deed, Player, Speech
from chat_client.script import Enter, Script

#: How many events wait at most to be reacted to; what is more is not reacted to.
HEARD = 1000


class Persona(Front):
    """A scripted client."""

    def __init__(self, options: Options, out: Output, problems: Output, script: Script) -> None:
        super().__init__(options, out, problems)
        self._script = script
        self._heard: deque[Event] = deque(maxlen=HEARD)

    def note(self, event: Event) -> None:
        """Remember what may be reacted to."""
        super().note(event)
        self._heard.append(event)

    def converse(self) -> None:
        """Play the script to its end."""
        self.wait_until(lambda: self.ready)
        self._play()
        self.wait_until_delivered()

    def _play(self) -> None:
        self._heard.clear()
        player = Player(self._script, random.Random(), time.monotonic())  # noqa: S311  # for variety
        while not self.over:
            while self._heard:
                player.hear(self._heard.popleft(), time.monotonic())
            if not all(self._do(deed) for deed in player.play(time.monotonic())):
                return
            due = player.due
            self.waker.wait(None if due is None else due - time.monotonic())

    def _do(self, deed: Deed) -> bool:
        """Do one thing; return whether to go on."""
        if isinstance(deed, Speech):
            self.desk.speak(deed.text, room=deed.room, action=deed.action)
        elif isinstance(deed, Enter):
            self.desk.take(f"/join {deed.room}")
        else:
            return False
        return True
