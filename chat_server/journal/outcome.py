"""What has become of messages that were edited or deleted: how their lines are read afterwards.

A line keeps its place and its id; the text is the last one, or gone. So is the text of an edit whose message
was deleted.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from chat_protocol.codec import encode_json

#: The last text of a message that was changed; none if it was deleted.
Text = str | None
#: Returns what became of the messages with these ids, first and last, of those that were changed.
LookUp = Callable[[int, int], Mapping[int, Text]]

#: How the line of an edit begins.
EDIT = b'{"type":"EDIT"'


def as_changed(lines: Sequence[bytes], first: int, look_up: LookUp) -> list[bytes]:
    """Return lines, which begin with the id `first` and have no holes, as they are to be read now."""
    changed = look_up(first, first + len(lines) - 1)
    return [_line(line, first + at, changed, look_up) for at, line in enumerate(lines)]


def _line(line: bytes, id_: int, changed: Mapping[int, Text], look_up: LookUp) -> bytes:
    if line.startswith(EDIT):
        frame = msgspec.json.decode(line)
        of = int(frame["of"])
        return _without_text(frame) if look_up(of, of).get(of, "") is None else line
    if id_ not in changed:
        return line
    frame, text = msgspec.json.decode(line), changed[id_]
    if text is None:
        return _without_text(frame)
    return encode_json({**frame, "text": text, "edited": True}) + b"\n"


def _without_text(frame: Mapping[str, Any]) -> bytes:
    return encode_json({**frame, "text": "", "deleted": True}) + b"\n"
