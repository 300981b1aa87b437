"""Lines of IRC: their parts, and how they are put together. Pure; takes anything and never raises."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

#: Bytes of a line with its end, without the tags; bytes of the tags with `@` and the space behind them.
LINE_BYTES = 512
TAGS_BYTES = 4096
#: What a line's end takes.
END_BYTES = 2

_ESCAPED = {"\\": "\\\\", ";": "\\:", " ": "\\s", "\r": "\\r", "\n": "\\n"}
_ESCAPES = str.maketrans(_ESCAPED)
_UNESCAPED = {":": ";", "s": " ", "r": "\r", "n": "\n"}
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
#: What stands at the end of a line that was cut.
_CUT = "\u2026".encode()
#: What a line begins with that doesn't begin with its command.
_BEFORE = frozenset("@: ")
#: What no line can hold.
_BREAKS = str.maketrans("\r\n\0", "   ")


#: Those of most lines.
NO_TAGS: Mapping[str, str] = MappingProxyType({})


class Line(NamedTuple):
    """What a client sent: a command in capitals, its parameters, and its tags without their escapes."""

    command: str
    params: Sequence[str] = ()
    tags: Mapping[str, str] = NO_TAGS
    source: str = ""

    def param(self, number: int) -> str:
        """Return a parameter, counted from 0; empty if it is not there."""
        return self.params[number] if number < len(self.params) else ""


def parse(text: str) -> Line | None:
    """Return the parts of a line that has no end any more; none if it is empty."""
    tags, source = NO_TAGS, ""
    if text[:1] in _BEFORE:
        tags, source, text = _before(text)
    head, colon, last = text.partition(" :")
    words = head.split(" ")
    if "" in words:
        words = [each for each in words if each]
        if not words:
            return None
    if colon:
        words.append(last)
    return Line(words[0].upper(), tuple(words[1:]), tags, source)


def _before(text: str) -> tuple[Mapping[str, str], str, str]:
    """Return the tags and the source of a line, and what comes behind them; nothing if that is no command."""
    tags, source = NO_TAGS, ""
    text = text.lstrip(" ")
    if text.startswith("@"):
        written, _, text = text[1:].partition(" ")
        tags, text = _tags(written), text.lstrip(" ")
    if text.startswith(":"):
        source, _, text = text[1:].partition(" ")
        text = text.lstrip(" ")
    return tags, source, "" if text.startswith(":") else text


def compose(command: str, *params: str, source: str = "", tags: Mapping[str, str] | None = None) -> bytes:
    """Return a line with its end. The last parameter may be anything; what a line can't hold is replaced.

    A line that is too long ends in an ellipsis.
    """
    parts = [f":{source}", command] if source else [command]
    parts.extend(map(middle, params[:-1]))
    if params:
        parts.append(f":{params[-1]}")
    line = " ".join(parts).translate(_BREAKS).encode("utf-8", "replace")
    if len(line) > LINE_BYTES - END_BYTES:
        line = line[: LINE_BYTES - END_BYTES - len(_CUT)].decode("utf-8", "ignore").encode() + _CUT
    return (f"@{write_tags(tags)} ".encode("utf-8", "replace") if tags else b"") + line + b"\r\n"


def middle(param: str) -> str:
    """Return what can stand between others: it has no space, doesn't begin with a colon and isn't empty."""
    if param.isprintable() and " " not in param and param[:1] not in {"", ":"}:
        return param
    return param.translate(_BREAKS).replace(" ", "_").lstrip(":") or "*"


def tagged(line: bytes, name: str, value: str) -> bytes:
    """Return a line with one more tag, as its first."""
    tag = f"@{name}={escape(value)}".encode("utf-8", "replace")
    return tag + b";" + line[1:] if line.startswith(b"@") else tag + b" " + line


def write_tags(tags: Mapping[str, str]) -> str:
    """Return tags as they stand between `@` and the space."""
    return ";".join([f"{name}={escape(value)}" if value else name for name, value in tags.items()])


def escape(value: str) -> str:
    """Return the value of a tag as it is written."""
    return value.translate(_ESCAPES)


def unescape(value: str) -> str:
    """Return the value of a tag as it is meant."""
    return _ESCAPE.sub(lambda found: _UNESCAPED.get(found[1], found[1]), value)


def _tags(written: str) -> Mapping[str, str]:
    """Return tags; of one that is there twice the last counts."""
    tags = {}
    for each in written.split(";"):
        name, _, value = each.partition("=")
        if name:
            tags[name] = unescape(value)
    return tags
