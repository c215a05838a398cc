"""What one cycle costs, and which room takes how much of it.

Each room is timed by itself over the same market: the base feed, the board of effects (calm, and with three
moves running), the gate onto the grid, the microstructure, the publication with its digest; then prints,
ladders and the tape, which cost only when somebody looks.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from decimal import Decimal

from benchmarks import results
from mdsim.cli import wiring
from mdsim.core.factors import CALM
from mdsim.core.instruments import ALL
from mdsim.core.params import CurveSpec, Symbols
from mdsim.core.ports import FeedRequest
from mdsim.core.seeds import SeedTree
from mdsim.core.time import HOUR, SECOND
from mdsim.engine.commands import Command, StartEffect
from mdsim.engine.corridor import Engine
from mdsim.engine.tape import Tape

FIVE = ("BTC-USD", "ETH-USD", "USDT-USD", "BTC-ETH", "BTC-USD-PERP")
CYCLES = 4_000
ROUNDS = 5


def engine() -> Engine:
    """A fresh market of five instruments at one-second steps."""
    request = FeedRequest(catalogue=ALL.only(FIVE), seeds=SeedTree(1), start_ns=None, step_ns=SECOND)
    feed = wiring.feeds()["synthetic"].open(request)
    return Engine(feed, wiring.effects(), wiring.curves(), seeds=SeedTree(1))


def moves(market: Engine) -> None:
    """Three moves that run for longer than the measurement."""
    for number, (symbol, by) in enumerate((("BTC-USD", "-0.1"), ("ETH-USD", "-0.2"), ("USDT-USD", "-0.05"))):
        move = wiring.effects()["move"]
        args = {param.name: param.default for param in move.params}
        args |= {"symbol": symbol, "by": Decimal(by), "curve": CurveSpec("linear", {})}
        args["symbols"] = Symbols(betas=((symbol, Decimal(1)),))
        start = StartEffect("move", args, 24 * HOUR, SeedTree(1))
        market.submit(Command(market.feed.start_ns, (number,), "run", f"bench/{number}", start))


def timed(prepare: Callable[[], Callable[[int], object]]) -> float:
    """Median microseconds a call over several rounds, each on a market of its own."""
    figures = []
    for _ in range(ROUNDS):
        step = prepare()
        gc.collect()
        since = time.perf_counter()
        for number in range(1, CYCLES + 1):
            step(number)
        figures.append((time.perf_counter() - since) / CYCLES * 1e6)
    return statistics.median(figures)


def cycle(active: bool) -> Callable[[], Callable[[int], object]]:
    """The whole corridor."""

    def prepare() -> Callable[[int], object]:
        market = engine()
        if active:
            moves(market)
        start_ns = market.feed.start_ns
        market.cycle(start_ns)
        return lambda number: market.cycle(start_ns + number * SECOND)

    return prepare


def feed() -> Callable[[int], object]:
    """The base feed alone."""
    base = engine().feed
    return lambda number: base.advance(base.start_ns + number * SECOND)


def board(active: bool) -> Callable[[], Callable[[int], object]]:
    """The board alone, on prices that stand still."""

    def prepare() -> Callable[[int], object]:
        market = engine()
        if active:
            moves(market)
        market.cycle(market.feed.start_ns)
        market.cycle(market.feed.start_ns + 1)
        start_ns, logs = market.feed.start_ns, market.feed.log_prices
        return lambda number: market.board.compute(start_ns + number * SECOND, logs)

    return prepare


def gate() -> Callable[[int], object]:
    """From logs to whole increments."""
    market = engine()
    logs = list(market.feed.log_prices)
    return lambda _number: market.market.on_grid(logs)


def micro() -> Callable[[int], object]:
    """Spread, depth and arrivals, with nobody looking at books or trades."""
    market = engine()
    mids = market.market.on_grid(market.feed.log_prices)
    start_ns = market.feed.start_ns
    return lambda number: market.micro.advance(start_ns + number * SECOND, mids, CALM)


def publication() -> Callable[[int], object]:
    """Taking a cycle's quotes and digesting them."""
    market = engine()
    mids = market.market.on_grid(market.feed.log_prices)
    logs = market.feed.log_prices
    return lambda number: market.market.publish(number, mids, mids, mids, logs)


def looking(what: str) -> Callable[[], Callable[[int], object]]:
    """A cycle together with somebody who looks at one thing in each."""

    def prepare() -> Callable[[int], object]:
        market = engine()
        start_ns = market.feed.start_ns
        market.cycle(start_ns)
        tape = Tape(market)

        def step(number: int) -> object:
            now_ns = start_ns + number * SECOND
            market.cycle(now_ns)
            if what == "book":
                return market.micro.book(0, 10)
            if what == "prints":
                return market.micro.prints(0, now_ns - SECOND, now_ns)
            return tape.record()

        return step

    return prepare


def main() -> None:
    """Measure and print."""
    whole = timed(cycle(active=False))
    rooms = {
        "base feed": timed(feed),
        "board, calm": timed(board(active=False)),
        "gate onto the grid": timed(gate),
        "microstructure": timed(micro),
        "publication": timed(publication),
    }
    rest = whole - sum(rooms.values())
    rows = [{"room": name, "us": round(us, 2), "share": round(us / whole, 3)} for name, us in rooms.items()]
    rows.append({"room": "commands, windows, watches", "us": round(rest, 2), "share": round(rest / whole, 3)})
    rows.append({"room": "whole cycle, 5 instruments", "us": round(whole, 2), "share": 1.0})
    rows.append({"room": "board with 3 moves", "us": round(timed(board(active=True)), 2), "share": 0.0})
    rows.append({"room": "whole cycle with 3 moves", "us": round(timed(cycle(active=True)), 2), "share": 0.0})
    for what in ("book", "prints", "tape"):
        more = timed(looking(what)) - whole
        rows.append({"room": f"and somebody looks: {what}", "us": round(more, 2), "share": 0.0})
    print(f"{'room':<30} {'us/cycle':>9} {'share':>7}")
    for row in rows:
        share = f"{row['share']:7.0%}" if row["share"] else "       "
        print(f"{row['room']:<30} {row['us']:>9} {share}")
    print(f"{1e6 / whole:,.0f} cycles a second on one core; written to {results.write('rooms', rows).name}")


if __name__ == "__main__":
    main()
