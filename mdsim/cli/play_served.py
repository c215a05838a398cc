"""A playbook whose prices are served while it plays, over HTTP, WebSocket and gRPC."""

from __future__ import annotations

import os
import signal

import trio
import typer

from mdsim.cli import wiring
from mdsim.cli.markets import tape_settings
from mdsim.cli.own_run import OwnRun
from mdsim.cli.server import Server
from mdsim.config.load import load
from mdsim.config.settings import Settings
from mdsim.core.serving import RunInfo
from mdsim.publish.scenario_events import ScenarioEvents
from mdsim.run.result import RunResult, Verdict
from mdsim.run.runner import RUN
from mdsim.run.staged import StagedMarket
from mdsim.telemetry.logs import standard_logs_into

_LOG_LEVEL = "MARKET_DATA_LOG_LEVEL"


def play(run: OwnRun) -> None:
    """Serve the market, play the plan on it, tell the result, and stop, or go on until Ctrl-C.

    Raises:
        MdsimError: it cannot run, or cannot be served.
    """
    try:
        trio.run(_serve, run)
    finally:
        run.close()  # for what failed before the plan began


async def _serve(run: OwnRun) -> None:
    await _Served(run).play()


class _Served:
    def __init__(self, run: OwnRun) -> None:
        self._run = run
        self._request = run.job.request
        settings = _settings(self._request.port, self._request.grpc_port)
        self._market = StagedMarket(
            run.plan,
            run.feed,
            run.settings,
            wiring.effects(),
            wiring.curves(),
            run.followers.observers,
            run.samplers,
            tape_settings(settings),
        )
        self._settings = settings

    async def play(self) -> None:
        server = Server(self._settings, self._run.settings.seed, self._market)
        self._run.followers.observers.append(
            ScenarioEvents(server.events, self._info(), lambda: self._market.engine.market.now_ns)
        )
        with standard_logs_into(server.telemetry.log):
            async with trio.open_nursery() as nursery:
                await nursery.start(server.serve)
                self._greet(server)
                result = await self._perform()
                self._run.tell(result)
                if self._request.linger and result.verdict is not Verdict.ABORTED:
                    await self._linger()
                server.stop()

    async def _perform(self) -> RunResult:
        try:
            with self._run.followers:
                self._market.begin()
                await self._market.played.wait()
        finally:
            self._run.close()
        assert self._market.result is not None
        return self._market.result

    async def _linger(self) -> None:
        typer.echo("the market goes on without the playbook; Ctrl-C ends it", err=True)
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                return

    def _greet(self, server: Server) -> None:
        """Say where; on stdout only where nobody reads results from it."""
        speed = self._run.settings.speed or 1.0
        pace = "in real time" if speed == 1 else f"{speed:g} times as fast as real time"
        lines = [*server.greeting(), f"  plays      {self._run.plan.name}, {pace}"]
        typer.echo("\n".join(lines), err=self._request.style != "full")

    def _info(self) -> RunInfo:
        plan, start_ns = self._run.plan, self._run.feed.start_ns
        return RunInfo(
            scenario_id=RUN,
            scenario_type="playbook",
            playbook=plan.name,
            state="running",
            phase="",
            symbols=plan.symbols,
            effects=(),
            started_ns=start_ns,
            at_ns=0,
            ends_ns=start_ns + plan.expected_ns,
            verdict="",
            reason="",
            plan=None,
        )


def _settings(port: int | None, grpc_port: int | None) -> Settings:
    """Those of the environment; only errors are logged without a word from it: stderr is a screen here."""
    given = {"--port": port, "--grpc-port": grpc_port}
    flags = {name: str(value) for name, value in given.items() if value is not None}
    environ = {_LOG_LEVEL: "error", **os.environ}
    settings = load(None, environ, flags)
    for sheet in settings.warnings:
        typer.echo(sheet.render(), err=True)
    return settings
