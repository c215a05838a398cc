"""Everything that serves, put together: market, hub, HTTP, WebSocket, gRPC; how it starts and stops."""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import trio
import typer

from mdsim import __version__
from mdsim.api.asks import AskReader
from mdsim.api.chaos import chaos_routes
from mdsim.api.debug import SourceStatus
from mdsim.api.fault_timer import FaultTimer
from mdsim.api.front_door import FrontDoor
from mdsim.api.grpc_calls import unwatched
from mdsim.api.grpc_limits import GrpcLimits
from mdsim.api.grpc_server import GrpcServer
from mdsim.api.guard import Security
from mdsim.api.http import HttpServer
from mdsim.api.listening import host_and_port, listen
from mdsim.api.replay import replay_routes
from mdsim.api.rest import make_app
from mdsim.api.tickets import Tickets
from mdsim.api.websocket import WebSockets
from mdsim.chaos.pipeline import chosen, make_pipeline
from mdsim.cli import early_port, heap, library, wiring
from mdsim.cli.certificates import pem_of, tls_of
from mdsim.cli.connections import Connections
from mdsim.cli.markets import Opened, open_market, synthetic
from mdsim.cli.replaying import Replay, ReplayRequest
from mdsim.cli.server_telemetry import Telemetry
from mdsim.cli.source_watch import SourceWatch
from mdsim.config.settings import Settings
from mdsim.consensus.room import Consensus
from mdsim.core.serving import Published
from mdsim.engine.agreed import AgreedFeed
from mdsim.publish.disturber import Disturber
from mdsim.publish.event_desk import EventDesk
from mdsim.publish.hub import Hub
from mdsim.publish.limits import HubLimits
from mdsim.publish.offer import Offer
from mdsim.run.clock import utc_ns
from mdsim.run.live import LiveMarket
from mdsim.run.manager import RunsManager
from mdsim.telemetry.logs import standard_logs_into

_RELEASE_S = 10.0
"""How long runs may take to release their effects when the server stops."""


class Server:
    """One process that serves one market.

    Attributes:
        live: the market.
        events: where news for the ``events`` channel is left.
        hub: its readers over WebSocket; ``grpc``: those over gRPC.
        door: the port of HTTP and WebSocket.
        faults: of the delivery to the readers of both.
        watch: of the sources that the market rests on; None where it rests on none.
    """

    def __init__(
        self,
        settings: Settings,
        seed: int,
        live: LiveMarket | None = None,
        connections: Connections | None = None,
        replay: Replay | None = None,
    ) -> None:
        """Put it together; nothing listens yet.

        Args:
            settings: what the server is told.
            seed: root of every random draw of the market.
            live: the market to serve; without it, the synthetic one of the settings.
            connections: of the sources that it rests on, where they are real.
            replay: the recording that it rests on, if it does.

        Raises:
            UsageError: certificate or key cannot be read.
        """
        publication = settings.publication
        self.settings = settings
        self._stopping = trio.Event()
        self._connections = connections
        self.live = live or synthetic(settings, seed)
        market = self.live.tape
        token = settings.chaos.token
        security = Security(
            enabled=settings.chaos.enabled,
            token=token.reveal() if token is not None else "",
            bind=settings.server.bind,
            origins=frozenset(settings.server.allowed_origins),
        )
        most = publication.subscribers_per_symbol
        hub_limits = HubLimits(subscribers_per_symbol=most)
        self.faults = Disturber(make_pipeline, chosen, clock_ns=utc_ns)
        self._timer = FaultTimer(self.faults, utc_ns)
        self.live.engine.edges.append(self.faults)
        offer = _offer(settings)
        self.hub = Hub(market, hub_limits, clock_ns=utc_ns, offer=offer, disturber=self.faults)
        self.events = EventDesk()
        self.telemetry = Telemetry(settings, self.live, self.events)
        self.watch = self._watch()
        traces = self.telemetry.traces
        self.runs = RunsManager(
            self.live.pump,
            replace(
                wiring.world(),
                catalogue=market.catalogue,
                offline=False,
                sources=tuple(self._source_symbols()),
            ),
            library=library.playbooks(),
            ceilings=settings.chaos.ceilings_of,
            observe=self.telemetry.observers,
            on_refused=self.telemetry.refused,
        )
        self.grpc = GrpcServer(
            market,
            self.runs,
            clock_ns=utc_ns,
            limits=GrpcLimits(
                subscribers_per_symbol=most,
                update_ticks=publication.batch_size,
                compression=publication.compression,
            ),
            security=security,
            others=self.hub.readers,
            tls=pem_of(settings),
            around=traces.grpc if traces else unwatched,
            offer=offer,
            disturber=self.faults,
        )
        tickets = Tickets(trio.current_time)
        app = make_app(
            market,
            self.runs,
            asks=AskReader(market.catalogue, tuple(self.hub.codecs), offer),
            tickets=tickets,
            metrics=self.telemetry.metrics.render,
            sources=self._sources,
            security=security,
            more=(
                *chaos_routes(
                    market, self.runs, settings.chaos.rules, self.telemetry.refused, self._source_symbols
                ),
                *(() if replay is None else replay_routes(replay)),
            ),
            middleware=(traces.rest,) if traces else (),
            compress=publication.compression,
        )
        self.sockets = WebSockets(self.hub, tickets)
        if traces is not None:
            self.sockets.opened = traces.websocket
        self.door = FrontDoor(HttpServer(app), self.sockets, tls=tls_of(settings))
        self.telemetry.follow(self.hub, self.sockets, self.door, self.grpc, self.runs)
        self.telemetry.follow_faults(self.faults)
        if self.watch is not None:
            self.live.sinks.append(self.watch.look)
        self.live.sinks += [self._publish, self.grpc.publish, self.telemetry.measure]

    async def serve(
        self,
        listening: Sequence[socket.socket] | None = None,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve until ``stop``; started once prices flow and every port listens.

        With ``listening``, HTTP and WebSocket are served on these sockets instead of the configured port.
        """
        server = self.settings.server
        async with trio.open_nursery() as grpc:
            grpc.start_soon(self._timer.run)
            await grpc.start(self.grpc.serve, server.bind, server.grpc_port)
            async with trio.open_nursery() as door:
                await door.start(self.door.serve_on, listening or await listen(server.bind, server.port))
                async with trio.open_nursery() as market:
                    await market.start(self.live.run)
                    await market.start(self.runs.run)
                    task_status.started()
                    await self._stopping.wait()
                    with trio.move_on_after(_RELEASE_S):
                        await self.runs.close()
                    self._publish([])  # that runs have ended, if no cycle has told it yet
                    self.live.stop()
                # The market has stopped: nobody will get anything any more, so let everyone go.
                self.door.stop()
            grpc.cancel_scope.cancel()
        await self.telemetry.close()

    def stop(self) -> None:
        """End the runs, with their effects released, then the market, then say goodbye to its readers."""
        self._stopping.set()

    def greeting(self) -> list[str]:
        """Where it serves, for whoever started it."""
        scheme, stream = ("https", "wss") if self.settings.server.tls_cert else ("http", "ws")
        places = [host_and_port(host, port) for host, port in self.door.addresses]
        symbols = ", ".join(self.live.tape.catalogue.symbols)
        return [
            f"mdsim {__version__} serves {symbols}",
            *(f"  HTTP       {scheme}://{place}   (documents: {scheme}://{place}/docs)" for place in places),
            *(f"  WebSocket  {stream}://{place}/api/v1/subscribe" for place in places),
            f"  gRPC       {host_and_port(self.settings.server.bind, self.grpc.port)}",
        ]

    def _source_symbols(self) -> dict[str, tuple[str, ...]]:
        judged = self.live.engine.judged
        return {} if judged is None else {one.name: one.symbols for one in judged.sources}

    def _watch(self) -> SourceWatch | None:
        feed = self.live.engine.feed
        if not isinstance(feed, AgreedFeed) or not isinstance(feed.room, Consensus):
            return None
        told = self.telemetry
        return SourceWatch(feed, feed.room, self.events, told.metrics, told.log, self._connections)

    def _publish(self, published: Sequence[Published]) -> None:
        self.hub.publish([*published, *self.events.take()])

    def _sources(self) -> Sequence[SourceStatus]:
        if self.watch is not None:
            return self.watch.statuses()
        live = self.live.tape
        return (
            SourceStatus(
                name=self.live.engine.feed.name,
                kind=self.live.engine.feed.name,
                state="LIVE" if live.ready() is None else "CONNECTING",
                priority=1,
                symbols=live.catalogue.symbols,
                age_ns=0,
                updates=self.live.engine.market.cycles,
            ),
        )


def _offer(settings: Settings) -> Offer:
    publication = settings.publication
    return Offer(
        tick_symbols=publication.tick_symbols,
        tick_interval_ns=publication.tick_interval_ns,
        tick_volume=publication.tick_volume,
        intervals=publication.bar_intervals,
    )


async def run(settings: Settings, seed: int, replay: ReplayRequest | None = None) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        UsageError: a source, a certificate or a key makes no sense, or there is no such recording.
        DataError: the recording is damaged, or tells nothing.
        UnavailableError: no source told a price in time.
    """
    asked, opening = trio.Event(), trio.CancelScope()
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as sources:
            sources.start_soon(_listen, signals, asked, opening)
            async with early_port.bound(settings) as listening:
                connections = Connections()
                with opening:
                    async with early_port.answered(listening, connections.awaited, tls_of(settings)):
                        if replay is None:
                            early_port.announce(settings, listening)
                        opened = await open_market(settings, seed, sources, replay, connections)
                if not opening.cancelled_caught:
                    await _serve(settings, seed, opened, asked, listening)
            sources.cancel_scope.cancel()


async def _serve(
    settings: Settings, seed: int, opened: Opened, asked: trio.Event, listening: Sequence[socket.socket]
) -> None:
    for warning in opened.warnings:
        typer.echo(f"warning: {warning}", err=True)
    server = Server(settings, seed, opened.market, opened.connections, opened.replay)
    with standard_logs_into(server.telemetry.log):
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve, listening)
            heap.settle()
            typer.echo("\n".join(server.greeting()))
            await asked.wait()
            typer.echo("stopping", err=True)
            server.stop()


async def _listen(signals: AsyncIterator[int], asked: trio.Event, opening: trio.CancelScope) -> None:
    async for _ in signals:
        asked.set()
        opening.cancel()  # of no effect once the market is open
