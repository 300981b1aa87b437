"""A room for each path: what one member sends, `broadcast` of the library `websockets` gives to all others.

It stands for the chat that the library's own documentation shows: asyncio, one process, texts passed on as
they are. Run by hand: `python bench/peers/server_websockets.py --port 9000`.
"""

import argparse
import asyncio
import contextlib
import json
import signal
from collections import defaultdict

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

LISTEN_BACKLOG = 4096

Rooms = defaultdict[str, set[ServerConnection]]


async def relay(rooms: Rooms, member: ServerConnection) -> None:
    """Pass on what a member says until it goes."""
    assert member.request is not None  # noqa: S101  the handshake is over
    members = rooms[member.request.path]
    members.add(member)
    await member.send("joined")
    with contextlib.suppress(ConnectionClosed):
        async for text in member:
            broadcast(members - {member}, text)
    members.remove(member)


async def run(port: int) -> None:
    """Serve until told to end. No compression, as everybody else; no pings, which the generator needs not."""
    rooms: Rooms = defaultdict(set)
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    async with serve(
        lambda member: relay(rooms, member), "127.0.0.1", port,
        compression=None, ping_interval=None, backlog=LISTEN_BACKLOG,
    ) as server:  # fmt: skip
        (listener,) = server.sockets
        print(json.dumps({"event": "listening", "port": listener.getsockname()[1]}), flush=True)
        await over.wait()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (0: any free one)")
    asyncio.run(run(parser.parse_args().port))


if __name__ == "__main__":
    main()
