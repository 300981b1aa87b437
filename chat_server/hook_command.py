"""The command `chat-server hook`: programs that post, and addresses that are told what is said."""

import argparse
import contextlib
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from chat_protocol.errors import PeerError
from chat_server import values
from chat_server.chat import names
from chat_server.chat.passwords import digest, new_secret
from chat_server.config import Config
from chat_server.errors import ConfigError, StoreError
from chat_server.parser import Parser
from chat_server.shell import journal_options, opened
from chat_server.store.hooks import HOOKS_AT_MOST, RELAYS_AT_MOST, Hook, Match, Relay
from chat_server.store.moderation import Act
from chat_server.store.sqlite import SqliteStore
from chat_server.text import columns

#: How many rooms a hook may have, how many words, prefixes and names a relay, and how long each may be.
ROOMS_AT_MOST, TERMS_AT_MOST, TERM_LENGTH = 50, 50, 100
PER_MINUTE, PER_MINUTE_AT_MOST = 60.0, 6_000.0
#: What stands before the token in the address of a hook.
PATH = "/hooks/"
HEAD = ("NUMBER", "MADE", "WHO", "ROOMS", "WHAT")
EPILOG = """\
examples:
  chat-server hook add alerts --journal sqlite:chat.db       may post to the lobby; shows its address, once
  chat-server hook add ci --room builds --room ops           in builds, or in ops if it says so
  chat-server hook add ci --at https://chat.example.org      where its program reaches this server
  chat-server hook add ci --write /run/ci.url                into a file; does nothing if that is good already
  chat-server hook add --to http://bot:8000/ --room ops --prefix '!'    tells a program what begins with !
  chat-server hook list
  chat-server hook revoke 3

Anyone who has a hook's address can post, so it is a secret:
  curl --data-urlencode 'text=The build is green' http://localhost:8080/hooks/hook-...

A change takes effect within a second on a server that runs. docs/hooks.md has the formats and the signature.
"""


def main(arguments: Sequence[str]) -> list[str]:
    """Do what the arguments after `hook` say; return the lines to show. Raises `OperatorError`."""
    options = _parser().parse_args(arguments)
    with opened(options, makes=options.command == "add") as (settings, store):
        return COMMANDS[options.command](options, settings, store)


def _parser() -> Parser:
    parser = Parser(
        prog="chat-server hook",
        description="Hooks of a chat: programs that post with one HTTP request, and programs that are told.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    every = journal_options()
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add = commands.add_parser("add", help="make a hook", parents=[every], allow_abbrev=False)
    add.add_argument("name", nargs="?", help="the one name under which a program posts")
    add.add_argument(
        "--room", action="append", default=[], help="a room of it; may be repeated (default: lobby)"
    )
    posts = add.add_argument_group("for a program that posts")
    posts.add_argument(
        "--per-minute",
        type=float,
        metavar="N",
        help=f"messages it may post at once, and in a minute from then on (default: {PER_MINUTE:g})",
    )
    posts.add_argument("--at", metavar="URL", help="where the program reaches this server's HTTP port")
    posts.add_argument("--write", metavar="FILE", help="write the address there, unless a good one is in it")
    told = add.add_argument_group("for a program that is told what is said; everything, if nothing is named")
    told.add_argument("--to", metavar="URL", help="where messages are posted to")
    told.add_argument("--word", action="append", default=[], help="messages with this word; may be repeated")
    told.add_argument("--prefix", action="append", default=[], help="messages that begin so; may be repeated")
    told.add_argument("--mention", action="append", default=[], metavar="NAME", help="messages with @NAME")
    commands.add_parser("list", help="list the hooks", parents=[every], allow_abbrev=False)
    revoke = commands.add_parser("revoke", help="end a hook", parents=[every], allow_abbrev=False)
    revoke.add_argument("number", type=int, help="the hook's number, which `list` shows")
    return parser


def _add(options: argparse.Namespace, settings: Config, store: SqliteStore) -> list[str]:
    rooms = _rooms(options, settings)
    if options.to is not None:
        return _add_relay(options, rooms, store)
    if options.word or options.prefix or options.mention:
        raise ConfigError("--word, --prefix and --mention are for a program that is told; give --to URL")
    if options.name is None:
        raise ConfigError("name the hook: chat-server hook add NAME; or say whom to tell: --to URL")
    return _add_hook(options, rooms, settings, store)


def _add_hook(
    options: argparse.Namespace, rooms: Sequence[str], settings: Config, store: SqliteStore
) -> list[str]:
    name, rate, at = _name(options.name, settings), _per_minute(options), _base(options.at, settings)
    if options.write is not None and _is_good(Path(options.write), store):
        return [f"{options.write} has the address of a hook already; nothing was changed"]
    if len(store.hooks.hooks()) >= HOOKS_AT_MOST:
        raise StoreError(f"there are {HOOKS_AT_MOST} hooks, the most there may be; revoke one")
    secret = new_secret("hook")
    with _written(options.write, f"{at}{PATH}{secret}"):
        number = store.hooks.add(digest(secret), name, names.keys(name), rooms, rate)
        if number is None:
            raise StoreError(f"the name {name} is somebody's, or looks like it; choose another")
    _note(store, "hook_add", name, rooms, f"hook {number}")
    listed = " or ".join(f"#{each}" for each in rooms)
    _tell(f"hook {number}: {name} may post to {listed}, {rate:g} messages a minute")
    if options.write is not None:
        return [f"its address is in {options.write}"]
    _tell("this address is shown this once; anyone who has it can post:")
    _tell(f"  curl --data-urlencode 'text=hello' {shlex.quote(f'{at}{PATH}{secret}')}")
    if not any(each.dialect == "http" for each in settings.endpoints):
        _tell("the server needs an HTTP port for it: chat-server --listen http://localhost:8080 ...")
    return [f"{at}{PATH}{secret}"]


def _add_relay(options: argparse.Namespace, rooms: Sequence[str], store: SqliteStore) -> list[str]:
    if options.name is not None or (options.per_minute, options.at, options.write) != (None, None, None):
        raise ConfigError("NAME, --per-minute, --at and --write are for a program that posts; not with --to")
    url = _url("--to", options.to)
    match = Match(*(_terms(each, options) for each in ("word", "prefix", "mention")))
    if len(store.hooks.relays()) >= RELAYS_AT_MOST:
        raise StoreError(f"there are {RELAYS_AT_MOST} hooks with --to, the most there may be; revoke one")
    key = new_secret("key")
    number = store.hooks.add_relay(url, key, rooms, match)
    _note(store, "hook_add", "", rooms, f"hook {number} with --to")
    _tell(f"hook {number}: {url} is told what is said in {', '.join(f'#{each}' for each in rooms)}")
    _tell(
        "each message is signed with this key, which is shown this once; docs/hooks.md says how to check it:"
    )
    return [key]


def _list(_: argparse.Namespace, __: Config, store: SqliteStore) -> list[str]:
    rows = sorted([*map(_hook_row, store.hooks.hooks()), *map(_relay_row, store.hooks.relays())])
    if not rows:
        return ["there are no hooks; make one with: chat-server hook add NAME"]
    return columns([HEAD, *[(str(number), *cells) for number, *cells in rows]])


def _revoke(options: argparse.Namespace, _: Config, store: SqliteStore) -> list[str]:
    if not store.hooks.revoke(options.number):
        raise StoreError(f"there is no hook {options.number}; list them with: chat-server hook list")
    _note(store, "hook_revoke", "", (), f"hook {options.number}")
    return [f"hook {options.number} is good no more"]


COMMANDS: Mapping[str, Callable[[argparse.Namespace, Config, SqliteStore], list[str]]] = {
    "add": _add,
    "list": _list,
    "revoke": _revoke,
}


def _hook_row(hook: Hook) -> tuple[int, str, str, str, str]:
    return hook.number, _day(hook.created), hook.name, _listed(hook.rooms), f"posts {hook.per_minute:g}/min"


def _relay_row(relay: Relay) -> tuple[int, str, str, str, str]:
    kinds = zip(("word", "prefix", "mention"), relay.match, strict=True)
    terms = [f"{kind} {term}" for kind, found in kinds for term in found]
    return (
        *(relay.number, _day(relay.created), relay.url, _listed(relay.rooms)),
        f"is told: {', '.join(terms) or 'everything'}",
    )


def _listed(rooms: Sequence[str]) -> str:
    return ", ".join(rooms)


def _day(created: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(created))


def _name(name: str, settings: Config) -> str:
    try:
        return names.user_name(name, settings.name_length, ascii_only=settings.ascii_names)
    except PeerError as error:
        raise ConfigError(f"{name}: {error.text}") from None


def _rooms(options: argparse.Namespace, settings: Config) -> Sequence[str]:
    try:
        rooms = [
            names.room_name(each, settings.name_length, ascii_only=settings.ascii_names)
            for each in options.room or ["lobby"]
        ]
    except PeerError as error:
        raise ConfigError(f"--room: {error.text}") from None
    if len(rooms) > ROOMS_AT_MOST:
        raise ConfigError(f"--room: at most {ROOMS_AT_MOST} rooms; make another hook for the others")
    return tuple(dict.fromkeys(rooms))


def _terms(name: str, options: argparse.Namespace) -> Sequence[str]:
    terms: Sequence[str] = getattr(options, name)
    if any(not each.strip() or len(each) > TERM_LENGTH or not each.isprintable() for each in terms):
        raise ConfigError(f"--{name}: 1 to {TERM_LENGTH} characters, without control characters")
    if len(terms) > TERMS_AT_MOST:
        raise ConfigError(f"--{name}: at most {TERMS_AT_MOST} of them; make another hook for the others")
    return tuple(terms)


def _per_minute(options: argparse.Namespace) -> float:
    rate: float = PER_MINUTE if options.per_minute is None else options.per_minute
    if not 0 < rate <= PER_MINUTE_AT_MOST:
        raise ConfigError(f"--per-minute: must be more than 0 and at most {PER_MINUTE_AT_MOST:g}")
    return rate


def _base(at: str | None, settings: Config) -> str:
    """Return where the program reaches the server: as it is told, or where this server listens."""
    if at is not None:
        return _url("--at", at).rstrip("/")
    for each in settings.endpoints:
        if each.dialect == "http":
            host = "localhost" if each.host in {"", "0.0.0.0", "::"} else each.host  # noqa: S104  # not bound here
            return f"{each.scheme}://{values.shown(host, each.port)}"
    return "http://localhost:8080"


def _url(name: str, text: str) -> str:
    try:
        return values.web_address(text)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None


def _is_good(path: Path, store: SqliteStore) -> bool:
    """Tell whether a file has the address of a hook that is there."""
    try:
        token = path.read_text(encoding="utf-8").strip().rpartition(PATH)[2]
    except FileNotFoundError:
        return False
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--write: cannot read {path}: {error}") from None
    return store.hooks.find(digest(token)) is not None


@contextlib.contextmanager
def _written(path: str | None, address: str) -> Iterator[None]:
    """Write an address to a file that only its owner may read, if what is done within succeeds."""
    if path is None:
        yield
        return
    made = Path(f"{path}.new")
    try:
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(f"{address}\n")
        try:
            yield
            made.replace(path)
        finally:
            made.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"--write: cannot write {path}: {error.strerror}") from None


def _note(store: SqliteStore, act: str, target: str, rooms: Sequence[str], detail: str) -> None:
    room = rooms[0] if len(rooms) == 1 else ""
    listed = f" for {', '.join(rooms)}" if len(rooms) > 1 else ""
    store.moderation.note(Act(f"shell:{os.getuid()}", act, target, room, f"{detail}{listed}"))


def _tell(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201  # for a person, beside what a program reads
