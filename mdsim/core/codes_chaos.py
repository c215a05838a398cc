"""What the codes MD370-MD379 mean: bodies of the chaos endpoints."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

CHAOS: dict[str, Explanation] = {
    "MD370": Explanation(
        "a key that a body does not have",
        "Every chaos endpoint has a fixed set of keys; an unknown one is refused rather than ignored, "
        "because a misspelt key would silently change what is tested.",
        '{"symbol": "BTC-USD", "shock_percent": -15}',
        '{"symbol": "BTC-USD", "shock_percentage": -15}',
    ),
    "MD371": Explanation(
        "a key that is missing",
        "The endpoint cannot do without this key; the others have defaults.",
        '{"shock_percentage": -15}',
        '{"symbol": "BTC-USD", "shock_percentage": -15}',
    ),
    "MD372": Explanation(
        "a value of a body that does not fit",
        "The value is of the wrong kind, or outside the bounds that GET /docs shows.",
        '{"symbol": "BTC-USD", "shock_percentage": "-15%"}',
        '{"symbol": "BTC-USD", "shock_percentage": -15}',
    ),
    "MD373": Explanation(
        "a move that does not go anywhere, or the other way",
        "A move by 0 tests nothing, and a drop that goes up was probably meant to go down.",
        '{"symbol": "BTC-USD", "shock_percentage": 15, "pattern": "sudden_drop"}',
        '{"symbol": "BTC-USD", "shock_percentage": -15, "pattern": "sudden_drop"}',
    ),
    "MD374": Explanation(
        "an instrument in a body that is not priced here",
        "The symbol is unknown, switched off, or named twice; GET /api/v1/symbols lists those there are.",
        '{"symbol": "BTCUSD", "shock_percentage": -15}',
        '{"symbol": "BTC-USD", "shock_percentage": -15}',
    ),
    "MD375": Explanation(
        "an instrument that the scenario cannot be about",
        "A depeg is about a stablecoin, a divergence about two prices of one asset, a correlation about "
        "assets quoted in USD.",
        '{"base_symbol": "BTC-USD", "target_symbol": "ETH-USD", "max_spread_bps": -50}',
        '{"base_symbol": "BTC-USD", "target_symbol": "BTC-USD-PERP", "max_spread_bps": -50}',
    ),
    "MD376": Explanation(
        "a rule of the operator for this type of scenario",
        "The configuration says that this type must recover, or must not be sudden; the message names the "
        "key.",
        '{"symbol": "BTC-USD", "shock_percentage": -15, "recovery_time_seconds": 0}',
        '{"symbol": "BTC-USD", "shock_percentage": -15, "recovery_time_seconds": 60}',
    ),
    "MD377": Explanation(
        "a source that cannot be disturbed",
        "Only a source of the served market can be disturbed, in the instruments that it tells. "
        "`GET /debug/data-sources/status` shows them.",
        '{"source": "bitstamp", "packet_loss_percentage": 10}',
        '{"source": "kraken", "packet_loss_percentage": 10}',
    ),
    "MD378": Explanation(
        "a disruption that disturbs nothing",
        "In mode `impair` at least one of loss, latency and jitter must be more than 0.",
        '{"source": "kraken"}',
        '{"source": "kraken", "latency_ms": 800}',
    ),
}
