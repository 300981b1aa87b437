"""The stack with deploy/private.yml: TLS, accounts, an operator."""

import json
import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.integration.conftest import ROOT, new_stack
from tests.integration.stack import Stack
from tests.support.peer import Address, Frame, Peer

OPERATOR = "operator"
FILES = "COMPOSE_FILE=docker-compose.yml:deploy/private.yml"


class SecurePeer(Peer):
    """A connection over TLS to a server on this machine, whose certificate is checked."""

    def __init__(self, address: Address, ca: str, timeout: float = 20.0) -> None:
        super().__init__(address, timeout)
        context = ssl.create_default_context(cadata=ca)
        try:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        except BaseException:
            self.close()
            raise

    def refused(self, kind: str, **fields: object) -> Frame:
        """Send a frame that must be answered with an error; return that."""
        if kind == "REG_NAME":
            self.send(kind, **fields)
            return self.until("ERROR")
        ref = secrets.token_hex(4)
        self.send(kind, ref=ref, **fields)
        return self.until("ERROR", ref=ref)


@dataclass(frozen=True)
class Private:
    """A running private stack, and how to get into it."""

    stack: Stack
    ca: str
    address: Address

    def add(self, name: str) -> str:
        """Make an account with `docker compose exec`; return its password."""
        password = secrets.token_urlsafe(12)
        command = ("exec", "-T", "server", "chat-server", "user", "add", name)
        done = self.stack.run(*command, stdin=f"{password}\n".encode())
        assert done.returncode == 0, done.stderr.decode()
        return password

    def stranger(self) -> SecurePeer:
        """Return a connection without a name."""
        return SecurePeer(self.address, self.ca)

    def member(self, name: str, password: str) -> SecurePeer:
        """Return somebody who logged in."""
        peer = self.stranger()
        peer.register(name, password=password)
        return peer

    def operator(self) -> SecurePeer:
        """Return the operator, with the password that the stack made."""
        return self.member(OPERATOR, password_of_operator(self.stack))


def password_of_operator(stack: Stack) -> str:
    """Return the operator's password, read as deploy/private.yml says."""
    path = f"/private/operator/{OPERATOR}"
    done = stack.run("run", "--rm", "-T", "--entrypoint", "cat", OPERATOR, path)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


@contextmanager
def private_stack(*settings: str) -> Iterator[Private]:
    """Bring the private stack up as its users do; remove it in the end."""
    with new_stack(FILES, *settings) as stack:
        stack.starts("up", "-d", "--wait")
        yield entered(stack)


def entered(stack: Stack) -> Private:
    """Return what it takes to get into a private stack that runs."""
    path = "/private/trust/ca.pem"
    ca = stack.run("run", "--rm", "-T", "--no-deps", "--entrypoint", "cat", "client", path).stdout.decode()
    return Private(stack, ca, ("127.0.0.1", stack.port("server", 9090)))


def configured(*settings: str) -> dict[str, dict[str, object]]:
    """Return the services that Compose makes of both files, with every profile."""
    stack = Stack(ROOT, (FILES, *settings))
    told = stack.run("--profile", "*", "config", "--format", "json")
    assert told.returncode == 0, told.stderr.decode()
    services: dict[str, dict[str, object]] = json.loads(told.stdout)["services"]
    return services
