"""The command `chat-server audit`: what operators and moderators did, beside a running server or without."""

import argparse
import json
import time
from collections.abc import Sequence

from chat_server.errors import ConfigError
from chat_server.parser import Parser
from chat_server.shell import journal_options, opened
from chat_server.store.moderation import Act
from chat_server.text import columns

#: How many acts are shown if nothing is said, and at most.
ACTS_SHOWN, ACTS_AT_MOST = 100, 1_000_000
EPILOG = """\
examples:
  chat-server audit --journal sqlite:chat.db         the latest acts, the newest first
  chat-server audit --room lobby --limit 10          those in one room
  chat-server audit --json | jq                      each line a JSON object
"""


def main(arguments: Sequence[str]) -> list[str]:
    """Return the lines that the arguments after `audit` ask for. Raises `OperatorError`."""
    options = _parser().parse_args(arguments)
    if not 1 <= options.limit <= ACTS_AT_MOST:
        raise ConfigError(f"--limit: must be from 1 to {ACTS_AT_MOST}")
    with opened(options) as (_, store):
        acts = store.moderation.acts(options.limit, options.room)
    if options.json:
        return [_as_json(each) for each in acts]
    return columns([HEAD, *map(_cells, acts)]) if acts else ["nothing was done yet"]


HEAD = ("WHEN (UTC)", "WHO", "ACT", "TO", "ROOM", "DETAIL")


def _parser() -> Parser:
    parser = Parser(
        prog="chat-server audit",
        description="What operators and moderators did, the newest first.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        parents=[journal_options()],
    )
    parser.add_argument("--room", help="the acts in this room alone")
    parser.add_argument(
        "--limit", type=int, default=ACTS_SHOWN, help=f"how many acts to show (default: {ACTS_SHOWN})"
    )
    parser.add_argument("--json", action="store_true", help="a JSON object a line, for programs")
    return parser


def _as_json(act: Act) -> str:
    return json.dumps(  # in ASCII: a terminal obeys none of it
        {
            "number": act.number,
            "ts": act.ts,
            "actor": act.actor,
            "act": act.act,
            "target": act.target,
            "room": act.room,
            "detail": act.detail,
        }
    )


def _cells(act: Act) -> Sequence[str]:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(act.ts))
    return (when, act.actor, act.act, act.target, act.room, act.detail)
