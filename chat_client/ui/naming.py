"""What is typed where a name is asked for."""

from chat_client.errors import UsageError
from chat_client.sanitize import cleaned, sendable
from chat_client.terms import spaceless
from chat_client.ui import typed
from chat_client.ui.commands import COMMANDS


def typed_name(line: str) -> str | None:
    """Return the name in a line, or none if it says that the person would rather leave.

    Raises `UsageError` for what is no name; the text says what is. Whether the server takes it, only the
    server knows.
    """
    name = cleaned(sendable(line))[0].strip()
    parsed = typed.parse(name)
    if typed.says_exit(name) or parsed.command in {"exit", *COMMANDS["exit"].elsewhere}:
        return None
    if parsed != typed.Typed(None, name) or name.startswith("/"):
        raise UsageError("commands come later; type a name first, for example dave, or exit to leave")
    if typed.is_blank(name):
        raise UsageError("a name has at least one letter; type one, or exit to leave")
    if spaceless(name) != name:
        raise UsageError(f"names have no spaces: try {spaceless(name)}")
    return name
