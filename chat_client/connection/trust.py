"""Whom the client trusts over TLS, and with which certificate it shows who it is itself."""

import ssl
from collections.abc import Callable

from chat_client.errors import SetupError
from chat_client.terms import reason


def trust(ca: str | None, cert: str | None, key: str | None, *, verified: bool) -> ssl.SSLContext:
    """Return what connections use: the system's CAs, or those of the file `ca`.

    Not `verified` takes any certificate. Raises `SetupError` with what to do about a file.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca is None:
        context.load_default_certs()
    else:
        _load(ca, "--tls-ca", lambda: context.load_verify_locations(ca))
    if cert is not None:
        _load(cert, "--tls-cert", lambda: context.load_cert_chain(cert, key, password=_no_password))
    elif key is not None:
        raise SetupError("--tls-key needs the certificate that it belongs to: give --tls-cert too")
    return context


def _load(path: str, option: str, load: Callable[[], None]) -> None:
    try:
        load()
    except ssl.SSLError:
        raise SetupError(f"{option}: {path} has no certificate that can be used; give a PEM file") from None
    except OSError as error:
        raise SetupError(f"{option}: cannot read {path}: {reason(error)}") from None


def _no_password() -> str:
    raise SetupError("--tls-key: the key has a password; give one without")
