"""A certificate to try TLS with: for this machine alone, from a CA that signs nothing else."""

import datetime as dt
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chat_server.errors import OperatorError

#: For how many days it is valid.
VALID_DAYS = 90
#: Whom it is for: this machine, and the name that the server has for others of a Compose file.
HOSTS = ("localhost", "server")
ADDRESSES = ("127.0.0.1", "::1")
FILES = ("ca.pem", "cert.pem", "key.pem")


def make(directory: Path) -> str:
    """Write `ca.pem`, `cert.pem` and `key.pem`; return what to do with them.

    The CA's own key is thrown away. Raises `OperatorError`, also if one of the files is there.
    """
    now = dt.datetime.now(dt.UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name, name = _name("threaded-chat, to try TLS with"), _name("localhost")
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key(), ca_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in HOSTS]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES]
    cert = (
        _builder(name, ca_name, key.public_key(), ca_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = serialization.Encoding.PEM
    _write(directory, (ca.public_bytes(pem), cert.public_bytes(pem), private))
    return (
        f"made {', '.join(FILES)} in {directory}: for localhost, {VALID_DAYS} days, to try TLS with. Next:\n"
        f"  chat-server --tls-cert {directory / 'cert.pem'} --tls-key {directory / 'key.pem'}\n"
        f"  chat-client --tls-ca {directory / 'ca.pem'} --name dave"
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
) -> x509.CertificateBuilder:
    """Return a certificate with what every one has (RFC 5280, 4.1 and 4.2.1)."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))  # a clock that is a little behind
        .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(directory: Path, contents: tuple[bytes, ...]) -> None:
    """Write all the files, the key for its owner's eyes alone, or none over one that is there."""
    there = [name for name in FILES if os.path.lexists(directory / name)]
    if there:
        raise OperatorError(f"{directory / there[0]} is there already; give another directory, or remove it")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in zip(FILES, contents, strict=True):
            mode = 0o600 if name == "key.pem" else 0o644
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(directory / name, flags, mode), "wb") as file:
                file.write(content)
    except OSError as error:
        raise OperatorError(
            f"cannot write to {directory}: {error.strerror}; give another directory"
        ) from None
