"""Waiting for the first prices of real sources, and leaving out what none of them tells."""

from __future__ import annotations

from collections.abc import Callable

import trio

from mdsim.cli.connections import how_they_do
from mdsim.consensus.room import Consensus
from mdsim.consensus.settings import ConsensusSettings
from mdsim.core.errors import UnavailableError
from mdsim.core.instruments import Catalogue
from mdsim.core.ports import BaseFeed
from mdsim.core.sourcing import Report
from mdsim.core.time import MS
from mdsim.engine.agreed import AgreedFeed
from mdsim.providers.pool import LiveSources

SETTLE_S = 10.0
"""How long sources may take to say what they list."""
PATIENCE_S = 20.0
"""How long the first prices may take."""
_LOOK_S = 0.05


class Opening:
    """The first agreement of a market on real sources."""

    def __init__(
        self,
        sources: LiveSources,
        catalogue: Catalogue,
        settings: ConsensusSettings,
        now: Callable[[], int],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._sources = sources
        self._catalogue = catalogue
        self._settings = settings
        self._now = now
        self._patience_s = patience_s

    async def agree(
        self, interval_ns: int, made_up: BaseFeed | None = None
    ) -> tuple[AgreedFeed, tuple[str, ...]]:
        """The feed of every instrument that has a price, and a warning for each that has none.

        With ``made_up``, a market that fills in, every instrument has one.

        Raises:
            UnavailableError: no instrument has a price in time; the message says how every source does.
        """
        with trio.move_on_after(SETTLE_S):
            await self._sources.settled()
        terms = self._sources.terms
        room = Consensus(self._catalogue, terms, self._settings, self._sources.lead)
        told = {symbol for one in terms for symbol in one.symbols}
        awaited = [at for at, item in enumerate(self._catalogue) if item.symbol in told]
        newest: dict[tuple[str, str], Report] = {}
        with trio.move_on_after(self._patience_s):
            while True:
                for report in self._sources.drain(self._now()):
                    newest[report.source, report.symbol] = report
                    room.take(report)
                room.judge(self._now())
                if awaited and all(room.judgement(at).price > 0.0 for at in awaited):
                    break
                await trio.sleep(_LOOK_S)
        priced = [item for at, item in enumerate(self._catalogue) if room.judgement(at).price > 0.0]
        if made_up is not None:
            priced = list(self._catalogue)
        if not priced:
            raise self._silent()
        catalogue = Catalogue(priced)
        final = Consensus(catalogue, terms, self._settings, self._sources.lead)
        for report in sorted(newest.values(), key=lambda one: one.ts_recv_ns):
            final.take(report)
        start_ns = self._now() // interval_ns * interval_ns
        feed = AgreedFeed(
            self._sources,
            final,
            catalogue,
            start_ns=start_ns,
            step_ns=max(interval_ns, MS),
            fill_in=made_up,
            name="live",
        )
        return feed, self._left_out(catalogue)

    def _left_out(self, catalogue: Catalogue) -> tuple[str, ...]:
        return tuple(
            f"{item.symbol} is not served: no source told a price of it within {self._patience_s:g} s"
            for item in self._catalogue
            if item.symbol not in catalogue
        )

    def _silent(self) -> UnavailableError:
        states = how_they_do(self._sources.status())
        seconds = f"{self._patience_s:g} s"
        return UnavailableError(
            "MD521",
            f"no source told a price within {seconds}: {states}",
            hint="look at addresses, keys and symbols under data_sources; without it, prices are simulated",
        )
