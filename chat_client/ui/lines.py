"""The client without a terminal: takes lines as they come, and prints the conversation."""

from chat_client.terms import reason
from chat_client.ui.app import App, Options
from chat_client.ui.line_input import LINE_BYTES, LineInput
from chat_client.ui.output import Output


class Lines(App):
    """Takes the lines of a descriptor as a person's lines; its end leaves the chat."""

    def __init__(self, options: Options, out: Output, problems: Output, descriptor: int) -> None:
        super().__init__(options, out, problems)
        self._input = LineInput(descriptor)

    def converse(self) -> None:
        """Take lines until the input ends, `exit` or a stop."""
        self.wait_until(lambda: self.ready)
        self._take_all()
        if self._input.failure is not None:
            self.fail_to_send(f"cannot read standard input: {reason(self._input.failure)}")
        if self.over and self._is_left_over():
            self.fail_to_send("what was left of the input was not sent")
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
                self._fill()

    def _fill(self) -> None:
        overlong = self._input.overlong
        self._input.fill()
        for _ in range(self._input.overlong - overlong):
            self.interpreter.refused += 1
            self.refuse_overlong(f"a line has at most {LINE_BYTES} bytes; split it")

    def _is_left_over(self) -> bool:
        """Return whether a line of the input waits to be taken."""
        if not self._input.ended and self.waker.wait(0.0, self._input.descriptor):
            self._input.fill()
        return self._input.abandon()

    def take(self, line: bytes) -> bool:
        """Do what a line says; return whether to go on."""
        return self.interpreter.take(line.decode("utf-8", "replace").removesuffix("\r"))

    def refuse_overlong(self, text: str) -> None:
        """Tell that a line of the input was too long to be kept."""
        self.view.problem(f"nothing was sent: {text}")
