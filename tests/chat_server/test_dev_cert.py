"""The throw-away certificate: good for this machine, for nobody else's eyes, never over another."""

import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from chat_server import dev_cert
from chat_server.errors import OperatorError


def test_it_makes_three_files_and_says_what_next(tmp_path: Path) -> None:
    """The key is for its owner alone."""
    folder = tmp_path / "new" / "tls"
    said = dev_cert.make(folder)
    assert sorted(each.name for each in folder.iterdir()) == ["ca.pem", "cert.pem", "key.pem"]
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    assert f"chat-server --tls-cert {folder}/cert.pem --tls-key {folder}/key.pem" in said
    assert f"chat-client --tls-ca {folder}/ca.pem" in said


def test_it_is_for_this_machine(tmp_path: Path) -> None:
    """By its names and addresses, for a server, and signed by the CA."""
    dev_cert.make(tmp_path)
    cert = x509.load_pem_x509_certificate((tmp_path / "cert.pem").read_bytes())
    ca = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())
    cert.verify_directly_issued_by(ca)
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "server"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert (cert.not_valid_after_utc - cert.not_valid_before_utc).days == dev_cert.VALID_DAYS


def test_openssl_takes_it_to_the_letter(tmp_path: Path) -> None:
    """Also where certificates are checked strictly (RFC 5280), as Python 3.13 does by default."""
    dev_cert.make(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    client.load_verify_locations(tmp_path / "ca.pem")
    one, other = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(one, other, server_hostname="localhost"),
        server.wrap_bio(other, one, True),
    )  # ssl's own signature
    for _ in range(2):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert ends[0].version() == "TLSv1.3"


@pytest.mark.parametrize("name", dev_cert.FILES)
def test_it_writes_over_nothing(tmp_path: Path, name: str) -> None:
    """One file that is there is enough, even a link to nowhere; then none is made."""
    (tmp_path / name).symlink_to("nowhere")
    with pytest.raises(OperatorError, match=f"{name} is there already; give another directory"):
        dev_cert.make(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    """It says so, and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match=r"cannot write to .*; give another"):
        dev_cert.make(tmp_path / "file")
