"""Certificates for tests of TLS, made once for a run."""

import datetime as dt
import functools
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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


def client_files(folder: Path, *names: str) -> Path:
    """Make a CA, `ca.pem`, and a certificate and key of it for a client with these common names: its path."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's CA")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each) for each in names])
    ca = _builder(authority, authority, ca_key).add_extension(
        x509.BasicConstraints(True, None), critical=True
    )
    (folder / "ca.pem").write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    made_ = _builder(subject, authority, key).sign(ca_key, hashes.SHA256())
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "client.pem"
    path.write_bytes(made_.public_bytes(serialization.Encoding.PEM) + private)
    return path


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )
