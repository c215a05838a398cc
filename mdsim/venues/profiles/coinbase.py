"""Coinbase: quoted in US dollars, five reports a second."""

from mdsim.core.time import MS, SECOND
from mdsim.venues.venue import Venue, listing

VENUE = Venue(
    name="coinbase",
    summary="quoted in US dollars, five reports a second",
    aggregator=False,
    tier="exchange_feeds",
    priority=1,
    every_ns=200 * MS,
    delay_ns=45 * MS,
    noise_bps=0.4,
    wander_ns=5 * SECOND,
    max_age_ns=5 * SECOND,
    listings=(
        listing("BTC-USD", "0.01", 0.4, "8200"),
        listing("ETH-USD", "0.01", 0.6, "130000"),
        listing("USDT-USD", "0.00001", 1.0, "60000000"),
        listing("BTC-USDT", "0.01", 1.2, "180"),
        listing("ETH-USDT", "0.01", 1.6, "2400"),
        listing("BTC-ETH", "0.0001", 3.0, "160"),
        listing("BTC-USD-PERP", "0.1", 0.5, "9000"),
    ),
)
