"""What the codes MD580-MD584 mean: what a server was configured not to publish."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

OFFERING: dict[str, Explanation] = {
    "MD580": Explanation(
        "an instrument without ticks",
        "The server's configuration lists the instruments that have ticks "
        "(publication_config.tick_data.symbols), and this one is not among them. Its present price, book, "
        "trades and bars are there all the same.",
        '{"op": "subscribe", "channels": ["tick"], "symbols": ["USDT-BTC"]}',
        '{"op": "subscribe", "channels": ["tick"], "symbols": ["BTC-USD"]}',
    ),
    "MD581": Explanation(
        "a channel that this server does not publish",
        "The server's configuration lists the spans of bars that it makes "
        "(publication_config.ohlcv_data.intervals), and the channel is of another one. An operation "
        '"list" names the channels that there are.',
        '{"op": "subscribe", "channels": ["ohlcv_4h"], "symbols": ["BTC-USD"]}',
        '{"op": "subscribe", "channels": ["ohlcv_1m"], "symbols": ["BTC-USD"]}',
    ),
    "MD582": Explanation(
        "bars that are not kept",
        "Bars of this span are neither made nor kept on this server "
        "(publication_config.ohlcv_data.intervals). Ask for a shorter one and add it up, or for another.",
        "GET /api/v1/prices/BTC-USD/history?interval=4h",
        "GET /api/v1/prices/BTC-USD/history?interval=1m",
    ),
}
