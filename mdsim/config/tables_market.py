"""Keys about what is traded and where prices come from: instruments, sources, consensus."""

from __future__ import annotations

from decimal import Decimal

from mdsim.config.grammar import Form, Group, Key
from mdsim.core.params import Kind
from mdsim.core.time import HOUR, SECOND

METHODS = ("robust", "two_sigma")
TIERS = ("primary", "secondary", "exchange_feeds")
SMOOTHING_TWO_SIGMA_NS = 2 * SECOND

PROVIDER_KEYS: dict[str, tuple[str, ...]] = {
    "coingecko": ("COINGECKO_API_KEY",),
    "coinmarketcap": ("COINMARKETCAP_API_KEY", "CMC_API_KEY"),
    "binance": ("BINANCE_API_KEY",),
}
"""Source name → variables that give its key, the first one set counts."""

_FACTOR_MOST = Decimal(1_000)

SPREAD = Group(
    "spread",
    "How the quoted spread of the instrument behaves",
    (
        Key(
            "base_spread_bps",
            Kind.NUMBER,
            "spread in calm hours, in basis points of the price",
            absent="the instrument's own",
            low=Decimal("0.001"),
            high=Decimal(2_000),
        ),
        Key(
            "volatility_factor",
            Kind.NUMBER,
            "how strongly volatility widens it; 1 as the market model, 0 not at all",
            "1",
            low=Decimal(0),
            high=_FACTOR_MOST,
        ),
        Key(
            "liquidity_factor",
            Kind.NUMBER,
            "how strongly thin depth widens it, likewise",
            "1",
            low=Decimal(0),
            high=_FACTOR_MOST,
        ),
        Key(
            "time_of_day_factor",
            Kind.NUMBER,
            "how strongly the hour of the day acts on it, likewise",
            "1",
            low=Decimal(0),
            high=_FACTOR_MOST,
        ),
        Key(
            "asset_specific",
            Kind.NUMBER,
            "multiplies the whole spread of this instrument",
            "1",
            low=Decimal("0.001"),
            high=_FACTOR_MOST,
        ),
    ),
)

SYMBOL = Group(
    "supported_symbols",
    "The instruments that are on, in this order; without the list, those that are on out of the box. "
    "An entry may change an instrument that mdsim knows, or add one of known assets",
    (
        Key("symbol", Kind.SYMBOL, "base and quote, such as BTC-USD; -PERP for a perpetual", required=True),
        Key("base_asset", Form.ASSET, "the asset that is traded", absent="as in the symbol"),
        Key("quote_asset", Form.ASSET, "the asset that it is priced in", absent="as in the symbol"),
        Key(
            "decimals",
            Kind.COUNT,
            "decimals of a price",
            absent="the instrument's own; needed for a new one",
            low=0,
            high=18,
        ),
        Key(
            "size_decimals",
            Kind.COUNT,
            "decimals of a size",
            absent="the instrument's own; 5 for a new one",
            low=0,
            high=18,
        ),
        Key(
            "min_price",
            Kind.PRICE,
            "a source's price below it is refused as an error",
            absent="no bound",
            low=Decimal("0.000000000001"),
        ),
        Key(
            "max_price",
            Kind.PRICE,
            "a source's price above it is refused as an error",
            absent="no bound",
            low=Decimal("0.000000000001"),
        ),
        Key(
            "circuit_breaker_threshold",
            Kind.NUMBER,
            "a change of the agreed price within one minute that halts the instrument, as a fraction",
            "0.10",
            low=Decimal("0.0001"),
            high=Decimal(10),
        ),
        Key(
            "depeg_alert_threshold",
            Kind.NUMBER,
            "distance of a stablecoin from its peg that raises an alert, as a fraction",
            "0.005",
            low=Decimal("0.0001"),
            high=Decimal(1),
        ),
        SPREAD,
    ),
    many=True,
)

SOURCE_ITEMS = (
    Key("name", Form.NAME, "the source's name, in metrics and logs", required=True),
    Key("type", Kind.CHOICE, "how it is asked", choices=("rest_api", "websocket"), required=True),
    Key("url", Form.STREAM, "its address; TLS beyond this machine", required=True),
    Key("api_key", Form.SECRET, "its key; write ${NAME}, so that the file holds none", absent="no key"),
    Key("api_keys", Form.SECRET, "several keys, used in turn", absent="no key", many=True),
    Key(
        "rate_limit",
        Kind.COUNT,
        "most requests a minute (of a key, when there are several)",
        absent="the adapter's own",
        low=1,
        high=1_000_000,
    ),
    Key("symbols", Kind.SYMBOL, "instruments that are taken from it", absent="all it knows", many=True),
    Key(
        "priority", Kind.COUNT, "1 is the first choice; the weight is volume / priority", "1", low=1, high=100
    ),
)

DATA_SOURCES = Group(
    "data_sources",
    "Where prices come from; without any, the synthetic market",
    (
        Group("primary", "Sources that are asked first", SOURCE_ITEMS, many=True),
        Group("secondary", "Sources that stand in", SOURCE_ITEMS, many=True),
        Group("exchange_feeds", "Streams of exchanges", SOURCE_ITEMS, many=True),
    ),
)

CONSENSUS = Group(
    "consensus",
    "How the prices of several sources become one",
    (
        Key(
            "method",
            Kind.CHOICE,
            "robust (medians), or two_sigma (mean without what lies beyond two standard deviations)",
            "robust",
            choices=METHODS,
        ),
        Key(
            "smoothing",
            Kind.DURATION,
            "half-life of the smoothed price, published beside the raw one; 0s is off",
            absent="off for robust, 2s for two_sigma",
            low=0,
            high=HOUR,
        ),
        Key("quorum", Kind.COUNT, "independent sources that full confidence needs", "3", low=1, high=100),
        Key(
            "fill_in",
            Kind.CHOICE,
            "what stands in for an instrument that no real source tells: nothing, or synthetic prices that "
            "go on from the last agreed one, with the state FILLED and confidence 0",
            "none",
            choices=("none", "synthetic"),
        ),
    ),
)
