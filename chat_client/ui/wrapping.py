"""Lines of so many columns, broken between words. Pure."""

from prompt_toolkit.utils import get_cwidth


def wrapped(text: str, columns: int, indent: str = "") -> list[str]:
    """Return a text in lines of so many columns, those after the first behind an indent.

    Blanks at the beginning stay; a word that is wider than a line is left whole.
    """
    if get_cwidth(text) <= columns:
        return [text]
    line = text[: len(text) - len(text.lstrip())]
    lines: list[str] = []
    for word in text.lstrip().split(" "):
        gap = " " if line.strip() else ""
        if gap and get_cwidth(line + gap + word) > columns:
            lines.append(line.rstrip())
            line, gap = indent, ""
        line += gap + word
    return [*lines, line]
