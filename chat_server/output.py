"""Standard output, for commands whose result is what they print."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import TextIO


@contextlib.contextmanager
def standard_output() -> Iterator[TextIO]:
    """Give standard output, and flush it at the end.

    Raises `OSError` if it takes nothing, or was closed by whoever started the command.
    """
    out: TextIO | None = sys.stdout
    if out is None:
        raise OSError(errno.EBADF, "standard output is closed")
    try:
        yield out
        out.flush()
    except OSError:
        # Led to nowhere, or Python complains about it at the end.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        raise
