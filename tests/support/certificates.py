"""Certificates for tests of TLS, made once for a run."""

import functools
import ssl
import tempfile
from pathlib import Path

from chat_server import dev_cert


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="chat-tls-")
    dev_cert.make(Path(folder.name))
    return folder


def made() -> Path:
    """Return a folder with `ca.pem`, `cert.pem` and `key.pem`."""
    return Path(_folder().name)


def server_context() -> ssl.SSLContext:
    """Return what a server with that certificate uses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made() / "cert.pem", made() / "key.pem")
    context.num_tickets = 0
    return context


def client_context() -> ssl.SSLContext:
    """Return what a client uses that trusts the CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(made() / "ca.pem")
    return context
