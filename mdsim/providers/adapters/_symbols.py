"""Our instruments in the providers' words: which pair stands for one, and what coins are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from mdsim.core.instruments import Instrument
from mdsim.providers.adapters._lines import Line
from mdsim.providers.adapters._pairs import Pair

L = TypeVar("L", bound=Line)

QUOTES = ("USD", "USDT", "USDC", "BTC", "ETH")
"""What venues quote in, the usual quote of a pair first: ETH is quoted in BTC, never the other way round."""


@dataclass(frozen=True, slots=True)
class Coin:
    """What aggregators call an asset: the id at CoinGecko and the number at CoinMarketCap."""

    coingecko: str
    coinmarketcap: int


COINS: dict[str, Coin] = {
    "ADA": Coin("cardano", 2010),
    "BNB": Coin("binancecoin", 1839),
    "BTC": Coin("bitcoin", 1),
    "DOGE": Coin("dogecoin", 74),
    "DOT": Coin("polkadot", 6636),
    "ETH": Coin("ethereum", 1027),
    "SOL": Coin("solana", 5426),
    "USDC": Coin("usd-coin", 3408),
    "USDE": Coin("ethena-usde", 29470),
    "USDT": Coin("tether", 825),
    "UST": Coin("terrausd", 7129),
    "XRP": Coin("ripple", 52),
}


@dataclass(frozen=True, slots=True)
class Serving:
    """What a venue serves of what is wanted.

    Attributes:
        pairs: its names → instruments of ours that each stands for.
        refused: our symbols that it does not serve → why.
    """

    pairs: dict[str, list[Pair]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def serving(instruments: Iterable[Instrument], joint: str, trades: Mapping[str, bool] | None) -> Serving:
    """Choose a pair for each instrument: as venues usually name it, or the other way round.

    Args:
        instruments: what is wanted.
        joint: what stands between base and quote in the venue's names.
        trades: everything that it lists → whether that trades; None while this is not known.
    """
    found = Serving()
    for item in instruments:
        options = pairs(item, joint)
        listed = [pair for pair in options if trades is None or pair.listed in trades]
        open_now = [pair for pair in listed if trades is None or trades[pair.listed]]
        if open_now:
            found.pairs.setdefault(open_now[0].listed, []).append(open_now[0])
        elif listed:
            found.refused[item.symbol] = f"{listed[0].listed} is not trading there"
        elif options:
            names = " nor ".join(pair.listed for pair in options)
            found.refused[item.symbol] = f"it lists neither {names}"
        else:
            found.refused[item.symbol] = "it serves spot pairs only, no perpetual futures"
    return found


def renewed(
    kept: dict[str, L], found: Serving, make: Callable[[str, list[Pair]], L]
) -> tuple[list[str], list[str]]:
    """Bring what is kept of listed pairs in line with those to serve; names that went, names that came."""
    gone = [name for name in kept if name not in found.pairs]
    for name in gone:
        del kept[name]
    fresh = [name for name in found.pairs if name not in kept]
    for name, served in found.pairs.items():
        if name in kept:
            kept[name].pairs = served
        else:
            kept[name] = make(name, served)
    return gone, fresh


def pairs(instrument: Instrument, joint: str) -> tuple[Pair, ...]:
    """The pairs that can stand for an instrument, the usual one first; none for a perpetual."""
    if instrument.perpetual:
        return ()
    base, quote = instrument.base, instrument.quote
    direct = Pair(instrument.symbol, f"{base}{joint}{quote}", inverted=False)
    inverse = Pair(instrument.symbol, f"{quote}{joint}{base}", inverted=True)
    return (inverse, direct) if _rank(base) < _rank(quote) else (direct, inverse)


def _rank(code: str) -> int:
    return QUOTES.index(code) if code in QUOTES else len(QUOTES)
