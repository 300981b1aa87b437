"""The client without a terminal: takes lines as they come, and prints the conversation."""

from typing import TextIO

from chat_client.front import Front, Options
from chat_client.waker import LineInput


class Lines(Front):
    """Takes the lines of a descriptor as a person's lines; its end leaves the chat."""

    def __init__(self, options: Options, out: TextIO, problems: TextIO, descriptor: int) -> None:
        super().__init__(options, out, problems)
        self._input = LineInput(descriptor)

    def converse(self) -> None:
        """Take lines until the input ends, `exit` or a stop."""
        self.wait_until(lambda: self.ready)
        self._take_all()
        self.wait_until_delivered()

    def _take_all(self) -> None:
        while not self.over:
            line = self._input.line()
            if line is not None:
                if not self.take(line):
                    return
                self.wait_until_taken()
            elif self._input.ended:
                return
            elif self.waker.wait(descriptor=self._input.descriptor):
                self._input.fill()

    def take(self, line: bytes) -> bool:
        """Do what a line says; return whether to go on."""
        return self.desk.take(line.decode("utf-8", "replace").removesuffix("\r"))
