"""From an address to a connected stream: TLS or loopback, a proxy on the way, nothing in clear abroad."""

from __future__ import annotations

import base64
import ipaddress
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import trio

from mdsim.core.errors import UsageError
from mdsim.core.spelling import shown

SECURE = ("wss", "https")
PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
_HEAD_MOST = 16_384


class ConnectError(Exception):
    """No connection came about; the text is for people and holds no secret."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a provider is; ``target`` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def secure(self) -> bool:
        return self.scheme in SECURE

    @property
    def authority(self) -> str:
        """Host and port, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


Opener = Callable[[Address], Awaitable[trio.abc.Stream]]
"""Opens a stream to an address, ready for HTTP; raises ``ConnectError`` or ``OSError``."""


def read_address(url: str) -> Address:
    """Take an address apart.

    Raises:
        UsageError: it is none, holds a user or password, or would send in clear beyond this machine.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.username is not None or parts.password is not None:  # not shown: it may be a secret
        message = "the address of a source holds a user or password"
        raise UsageError("MD612", message, hint="give the key as api_key instead")
    if parts.scheme not in PORTS or not host:
        message = f"{shown(url)} is no address of a source"
        raise UsageError("MD612", message, hint="write it as wss://host/path or https://host/path")
    if parts.scheme not in SECURE and not is_loopback(host):
        message = f"{parts.scheme} to {host} sends keys and prices in clear over the network"
        raise UsageError("MD613", message, hint=f"write {parts.scheme}s://…")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme, host, port or PORTS[parts.scheme], target)


def is_loopback(host: str) -> bool:
    """Whether a name or address means this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_for(address: Address, proxies: Mapping[str, str]) -> str:
    """The proxy's address for a connection, empty for none; this machine is always reached directly.

    Args:
        address: where to.
        proxies: as ``urllib.request.getproxies_environment`` gives them: https, http, all, no.
    """
    if is_loopback(address.host) or _excepted(address, proxies.get("no", "")):
        return ""
    return proxies.get("https" if address.secure else "http", "") or proxies.get("all", "")


def _excepted(address: Address, exceptions: str) -> bool:
    """Whether ``NO_PROXY`` names a host: itself, a domain above it, with or without the port, or ``*``."""
    for entry in exceptions.replace(",", " ").lower().split():
        name = entry.removeprefix("*").removeprefix(".")
        for known in (address.host, address.authority):
            if entry == "*" or known == name or known.endswith(f".{name}"):
                return True
    return False


class Connector:
    """Opens streams for real; ``tls`` must verify, as ``ssl.create_default_context()`` does."""

    def __init__(self, tls: ssl.SSLContext, proxies: Mapping[str, str]) -> None:
        self._tls = tls
        self._proxies = proxies

    async def __call__(self, address: Address) -> trio.abc.Stream:
        """Open one.

        Raises:
            ConnectError: the proxy refuses or cannot be used.
            OSError: nobody answers.
        """
        proxy = proxy_for(address, self._proxies)
        stream = await (self._by_proxy(address, proxy) if proxy else _plain(address.host, address.port))
        return await self._secured(stream, address.host) if address.secure else stream

    async def _secured(self, stream: trio.abc.Stream, host: str) -> trio.abc.Stream:
        secured = trio.SSLStream(stream, self._tls, server_hostname=host, https_compatible=True)
        try:
            await secured.do_handshake()
        except trio.BrokenResourceError as error:
            await trio.aclose_forcefully(stream)
            cause = error.__cause__
            why = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else "no TLS"
            raise ConnectError(f"{host} is not to be trusted: {why}") from error
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return secured

    async def _by_proxy(self, address: Address, proxy: str) -> trio.abc.Stream:
        """A tunnel through an HTTP proxy."""
        try:
            parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
            host, port = parts.hostname or "", parts.port
        except ValueError:
            parts, host, port = urlsplit(""), "", None
        if parts.scheme not in ("http", "https") or not host:
            raise ConnectError(
                "the proxy of the environment is no http proxy"
            )  # not shown: may hold a password
        stream = await _plain(host, port or PORTS[parts.scheme])
        if parts.scheme == "https":
            stream = await self._secured(stream, host)
        lines = [f"CONNECT {address.authority} HTTP/1.1", f"Host: {address.authority}"]
        if parts.username is not None:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            lines.append(f"Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}")
        try:
            await stream.send_all("\r\n".join([*lines, "", ""]).encode())
            head = b""
            while b"\r\n\r\n" not in head:
                more = await stream.receive_some(4_096)
                if not more or len(head) > _HEAD_MOST:
                    raise ConnectError(f"the proxy {host} does not answer as a proxy")
                head += bytes(more)
            first = head.split(b"\r\n", 1)[0].split()
            if len(first) < 2 or not first[0].startswith(b"HTTP/1.") or not first[1].startswith(b"2"):
                status = first[1].decode("ascii", "replace") if len(first) > 1 else "nothing readable"
                raise ConnectError(f"the proxy {host} refuses the way to {address.host}: {shown(status)}")
        except BaseException as error:
            await trio.aclose_forcefully(stream)
            if isinstance(error, trio.BrokenResourceError):
                raise ConnectError(f"the proxy {host} broke the connection") from error
            raise
        return stream


async def _plain(host: str, port: int) -> trio.abc.Stream:
    return await trio.open_tcp_stream(host, port)
