"""Runs a script against a server, and prints the conversation as the persona sees it."""

import random
import time
from collections import deque

from chat_client.bot.player import Deed, Player, Speech
from chat_client.bot.script import Enter, Script
from chat_client.protocol.events import Event
from chat_client.ui.app import App, Options
from chat_client.ui.output import Output

#: How many events wait at most to be reacted to; what is more is not reacted to.
HEARD_EVENTS = 1000


class Bot(App):
    """A scripted client."""

    def __init__(self, options: Options, out: Output, problems: Output, script: Script) -> None:
        super().__init__(options, out, problems)
        self._script = script
        self._heard: deque[Event] = deque(maxlen=HEARD_EVENTS)

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
            self.interpreter.speak(deed.text, room=deed.room, action=deed.action)
        elif isinstance(deed, Enter):
            self.interpreter.take(f"/join {deed.room}")
        else:
            return False
        return True
