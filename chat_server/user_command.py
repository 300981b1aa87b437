"""The command `chat-server user`: accounts, tokens and invitations, beside a running server or without."""

import argparse
import getpass
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from chat_protocol.errors import PeerError
from chat_server import config
from chat_server.chat import names
from chat_server.chat.access import PASSWORD_AT_LEAST
from chat_server.chat.passwords import PASSWORD_LENGTH, Passwords, digest, new_secret
from chat_server.config import Config
from chat_server.errors import ConfigError, StoreError
from chat_server.parser import Parser
from chat_server.shell import journal_options, opened
from chat_server.store.base import Account, Naming, Scope
from chat_server.store.sqlite import SqliteStore

DAY_SECONDS = 86_400
EPILOG = """\
examples:
  chat-server user add dave --journal sqlite:chat.db       asks for a password
  chat-server user add dave --operator                     CHAT_JOURNAL names the journal
  chat-server user passwd dave < new-password.txt          another password; dave is logged out
  chat-server user disable dave                            nobody gets in as dave, who is logged out
  chat-server user token builder --room builds --label ci  a token for a bot, shown once
  chat-server user invite --days 3                         somebody may register, if --registration says so

A change takes effect within a second on a server that runs. With Compose:
  docker compose exec server chat-server user add dave
"""


def main(arguments: Sequence[str]) -> list[str]:
    """Do what the arguments after `user` say; return the lines to show. Raises `OperatorError`."""
    parser = _parser()
    options = parser.parse_args(arguments)
    with opened(options, makes=True) as (settings, store):
        return COMMANDS[options.command](options, settings, store)


def _parser() -> Parser:
    parser = Parser(
        prog="chat-server user",
        description="Accounts of a chat: who may log in, and the tokens of bots.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    every = journal_options()
    named = Parser(add_help=False)
    named.add_argument("name", help="name of the account")
    secret = Parser(add_help=False)
    secret.add_argument(
        "--password-file", metavar="FILE", help="has the password in its first line; else it is asked for"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str, *parents: Parser) -> Parser:
        return commands.add_parser(name, help=text, parents=parents, allow_abbrev=False)

    add = command("add", "make an account", every, named, secret)
    add.add_argument("--operator", action="store_true", help="with the rights of an operator")
    command("passwd", "give another password", every, named, secret)
    command("disable", "let nobody in under this account", every, named)
    command("enable", "let them in again", every, named)
    command("list", "list the accounts", every)
    token = command("token", "make a token for a bot", every, named)
    token.add_argument("--label", default="", help="what it is for, to be found in the list")
    token.add_argument("--room", action="append", default=[], help="for this room alone; may be repeated")
    token.add_argument("--read-only", action="store_true", help="not to say anything")
    command("tokens", "list the tokens", every)
    revoke = command("revoke", "end a token", every)
    revoke.add_argument("number", type=int, help="the token's number, which `tokens` shows")
    invite = command("invite", "make an invitation, good once", every)
    invite.add_argument("--days", type=float, default=7.0, help="for how long it is good (default: 7)")
    return parser


def _add(options: argparse.Namespace, settings: Config, store: SqliteStore) -> list[str]:
    try:
        name = names.user_name(options.name, settings.name_length, ascii_only=settings.ascii_names)
    except PeerError as error:
        raise ConfigError(f"{options.name}: {error.text}") from None
    hash_ = Passwords().hashed(_password(options))
    made = store.add(Naming(name, names.key(name), names.keys(name)), hash_, operator=options.operator)
    if made is None:
        raise StoreError(f"there is an account {name}, or one that looks the same; choose another name")
    hint = [] if settings.access == "accounts" else ["let it in with: chat-server --access accounts"]
    return [f"{name} may log in now", *hint]


def _passwd(options: argparse.Namespace, _: Config, store: SqliteStore) -> list[str]:
    account = _account(options.name, store)
    store.set_password(account.number, Passwords().hashed(_password(options)))
    return [f"{account.name} has another password"]


def _disable(options: argparse.Namespace, _: Config, store: SqliteStore) -> list[str]:
    account = _account(options.name, store)
    store.set_disabled(account.number, disabled=True)
    return [f"nobody may log in as {account.name} any more"]


def _enable(options: argparse.Namespace, _: Config, store: SqliteStore) -> list[str]:
    account = _account(options.name, store)
    store.set_disabled(account.number, disabled=False)
    return [f"{account.name} may log in again"]


def _list(_: argparse.Namespace, __: Config, store: SqliteStore) -> list[str]:
    lines = []
    for each in store.accounts():
        marks = [("operator", each.operator), ("disabled", each.disabled), ("no password", not each.hash)]
        lines.append(f"{each.name:32} {', '.join(text for text, is_so in marks if is_so)}".rstrip())
    return lines or ["there are no accounts; make one with: chat-server user add NAME"]


def _token(options: argparse.Namespace, settings: Config, store: SqliteStore) -> list[str]:
    account = _account(options.name, store)
    try:
        rooms = [names.room_name(each, settings.name_length) for each in options.room]
    except PeerError as error:
        raise ConfigError(f"--room: {error.text}") from None
    if not options.label.isprintable():
        raise ConfigError("--label: no control characters; use letters")
    secret = new_secret("token")
    number = store.add_token(
        account.number, digest(secret), options.label, Scope(tuple(rooms), not options.read_only)
    )
    print(  # noqa: T201  # for a person, beside what a program reads
        f"token {number} of {account.name}; it is shown this once", file=sys.stderr
    )
    return [secret]


def _tokens(_: argparse.Namespace, __: Config, store: SqliteStore) -> list[str]:
    lines = []
    for each in store.tokens():
        made = time.strftime("%Y-%m-%d", time.gmtime(each.created))
        rooms = ", ".join(each.scope.rooms) or "all rooms"
        may = "" if each.scope.writes else ", reads alone"
        lines.append(f"{each.number:>4}  {each.account:32} {made}  {rooms}{may}  {each.label}".rstrip())
    return lines or ["there are no tokens; make one with: chat-server user token NAME"]


def _revoke(options: argparse.Namespace, _: Config, store: SqliteStore) -> list[str]:
    if not store.revoke(options.number):
        raise StoreError(f"there is no token {options.number}; list them with: chat-server user tokens")
    return [f"token {options.number} is good no more"]


def _invite(options: argparse.Namespace, settings: Config, store: SqliteStore) -> list[str]:
    if not 0 < options.days <= 365:  # noqa: PLR2004  # a year
        raise ConfigError("--days: must be more than 0 and at most 365")
    secret = new_secret("invitation")
    store.add_invitation(digest(secret), time.time() + options.days * DAY_SECONDS)
    if settings.registration != "invitation":
        print("let it be used with: chat-server --registration invitation", file=sys.stderr)  # noqa: T201  # for a person
    return [secret]


COMMANDS: Mapping[str, Callable[[argparse.Namespace, Config, SqliteStore], list[str]]] = {
    "add": _add,
    "passwd": _passwd,
    "disable": _disable,
    "enable": _enable,
    "list": _list,
    "token": _token,
    "tokens": _tokens,
    "revoke": _revoke,
    "invite": _invite,
}


def _account(name: str, store: SqliteStore) -> Account:
    account = store.find(names.user_key(name))
    if account is None:
        raise StoreError(f"there is no account {name}; list them with: chat-server user list")
    return account


def _password(options: argparse.Namespace) -> str:
    """Return a new password: from a file, typed twice, or a line of stdin. Raises `ConfigError`."""
    if options.password_file:
        password = config.password(options.password_file, "--password-file")
    elif sys.stdin is not None and sys.stdin.isatty():
        password = getpass.getpass(f"password for {options.name}: ")
        if getpass.getpass("once more: ") != password:
            raise ConfigError("these are two different passwords; try again")
    else:
        password = (sys.stdin.readline() if sys.stdin is not None else "").rstrip("\r\n")
    if not PASSWORD_AT_LEAST <= len(password) <= PASSWORD_LENGTH:
        raise ConfigError(
            f"a password has {PASSWORD_AT_LEAST} to {PASSWORD_LENGTH} characters; choose another"
        )
    return password
