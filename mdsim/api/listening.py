"""Listening sockets of our own: plain and non-blocking, so that the hub can send without a task."""

from __future__ import annotations

import errno
import resource
import socket

import trio

from mdsim.core.errors import UsageError

BACKLOG = 4_096
_SPARE_DESCRIPTORS = 128
"""Left for files, sources, gRPC and what the process opens beside its readers."""


def host_and_port(host: str, port: int) -> str:
    """A host and its port as an address has them: IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def listen(host: str, port: int) -> list[socket.socket]:
    """Bind every address of a host to one port; port 0 takes a free one.

    Raises:
        UsageError: the address does not exist here, the port is taken, or it needs rights.
    """
    sockets: list[socket.socket] = []
    try:
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            taken = sockets[0].getsockname()[1] if sockets else port
            sockets.append(_bound(socket.AddressFamily(family), (str(address[0]), taken)))
    except OSError as error:
        for sock in sockets:
            sock.close()
        hint = "give another port with --port" if error.errno == errno.EADDRINUSE else "give another --bind"
        raise UsageError(
            "MD417", f"cannot listen on {host}:{port}: {error.strerror or error}", hint=hint
        ) from error
    return sockets


def _bound(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def most_connections(asked: int) -> int:
    """As many connections as are asked for, or as the process may have descriptors."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return asked
    return max(1, min(asked, soft - _SPARE_DESCRIPTORS))
