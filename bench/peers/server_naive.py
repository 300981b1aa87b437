"""A chat server as it is usually written: a thread a client, one lock, a `sendall` loop.

It speaks the protocol's messages that the benchmark needs (REG_NAME, JOIN, MSG,
ACK, PING) and stands for the servers that the real one is held against. Run by
hand: `python bench/peers/server_naive.py --port 9000`, then `nc localhost 9000`.
"""

import argparse
import json
import socket
import threading
import time
from typing import Any

LISTEN_BACKLOG = 4096


def encode(message: dict[str, Any]) -> bytes:
    """One message as a line."""
    return (json.dumps(message) + "\n").encode()


class Room:
    """Members by name, and the last id given."""

    def __init__(self) -> None:
        self.members: dict[str, socket.socket] = {}
        self.last_id = 0


class Server:
    """All rooms, under one lock that is also held while sending."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rooms: dict[str, Room] = {}

    def join(self, room: str, name: str, client: socket.socket) -> None:
        """Make `name` a member of `room`."""
        with self.lock:
            self.rooms.setdefault(room, Room()).members[name] = client

    def leave_all(self, name: str) -> None:
        """Take `name` out of every room."""
        with self.lock:
            for room in self.rooms.values():
                room.members.pop(name, None)

    def publish(self, sender: str, request: dict[str, Any]) -> None:
        """Send a text to all other members of its room, and its ACK to the sender."""
        with self.lock:
            room = self.rooms[request["room"]]
            room.last_id += 1
            stamp = {"room": request["room"], "id": room.last_id, "ts": round(time.time(), 3)}
            line = encode({"type": "MSG", **stamp, "from": sender, "text": request["text"]})
            if "ref" in request:
                room.members[sender].sendall(encode({"type": "ACK", "ref": request["ref"], **stamp}))
            for name, member in list(room.members.items()):
                if name != sender:
                    self.send_or_forget(room, name, member, line)

    def send_or_forget(self, room: Room, name: str, member: socket.socket, line: bytes) -> None:
        """Send one line; a member whose connection is broken leaves the room."""
        try:
            member.sendall(line)
        except OSError:
            room.members.pop(name, None)


class ClientThread(threading.Thread):
    """Reads one client's lines and obeys them."""

    def __init__(self, server: Server, client: socket.socket) -> None:
        super().__init__(daemon=True)  # ends with the process
        self.server = server
        self.client = client
        self.name_in_chat = ""

    def run(self) -> None:
        """Serve the client until it goes."""
        try:
            self.client.sendall(encode({"type": "REG_NAME", "protocol": 1}))
            for line in self.client.makefile("rb"):
                self.obey(json.loads(line))
        except (OSError, ValueError, KeyError):
            pass
        finally:
            self.server.leave_all(self.name_in_chat)
            self.client.close()

    def obey(self, request: dict[str, Any]) -> None:
        """Do what one request asks."""
        match request["type"]:
            case "REG_NAME":
                self.name_in_chat = request["name"]
                self.client.sendall(encode({"type": "WELCOME", "name": self.name_in_chat}))
            case "JOIN":
                self.server.join(request["room"], self.name_in_chat, self.client)
            case "MSG":
                self.server.publish(self.name_in_chat, request)
            case "PING":
                self.client.sendall(encode({"type": "PONG"}))


def listen(port: int) -> socket.socket:
    """Listen on the loopback interface; 0 picks a free port."""
    return socket.create_server(("127.0.0.1", port), backlog=LISTEN_BACKLOG)


def main() -> None:
    """Accept clients until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (0: any free one)")
    listener = listen(parser.parse_args().port)
    print(json.dumps({"event": "listening", "port": listener.getsockname()[1]}), flush=True)
    server = Server()
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ClientThread(server, client).start()


if __name__ == "__main__":
    main()
