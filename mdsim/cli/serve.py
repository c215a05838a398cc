"""``mdsim serve``: a live market for everyone who reads, over HTTP, WebSocket and gRPC."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mdsim.cli import config
from mdsim.cli.spans import span_ns

if TYPE_CHECKING:
    from mdsim.cli.replaying import ReplayRequest
    from mdsim.config.settings import Settings

SPEED_MOST = 1_000.0


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
    replay: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Serve what 'mdsim record' wrote, as if it came now."),
    ] = None,
    speed: Annotated[
        float | None, typer.Option(metavar="X", help="With --replay: so many times as fast as it came.")
    ] = None,
    seek: Annotated[
        str | None, typer.Option(metavar="DURATION", help="With --replay: begin so far into it, such as 5m.")
    ] = None,
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
    trio.run(server.run, _settings(file, flags), seed, _replay(replay, speed, seek))


def _replay(path: Path | None, speed: float | None, seek: str | None) -> ReplayRequest | None:
    from mdsim.cli.replaying import ReplayRequest
    from mdsim.core.errors import UsageError
    from mdsim.core.time import DAY

    if path is None:
        for option, given in (("--speed", speed), ("--seek", seek)):
            if given is not None:
                message = f"{option} says something about --replay, which is not given"
                raise UsageError("MD336", message, hint="add --replay with a recording")
        return None
    if speed is not None and not 0.01 <= speed <= SPEED_MOST:  # NaN fails both
        raise UsageError(
            "MD336", f"--speed {speed:g} is out of bounds", hint=f"write one from 0.01 to {SPEED_MOST:g}"
        )
    seek_ns = 0 if seek is None else span_ns("--seek", seek, 0, 365 * DAY)
    return ReplayRequest(path, 1.0 if speed is None else speed, seek_ns)


def _settings(file: str | None, flags: dict[str, str]) -> Settings:
    from mdsim.cli.live_sources import unopenable
    from mdsim.config.load import load

    raw = config.read(file) if file else None
    settings = load(raw, os.environ, flags, file or "config.yaml", unopenable)
    for sheet in settings.warnings:
        typer.echo(sheet.render(), err=True)
    return settings
