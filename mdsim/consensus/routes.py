"""Which reports can price which instrument: directly, turned round, or through a stablecoin's live price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mdsim.consensus.slot import Slot
from mdsim.core.instruments import ASSETS, AssetKind, Catalogue, Instrument
from mdsim.core.sourcing import SourceTerms


@dataclass(frozen=True, slots=True)
class Leg:
    """The price in USD of a stablecoin, by which a report is multiplied or divided.

    Attributes:
        at: instrument of the stablecoin, such as that of USDT-USD.
        local: what the report's own source says of it, if it does: on one venue its own prices fit together
            even when they fit no other's.
        divides: the report is divided by it.
    """

    at: int
    local: Slot | None
    divides: bool


@dataclass(frozen=True, slots=True)
class Route:
    """A way from what a source reports to an instrument."""

    slot: Slot
    inverted: bool
    legs: tuple[Leg, ...]

    @property
    def direct(self) -> bool:
        """Whether the source quotes the very instrument."""
        return not self.inverted and not self.legs


class Map:
    """The ways to every instrument, and the order in which instruments can be judged.

    A stablecoin's price in USD comes before what is converted by it, and no price rests on itself.

    Attributes:
        order: places in the catalogue; legs come before what rests on them.
        routes: by place in the catalogue, then by source, the best way first.
        users: by place, the instruments whose price rests on it, later in ``order``.
    """

    def __init__(
        self, catalogue: Catalogue, terms: Sequence[SourceTerms], slots: Mapping[tuple[str, str], Slot]
    ) -> None:
        self._catalogue = catalogue
        self._slots = slots
        self.order = tuple(sorted(range(len(catalogue)), key=lambda at: self._rank(at, terms)))
        self.users: list[list[int]] = [[] for _ in catalogue.instruments]
        self.routes: list[dict[str, tuple[Route, ...]]] = [{} for _ in catalogue.instruments]
        done: dict[int, None] = {}
        for at in self.order:
            for source in terms:
                found = self._of(at, source, done)
                if found:
                    self.routes[at][source.name] = found
            if self.routes[at]:
                done[at] = None

    def _rank(self, at: int, terms: Sequence[SourceTerms]) -> tuple[int, int, int]:
        """Stablecoins first, by how many sources quote them in USD; then what is quoted in USD."""
        item = self._catalogue.instruments[at]
        quoted = sum(item.symbol in source.symbols and not source.aggregator for source in terms)
        if not item.usd_spot:
            return 2, 0, at
        return (0, -quoted, at) if dollar_like(item.base) else (1, 0, at)

    def _of(self, at: int, source: SourceTerms, done: Mapping[int, None]) -> tuple[Route, ...]:
        target = self._catalogue.instruments[at]
        found = []
        for symbol in source.symbols:
            slot = self._slots.get((source.name, symbol))
            if slot is None:
                continue
            said = self._catalogue.instruments[slot.at]
            if said.perpetual != target.perpetual:
                continue
            for inverted in (False, True):
                legs = self._legs(said, target, inverted, source.name)
                if legs is not None and all(leg.at in done for leg in legs):
                    found.append(Route(slot, inverted, legs))
        found.sort(key=lambda route: (len(route.legs), route.inverted, route.slot.at))
        for route in found:
            if at not in route.slot.targets:
                route.slot.targets += (at,)
            for leg in route.legs:
                if at not in self.users[leg.at]:
                    self.users[leg.at].append(at)
                if leg.local is not None and at not in leg.local.targets:
                    leg.local.targets += (at,)
        return tuple(found)

    def _legs(
        self, said: Instrument, target: Instrument, inverted: bool, source: str
    ) -> tuple[Leg, ...] | None:
        """The conversions from what is said to the target, or None when there is no way."""
        base, quote = (said.quote, said.base) if inverted else (said.base, said.quote)
        if base == target.base and quote == target.quote:
            return ()
        if base == target.base and dollar_like(quote) and dollar_like(target.quote):
            return self._pair(quote, target.quote, source)
        if quote != target.quote or dollar_like(quote):
            return None
        if dollar_like(base) and dollar_like(target.base):
            return self._pair(target.base, base, source)
        return None

    def _pair(self, times: str, over: str, source: str) -> tuple[Leg, ...] | None:
        legs = []
        for asset, divides in ((times, False), (over, True)):
            if asset == "USD":
                continue
            item = self._catalogue.usd_spot_of(asset)
            if item is None:
                return None
            local = self._slots.get((source, item.symbol))
            legs.append(Leg(self._catalogue.index[item.symbol], local, divides))
        return tuple(legs)


def dollar_like(asset: str) -> bool:
    """Whether an asset is the dollar or means to be worth one."""
    return asset == "USD" or ASSETS[asset].kind is AssetKind.STABLE
