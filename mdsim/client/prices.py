"""Prices of a server: the present, the past, the book, statistics."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from urllib.parse import quote

import msgspec

from mdsim.client.http import Http
from mdsim.core.events import Bar, BookSnapshot, Tick
from mdsim.core.serving import Correlations, Quote, Stats24h


class Listing(msgspec.Struct, frozen=True):
    """One instrument of a server.

    Attributes:
        price_increment, size_increment: the grids of prices, and of sizes in base units.
        state: ``LIVE``, ``SPLIT`` (two sources disagree), ``SINGLE`` (one is left), ``FILLED`` (made up),
            ``STALE``, ``HALTED``, ``PENDING`` (no price yet) or ``OFF`` (not priced there).
    """

    symbol: str
    base: str
    quote: str
    price_increment: Decimal
    size_increment: Decimal
    perpetual: bool
    enabled: bool
    state: str


class _Listings(msgspec.Struct, frozen=True):
    symbols: tuple[Listing, ...]


class _PastBar(msgspec.Struct, frozen=True):
    seq: int
    start_ns: int
    end_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int
    revision: int


class _PastTick(msgspec.Struct, frozen=True):
    seq: int
    ts_event_ns: int
    price: Decimal
    bid: Decimal
    ask: Decimal
    reference: Decimal


class _Page(msgspec.Struct, frozen=True):
    symbol: str
    interval: str
    next_cursor: str | None = None
    bars: tuple[_PastBar, ...] = ()
    ticks: tuple[_PastTick, ...] = ()


class Prices:
    """The market endpoints. Each method raises ``NotFoundError`` for an instrument that is not there."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def current(self, symbol: str) -> Quote:
        """The present price of an instrument."""
        return await self._http.get(f"/api/v1/prices/{quote(symbol, safe='')}/current", Quote)

    async def orderbook(self, symbol: str, depth: int = 10) -> BookSnapshot:
        """The book, best levels first, at most ``depth`` a side."""
        path = f"/api/v1/orderbook/{quote(symbol, safe='')}"
        return await self._http.get(path, BookSnapshot, {"depth": str(depth)})

    async def stats(self, symbol: str) -> Stats24h:
        """The last 24 hours, or what there is of them."""
        return await self._http.get(f"/api/v1/stats/{quote(symbol, safe='')}/24h", Stats24h)

    async def correlations(self, symbols: Sequence[str] = (), window: str = "1h") -> Correlations:
        """Correlations of log returns; without symbols, of every instrument that is on."""
        query = {"window": window}
        if symbols:
            query["symbols"] = ",".join(symbols)
        return await self._http.get("/api/v1/correlations", Correlations, query)

    async def symbols(self) -> tuple[Listing, ...]:
        """Every instrument that the server knows, with its state."""
        return (await self._http.get("/api/v1/symbols", _Listings)).symbols

    async def history(
        self, symbol: str, interval: str = "1m", *, start_ns: int | None = None, end_ns: int | None = None
    ) -> AsyncIterator[Bar]:
        """Bars that began in ``start_ns <= start < end_ns``, oldest first, asked for page by page.

        Without ``end_ns`` up to now; without ``start_ns`` the server's latest page.
        """
        async for page in self._pages(symbol, interval, start_ns, end_ns):
            for bar in page.bars:
                yield Bar(
                    symbol=page.symbol,
                    seq=bar.seq,
                    ts_event_ns=bar.end_ns,
                    interval=page.interval,
                    start_ns=bar.start_ns,
                    open=bar.open,
                    high=bar.high,
                    low=bar.low,
                    close=bar.close,
                    volume=bar.volume,
                    quote_volume=bar.quote_volume,
                    trades=bar.trades,
                    revision=bar.revision,
                )

    async def ticks(
        self, symbol: str, *, start_ns: int | None = None, end_ns: int | None = None
    ) -> AsyncIterator[Tick]:
        """Published ticks of a range, likewise, as far back as the server keeps them."""
        async for page in self._pages(symbol, "tick", start_ns, end_ns):
            for tick in page.ticks:
                yield Tick(
                    symbol=page.symbol,
                    seq=tick.seq,
                    ts_event_ns=tick.ts_event_ns,
                    price=tick.price,
                    bid=tick.bid,
                    ask=tick.ask,
                    reference=tick.reference,
                )

    async def _pages(
        self, symbol: str, interval: str, start_ns: int | None, end_ns: int | None
    ) -> AsyncIterator[_Page]:
        path = f"/api/v1/prices/{quote(symbol, safe='')}/history"
        query = {"interval": interval}
        if start_ns is not None:
            query["start"] = str(start_ns)
        if end_ns is not None:
            query["end"] = str(end_ns)
        while True:
            page = await self._http.get(path, _Page, query)
            yield page
            if page.next_cursor is None:
                return
            query = {"cursor": page.next_cursor}
