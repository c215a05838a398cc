"""``python -m mdsim.testkit.demo``: prints what the price, its confidence and its state do, for 90 s."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack

import trio

from mdsim import testkit
from mdsim.core.errors import MdsimError
from mdsim.core.time import SECOND
from mdsim.testkit.demo import table
from mdsim.testkit.demo.script import ACTS, PHASE_NS, SYMBOL, Act, Restless
from mdsim.testkit.demo.served import Served, serve
from mdsim.testkit.demo.table import Look, Worst
from mdsim.testkit.double import Double
from mdsim.testkit.market import Market

_LOOK_S = 0.25
_PRINT_EVERY = 8
_SEED = 7


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Demo:
    """One performance."""

    def __init__(self, market: Market, doubles: Mapping[str, Double], served: Served) -> None:
        self._market = market
        self._doubles = doubles
        self._served = served
        self._begin = trio.current_time()

    async def act(self, act: Act) -> Worst:
        """Let things go wrong for a while, and look on."""
        names = list(dict.fromkeys(name for name, _, _ in act.faults))
        since = await self._served.sources()
        if act.title:
            say(f"        --- {act.title} ---")
        for name, fault, amount in act.faults:
            self._doubles[name].faults.start(fault, amount)
        worst, least, broken = 0.0, 1.0, 0
        begin = trio.current_time()
        for count in range(round(act.length_s / _LOOK_S)):
            await trio.sleep_until(begin + (count + 1) * _LOOK_S)
            look = await self._look()
            confidence = float(look.quote.confidence)
            worst, least = max(worst, abs(look.error_bps)), min(least, confidence)
            broken += not act.allows(look.error_bps, confidence)
            if (count + 1) % _PRINT_EVERY == 0:
                say(table.line(look, names, since))
        for name, fault, _ in act.faults:
            self._doubles[name].faults.stop(fault)
        return Worst(act.title, worst, least, act.outvoted, broken)

    async def _look(self) -> Look:
        quote = await self._served.quote(SYMBOL)
        truth = self._market.mid("BTC", "USD", self._market.now_ns())
        error_bps = 1e4 * math.log(float(quote.price) / truth)
        return Look(trio.current_time() - self._begin, quote, error_bps, await self._served.sources())


async def perform() -> bool:
    """Play every act; whether the price stayed within its bound."""
    market = Market.synthetic(_SEED)
    market.prices = restless = Restless(market.prices)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        doubles: dict[str, Double] = {
            "binance": await enter(testkit.binance(market)),
            "coinbase": await enter(testkit.coinbase(market)),
            "kraken": await enter(testkit.kraken(market)),
            "coingecko": await enter(testkit.coingecko(market, refresh_ns=2 * SECOND)),
            "coinmarketcap": await enter(testkit.coinmarketcap(market, refresh_ns=2 * SECOND)),
        }
        say("five doubles on this machine:")
        for name, double in doubles.items():
            say(f"  {name:<14} {double.url}")
        served = await enter(serve(doubles))
        say(served.greeting)
        seconds = sum(act.length_s for act in ACTS)
        say(f"{SYMBOL} for {seconds:g} s; the truth is known, so the error of the agreed price is, too\n")
        say(table.HEAD)
        restless.begin_ns = market.now_ns() - PHASE_NS
        demo = Demo(market, doubles, served)
        acts = [await demo.act(act) for act in ACTS]
    for text in table.summary(acts):
        say(text)
    return not any(act.broken for act in acts)


def main() -> int:
    """Perform, and turn the outcome into an exit code."""
    try:
        return 0 if trio.run(perform) else 1
    except MdsimError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
