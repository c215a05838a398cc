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
        cycles: publications so far.
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
        self._withheld = [0] * size  # cycles in which an instrument was halted
        self._halted: list[bool] | None = None
        self._published_ns = [-1] * size  # of halted instruments: their last publication
        self._hash = hashlib.sha256()
        self._unhashed: list[str] = []

    @property
    def ticks(self) -> int:
        """Ticks published so far: every instrument in every cycle, but for those that were halted."""
        return self.cycles * len(self.mids) - sum(self._withheld)

    def on_grid(self, logs: list[float]) -> list[int]:
        """Natural-log mids as whole increments: the one gate from models to prices."""
        return grid_all(logs, self._increments)

    def holding(self, mids: list[int], halted: list[bool]) -> list[int]:
        """Mids in which a halted instrument has the one that it was last published with."""
        if not self.cycles:
            return mids
        return [last if stop else mid for mid, last, stop in zip(mids, self.mids, halted, strict=True)]

    def publish(
        self,
        now_ns: int,
        mids: list[int],
        bids: list[int],
        asks: list[int],
        base_logs: list[float],
        halted: list[bool] | None = None,
    ) -> None:
        """Take a cycle's quotes, in increments, and count them into the digest.

        ``halted`` tells by instrument whether nothing is published of it, so that its last quote stands;
        None: everything is published.
        """
        if halted is not None or self._halted is not None:
            bids, asks = self._hold(now_ns, bids, asks, halted)
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
        if halted is None:
            self._unhashed.append(f"{now_ns} {mids} {bids} {asks}\n")
        else:
            told = [None if stop else mid for mid, stop in zip(mids, halted, strict=True)]
            self._unhashed.append(f"{now_ns} {told} {bids} {asks}\n")
        if len(self._unhashed) >= _DIGEST_BATCH:
            self._flush()

    def _hold(
        self, now_ns: int, bids: list[int], asks: list[int], halted: list[bool] | None
    ) -> tuple[list[int], list[int]]:
        """Note which instruments are halted from here on, and keep their last quotes."""
        before, self._halted = self._halted, halted
        if halted is None:
            return bids, asks
        bids, asks = bids.copy(), asks.copy()
        for at, stop in enumerate(halted):
            if not stop:
                continue
            self._withheld[at] += 1
            if before is None or not before[at]:
                self._published_ns[at] = self.now_ns
            if self.cycles:
                bids[at], asks[at] = self.bids[at], self.asks[at]
        return bids, asks

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
        """SHA-256, hex, over one line a cycle: time, then mids, bids and asks in increments.

        A halted instrument has ``None`` for its mid.
        """
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
        """Whether nothing was published of instrument ``at`` in the last cycle."""
        return self._halted is not None and self._halted[at]

    def published_ns(self, at: int) -> int:
        """Time of the last publication of instrument ``at``; -1 before the first."""
        return self._published_ns[at] if self.halted(at) else self.now_ns

    def seq(self, at: int) -> int:
        """Number of publications of instrument ``at``."""
        return self.cycles - self._withheld[at]

    def tick(self, at: int) -> Tick:
        """The last publication of instrument ``at`` as an event."""
        return Tick(
            symbol=self.catalogue.instruments[at].symbol,
            seq=self.seq(at),
            ts_event_ns=self.published_ns(at),
            price=self.decimal(at, self.mids[at]),
            bid=self.decimal(at, self.bids[at]),
            ask=self.decimal(at, self.asks[at]),
            reference=self.decimal(at, self.reference_steps(at)),
        )
