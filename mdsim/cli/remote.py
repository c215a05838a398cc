"""A run on a server, followed as one of our own: the same view, the same recap, the same exit codes."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import trio
import typer

from mdsim.cli.collected import Collected
from mdsim.core.errors import DataError, ExitCode, MdsimError
from mdsim.core.events import Entry, Tick

if TYPE_CHECKING:
    from mdsim.cli.live import LiveView
    from mdsim.client import Client
    from mdsim.run.ledger import Observer
    from mdsim.run.result import RunResult

PRICES_EVERY = "100ms"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run.

    Attributes:
        playbook: its text.
        params: as ``--set`` gives them.
        symbols: whose prices are shown.
    """

    playbook: str
    params: dict[str, str]
    seed: int
    speed: float
    symbols: tuple[str, ...]


async def play(
    client: Client, order: Order, observers: Sequence[Observer], live: LiveView | None = None
) -> RunResult:
    """Start it, follow it to its end, and tell the result. Ctrl-C and SIGTERM end it on the server.

    Raises:
        RefusedError: it may not run.
        UnreachableError: the server cannot be reached, or not any more.
    """
    return await _Following(client, order, [*observers], live).result()


class _Following:
    def __init__(
        self, client: Client, order: Order, observers: list[Observer], live: LiveView | None
    ) -> None:
        self._client = client
        self._id = ""
        self._order = order
        self._collected = Collected()
        self._observers: list[Observer] = [self._collected, *observers]
        self._live = live
        self._prices: dict[str, Decimal] = {}
        self._anchor = (0, 0)
        self._now_ns = 0
        self._stopping = False

    async def result(self) -> RunResult:
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(self._listen, nursery)
                await self._start()
                if self._live is not None and self._order.symbols:
                    nursery.start_soon(self._watch, self._live)
                async with self._client.runs.events(self._id) as events:
                    async for event in events:
                        self._tell(event.entry)
                nursery.cancel_scope.cancel()
        except* MdsimError as group:
            raise _first(group) from None
        run = await self._client.runs.get(self._id)
        return self._collected.conclude(run.verdict, run.reason)

    async def _start(self) -> None:
        order = self._order
        run = await self._client.runs.start(
            order.playbook, params=order.params, seed=order.seed, speed=order.speed
        )
        self._id = run.scenario_id
        self._anchor, self._now_ns = (run.started_ns, 0), run.started_ns
        for warning in run.warnings:
            typer.echo(warning, err=True)
        if self._stopping:  # the signal came while it was being started
            await self._client.runs.stop(self._id)

    def _tell(self, entry: Entry) -> None:
        for observer in self._observers:
            observer.on_entry(entry)
        self._anchor = (self._now_ns, entry.at_ns)

    async def _watch(self, live: LiveView) -> None:
        """Feed prices to the view; a stream that breaks costs the prices, never the run."""
        try:
            async with self._client.stream(self._order.symbols, interval=PRICES_EVERY) as stream:
                async for update in stream:
                    if isinstance(update.event, Tick):
                        self._prices[update.event.symbol] = update.event.price
                        self._now_ns = max(self._now_ns, update.event.ts_event_ns)
                        live.on_prices(self._prices.get, self._now_ns, self._at_ns())
        except MdsimError:
            return

    def _at_ns(self) -> int:
        """Scenario time now: that of the last entry, and what has passed of the market since."""
        seen_ns, at_ns = self._anchor
        passed_ns = 0 if self._collected.paused else self._now_ns - seen_ns
        return at_ns + round(passed_ns * self._order.speed)

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
