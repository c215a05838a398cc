"""What a step's symbols stand for: keys of the board, each once, with its weight.

A key is where an offset lives: an asset's code (``BTC``) or an instrument's symbol (``BTC-ETH``). Asset
codes hold no hyphen and symbols always do, so that the two never meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mdsim.core.decimals import plain
from mdsim.core.errors import Problem
from mdsim.core.instruments import ASSETS, AssetKind, Catalogue, Instrument
from mdsim.core.params import Symbols

WEIGHT_MAX = Decimal(10)
GIVES_BACK = ("retrace", "restore")


@dataclass(frozen=True, slots=True)
class Target:
    """One place that a step acts on.

    Attributes:
        symbol: the instrument that the step names, whose published price is meant.
        keys: where its offsets live; two for a spot in USD whose offset is given back, else one.
        beta: weight of the log move.
    """

    symbol: str
    keys: tuple[str, ...]
    beta: float = 1.0


def covered(catalogue: Catalogue, verb: str) -> tuple[str, ...]:
    """The symbols that ``all`` stands for, in catalogue order.

    For what gives offsets back: every instrument (those without an offset stay as they are). Else the
    USD spots that are switched on and whose asset is no stablecoin.
    """
    if verb in GIVES_BACK:
        return catalogue.symbols
    return tuple(
        item.symbol
        for item in catalogue
        if item.enabled and item.usd_spot and ASSETS[item.base].kind is AssetKind.CRYPTO
    )


def legs_of(instrument: Instrument, catalogue: Catalogue) -> tuple[str, ...]:
    """The USD spots that a perpetual or a cross rate is made of; none for a USD spot."""
    if instrument.usd_spot:
        return ()
    spots = (catalogue.usd_spot_of(code) for code in (instrument.base, instrument.quote) if code != "USD")
    return tuple(spot.symbol for spot in spots if spot is not None)


def resolve(
    symbols: Symbols, catalogue: Catalogue, *, isolated: bool, verb: str
) -> tuple[list[Target], list[Problem]]:
    """The targets of a step in the order written, and what is wrong with them.

    Problems are placed relative to the value of ``symbols``. A symbol that the catalogue does not list is
    passed over: whoever reads the playbook has said so already.

    Args:
        symbols: as written.
        catalogue: the instruments of this market.
        isolated: act on the named instruments alone, not on their assets.
        verb: ``to``, ``by``, ``path``, ``walk``, or one that gives back: ``retrace``, ``restore``.
    """
    one = Decimal(1)
    written = tuple((name, one) for name in covered(catalogue, verb)) if symbols.every else symbols.betas
    known = [(symbol, beta) for symbol, beta in written if symbol in catalogue]
    names = {symbol for symbol, _ in known}
    found: dict[str, Target] = {}
    problems: list[Problem] = []
    for symbol, beta in known:
        place: tuple[str | int, ...] = (symbol,) if symbols.weighted else ()
        if beta == 0 or abs(beta) > WEIGHT_MAX:
            problems.append(
                Problem(
                    "MD115",
                    f"the weight {plain(beta)} of {symbol} is not within -{WEIGHT_MAX}..{WEIGHT_MAX} or is 0",
                    place,
                    help="leave out a symbol that shall not move",
                )
            )
            continue
        instrument = catalogue[symbol]
        if verb not in GIVES_BACK and not isolated:
            legs = [leg for leg in legs_of(instrument, catalogue) if leg in names]
            if legs:
                problems.append(_follows(symbol, legs, place))
                continue
        target = Target(symbol, _keys(instrument, isolated=isolated, verb=verb), float(beta))
        before = found.setdefault(symbol, target)
        if before.beta != target.beta:
            problems.append(
                Problem(
                    "MD101",
                    f"{symbol} is named twice, with the weights {before.beta:g} and {target.beta:g}",
                    place,
                    help="name it once",
                )
            )
    return list(found.values()), problems


def _keys(instrument: Instrument, *, isolated: bool, verb: str) -> tuple[str, ...]:
    if isolated or not instrument.usd_spot:
        return (instrument.symbol,)
    if verb in GIVES_BACK:
        return (instrument.base, instrument.symbol)
    return (instrument.base,)


def _follows(symbol: str, legs: list[str], place: tuple[str | int, ...]) -> Problem:
    return Problem(
        "MD102",
        f"{symbol} follows {' and '.join(legs)}, named beside it, and is not moved on its own",
        place,
        help=f"leave {symbol} out, or move it in a step of its own with 'isolated: true'",
        warning=True,
    )
