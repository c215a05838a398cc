"""``mdsim serve``: a live market for everyone who reads, over HTTP, WebSocket and gRPC."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from mdsim.cli import config

if TYPE_CHECKING:
    from mdsim.config.settings import Settings


def serve(
    file: Annotated[
        str | None,
        typer.Option("--config", metavar="FILE", help="A configuration; without one, defaults serve."),
    ] = None,
    bind: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(metavar="N", help="HTTP and WebSocket; 0 takes a free one.")
    ] = None,
    grpc_port: Annotated[int | None, typer.Option(metavar="N", help="gRPC; 0 takes a free one.")] = None,
    tick_frequency_ms: Annotated[
        str | None, typer.Option(metavar="MS", help="Milliseconds between two publications.")
    ] = None,
    max_subscribers: Annotated[
        int | None, typer.Option(metavar="N", help="Readers that one instrument may have.")
    ] = None,
    tls_cert: Annotated[str | None, typer.Option(metavar="FILE", help="Certificate chain in PEM.")] = None,
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="Its private key.")] = None,
    log_level: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="Least that is logged: debug, info, warning, error.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Root of every random draw of the market.")] = 1,
) -> None:
    """Serve a live market until Ctrl-C or SIGTERM; needs no configuration, no key and no network."""
    import trio

    from mdsim.cli import server

    given = {
        "--bind": bind,
        "--port": port,
        "--grpc-port": grpc_port,
        "--tick-frequency-ms": tick_frequency_ms,
        "--max-subscribers": max_subscribers,
        "--tls-cert": tls_cert,
        "--tls-key": tls_key,
        "--log-level": log_level,
    }
    flags = {name: str(value) for name, value in given.items() if value is not None}
    trio.run(server.run, _settings(file, flags), seed)


def _settings(file: str | None, flags: dict[str, str]) -> Settings:
    from mdsim.config.load import load

    raw = config.read(file) if file else None
    settings = load(raw, os.environ, flags, file or "config.yaml")
    for sheet in settings.warnings:
        typer.echo(sheet.render(), err=True)
    return settings
