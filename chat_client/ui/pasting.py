"""Text that was pasted into a terminal which does not say so. Pure."""

import re

#: How a terminal marks what is pasted (xterm's bracketed paste).
BEGIN, END = "\x1b[200~", "\x1b[201~"
#: So many characters that come at once were not typed.
PASTED = 64
_RUN = re.compile(rf"[^\x00-\x1f\x7f-\x9f]{{{PASTED},}}")
#: No control sequence of a keyboard is longer.
_TAIL = 16


class Paster:
    """Marks what was pasted in what a terminal sends, as most terminals do.

    Character by character it would be typed: each is put into a copy of the line, which takes minutes for a
    long one. Text that a terminal has marked, and what may be part of a control sequence, stays as it is.
    """

    def __init__(self) -> None:
        self._inside = False
        self._tail = ""

    def feed(self, text: str) -> str:
        """Take what came; return it with marks around what was pasted."""
        recent = self._tail + text
        self._tail = recent[-_TAIL:]
        begin, end = recent.rfind(BEGIN), recent.rfind(END)
        if begin >= 0 or end >= 0:
            self._inside = begin > end
        if self._inside or "\x1b" in recent:
            return text
        return _RUN.sub(lambda run: f"{BEGIN}{run[0]}{END}", text)
