"""Lines for a terminal, with colours or without. Pure.

All that is shown goes through `Painter.line`, and nothing else makes what is in it safe to show.
"""

import zlib
from collections.abc import Mapping, Sequence

from chat_client.sanitize import visible

#: A piece of a line: a style of STYLES, or a name's own colour, and the text.
Piece = tuple[str, str]

# SGR parameters (ECMA-48, 8.3.117).
STYLES = {
    "": "",
    "bold": "1",
    "dim": "2",
    "note": "2",
    "problem": "31",
    "direct": "35",
    "server": "33",
}
# Of the 256 colours those that can be read on black and on white.
_NAME_COLOURS = (
    31,
    32,
    33,
    37,
    64,
    67,
    70,
    72,
    97,
    98,
    103,
    130,
    131,
    132,
    133,
    136,
    161,
    162,
    166,
    167,
    168,
    172,
)


def name_style(name: str) -> str:
    """Return the style for a name: always the same for the same name."""
    return (
        f"38;5;{_NAME_COLOURS[zlib.crc32(name.casefold().encode('utf-8', 'replace')) % len(_NAME_COLOURS)]}"
    )


def is_dumb(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal understands no control sequences, or does not say what it is."""
    return environment.get("TERM", "").lower() in {"", "dumb", "unknown"}


def wants_colours(choice: str, environment: Mapping[str, str], *, terminal: bool) -> bool:
    """Return whether to use colours: `choice` is `always`, `never` or `auto`.

    `auto` asks the environment: NO_COLOR, CLICOLOR_FORCE and CLICOLOR, in this order, then the terminal.
    """
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return True
    return terminal and environment.get("CLICOLOR") != "0" and not is_dumb(environment)


class Painter:
    """Makes lines of pieces."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def line(self, pieces: Sequence[Piece]) -> str:
        """Return the pieces as one string, safe to show."""
        return "".join(self._piece(style, visible(text)) for style, text in pieces)

    def _piece(self, style: str, text: str) -> str:
        parameters = STYLES.get(style, style)
        return f"\x1b[{parameters}m{text}\x1b[0m" if self._colours and parameters else text
