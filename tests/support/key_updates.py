"""A TLS 1.3 client that sends what no TLS library sends: requests for new keys, as many as one likes.

It does the handshake with the standard library, which writes down the secret of the connection, and encrypts
its own records from then on (RFC 8446, 4.6.3, 5.2, 7.1 to 7.3).
"""

import contextlib
import socket
import ssl
import struct
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tests.support.certificates import client_context

#: A handshake message: key_update, one byte, update_requested.
KEY_UPDATE = b"\x18\x00\x00\x01\x01"
HANDSHAKE, DATA = b"\x16", b"\x17"


class Rekeying:
    """The client's sending half, from the end of the handshake on."""

    def __init__(self, sock: socket.socket, folder: Path) -> None:
        """Do the handshake; `folder` is for the secret."""
        context = client_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.keylog_filename = str(folder / "keys")
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        stream = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        agreed = False
        while not agreed:
            with contextlib.suppress(ssl.SSLWantReadError):
                stream.do_handshake()
                agreed = True
            sock.sendall(outgoing.read())
            if not agreed:
                incoming.write(sock.recv(1 << 16))
        cipher = stream.cipher()
        assert cipher is not None
        assert cipher[0] == "TLS_AES_256_GCM_SHA384"
        context.keylog_filename = None  # type: ignore[assignment]  # closes the file
        (line,) = [
            each
            for each in (folder / "keys").read_text(encoding="ascii").splitlines()
            if each.startswith("CLIENT_TRAFFIC_SECRET_0 ")
        ]
        self._secret = bytes.fromhex(line.split()[2])
        self._begin()

    def request(self) -> bytes:
        """Return a record that asks for new keys; what comes after it has them."""
        record = self._encrypted(KEY_UPDATE + HANDSHAKE)
        self._secret = self._derived(b"traffic upd", 48)
        self._begin()
        return record

    def data(self, data: bytes) -> bytes:
        """Return a record with data."""
        return self._encrypted(data + DATA)

    def _begin(self) -> None:
        self._cipher = AESGCM(self._derived(b"key", 32))
        self._start = int.from_bytes(self._derived(b"iv", 12), "big")
        self._sequence = 0

    def _encrypted(self, inner: bytes) -> bytes:
        head = b"\x17\x03\x03" + struct.pack("!H", len(inner) + 16)
        nonce = (self._start ^ self._sequence).to_bytes(12, "big")
        self._sequence += 1
        return head + self._cipher.encrypt(nonce, inner, head)

    def _derived(self, label: bytes, size: int) -> bytes:
        info = struct.pack("!HB", size, 6 + len(label)) + b"tls13 " + label + b"\0"
        return HKDFExpand(SHA384(), size, info).derive(self._secret)
