"""From ``market_data.supported_symbols`` to a catalogue: instruments changed, added, switched on."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from mdsim.config.findings import Findings
from mdsim.config.settings import InstrumentSettings, SpreadSettings
from mdsim.config.values import Path, Values
from mdsim.core.decimals import CONTEXT, plain
from mdsim.core.errors import Problem
from mdsim.core.instruments import ALL, ASSETS, Catalogue, Instrument
from mdsim.core.spelling import shown

LIST: Path = ("market_data", "supported_symbols")
NEW_SIZE_DECIMALS = 5
NEW_SPREAD_BPS = Decimal(5)

_GRID_MOST = Decimal("0.00001")
"""One price increment, as a share of a typical price: 0.1 basis points."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Every known instrument, and what is set for those that are on."""

    catalogue: Catalogue
    instruments: dict[str, InstrumentSettings]


def listed(values: Values, findings: Findings) -> Listing:
    """The listing that the values ask for; without the list, that out of the box."""
    length = values.length(*LIST)
    if length is None:
        on = [item for item in ALL if item.enabled]
        return Listing(ALL, {item.symbol: _settings(values, item, ()) for item in on})
    chosen: dict[str, Instrument] = {}
    settings: dict[str, InstrumentSettings] = {}
    for at in range(length):
        path = (*LIST, at)
        item = _instrument(values, findings, path)
        if item is None:
            continue
        if item.symbol in chosen:
            message = f"{item.symbol} is listed twice"
            findings.note(Problem("MD459", message, (*path, "symbol"), "keep one entry"))
        chosen[item.symbol] = item
        settings[item.symbol] = _settings(values, item, path)
        _check_prices(values, findings, path)
    if not length:
        findings.note(Problem("MD451", "no instrument is listed", LIST, "list one, or remove the key"))
    others = [replace(item, enabled=False) for item in ALL if item.symbol not in chosen]
    return Listing(Catalogue([*chosen.values(), *others]), settings)


def _instrument(values: Values, findings: Findings, path: Path) -> Instrument | None:
    symbol = values.text(*path, "symbol")
    if symbol is None:
        return None
    parts = re.fullmatch(r"([A-Z0-9]+)-([A-Z0-9]+)(-PERP)?", symbol)
    if parts is None:
        message = f"{symbol} is neither a pair nor a perpetual"
        findings.note(Problem("MD458", message, (*path, "symbol"), "write BTC-USD or BTC-USD-PERP"))
        return None
    known = next((item for item in ALL if item.symbol == symbol), None)
    for name, code in (("base_asset", parts[1]), ("quote_asset", parts[2])):
        written = values.text(*path, name)
        if written is not None and written != code:
            message = f"{name} is {written}, but {symbol} says {code}"
            findings.note(Problem("MD458", message, (*path, name), f"write {code}, or leave it out"))
        elif code not in ASSETS:
            message = f"{shown(code)} is no asset that this market can price"
            help_ = f"the assets are {', '.join(ASSETS)}"
            findings.note(Problem("MD458", message, (*path, "symbol"), help_))
            return None
    decimals, size_decimals = values.count(*path, "decimals"), values.count(*path, "size_decimals")
    if known is None and decimals is None:
        message = f"{symbol} is a new instrument and has no decimals"
        findings.note(Problem("MD451", message, path, "add decimals: how many decimals a price has"))
        return None
    if known is None:
        new = Instrument(
            symbol,
            parts[1],
            parts[2],
            _grid(decimals or 0),
            _grid(NEW_SIZE_DECIMALS),
            NEW_SPREAD_BPS,
            perpetual=parts[3] is not None,
        )
    else:
        new = known
    found = replace(
        new,
        price_increment=new.price_increment if decimals is None else _grid(decimals),
        size_increment=new.size_increment if size_decimals is None else _grid(size_decimals),
        spread_bps=values.number(*path, "spread", "base_spread_bps") or new.spread_bps,
        enabled=True,
    )
    _check_grid(findings, found, path)
    return found


def _settings(values: Values, item: Instrument, path: Path) -> InstrumentSettings:
    """What is set for an instrument; what is not in the list has the tables' defaults."""

    def number(default: str, *name: str) -> Decimal:
        written = values.number(*path, *name) if path else None
        return Decimal(default) if written is None else written

    return InstrumentSettings(
        symbol=item.symbol,
        min_price=values.number(*path, "min_price") if path else None,
        max_price=values.number(*path, "max_price") if path else None,
        circuit_breaker_threshold=number("0.10", "circuit_breaker_threshold"),
        depeg_alert_threshold=number("0.005", "depeg_alert_threshold"),
        spread=SpreadSettings(
            base_spread_bps=item.spread_bps,
            volatility_factor=number("1", "spread", "volatility_factor"),
            liquidity_factor=number("1", "spread", "liquidity_factor"),
            time_of_day_factor=number("1", "spread", "time_of_day_factor"),
            asset_specific=number("1", "spread", "asset_specific"),
        ),
    )


def _grid(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def _check_grid(findings: Findings, item: Instrument, path: Path) -> None:
    typical = CONTEXT.divide(ASSETS[item.base].typical_usd, ASSETS[item.quote].typical_usd)
    if item.price_increment > CONTEXT.multiply(typical, _GRID_MOST):
        fine = -CONTEXT.multiply(typical, _GRID_MOST).adjusted()
        message = (
            f"one increment of {plain(item.price_increment)} is over 0.1 bp of {item.symbol}'s usual price"
        )
        help_ = f"write decimals: {max(fine, 0)} or more, or small moves are lost on the grid"
        findings.note(Problem("MD460", message, (*path, "decimals"), help_, warning=True))


def _check_prices(values: Values, findings: Findings, path: Path) -> None:
    low, high = values.number(*path, "min_price"), values.number(*path, "max_price")
    if low is not None and high is not None and low >= high:
        message = f"min_price {plain(low)} is not below max_price {plain(high)}"
        findings.note(Problem("MD461", message, (*path, "min_price"), "swap them"))
