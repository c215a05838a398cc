"""What CoinGecko's double has told so far, as its charts show it; history begins when the double does."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from mdsim.core.time import DAY, HOUR, MINUTE, MS
from mdsim.testkit.coins import Coin, Quoted
from mdsim.testkit.frames import number

POINTS_KEPT = 2_000
"""Of one coin in one currency: a week of five minutes."""
FINE_NS, FINE_FOR_NS = 5 * MINUTE, DAY
COARSE_NS, COARSE_FOR_NS = HOUR, 90 * DAY
CANDLES = ((1, 30 * MINUTE), (30, 4 * HOUR), (365, 4 * DAY))
"""Days that are asked for, at most → length of a candle."""
DAYS = ("1", "7", "14", "30", "90", "180", "365", "max")


class History:
    """The averages of every coin and currency, oldest first."""

    def __init__(self) -> None:
        self._points: dict[tuple[str, str], deque[Quoted]] = {}

    def add(self, coin: Coin, currency: str, quoted: Quoted) -> None:
        """Keep one; of five minutes the newest."""
        points = self._points.setdefault((coin.asset, currency), deque(maxlen=POINTS_KEPT))
        if points and points[-1].made_ns // FINE_NS == quoted.made_ns // FINE_NS:
            points.pop()
        points.append(quoted)

    def chart(self, coin: Coin, currency: str, from_ns: int, to_ns: int) -> Mapping[str, object]:
        """``/market_chart``: every five minutes of a day, hours of 90 days, else days; last what is now."""
        span_ns = to_ns - from_ns
        step_ns = FINE_NS if span_ns <= FINE_FOR_NS else COARSE_NS if span_ns <= COARSE_FOR_NS else DAY
        found: list[Quoted] = []
        for point in self._points.get((coin.asset, currency), ()):
            if from_ns <= point.made_ns <= to_ns:
                if found and point.made_ns // step_ns == found[-1].made_ns // step_ns:
                    found.pop()
                found.append(point)
        return {
            "prices": [(point.made_ns // MS, number(point.price)) for point in found],
            "market_caps": [(point.made_ns // MS, number(point.cap)) for point in found],
            "total_volumes": [(point.made_ns // MS, number(point.volume)) for point in found],
        }

    def candles(self, coin: Coin, currency: str, days: int, now_ns: int) -> Sequence[Sequence[object]]:
        """``/ohlc``: the time is that of a candle's close."""
        length_ns = next((length for most, length in CANDLES if days <= most), CANDLES[-1][1])
        made: dict[int, list[Quoted]] = {}
        for point in self._points.get((coin.asset, currency), ()):
            if point.made_ns >= now_ns - days * DAY:
                made.setdefault(point.made_ns // length_ns, []).append(point)
        return [
            (
                (at + 1) * length_ns // MS,
                number(points[0].price),
                number(max(point.price for point in points)),
                number(min(point.price for point in points)),
                number(points[-1].price),
            )
            for at, points in made.items()
        ]
