"""What the commands share that look after a server's files from a shell."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from chat_server import config
from chat_server.config import Config
from chat_server.errors import ConfigError
from chat_server.parser import Parser
from chat_server.store.sqlite import SqliteStore, beside


class Opened(NamedTuple):
    """A server's settings, and its store."""

    settings: Config
    store: SqliteStore


def journal_options() -> Parser:
    """Return the options that say which server is meant, to be a parent of other parsers."""
    options = Parser(add_help=False)
    options.add_argument("--journal", help="the server's journal, sqlite:PATH; what is meant lies beside it")
    options.add_argument("--config", metavar="FILE", help="the server's file of settings")
    return options


@contextmanager
def opened(options: argparse.Namespace, *, makes: bool = False) -> Iterator[Opened]:
    """Open the store of the server that the options name; `makes` it if it is not there.

    Raises `OperatorError`.
    """
    settings = config.load({"journal": options.journal}, os.environ, options.config).config
    path = beside(settings.journal)
    if path is None:
        raise ConfigError("this lies beside the server's journal; say which: --journal sqlite:PATH")
    if not makes and not path.exists():
        raise ConfigError(f"there is no {path}; name the server's journal: --journal sqlite:PATH")
    store = SqliteStore(path)
    try:
        yield Opened(settings, store)
    finally:
        store.close()
