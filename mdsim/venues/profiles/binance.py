"""Binance: the deepest books, quoted in USDT, a report every tenth of a second."""

from mdsim.core.time import MS, SECOND
from mdsim.venues.venue import Venue, listing

VENUE = Venue(
    name="binance",
    summary="deepest books, quoted in USDT, ten reports a second",
    aggregator=False,
    tier="exchange_feeds",
    priority=1,
    every_ns=100 * MS,
    delay_ns=20 * MS,
    noise_bps=0.2,
    wander_ns=4 * SECOND,
    max_age_ns=5 * SECOND,
    listings=(
        listing("BTC-USDT", "0.01", 0.02, "21000"),
        listing("ETH-USDT", "0.01", 0.05, "420000"),
        listing("BTC-ETH", "0.0001", 0.6, "900"),
        listing("BTC-USD-PERP", "0.1", 0.02, "160000"),
        listing("USDC-USD", "0.00001", 0.3, "900000000"),  # its pair is in USDT; this is its worth in dollars
        listing("BTC-USDC", "0.01", 0.1, "2600"),
        listing("USDE-USD", "0.0001", 2.0, "15000000"),
    ),
)
