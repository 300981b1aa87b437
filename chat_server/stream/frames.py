"""What is handed out at once, in whatever dialect a member speaks."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from chat_protocol.base import Message

#: What a dialect makes of JSON lines: bytes that are the same for all who speak it so, or pieces, among which
#: are messages that each connection says in its own way.
Rendered = bytes | Sequence[bytes | Message]
#: Makes another dialect's form of JSON lines; it always makes the same of the same.
Render = Callable[[bytes], Rendered]


class Frames(Struct, gc=False):
    """JSON lines, as they are stored, and what was made of them for members who speak something else.

    `rendered` makes it when the first such member asks, once for all of them; a room without one pays
    nothing. One thread at a time hands frames out.
    """

    lines: bytes
    made: dict[Render, Rendered] | None = None

    def rendered(self, render: Render) -> Rendered:
        """Return the same in another dialect."""
        if self.made is None:
            self.made = {}
        if render not in self.made:
            self.made[render] = render(self.lines)
        return self.made[render]
