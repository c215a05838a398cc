"""The published market: every instrument's quote on its grid, and a digest of it all."""

from __future__ import annotations

import hashlib
from decimal import Decimal

from mdsim.core.decimals import from_steps, grid_all
from mdsim.core.events import Tick
from mdsim.core.instruments import Catalogue

_DIGEST_BATCH = 256


class Market:
    """Quotes as whole numbers of price increments, one entry an instrument in catalogue order.

    Integers on the grid are exact and cheap; a Decimal is made when somebody asks for one.

    Attributes:
        now_ns: time of the last publication, -1 before the first.
        mids, bids, asks: in increments.
        base_logs: natural log of the base feed's mids at the last publication.
        cycles, ticks: publications so far, and instruments in them.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        size = len(catalogue)
        self.catalogue = catalogue
        self.now_ns = -1
        self.mids: list[int] = [0] * size
        self.bids: list[int] = [0] * size
        self.asks: list[int] = [0] * size
        self.base_logs: list[float] = [0.0] * size
        self.cycles = 0
        self.first: list[int] = []
        self.lows: list[int] = []
        self.highs: list[int] = []
        self.low_at_ns = [0] * size
        self.high_at_ns = [0] * size
        self._increments = [float(item.price_increment) for item in catalogue]
        self._hash = hashlib.sha256()
        self._unhashed: list[str] = []

    @property
    def ticks(self) -> int:
        """Ticks published so far: every instrument in every cycle."""
        return self.cycles * len(self.mids)

    def on_grid(self, logs: list[float]) -> list[int]:
        """Natural-log mids as whole increments: the one gate from models to prices."""
        return grid_all(logs, self._increments)

    def publish(
        self, now_ns: int, mids: list[int], bids: list[int], asks: list[int], base_logs: list[float]
    ) -> None:
        """Take a cycle's quotes, in increments, and count them into the digest."""
        self.now_ns = now_ns
        self.mids = mids
        self.bids = bids
        self.asks = asks
        self.base_logs[:] = base_logs
        self.cycles += 1
        if not self.first:
            self.first, self.lows, self.highs = list(mids), list(mids), list(mids)
            self.low_at_ns = [now_ns] * len(mids)
            self.high_at_ns = [now_ns] * len(mids)
        else:
            self._stretch(now_ns, mids)
        self._unhashed.append(f"{now_ns} {mids} {bids} {asks}\n")
        if len(self._unhashed) >= _DIGEST_BATCH:
            self._flush()

    def _stretch(self, now_ns: int, mids: list[int]) -> None:
        lows, highs = self.lows, self.highs
        for at, mid in enumerate(mids):
            if mid < lows[at]:
                lows[at] = mid
                self.low_at_ns[at] = now_ns
            elif mid > highs[at]:
                highs[at] = mid
                self.high_at_ns[at] = now_ns

    def _flush(self) -> None:
        self._hash.update("".join(self._unhashed).encode())
        self._unhashed.clear()

    def digest(self) -> str:
        """SHA-256, hex, over one line a cycle: time, then mids, bids and asks in increments."""
        self._flush()
        return self._hash.hexdigest()

    def decimal(self, at: int, steps: int) -> Decimal:
        """A number of increments of instrument ``at`` as a Decimal."""
        return from_steps(steps, self.catalogue.instruments[at].price_increment)

    def reference_steps(self, at: int) -> int:
        """The base feed's mid of instrument ``at``, on the grid."""
        return grid_all([self.base_logs[at]], [self._increments[at]])[0]

    def references(self) -> list[int]:
        """The base feed's mid of every instrument, on its grid, in catalogue order."""
        return grid_all(self.base_logs, self._increments)

    def halted(self, at: int) -> bool:
        """Whether instrument ``at`` is published at all."""
        return False

    def tick(self, at: int) -> Tick:
        """The last publication of instrument ``at`` as an event."""
        return Tick(
            symbol=self.catalogue.instruments[at].symbol,
            seq=self.cycles,
            ts_event_ns=self.now_ns,
            price=self.decimal(at, self.mids[at]),
            bid=self.decimal(at, self.bids[at]),
            ask=self.decimal(at, self.asks[at]),
            reference=self.decimal(at, self.reference_steps(at)),
        )
