"""Assets and instruments: what trades, in which increments, and what is on out of the box."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum


class AssetKind(Enum):
    """What an asset is to the market model."""

    CRYPTO = "crypto"
    STABLE = "stable"
    FIAT = "fiat"


@dataclass(frozen=True, slots=True)
class Asset:
    """Something with a value in USD.

    Attributes:
        typical_usd: the level that a synthetic market starts from.
    """

    code: str
    kind: AssetKind
    typical_usd: Decimal


@dataclass(frozen=True, slots=True)
class Instrument:
    """What trades, such as ``BTC-USD`` or ``BTC-USD-PERP``.

    Attributes:
        price_increment: the price grid; at most 0.1 bp of a typical price.
        size_increment: the size grid, in base units.
        spread_bps: typical quoted spread in calm hours (profile ``retail-usd`` of the market model).
        perpetual: a future without expiry; it follows its base asset and adds a basis.
        enabled: on without being asked for.
    """

    symbol: str
    base: str
    quote: str
    price_increment: Decimal
    size_increment: Decimal
    spread_bps: Decimal
    perpetual: bool = False
    enabled: bool = True

    @property
    def usd_spot(self) -> bool:
        """Spot quoted in USD: the instrument that stands for its base asset."""
        return self.quote == "USD" and not self.perpetual


ASSETS: dict[str, Asset] = {
    asset.code: asset
    for asset in (
        Asset("USD", AssetKind.FIAT, Decimal(1)),
        Asset("BTC", AssetKind.CRYPTO, Decimal(60_000)),
        Asset("ETH", AssetKind.CRYPTO, Decimal(3_000)),
        Asset("USDT", AssetKind.STABLE, Decimal(1)),
        Asset("USDC", AssetKind.STABLE, Decimal(1)),
        Asset("UST", AssetKind.STABLE, Decimal(1)),
        Asset("USDE", AssetKind.STABLE, Decimal(1)),
    )
}


def _spot(symbol: str, decimals: int, size: str, spread_bps: str, *, enabled: bool = True) -> Instrument:
    base, quote = symbol.split("-")
    increment = Decimal(1).scaleb(-decimals)
    return Instrument(symbol, base, quote, increment, Decimal(size), Decimal(spread_bps), enabled=enabled)


INSTRUMENTS: tuple[Instrument, ...] = (
    _spot("BTC-USD", 2, "0.00001", "2"),
    _spot("ETH-USD", 2, "0.0001", "4"),
    _spot("USDT-USD", 5, "0.01", "0.5"),
    _spot("USDC-USD", 5, "0.01", "0.5"),
    _spot("USDT-BTC", 10, "0.01", "3"),
    _spot("USDT-ETH", 9, "0.01", "5"),
    _spot("BTC-ETH", 4, "0.00001", "8"),
    _spot("BTC-USDT", 2, "0.00001", "1"),
    _spot("ETH-USDT", 2, "0.0001", "2"),
    Instrument("BTC-USD-PERP", "BTC", "USD", Decimal("0.1"), Decimal("0.001"), Decimal(1), perpetual=True),
    _spot("UST-USD", 5, "0.01", "1", enabled=False),
    _spot("USDE-USD", 5, "0.01", "1", enabled=False),
    _spot("BTC-USDC", 2, "0.00001", "2", enabled=False),
)


class Catalogue:
    """The instruments of one market, in a fixed order, with the assets they hold."""

    def __init__(self, instruments: Iterable[Instrument] = INSTRUMENTS) -> None:
        self.instruments: tuple[Instrument, ...] = tuple(instruments)
        self.index: dict[str, int] = {item.symbol: at for at, item in enumerate(self.instruments)}
        codes = {code for item in self.instruments for code in (item.base, item.quote)}
        self.assets: tuple[Asset, ...] = tuple(ASSETS[code] for code in sorted(codes - {"USD"}))

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self.instruments)

    def __len__(self) -> int:
        return len(self.instruments)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self.index

    def __getitem__(self, symbol: str) -> Instrument:
        return self.instruments[self.index[symbol]]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol, in catalogue order."""
        return tuple(self.index)

    def matching(self, pattern: str) -> tuple[str, ...]:
        """Symbols that match a glob such as ``*-USD``, in catalogue order."""
        return tuple(s for s in self.index if fnmatch.fnmatchcase(s, pattern))

    def nearest(self, symbol: str) -> tuple[str, ...]:
        """Up to three known symbols that look like ``symbol``, best first."""
        return tuple(difflib.get_close_matches(symbol.upper(), self.index, n=3, cutoff=0.5))

    def has_off(self, symbol: str) -> bool:
        """Whether mdsim knows a symbol that is not switched on here, such as UST-USD."""
        return not self[symbol].enabled if symbol in self.index else symbol in ALL.index

    def usd_spot_of(self, asset: str) -> Instrument | None:
        """The instrument that stands for an asset, if it is listed."""
        return next((i for i in self.instruments if i.base == asset and i.usd_spot), None)

    def only(self, symbols: Iterable[str]) -> Catalogue:
        """A smaller catalogue with these symbols switched on, in this catalogue's order."""
        wanted = set(symbols)
        return Catalogue(replace(i, enabled=True) for i in self.instruments if i.symbol in wanted)


ALL = Catalogue()

SWITCH_ON = "its operator switches it on by naming it in market_data.supported_symbols"
"""What helps who asks for an instrument that is off."""
