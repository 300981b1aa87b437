"""What a program posts to a hook, in whichever format it speaks: a text, and the room if it names one. Pure.

Taken are plain text; JSON or a form as programs send it to Slack and Mattermost (`text`, `attachments`,
`blocks`); and the alerts of Alertmanager and Grafana (`alerts.py`). Who it says it is does not count.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

from chat_protocol.codec import decode_json
from chat_protocol.errors import BadEncodingError, BadFieldError, LineTooLongError, NotAnObjectError
from chat_server.net.http.alerts import told
from chat_server.net.http.folding import fields_of, text_of, texts_of_blocks

FORM = "application/x-www-form-urlencoded"
#: How many fields a form may have: there is need for four.
FIELDS_AT_MOST = 100
#: A control sequence of a terminal (ECMA-48, 5.4 and 5.6): the logs of builds are full of them.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\x9d]*(?:\x07|\x1b\\|\x9c)|\x1b[@-_]"
)
_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
#: Slack's links, and whom it calls: `<https://example.org|label>`, `<!here>`, `<@U123|dave>`.
_LINK = re.compile(r"<((?:https?://|mailto:|[!@#])[^<>|\s]*)(?:\|([^<>|]*))?>")


class Payload(NamedTuple):
    """What is to be said, and in which room; in the hook's first if none is named."""

    text: str
    room: str | None = None


def read(content_type: str, body: bytes, most: int) -> Payload:
    """Return what a program says, in at most `most` bytes. Raises `PeerError` with what to send instead.

    Only of alerts some are left out to keep within it, and that is said; nothing else is cut.
    """
    payload = _read(content_type.partition(";")[0].strip().lower(), body, most)
    text = cleaned(payload.text)
    if not text:
        raise BadFieldError('there is nothing to say; send {"text": "hello"}')
    if (size := len(text.encode())) > most:
        raise LineTooLongError(
            f"the text has {size} bytes, and a message at most {most}; send less, or parts"
        )
    return payload._replace(text=text)


def cleaned(text: str) -> str:
    """Return a text without what controls a terminal, and without blanks around it."""
    text = _LINE_END.sub("\n", _SEQUENCE.sub("", text))
    if not text.isprintable():
        text = "".join(
            each for each in text if each in "\n\t" or unicodedata.category(each) not in {"Cc", "Cs"}
        )
    return text.strip()


def _read(kind: str, body: bytes, most: int) -> Payload:
    if kind.endswith("json") or (kind in {FORM, ""} and body.lstrip()[:1] == b"{"):
        return _of_json(body, most)  # `curl -d '{"text":...}'` says that it is a form
    if kind == FORM:
        return _of_form(_decoded(body), most)
    if kind in {"", "text/plain"}:
        return Payload(_decoded(body))
    raise BadFieldError(f"{kind!r} is not understood; send application/json, text/plain or a form")


def _of_form(body: str, most: int) -> Payload:
    try:
        fields = parse_qs(body, errors="strict", max_num_fields=FIELDS_AT_MOST)
    except UnicodeDecodeError:
        raise BadEncodingError("not UTF-8; send UTF-8") from None
    except ValueError:
        raise BadFieldError(f"more than {FIELDS_AT_MOST} fields; send text=hello") from None
    if "payload" in fields:
        return _of_json(fields["payload"][0].encode(), most)
    if "text" not in fields:
        raise BadFieldError("no text; send text=hello, or another Content-Type: text/plain, application/json")
    return Payload(fields["text"][0], _room(fields.get("channel", fields.get("room", [""]))[0]))


def _of_json(body: bytes, most: int) -> Payload:
    value = decode_json(body)
    if not isinstance(value, dict):
        raise NotAnObjectError('send a JSON object such as {"text": "hello"}')
    room = _room(text_of(value.get("channel")) or text_of(value.get("room")))
    if isinstance(value.get("alerts"), list):
        return Payload(told(value, most), room)
    return Payload("\n".join(filter(None, map(str.strip, _said(value)))), room)


def _room(text: str) -> str | None:
    return text.strip() or None


def _said(value: Mapping[str, object]) -> Iterable[str]:
    """Return the parts of a message as Slack has it: `text` stands in for the blocks, if there are any."""
    blocks = [_plain(each) for each in texts_of_blocks(value.get("blocks"))]
    yield from blocks or [_plain(text_of(value.get("text")))]
    attachments = value.get("attachments")
    for each in attachments if isinstance(attachments, list) else ():
        if isinstance(each, dict):
            yield from map(_plain, _attached(each))


def _attached(attachment: Mapping[str, object]) -> Iterable[str]:
    """Return the parts of an attachment; its `fallback` if it has no other."""
    title, link = text_of(attachment.get("title")), text_of(attachment.get("title_link"))
    parts = [
        text_of(attachment.get("pretext")),
        f"{title} ({link})" if title and link else title,
        text_of(attachment.get("text")),
        *fields_of(attachment.get("fields")),
        *texts_of_blocks(attachment.get("blocks")),
    ]
    return parts if any(parts) else [text_of(attachment.get("fallback"))]


def _plain(text: str) -> str:
    """Return a text without Slack's marks for links, and with the three letters that it escapes."""
    text = _LINK.sub(_as_plain, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _as_plain(link: re.Match[str]) -> str:
    target, label = link[1], link[2]
    if target[0] in "!@#":
        return ("#" if target[0] == "#" else "@") + (label or target).lstrip("!@#")
    target = target.removeprefix("mailto:")
    return f"{label} ({target})" if label and label != target else target


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadEncodingError(f"not UTF-8 at byte {error.start}; send UTF-8") from None
