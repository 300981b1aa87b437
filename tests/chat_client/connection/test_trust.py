"""Whom the client trusts: everybody's CAs, one's own, or, said aloud, anybody."""

import ssl
from pathlib import Path

import pytest

from chat_client.connection.trust import trust
from chat_client.errors import SetupError
from tests.support.certificates import made


def test_by_default_certificates_and_names_are_checked() -> None:
    """Against the system's CAs, with TLS 1.2 at least."""
    context = trust(None, None, None, verified=True)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_ca_of_one_s_own_stands_alone() -> None:
    """No other is trusted beside it."""
    context = trust(str(made() / "ca.pem"), None, None, verified=True)
    assert len(context.get_ca_certs()) == 1
    assert context.check_hostname


def test_nothing_is_checked_only_if_that_was_asked_for() -> None:
    """Not the certificate, not its name."""
    context = trust(None, None, None, verified=False)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


def test_a_certificate_of_one_s_own() -> None:
    """With its key beside it or in the same file."""
    cert, key = made() / "cert.pem", made() / "key.pem"
    trust(None, str(cert), str(key), verified=True)


@pytest.mark.parametrize(
    ("ca", "cert", "key", "why"),
    [
        ("nowhere.pem", None, None, r"--tls-ca: cannot read nowhere\.pem: "),
        (__file__, None, None, "--tls-ca: .* has no certificate that can be used"),
        (None, "nowhere.pem", None, "--tls-cert: cannot read nowhere"),
        (None, __file__, None, "--tls-cert: .* has no certificate"),
        (None, None, "key.pem", "--tls-key needs the certificate"),
    ],
)
def test_files_that_are_no_good(ca: str | None, cert: str | None, key: str | None, why: str) -> None:
    """Each is named, with its option."""
    with pytest.raises(SetupError, match=why):
        trust(ca, cert, key, verified=True)


def test_a_key_with_a_password_is_not_asked_for(tmp_path: Path) -> None:
    """A program has nobody to ask."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415  # this test alone needs it

    key = serialization.load_pem_private_key((made() / "key.pem").read_bytes(), None)
    locked = tmp_path / "key.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(SetupError, match="password; give one without"):
        trust(None, str(made() / "cert.pem"), str(locked), verified=True)
