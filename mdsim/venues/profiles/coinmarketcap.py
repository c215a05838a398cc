"""CoinMarketCap: an average over many exchanges, one price every 60 seconds, already old."""

from mdsim.core.time import SECOND
from mdsim.venues.venue import Venue, listing

VENUE = Venue(
    name="coinmarketcap",
    summary="an average over many exchanges, one price every 60 seconds",
    aggregator=True,
    tier="secondary",
    priority=2,
    every_ns=60 * SECOND,
    delay_ns=25 * SECOND,
    noise_bps=1.2,
    wander_ns=25 * SECOND,
    max_age_ns=180 * SECOND,
    listings=(
        listing("BTC-USD", "0.01", 0.0, "33000"),
        listing("ETH-USD", "0.01", 0.0, "610000"),
        listing("USDT-USD", "0.00001", 0.0, "55000000000"),
        listing("USDC-USD", "0.00001", 0.0, "9000000000"),
        listing("UST-USD", "0.00001", 0.0, "40000000"),
        listing("USDE-USD", "0.00001", 0.0, "180000000"),
    ),
)
