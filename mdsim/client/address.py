"""Where a server is, and what may be sent there."""

from __future__ import annotations

import ipaddress
import string
from dataclasses import dataclass
from urllib.parse import urlsplit

from mdsim.client.failures import AddressError
from mdsim.core.spelling import shown

PORT = 8082
_PRINTABLE = frozenset(string.ascii_letters + string.digits + string.punctuation)


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address; ``host`` has brackets around an IPv6 address."""

    secure: bool
    host: str
    port: int

    @property
    def http(self) -> str:
        """The origin for requests."""
        return f"http{'s' if self.secure else ''}://{self.host}:{self.port}"

    @property
    def ws(self) -> str:
        """The origin for streams."""
        return f"ws{'s' if self.secure else ''}://{self.host}:{self.port}"


def parse(url: str, *, insecure: bool = False) -> Address:
    """Read ``http://127.0.0.1:8082``; without a scheme it is http, without a port 8082 (https: 443).

    Args:
        url: may end in a slash, but has no path, query or user.
        insecure: allow plain http beyond loopback, where others can read and change what is sent.

    Raises:
        AddressError: it is no address of a server, or plain http would leave this machine.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.username is not None or parts.password is not None:  # not shown: it may be a secret
        raise AddressError("MD500", "the address holds a user or password", hint="give a token instead")
    whole = parts.scheme in ("http", "https") and host and not (parts.query or parts.fragment)
    if not whole or parts.path not in ("", "/") or not _is_host(host):
        raise AddressError(
            "MD500", f"{shown(url)} is no address of a server", hint="write it as http://127.0.0.1:8082"
        )
    secure = parts.scheme == "https"
    if not (secure or insecure or is_loopback(host)):
        raise AddressError(
            "MD501",
            f"plain http to {host} can be read and changed on the way",
            hint="use https, or allow it on a network that you trust: --insecure, or insecure=True",
        )
    return Address(secure, f"[{host}]" if ":" in host else host, port or (443 if secure else PORT))


def is_loopback(host: str) -> bool:
    """Whether a name or address means this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_token(token: str | None) -> str:
    """A token as it may stand in a header; empty for none.

    Raises:
        AddressError: it holds what no header may hold; the message does not show it.
    """
    if token and not _PRINTABLE.issuperset(token):
        raise AddressError(
            "MD502",
            "the token holds a blank, a line break or a sign outside ASCII",
            hint="copy the server's CHAOS_TOKEN without blanks around it",
        )
    return token or ""


def _is_host(host: str) -> bool:
    return host.isascii() and all(sign.isalnum() or sign in "-._:%" for sign in host)
