"""A message of several lines as it goes out: one batch, of which clients make one message again."""

from collections.abc import Iterator, Sequence

from chat_server.net.dialects.irc.form import Form
from chat_server.net.dialects.irc.render import ACTION, ACTION_END, Saying, space, tags_of

#: The capability, and the type of a batch.
NAME = "draft/multiline"
#: Marks a line that goes on where the one before it ended.
CONCAT_TAG = "draft/multiline-concat"
#: A line is cut behind a space if one is in so much of its end.
_TAIL = 1 / 3
#: The first two bits of the bytes of UTF-8 that begin no character.
_FOLLOWING, _FIRST_TWO = 0x80, 0xC0


def batched(form: Form, said: Saying) -> Sequence[bytes]:
    """Return what somebody said as a batch, for a client that can take it."""
    source, _, rest = said.head.removeprefix(":").partition(" ")
    command, target, _ = rest.split(" ", 2)
    text = f"{ACTION}{said.text}{ACTION_END}" if said.action else said.text
    reference = "m" + said.msgid.rpartition("/")[2]
    return lines(source, command, target, text, tags_of(form, said, said.msgid), reference)


def lines(  # noqa: PLR0913, PLR0917  # each is a thing of its own
    source: str, command: str, target: str, text: str, tags: str, reference: str
) -> Sequence[bytes]:
    """Return a message as a batch; `tags`, with `@` and the space, are those of the whole message."""
    head = f":{source} {command} {target} :"
    made = [f"{tags}:{source} BATCH +{reference} {NAME} {target}\r\n"]
    for part, joined in parts(text, space(head)):
        concat = f";{CONCAT_TAG}" if joined else ""
        made.append(f"@batch={reference}{concat} {head}{part}\r\n")
    made.append(f":{source} BATCH -{reference}\r\n")
    return [each.encode("utf-8", "replace") for each in made]


def parts(text: str, room: int) -> Iterator[tuple[str, bool]]:
    """Return a text in parts of at most so many bytes, and whether each goes on where the last one ended.

    Put together again with line breaks, they are the text, but that CR and NUL are none of it.
    """
    for line in text.replace("\r\n", "\n").translate({0: None, 13: "\n"}).split("\n"):
        rest, joined = line.encode("utf-8", "replace"), False
        while len(rest) > room:
            cut = room
            while _is_within(rest[cut]):
                cut -= 1
            behind = rest.rfind(b" ", int(cut * (1 - _TAIL)), cut) + 1
            cut = behind or cut
            yield rest[:cut].decode(), joined
            rest, joined = rest[cut:], True
        yield rest.decode(), joined


def _is_within(byte: int) -> bool:
    """Tell whether a byte of UTF-8 stands within a character."""
    return byte & _FIRST_TWO == _FOLLOWING
