"""The servers under test, each with its configuration."""

from bench.peers.base import Peer
from bench.peers.chat import DIRECTORY, ChatServer
from bench.peers.inspircd import InspIrcd
from bench.peers.limit import Limit
from bench.peers.mosquitto import Mosquitto
from bench.peers.naive import Naive
from bench.peers.nats import Nats, NatsTls
from bench.peers.ngircd import NgIrcd
from bench.peers.redis import Redis
from bench.peers.websocket import Websockets, Ws

STORED = ("--journal", f"sqlite:{DIRECTORY}/chat.db")

ENCRYPTED = ("--tls-cert", f"{DIRECTORY}/tls/cert.pem", "--tls-key", f"{DIRECTORY}/tls/key.pem")

PEERS: tuple[Peer, ...] = (
    ChatServer(),
    Nats(),
    Redis(),
    NgIrcd(),
    Mosquitto(),
    Naive(),
    Limit(),
    ChatServer("chat-server, TLS", ENCRYPTED, tls=True),
    NatsTls(),
    ChatServer("chat-server, IRC", protocol="irc"),
    InspIrcd(),
    ChatServer("chat-server, WebSocket", protocol="websocket"),
    Websockets(),
    Ws(),
    ChatServer("everything on", STORED, scraped=True),
    ChatServer("everything off", ("--journal", "memory", "--log-level", "error")),
    ChatServer("memory", ("--journal", "memory")),
    ChatServer("sqlite, none", (*STORED, "--durability", "none")),
    ChatServer("sqlite, os", (*STORED, "--durability", "os")),
    ChatServer("sqlite, fsync", (*STORED, "--durability", "fsync")),
)
