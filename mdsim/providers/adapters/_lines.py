"""What a venue says of one of its pairs, put together from several channels into reports."""

from __future__ import annotations

from decimal import Decimal

from mdsim.core.sourcing import Report
from mdsim.core.time import MS, SECOND
from mdsim.providers.adapters._pairs import Pair, sound

UNCHANGED_NS = 250 * MS
"""A price that did not move is told again only so often: deep levels of a book change all the time."""
OVERTAKEN_NS = 5 * SECOND
"""A quote that much older than the newest was not overtaken: the newest had a wrong time."""


class Line:
    """One pair of the venue's.

    Of two channels that both tell the best quotes, the one with the newer time counts. A quote without a
    time counts as it comes.

    Attributes:
        listed: the venue's name of the pair.
        pairs: our instruments that it serves: BTC-USDT and USDT-BTC are one pair of a venue's.
        spoken: it has reported at least once.
    """

    __slots__ = (
        "_ask",
        "_bid",
        "_changed",
        "_last",
        "_quote_ns",
        "_told_ns",
        "_volume",
        "listed",
        "pairs",
        "spoken",
    )

    def __init__(self, listed: str, pairs: list[Pair]) -> None:
        self.listed = listed
        self.pairs = pairs
        self.spoken = False
        self._bid: Decimal | None = None
        self._ask: Decimal | None = None
        self._last: Decimal | None = None
        self._volume: Decimal | None = None
        self._quote_ns = 0
        self._told_ns = 0
        self._changed = False

    def quote(self, bid: Decimal, ask: Decimal, ts_ns: int) -> None:
        """Best quotes as of a time of the venue's, 0 for a time that is not told.

        Raises:
            ValueError: one of them can be no price.
        """
        if not (sound(bid) and sound(ask)):
            raise ValueError("not a price")
        if ts_ns:
            if ts_ns < self._quote_ns <= ts_ns + OVERTAKEN_NS:
                return
            self._quote_ns = ts_ns
        if bid != self._bid or ask != self._ask:
            self._bid, self._ask, self._changed = bid, ask, True

    def forget_quote(self) -> None:
        """The quotes are not to be trusted any more, until the next come."""
        self._bid = self._ask = None
        self._quote_ns = 0

    def trade(self, last: Decimal | None, volume: Decimal | None) -> None:
        """The last trade and the 24 h volume in their base, where they are told.

        Raises:
            ValueError: the first can be no price.
        """
        if last is not None:
            if not sound(last):
                raise ValueError("not a price")
            if last != self._last:
                self._last, self._changed = last, True
        if volume is not None and sound(volume):
            self._volume = volume

    def reports(self, source: str, ts_event_ns: int, recv_ns: int, seq: int) -> list[Report]:
        """One report an instrument; none while there is no quote, or when nothing moved just now."""
        if self._bid is None or self._ask is None:
            return []
        if not self._changed and recv_ns - self._told_ns < UNCHANGED_NS:
            return []
        self._changed, self._told_ns, self.spoken = False, recv_ns, True
        found = []
        for pair in self.pairs:
            bid, ask = pair.quote(self._bid, self._ask)
            last = None if self._last is None else pair.price(self._last)
            volume = pair.volume(self._volume, None)
            found.append(Report(source, pair.symbol, ts_event_ns, recv_ns, seq, bid, ask, last, volume))
        return found
