"""``POST /chaos/feed-disruption`` as a playbook: what a body means for a source and its instruments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from mdsim.api.chaos_bodies import FeedDisruption
from mdsim.api.chaos_scenarios import Scenario
from mdsim.api.problems import Flawed, fields_error
from mdsim.core.decimals import CONTEXT, plain
from mdsim.core.instruments import ASSETS, AssetKind, Catalogue
from mdsim.core.serving import MarketPort
from mdsim.core.spelling import shown, suggest
from mdsim.core.time import MS, SECOND, format_duration

SourceSymbols = Callable[[], Mapping[str, tuple[str, ...]]]
"""The sources of the market by name, each with the instruments that it tells."""

_MODES = ("impair", "stale", "outage")


class FeedScenarios:
    """Turns bodies into scenarios, against the sources of a market."""

    def __init__(self, market: MarketPort, sources: SourceSymbols) -> None:
        self._market = market
        self._sources = sources

    def feed_disruption(self, body: FeedDisruption) -> Scenario:
        """Impair, silence or cut off one source.

        Raises:
            RequestError: 422 with every key that is wrong.
        """
        sources = self._sources()
        flaws: list[Flawed] = []
        if not sources:
            help_ = "serve real or simulated sources; POST /chaos/playbooks with 'halt' stops ticks"
            flaws.append(Flawed("source", "MD377", "this market rests on no sources", help_))
        elif body.source not in sources:
            near = suggest(body.source, sources)
            help_ = f"did you mean {near}?" if near else f"its sources are {', '.join(sources)}"
            flaws.append(Flawed("source", "MD377", f"there is no source {shown(body.source)}", help_))
        symbols: tuple[str, ...] = ()
        warnings: tuple[str, ...] = ()
        if not flaws:
            symbols, warnings, flaws = self._own(body, sources[body.source])
        faults = (body.packet_loss_percentage, body.latency_ms, body.jitter_ms)
        if body.mode == "impair" and not any(faults):
            detail = "is 0, and so are latency_ms and jitter_ms: nothing would happen"
            flaws.append(
                Flawed("packet_loss_percentage", "MD378", detail, "write one of them, or another mode")
            )
        if body.mode != "impair" and any(faults):
            warnings += (f"loss, latency and jitter mean nothing in mode {body.mode}",)
        if flaws:
            raise fields_error(flaws)
        mode = body.mode
        if mode == "outage" and symbols:
            mode = "stale"
            warnings += ("an outage of some instruments alone is a silence of theirs: the connection stands",)
        params = {
            "source": body.source,
            "symbols": ", ".join(symbols) or "all",
            "duration": _duration(body.duration_seconds, SECOND),
            **{name: "1" if name == mode else "0" for name in _MODES},
        }
        if mode == "impair":
            params["loss"] = f"{plain(_decimal(body.packet_loss_percentage))}%"
            params["latency"] = _duration(body.latency_ms, MS)
            params["jitter"] = _duration(body.jitter_ms, MS)
        return Scenario("chaos/feed-disruption.yaml", params, warnings)

    def _own(
        self, body: FeedDisruption, told: tuple[str, ...]
    ) -> tuple[tuple[str, ...], tuple[str, ...], list[Flawed]]:
        """The source's own instruments behind those that were named, warnings, and what is wrong."""
        found: dict[str, None] = {}
        warnings: tuple[str, ...] = ()
        flaws: list[Flawed] = []
        for at, symbol in enumerate(body.affect_symbols):
            field = f"affect_symbols[{at}]"
            catalogue = self._market.catalogue
            if symbol not in catalogue:
                near = catalogue.nearest(symbol)
                help_ = f"did you mean {near[0]}?" if near else f"write one of {', '.join(told)}"
                flaws.append(Flawed(field, "MD374", f"there is no instrument {shown(symbol)}", help_))
                continue
            own = [symbol] if symbol in told else [one for one in told if _same(catalogue, one, symbol)]
            if not own:
                detail = f"{body.source} does not tell {symbol}"
                flaws.append(Flawed(field, "MD377", detail, f"it tells {', '.join(told)}"))
            elif own != [symbol]:
                warnings += (f"{body.source} tells {symbol} by {', '.join(own)}",)
            found.update(dict.fromkeys(own))
        return tuple(found), warnings, flaws


def _same(catalogue: Catalogue, told: str, wanted: str) -> bool:
    """Whether an instrument is another by way of a stablecoin: BTC-USDT tells BTC-USD."""
    if told not in catalogue:
        return False
    one, other = catalogue[told], catalogue[wanted]
    return (
        one.base == other.base
        and one.perpetual == other.perpetual
        and _dollar(one.quote)
        and _dollar(other.quote)
    )


def _dollar(code: str) -> bool:
    return code == "USD" or ASSETS[code].kind is AssetKind.STABLE


def _decimal(number: float) -> Decimal:
    return Decimal(repr(float(number)))


def _duration(number: float, unit_ns: int) -> str:
    return format_duration(int(CONTEXT.multiply(_decimal(number), unit_ns)))
