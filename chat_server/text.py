"""Text for a person's terminal: nothing in it that controls one, columns, and how long ago something was."""

import unicodedata
from collections.abc import Sequence

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))
_GAP = "  "


def visible(text: str) -> str:
    """Return a text with escapes for what could control a terminal: C0, C1, DEL and format characters."""
    return text if text.isprintable() else "".join(map(_visible, text))


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a line for each row, made safe to show, with the cells below each other."""
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    padded = [[_padded(cell, width) for cell, width in zip(row, widths, strict=True)] for row in cells]
    return [_GAP.join(row).rstrip() for row in padded]


def age(seconds: float) -> str:
    """Return a time in its two largest units: `40s`, `3m`, `2h5m`, `1d`."""
    left = int(seconds)
    parts: list[tuple[int, str]] = []
    for unit, size in _UNITS:
        if left >= size or parts:
            parts.append((left // size, unit))
            left %= size
    shown = [f"{number}{unit}" for number, unit in parts[:2] if number]
    return "".join(shown) or f"{left}s"


def duration(text: str) -> float:
    """Return the seconds of a time such as `30m`, `2h` or `1d`. Raises `ValueError`."""
    unit = dict(_UNITS).get(text[-1:])
    if unit is None or not (text[:-1].isascii() and text[:-1].isdecimal()) or not int(text[:-1]):
        raise ValueError("must be a time such as 30m, 2h or 1d")
    return float(int(text[:-1]) * unit)


def _visible(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return f"\\u{ord(character):04x}"


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
