"""The server's port, open before there is anything to serve: who asks is told why."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import trio
import typer

from mdsim.api.anteroom import Anteroom
from mdsim.api.listening import host_and_port, listen
from mdsim.config.settings import Settings
from mdsim.run.clock import utc_ns


@asynccontextmanager
async def bound(settings: Settings) -> AsyncIterator[Sequence[socket.socket]]:
    """The sockets of the configured port; closed at the end, whoever took them over.

    Raises:
        UsageError: the address cannot be bound.
    """
    listening = await listen(settings.server.bind, settings.server.port)
    try:
        yield listening
    finally:
        for sock in listening:
            sock.close()


@asynccontextmanager
async def answered(
    listening: Sequence[socket.socket], reason: Callable[[], str], tls: ssl.SSLContext | None
) -> AsyncIterator[None]:
    """Answer whoever comes with the reason, while the block runs."""
    room = Anteroom(reason, utc_ns, tls)
    async with trio.open_nursery() as nursery:
        await nursery.start(room.serve, listening)
        yield
        room.leave()


def announce(settings: Settings, listening: Sequence[socket.socket]) -> None:
    """Say that it takes a while, where it does."""
    names = [source.name for source in settings.sources if not source.off]
    if names:
        scheme = "https" if settings.server.tls_cert else "http"
        host, port = listening[0].getsockname()[:2]
        health = f"{scheme}://{host_and_port(host, port)}/health"
        typer.echo(
            f"waiting for the first prices of {', '.join(names)}; {health} tells how they do", err=True
        )
