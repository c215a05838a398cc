"""``mdsim watch``: live prices of a server in the terminal; one line a price when piped."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from mdsim.cli import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.table import Table

    from mdsim.client import Client
    from mdsim.client.stream import Update
    from mdsim.core.events import Tick

_SPARK = 40
_SPARK_LEAST = 6
_GAP = 2
_TITLES: tuple[str, ...] = ("symbol", "price", "bid", "ask", "vs base")
_REDRAW_EVERY_S = 0.1


def watch(
    symbols: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SYMBOL...]", help="Instruments; all that are priced without."),
    ] = None,
    url: connection.Server = connection.DEFAULT,
    interval: Annotated[
        str, typer.Option(metavar="DURATION", help="Shortest time between two prices of an instrument.")
    ] = "250ms",
    count: Annotated[
        int, typer.Option("--count", "-n", min=0, help="End after so many prices; 0 goes on.")
    ] = 0,
    insecure: connection.Insecure = False,
    ca: connection.Ca = None,
) -> None:
    """Show live prices of a server until Ctrl-C: price, quotes, what playbooks add, and its recent path."""
    from mdsim.cli import console

    async def work(client: Client) -> None:
        asked = symbols or [one.symbol for one in await client.prices.symbols() if one.state != "OFF"]
        if console.animated(sys.stdout):
            await show(client, asked, interval, count)
        else:
            await tell(client, asked, interval, count, console.say)

    connection.ask(url, insecure, work, ca)


async def tell(
    client: Client, symbols: Sequence[str], interval: str, count: int, write: Callable[[str], None]
) -> None:
    """Write every price as one line: time, symbol, price, bid, ask, distance from the base feed."""
    from mdsim.core.events import Tick
    from mdsim.core.time import format_utc

    async with client.stream(symbols, interval=interval) as stream:
        told = 0
        async for update in stream:
            tick = update.event
            if isinstance(tick, Tick):
                when = format_utc(tick.ts_event_ns)
                prices = f"{tick.price:f}  bid {tick.bid:f}  ask {tick.ask:f}"
                gap = f"  skipped {update.skipped}" if update.skipped else ""
                write(f"{when}  {tick.symbol}  {prices}  {distance(tick)}{gap}")
                told += 1
                if told == count:
                    return


async def show(client: Client, symbols: Sequence[str], interval: str, count: int) -> None:
    """Draw a table that follows the prices, redrawn at most ten times a second."""
    import trio
    from rich.live import Live

    from mdsim.cli.console import open_console, unicode

    board = Board(plain=not unicode(sys.stdout))
    async with client.stream(symbols, interval=interval) as stream:
        console = open_console()
        with Live(console=console, auto_refresh=False) as live:
            drawn_s = 0.0
            told = 0
            async for update in stream:
                told += board.take(update)
                now_s = trio.current_time()
                if now_s - drawn_s >= _REDRAW_EVERY_S or told == count:
                    drawn_s = now_s
                    live.update(board.table(console.width), refresh=True)
                if told == count > 0:
                    return


def distance(tick: Tick) -> str:
    """How far the published price is from the base feed's, with its sign: what playbooks have done to it."""
    from mdsim.core.decimals import CONTEXT

    percent = CONTEXT.multiply(CONTEXT.subtract(CONTEXT.divide(tick.price, tick.reference), 1), 100)
    return f"{CONTEXT.quantize(percent, Decimal('0.001')):+f}%"


@dataclass
class Board:
    """The instruments on show, in the order of their first price."""

    plain: bool = False
    _ticks: dict[str, Tick] = field(default_factory=dict)
    _paths: dict[str, list[float]] = field(default_factory=dict)

    def take(self, update: Update) -> bool:
        """Take a price; whether it was one."""
        from mdsim.core.events import Tick

        tick = update.event
        if not isinstance(tick, Tick):
            return False
        self._ticks[tick.symbol] = tick
        path = self._paths.setdefault(tick.symbol, [])
        path.append(float(tick.price))
        del path[:-_SPARK]
        return True

    def table(self, width: int) -> Table:
        """The board on so many columns: the path gives way to prices, and quotes to the price."""
        from rich.table import Table

        from mdsim.core.time import format_utc

        titles, rows = _TITLES, [_row(tick) for tick in self._ticks.values()]
        if _natural(titles, rows) > width:
            titles, rows = _without_quotes(titles), [_without_quotes(row) for row in rows]
        table = Table(box=None, pad_edge=False, header_style="dim")
        for title in titles:
            table.add_column(title, no_wrap=True, justify="left" if title == "symbol" else "right")
        spark = min(_SPARK, width - _natural(titles, rows) - _GAP)
        if spark >= _SPARK_LEAST:
            table.add_column("", no_wrap=True, style="green", min_width=spark)
        newest_ns = 0
        for tick, row in zip(self._ticks.values(), rows, strict=True):
            path = (self._path(tick.symbol, spark),) if spark >= _SPARK_LEAST else ()
            calm = Decimal(row[-1].rstrip("%")).is_zero()
            table.add_row(*row, *path, style="" if calm else "yellow")
            newest_ns = max(newest_ns, tick.ts_event_ns)
        table.caption = format_utc(newest_ns - newest_ns % 1_000_000_000)
        table.caption_justify = "left"
        return table

    def _path(self, symbol: str, columns: int) -> str:
        from mdsim.cli.sparkline import ASCII, BLOCKS, Sparkline

        spark = Sparkline(columns, signs=ASCII if self.plain else BLOCKS)
        for price in self._paths[symbol]:
            spark.push(price)
        return str(spark)


def _row(tick: Tick) -> tuple[str, ...]:
    return tick.symbol, f"{tick.price:f}", f"{tick.bid:f}", f"{tick.ask:f}", distance(tick)


def _without_quotes(row: tuple[str, ...]) -> tuple[str, ...]:
    return (*row[:2], *row[4:])


def _natural(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> int:
    """Columns that a table of these needs for nothing to be cut."""
    widest = [max(len(row[at]) for row in (titles, *rows)) for at in range(len(titles))]
    return sum(widest) + _GAP * (len(titles) - 1)
