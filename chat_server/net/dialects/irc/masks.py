"""Masks of nicks and channels: a star is any characters, a question mark any one."""

import fnmatch
import re

from chat_server.chat.names import key


def is_mask(text: str) -> bool:
    """Tell whether a text stands for more than itself."""
    return "*" in text or "?" in text


def matches(name: str, mask: str) -> bool:
    """Tell whether a name is one of those that a mask stands for, whatever the case."""
    pattern = fnmatch.translate(key(mask).replace("[", "[[]"))
    return re.match(pattern, key(name)) is not None
