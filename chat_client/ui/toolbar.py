"""The line at the bottom of the terminal: how things stand, as much of it as there is room for. Pure.

What matters comes first and is never cut off: whether one is connected, what waits for the server, and
the room that the next line goes to. A narrow terminal gets it in fewer words, without the rest.
"""

from dataclasses import dataclass
from enum import Enum

from prompt_toolkit.utils import get_cwidth

#: Between two parts, in columns too.
_GAP = "  "
#: From so many columns on a part is worth showing with its end cut off.
_WORTHWHILE = 6
#: So many columns hold the beginning of a room's name in any script, and the sign that there is more.
_ROOM = 3


class ConnectionState(Enum):
    """How the connection stands: what is said of it, at length and in short."""

    UP = ("", "")
    CONNECTING = ("connecting", "connect…")
    DOWN = ("not connected", "offline")
    NAMELESS = ("waiting for your name", "name?")


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand.

    `pending` counts what waits for the server, `rooms` has the others one is in, and `verified` is whether
    the server's certificate is checked.
    """

    connection: ConnectionState
    pending: int
    room: str | None
    name: str | None
    server: str
    rooms: tuple[str, ...] = ()
    verified: bool = True

    def shown(self, columns: int) -> str:
        """Return one line of so many columns at most."""
        line = self._essentials(columns)
        for part in (f"{self.name}@{self.server}" if self.name else self.server, " ".join(self.rooms)):
            gap = _GAP if line else ""
            left = columns - get_cwidth(line + gap)
            if not part or left < min(_WORTHWHILE, get_cwidth(part)):
                break
            line += gap + shortened(part, left)
        return line

    def _essentials(self, columns: int) -> str:
        trust = "" if self.verified else "certificate not checked"
        long = [trust, self.connection.value[0], self.pending and f"waiting for the server: {self.pending}"]
        line = _GAP.join(str(part) for part in [*long, self.room and f"[{self.room}]"] if part)
        if get_cwidth(line) <= columns:
            return line
        short = [trust and "unchecked", self.connection.value[1], self.pending and f"{self.pending} wait"]
        line = " ".join(str(part) for part in short if part)
        left = columns - get_cwidth(line) - len(" []")
        return f"{line} [{shortened(self.room, left)}]".lstrip() if self.room and left >= _ROOM else line


def address(host: str, port: int) -> str:
    """Return host and port as one word; an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def shortened(text: str, columns: int) -> str:
    """Return as much of the beginning of a text as so many columns hold, with `…` if that is not all."""
    if get_cwidth(text) <= columns:
        return text
    width = 0
    for place, character in enumerate(text):
        width += get_cwidth(character)
        if width >= columns:
            return f"{text[:place]}…"
    return text
