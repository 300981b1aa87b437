"""Masks of nicks and channels: a star is any characters, a question mark any one."""

import fnmatch
import re
from collections.abc import Callable

from chat_server.chat.names import key


def is_mask(text: str) -> bool:
    """Tell whether a text stands for more than itself."""
    return "*" in text or "?" in text


def matching(mask: str) -> Callable[[str], bool]:
    """Return what tells whether a name is one of those that a mask stands for, whatever the case."""
    match = re.compile(fnmatch.translate(key(mask).replace("[", "[[]"))).match
    return lambda name: match(key(name)) is not None
