"""Kraken: US dollars and both stablecoins, four reports a second."""

from mdsim.core.time import MS, SECOND
from mdsim.venues.venue import Venue, listing

VENUE = Venue(
    name="kraken",
    summary="US dollars and both stablecoins, four reports a second",
    aggregator=False,
    tier="exchange_feeds",
    priority=1,
    every_ns=250 * MS,
    delay_ns=70 * MS,
    noise_bps=0.5,
    wander_ns=6 * SECOND,
    max_age_ns=5 * SECOND,
    listings=(
        listing("BTC-USD", "0.1", 0.6, "2500"),
        listing("ETH-USD", "0.01", 0.9, "36000"),
        listing("USDT-USD", "0.00001", 0.8, "85000000"),
        listing("USDC-USD", "0.0001", 1.0, "30000000"),
        listing("BTC-USDT", "0.1", 1.4, "320"),
        listing("ETH-USDT", "0.01", 1.9, "5200"),
        listing("BTC-ETH", "0.0001", 3.5, "210"),
        listing("BTC-USD-PERP", "0.1", 0.8, "4000"),
        listing("USDE-USD", "0.0001", 4.0, "600000"),
    ),
)
