"""A run on a server, followed as one of our own: the same view, the same recap, the same exit codes."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import trio
import typer

from mdsim.cli.collected import Collected
from mdsim.cli.shared_prices import SharedPrices
from mdsim.core.errors import DataError, ExitCode, MdsimError
from mdsim.core.events import Entry, Tick

if TYPE_CHECKING:
    from mdsim.cli.live import LiveView
    from mdsim.client import Client
    from mdsim.run.ledger import Observer
    from mdsim.run.result import RunResult


EARLY_MOST = 10_000
"""Prices kept while the server compiles; past it the oldest are forgotten, which are from before the run."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run.

    Attributes:
        playbook: its text.
        params: as ``--set`` gives them.
        symbols: whose prices are shown.
        overlap: ``refuse`` or ``allow`` other runs on the same instruments.
    """

    playbook: str
    params: dict[str, str]
    seed: int
    speed: float
    symbols: tuple[str, ...]
    overlap: str = "refuse"


async def play(
    client: Client,
    order: Order,
    observers: Sequence[Observer],
    live: LiveView | None = None,
    prices: SharedPrices | None = None,
) -> RunResult:
    """Start it, follow it to its end, and tell the result. Ctrl-C and SIGTERM end it on the server.

    Args:
        client: of the server.
        order: what to run.
        observers: told of every entry.
        live: given prices as they come.
        prices: collects them; it gives the result's table.

    Raises:
        RefusedError: it may not run.
        UnreachableError: the server cannot be reached, or not any more.
    """
    return await _Following(client, order, [*observers], live, prices or SharedPrices()).result()


class _Following:
    def __init__(
        self,
        client: Client,
        order: Order,
        observers: list[Observer],
        live: LiveView | None,
        prices: SharedPrices,
    ) -> None:
        self._client = client
        self._id = ""
        self._order = order
        self._collected = Collected()
        self._observers: list[Observer] = [self._collected, *observers]
        self._live = live
        self._seen = prices
        self._prices: dict[str, Decimal] = {}
        self._watching = trio.Event()
        self._early: deque[Tick] = deque(maxlen=EARLY_MOST)
        self._started_ns = self._shift_ns = self._now_ns = 0
        self._stopping = False

    async def result(self) -> RunResult:
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(self._listen, nursery)
                if self._order.symbols:
                    nursery.start_soon(self._watch)
                    await self._watching.wait()  # before the run, so that its first prices are seen
                await self._start()
                async with self._client.runs.events(self._id) as events:
                    async for event in events:
                        self._tell(event.entry)
                nursery.cancel_scope.cancel()
        except* MdsimError as group:
            raise _first(group) from None
        run = await self._client.runs.get(self._id)
        result = self._collected.conclude(run.verdict, run.reason)
        return replace(result, symbols=self._seen.summaries(), notes=(*result.notes, *self._seen.notes()))

    async def _start(self) -> None:
        order = self._order
        run = await self._client.runs.start(
            order.playbook,
            params=order.params,
            seed=order.seed,
            speed=order.speed,
            overlap=order.overlap,
        )
        self._id = run.scenario_id
        self._started_ns = self._now_ns = run.started_ns
        for tick in self._early:
            self._take(tick)
        self._early.clear()
        for warning in run.warnings:
            typer.echo(warning, err=True)
        if self._stopping:  # the signal came while it was being started
            await self._client.runs.stop(self._id)

    def _tell(self, entry: Entry) -> None:
        for observer in self._observers:
            observer.on_entry(entry)
        if entry.kind == "resumed":  # the pause took as long as the market went on without us
            passed_ns = round(entry.at_ns / self._order.speed)
            self._shift_ns = max(0, self._now_ns - self._started_ns - passed_ns)

    async def _watch(self) -> None:
        """Follow the prices; a stream that breaks costs the prices, never the run."""
        symbols = self._order.symbols
        try:
            self._seen.listen_to(await self._client.prices.symbols(), symbols)
            async with self._client.stream(symbols) as stream:
                self._watching.set()
                async for update in stream:
                    self._seen.skipped += update.skipped
                    if isinstance(update.event, Tick) and not self._collected.ended:
                        self._take(update.event)
        except MdsimError as error:
            self._seen.ended = error.message
        finally:
            self._watching.set()

    def _take(self, tick: Tick) -> None:
        if not self._id:
            self._early.append(tick)
        elif tick.ts_event_ns >= self._started_ns:
            self._now_ns = max(self._now_ns, tick.ts_event_ns)
            at_ns = self._at_ns()
            self._seen.take(tick, at_ns)
            self._prices[tick.symbol] = tick.price
            if self._live is not None:
                self._live.on_prices(self._prices.get, self._now_ns, at_ns)

    def _at_ns(self) -> int:
        """Scenario time of the newest price."""
        if self._collected.paused:
            return self._collected.at_ns
        return round((self._now_ns - self._started_ns - self._shift_ns) * self._order.speed)

    async def _listen(
        self, nursery: trio.Nursery, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """The first signal ends the run on the server, and we see it out; the second one leaves."""
        try:
            receiver = trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM)
            with receiver as signals:
                task_status.started()
                async for number in signals:
                    if self._stopping:
                        raise DataError(
                            "MD508",
                            f"{self._id or 'the run'} was left before it had ended",
                            hint="see what became of it with: mdsim runs list",
                        )
                    if number == signal.SIGTERM:
                        self._collected.aborted_by = ExitCode.TERMINATED
                    self._stopping = True
                    if self._id:
                        nursery.start_soon(self._client.runs.stop, self._id)
        except RuntimeError:  # signals come to the main thread alone
            task_status.started()


def _first(group: BaseExceptionGroup[MdsimError]) -> MdsimError:
    """The first error of a group."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, MdsimError)
    return error
