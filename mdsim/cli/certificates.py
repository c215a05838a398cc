"""The server's certificate and key: read for gRPC, loaded for HTTP and WebSocket."""

from __future__ import annotations

import ssl
from pathlib import Path

from mdsim.config.settings import Settings
from mdsim.core.errors import UsageError


def pem_of(settings: Settings) -> tuple[bytes, bytes] | None:
    """Key and certificate chain as they stand in their files, None for a plain port.

    Raises:
        UsageError: one of them cannot be read.
    """
    server = settings.server
    if server.tls_cert is None or server.tls_key is None:
        return None
    try:
        return Path(server.tls_key).read_bytes(), Path(server.tls_cert).read_bytes()
    except OSError as error:
        raise UsageError(
            "MD520", f"{error.filename} cannot be read: {error.strerror}", hint="name PEM files"
        ) from None


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """What encrypts the port, None for a plain one.

    Raises:
        UsageError: certificate or key cannot be read.
    """
    server = settings.server
    if server.tls_cert is None or server.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(server.tls_cert, server.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            "MD520",
            f"{server.tls_cert} and {server.tls_key} are no certificate with its key: {error}",
            hint="name a certificate chain and its private key, both in PEM",
        ) from None
    return context
