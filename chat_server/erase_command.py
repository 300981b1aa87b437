"""The command `chat-server erase`: removes what one account said."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from chat_server.chat import names
from chat_server.chat.identity import account_id
from chat_server.chat.inbox import inbox_name
from chat_server.errors import StoreError
from chat_server.journal.sqlite.erasure import erase
from chat_server.journal.sqlite.maintenance import Meter
from chat_server.parser import Parser
from chat_server.shell import journal_options, opened
from chat_server.sqlite_file import named
from chat_server.store.moderation import Act

DESCRIPTION = """\
Removes what an account has said: in every room and alone. The messages keep their places, without a text.
What others said to it alone goes as well, and nobody may log in as it any more. End the server first.
Backups and what people saved for themselves are not touched.
"""
EPILOG = """\
example:
  chat-server erase eve --journal sqlite:chat.db
"""


def main(arguments: Sequence[str]) -> list[str]:
    """Do what the arguments after `erase` say; return the lines to show. Raises `OperatorError`."""
    parser = Parser(
        prog="chat-server erase",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        parents=[journal_options()],
    )
    parser.add_argument("name", help="name of the account")
    options = parser.parse_args(arguments)
    with opened(options) as (settings, store):
        account = store.find(names.user_key(options.name))
        if account is None:
            raise StoreError(f"there is no account {options.name}; list them with: chat-server user list")

        def is_theirs(frame: Mapping[str, Any]) -> bool:
            return bool(frame.get("account")) and frame.get("from") == account.name

        meter = Meter(sys.stderr, "erase")
        journal = named(settings.journal.removeprefix("sqlite:"))
        try:
            count = erase(journal, is_theirs, inbox_name(account_id(account.number)), meter)
        finally:
            meter.end()
        store.set_disabled(account.number, disabled=True)
        store.moderation.note(Act(f"shell:{os.getuid()}", "erase", account.name, detail=f"{count} messages"))
    return [f"{count:,} messages of {account.name} are gone; nobody may log in as {account.name} any more"]
