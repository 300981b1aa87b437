"""What Alertmanager and Grafana post, as lines for people: what fires, what is over, and where. Pure."""

from collections.abc import Mapping

from chat_protocol.errors import BadFieldError
from chat_server.net.http.folding import text_of

#: Labels of an alert that stand elsewhere in its line, or tell a person nothing.
_NOT_SHOWN = frozenset(("alertname", "severity", "grafana_folder", "monitor", "prometheus"))
#: How many labels of an alert are shown; how many characters of one, and of what is said about the alert.
LABELS_AT_MOST = 8
LABEL_LENGTH = 100
NOTE_LENGTH = 500
#: What the last line takes that says how many alerts were left out, in bytes.
_REST_BYTES = 40


def told(value: Mapping[str, object], most: int) -> str:
    """Return a line or two for each alert, in at most `most` bytes. Raises `BadFieldError` if there is none.

    Alerts that do not fit are left out, and the last line says how many.
    """
    found = value["alerts"]
    alerts = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    if not alerts:
        raise BadFieldError("there is no alert in alerts; send at least one")
    lines: list[str] = []
    size = 0
    for each in alerts:
        line = _line(each)
        size += len(line.encode("utf-8", "replace")) + 1
        if lines and size > most - _REST_BYTES:
            break
        lines.append(line)
    truncated = value.get("truncatedAlerts")
    left_out = len(alerts) - len(lines) + (max(0, truncated) if isinstance(truncated, int) else 0)
    return "\n".join([*lines, f"and {left_out} more alerts"] if left_out > 0 else lines)


def _line(alert: Mapping[str, object]) -> str:
    """Return what one alert says: FIRING ChatDown (critical): the chat is down [instance=...]."""
    labels, notes = _mapping(alert.get("labels")), _mapping(alert.get("annotations"))
    status = _short(alert.get("status"), LABEL_LENGTH).upper() or "ALERT"
    severity = _short(labels.get("severity"), LABEL_LENGTH)
    name = _short(labels.get("alertname"), LABEL_LENGTH) or "alert"
    head = f"{status} {name}" + (f" ({severity})" if severity else "")
    said = next(
        (text for key in ("summary", "message", "title") if (text := _short(notes.get(key), NOTE_LENGTH))), ""
    )
    description = _short(notes.get("description"), NOTE_LENGTH)
    shown = _labels(labels)
    first = head + (f": {said}" if said or description else "")
    if not said:
        first, description = first + description, ""
    if shown:
        first += f" [{shown}]"
    return f"{first}\n    {description}" if description and description != said else first


def _short(value: object, length: int) -> str:
    """Return a text on one line, and of a long one its beginning."""
    text = " ".join(text_of(value).split())
    return text if len(text) <= length else f"{text[: length - 1]}\u2026"


def _labels(labels: Mapping[str, object]) -> str:
    shown = [
        f"{_short(name, LABEL_LENGTH)}={_short(value, LABEL_LENGTH)}"
        for name, value in sorted(labels.items())
        if name not in _NOT_SHOWN and not name.startswith("__")
    ]
    return ", ".join(shown[:LABELS_AT_MOST])


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
