"""Texts out of the boxes that programs put them into: fields and blocks as Slack has them. Pure."""

from collections.abc import Iterable, Iterator

#: How many texts are looked at, and how deep they may lie: more is not read by a person.
TEXTS_AT_MOST = 200
DEEPEST = 8
#: Where a box has other boxes, or the text itself, in the order in which they are shown.
_INNER = ("text", "fields", "elements", "title", "alt_text")


def text_of(value: object) -> str:
    """Return a text or a number as a text; of anything else nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def fields_of(value: object) -> Iterator[str]:
    """Return a line for each field of an attachment: its title and its value."""
    for each in value[:TEXTS_AT_MOST] if isinstance(value, list) else ():
        if isinstance(each, dict):
            parts = (text_of(each.get("title")).strip(), text_of(each.get("value")).strip())
            if any(parts):
                yield ": ".join(filter(None, parts))


def texts_of_blocks(value: object) -> Iterator[str]:
    """Return the texts of blocks, one for each block."""
    for each in value[:TEXTS_AT_MOST] if isinstance(value, list) else ():
        separator = "" if isinstance(each, dict) and each.get("type") == "rich_text" else " "
        if text := separator.join(_texts(each, DEEPEST)).strip():
            yield text


def _texts(value: object, deep: int) -> Iterable[str]:
    if isinstance(value, str):
        return [value]
    if not deep:
        return []
    if isinstance(value, list):
        return [text for each in value[:TEXTS_AT_MOST] for text in _texts(each, deep - 1)]
    if not isinstance(value, dict):
        return []
    found = [text for name in _INNER if name in value for text in _texts(value[name], deep - 1)]
    url = value.get("url")
    if value.get("type") == "link" and isinstance(url, str):
        return [f"{found[0]} ({url})"] if found and found[0] != url else [url]
    return found
