"""What is handed out at once, in whatever dialect a member speaks."""

from collections.abc import Callable

from msgspec import Struct

#: Makes another dialect's bytes of JSON lines; it always makes the same of the same.
Render = Callable[[bytes], bytes]


class Frames(Struct, gc=False):
    """JSON lines, as they are stored, and what was made of them for members who speak something else.

    `rendered` makes it when the first such member asks, once for all of them; a room without one pays
    nothing. One thread at a time hands frames out.
    """

    lines: bytes
    made: dict[Render, bytes] | None = None

    def rendered(self, render: Render) -> bytes:
        """Return the same in another dialect."""
        if self.made is None:
            self.made = {}
        if render not in self.made:
            self.made[render] = render(self.lines)
        return self.made[render]
