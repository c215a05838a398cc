"""CoinGecko: an average over many exchanges, one price every 30 seconds, already old."""

from mdsim.core.time import SECOND
from mdsim.venues.venue import Venue, listing

VENUE = Venue(
    name="coingecko",
    summary="an average over many exchanges, one price every 30 seconds",
    aggregator=True,
    tier="primary",
    priority=1,
    every_ns=30 * SECOND,
    delay_ns=20 * SECOND,
    noise_bps=1.0,
    wander_ns=20 * SECOND,
    max_age_ns=90 * SECOND,
    listings=(
        listing("BTC-USD", "0.01", 0.0, "31000"),
        listing("ETH-USD", "0.01", 0.0, "610000"),
        listing("USDT-USD", "0.00001", 0.0, "55000000000"),
        listing("USDC-USD", "0.00001", 0.0, "9000000000"),
        listing("UST-USD", "0.00001", 0.0, "40000000"),
        listing("USDE-USD", "0.00001", 0.0, "180000000"),
    ),
)
