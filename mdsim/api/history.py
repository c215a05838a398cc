"""History of one instrument over REST: bars or ticks of a range, page by page.

A cursor holds the whole question and where to go on, so pages are consistent while prices flow: the end
of the range is fixed by the first page, and no item is lost or told twice when several share an instant.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import msgspec

from mdsim.api.answers import History, HistoryBar, HistoryTick
from mdsim.api.problems import RequestError, field_error
from mdsim.api.queries import LATEST_NS, instant, known_symbol, one, whole
from mdsim.api.routes import Call, Reply
from mdsim.core.serving import MarketPort
from mdsim.core.spelling import suggest
from mdsim.core.time import DAY, HOUR, MINUTE, format_utc

TICK = "tick"
INTERVALS_NS = {
    TICK: 0,
    "1m": MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "1h": HOUR,
    "4h": 4 * HOUR,
    "1d": DAY,
}
PAGE = 500
PAGE_MOST = 1_000
"""Items of a page: at most some 300 kB of JSON, encoded in a few milliseconds."""
_TICKS_NS = 5 * MINUTE
_CURSOR_MOST = 512


class _Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a page ended: go on at ``from_ns``, leaving out what has a number up to ``seq`` there."""

    symbol: str
    interval: str
    start_ns: int
    end_ns: int
    from_ns: int
    seq: int


@dataclass(frozen=True, slots=True)
class HistoryPages:
    """Answers ``GET /api/v1/prices/{symbol}/history``."""

    market: MarketPort

    async def get(self, call: Call) -> Reply:
        """One page."""
        symbol = known_symbol(self.market.catalogue, call.parts["symbol"])
        limit = whole(call, "limit", PAGE, 1, PAGE_MOST)
        interval = _interval(call)
        text = one(call, "cursor")
        asked = self._first(call, symbol, interval or "1m", limit)
        if text is not None:
            asked = _read(text)
            _agree(asked, symbol, interval, call)
        return Reply(self._ticks(asked, limit) if asked.interval == TICK else self._bars(asked, limit))

    def _first(self, call: Call, symbol: str, interval: str, limit: int) -> _Cursor:
        start_ns, end_ns = instant(call, "start"), instant(call, "end")
        length_ns = INTERVALS_NS[interval]
        if end_ns is None:
            now_ns = self.market.now_ns()
            closed_ns = now_ns - now_ns % length_ns if length_ns else now_ns + 1
            end_ns = closed_ns if start_ns is None else now_ns + 1
        if start_ns is None:
            whole_ns = -(-end_ns // length_ns) * length_ns if length_ns else end_ns
            start_ns = max(0, whole_ns - (limit * length_ns or _TICKS_NS))
        elif start_ns >= end_ns:
            help_ = f"start is {format_utc(start_ns)}, end {format_utc(end_ns)}"
            raise field_error("start", "the range ends before it starts", code="MD487", help=help_)
        return _Cursor(symbol, interval, start_ns, end_ns, start_ns, -1)

    def _bars(self, asked: _Cursor, limit: int) -> History:
        found = self.market.bars(asked.symbol, asked.interval, asked.from_ns, asked.end_ns, limit + 1)
        page = tuple(HistoryBar.of(bar) for bar in found[:limit])
        after = None
        if len(found) > limit:
            after = msgspec.structs.replace(asked, from_ns=found[limit].start_ns)
        return _page(asked, after, bars=page)

    def _ticks(self, asked: _Cursor, limit: int) -> History:
        wanted = limit + 1
        while True:
            found = self.market.ticks(asked.symbol, asked.from_ns, asked.end_ns, wanted)
            new = [tick for tick in found if tick.ts_event_ns > asked.from_ns or tick.seq > asked.seq]
            if len(new) > limit or len(found) < wanted:
                break
            wanted *= 2  # the instant we go on from holds more told ticks than a page
        after = None
        if len(new) > limit:
            last = new[limit - 1]
            after = msgspec.structs.replace(asked, from_ns=last.ts_event_ns, seq=last.seq)
        return _page(asked, after, ticks=tuple(HistoryTick.of(tick) for tick in new[:limit]))


def _page(
    asked: _Cursor,
    after: _Cursor | None,
    *,
    bars: tuple[HistoryBar, ...] | msgspec.UnsetType = msgspec.UNSET,
    ticks: tuple[HistoryTick, ...] | msgspec.UnsetType = msgspec.UNSET,
) -> History:
    return History(
        symbol=asked.symbol,
        interval=asked.interval,
        start_ns=asked.start_ns,
        start=format_utc(asked.start_ns),
        end_ns=asked.end_ns,
        end=format_utc(asked.end_ns),
        next_cursor=None if after is None else _written(after),
        bars=bars,
        ticks=ticks,
    )


def _interval(call: Call) -> str | None:
    text = one(call, "interval")
    if text is None or text in INTERVALS_NS:
        return text
    near = suggest(text, INTERVALS_NS)
    listed = ", ".join(INTERVALS_NS)
    help_ = f"did you mean '{near}'? There are {listed}" if near else f"write one of {listed}"
    raise field_error("interval", f"'{text[:48]}' is no interval", help=help_)


def _agree(cursor: _Cursor, symbol: str, interval: str | None, call: Call) -> None:
    """A cursor goes on with its own question; one that is asked beside it must be the same."""
    same = (
        ("symbol", symbol, cursor.symbol),
        ("interval", interval, cursor.interval),
        ("start", instant(call, "start"), cursor.start_ns),
        ("end", instant(call, "end"), cursor.end_ns),
    )
    for field, asked, held in same:
        if asked is not None and asked != held:
            help_ = "send the cursor with the parameters of the first page, or alone"
            raise field_error("cursor", f"it belongs to another {field}", code="MD488", help=help_)


def _written(cursor: _Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _read(text: str) -> _Cursor:
    try:
        if len(text) > _CURSOR_MOST:
            raise ValueError("too long")
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = msgspec.json.decode(raw, type=_Cursor)
        in_order = 0 <= cursor.start_ns <= cursor.from_ns < cursor.end_ns <= LATEST_NS
        if cursor.interval not in INTERVALS_NS or not in_order:
            raise ValueError("out of range")
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise _no_cursor() from error
    return cursor


def _no_cursor() -> RequestError:
    help_ = "use next_cursor of the page before as it stands, or leave it out"
    return field_error("cursor", "this is no cursor of this server", code="MD488", help=help_)
