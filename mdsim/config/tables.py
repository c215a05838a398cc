"""Every key of the configuration, as tables.

The reader walks them, and the JSON schema and the reference page are made from them, so none of the
three can promise what another does not keep.
"""

from __future__ import annotations

from decimal import Decimal

from mdsim.config.grammar import Form, Group, Key
from mdsim.core.params import Kind
from mdsim.core.time import HOUR, MINUTE, SECOND, US

INTERVALS = ("1m", "5m", "15m", "1h", "4h", "1d")
LOG_LEVELS = ("debug", "info", "warning", "error")
METHODS = ("robust", "two_sigma")
TIERS = ("primary", "secondary", "exchange_feeds")

PROVIDER_KEYS: dict[str, tuple[str, ...]] = {
    "coingecko": ("COINGECKO_API_KEY",),
    "coinmarketcap": ("COINMARKETCAP_API_KEY", "CMC_API_KEY"),
    "binance": ("BINANCE_API_KEY",),
}
"""Source name → variables that give its key, the first one set counts."""

_PORT_MOST = 65_535
_HOURS_MOST = Decimal(24 * 366)
_FACTOR_MOST = Decimal(1_000)

SERVER = Group(
    "server",
    "Where the server listens",
    (
        Key(
            "bind",
            Form.BIND,
            "the address to listen on; beyond loopback, chaos and debug need a token",
            "127.0.0.1",
            env=("MARKET_DATA_BIND",),
            flag="--bind",
        ),
        Key(
            "port",
            Kind.COUNT,
            "HTTP and WebSocket; 0 takes a free one",
            "8082",
            low=0,
            high=_PORT_MOST,
            env=("MARKET_DATA_PORT",),
            flag="--port",
        ),
        Key(
            "grpc_port",
            Kind.COUNT,
            "gRPC; 0 takes a free one",
            "50053",
            low=0,
            high=_PORT_MOST,
            env=("MARKET_DATA_GRPC_PORT",),
            flag="--grpc-port",
        ),
        Key(
            "tls_cert",
            Form.PATH,
            "certificate chain in PEM; with tls_key the port speaks TLS",
            absent="no TLS",
            flag="--tls-cert",
        ),
        Key(
            "tls_key", Form.PATH, "private key of the certificate, in PEM", absent="no TLS", flag="--tls-key"
        ),
        Key(
            "allowed_origins",
            Form.HTTP,
            "web origins beside the server's own that may read answers and call chaos endpoints",
            absent="none",
            many=True,
        ),
    ),
)

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
    ),
)

PUBLICATION = Group(
    "publication",
    "How often and to how many prices are published",
    (
        Key(
            "tick_frequency_ms",
            Kind.NUMBER,
            "time between two publications, in ms; fractions are fine",
            "100",
            low=Decimal("0.1"),
            high=Decimal(3_600_000),
            env=("TICK_FREQUENCY_MS",),
            flag="--tick-frequency-ms",
        ),
        Key("batch_size", Kind.COUNT, "most updates in one gRPC message", "50", low=1, high=10_000),
        Key(
            "compression_enabled",
            Kind.FLAG,
            "gzip for HTTP and gRPC where the client takes it; WebSocket only where a frame is shared",
            "true",
            env=("ENABLE_COMPRESSION",),
        ),
        Key(
            "max_subscribers_per_symbol",
            Kind.COUNT,
            "readers of one instrument; past it WebSocket closes with 1013, gRPC answers RESOURCE_EXHAUSTED",
            "5000",
            low=1,
            high=1_000_000,
            env=("MAX_SUBSCRIBERS",),
            flag="--max-subscribers",
        ),
    ),
)

PUBLICATION_CONFIG = Group(
    "publication_config",
    "What each kind of message holds",
    (
        Group(
            "tick_data",
            "Ticks",
            (
                Key(
                    "frequency",
                    Kind.DURATION,
                    "time between two ticks of an instrument, unless a subscription asks otherwise",
                    absent="every publication",
                    low=100 * US,
                    high=HOUR,
                ),
                Key("symbols", Kind.SYMBOL, "instruments with ticks", absent="all that are on", many=True),
                Key("include_volume", Kind.FLAG, "ticks carry the volume of 24 hours", "true"),
            ),
        ),
        Group(
            "ohlcv_data",
            "Bars",
            (
                Key(
                    "intervals",
                    Kind.CHOICE,
                    "spans of bars",
                    "1m, 5m, 15m, 1h, 4h, 1d",
                    choices=INTERVALS,
                    many=True,
                ),
                Key(
                    "lag_tolerance",
                    Kind.DURATION,
                    "how late a price may come and still correct a bar",
                    "5s",
                    low=0,
                    high=10 * MINUTE,
                ),
            ),
        ),
        Group(
            "market_depth",
            "Books",
            (
                Key(
                    "frequency",
                    Kind.DURATION,
                    "time between two books of an instrument",
                    "1s",
                    low=100 * US,
                    high=HOUR,
                ),
                Key("depth_levels", Kind.COUNT, "levels a side", "10", low=1, high=1_000),
            ),
        ),
    ),
)

HISTORY = Group(
    "history",
    "What is kept",
    (
        Key("path", Form.PATH, "folder of the durable history", absent="memory only"),
        Key(
            "buffer_ticks",
            Kind.COUNT,
            "ticks of each instrument kept in memory",
            "10000",
            low=100,
            high=10_000_000,
        ),
        Key("retention", Kind.DURATION, "how long the durable history keeps ticks", "30d", low=MINUTE),
    ),
)


def _limits(name: str, told: str, *own: Key, deviation: str | None = None, hours: str | None = None) -> Group:
    kept: list[Key] = []
    if name not in ("feed_disruption", "correlation_break"):
        kept.append(
            Key(
                "max_deviation",
                Kind.NUMBER,
                "largest planned |published / base - 1|, as a fraction",
                deviation,
                "the server's limit alone",
                low=Decimal("0.0001"),
                high=Decimal(1_000),
            )
        )
    kept.append(
        Key(
            "max_duration_hours",
            Kind.NUMBER,
            "the longest it may take, in hours",
            hours,
            "the server's limit alone",
            low=Decimal("0.001"),
            high=_HOURS_MOST,
        )
    )
    return Group(name, f"Limits of {told}; the server's own limits hold as well", (*kept, *own))


_RECOVERY = "a run must plan its way back"
SCENARIO_TYPES = (
    _limits(
        "price_shock",
        "POST /chaos/price-shock",
        Key("recovery_required", Kind.FLAG, _RECOVERY, "true"),
        deviation="0.25",
        hours="2",
    ),
    _limits(
        "stablecoin_depeg",
        "POST /chaos/stablecoin-depeg",
        Key("gradual_only", Kind.FLAG, "no sudden step", "true"),
        deviation="0.10",
        hours="72",
    ),
    _limits("gradual_divergence", "POST /chaos/gradual-divergence"),
    _limits("feed_disruption", "POST /chaos/feed-disruption"),
    _limits(
        "market_crash",
        "POST /chaos/market-crash",
        Key("recovery_required", Kind.FLAG, _RECOVERY, "false"),
    ),
    _limits("volatility_spike", "POST /chaos/volatility-spike"),
    _limits("correlation_break", "POST /chaos/correlation-break"),
    _limits("playbook", "POST /chaos/playbooks"),
)

CHAOS = Group(
    "chaos_scenarios",
    "Who may disturb the market, and how far",
    (
        Key(
            "enabled",
            Kind.FLAG,
            "false takes the chaos and debug endpoints away (404)",
            "true",
            env=("CHAOS_ENABLED",),
        ),
        Key(
            "token",
            Form.SECRET,
            "what callers show as Authorization: Bearer; write ${NAME}",
            absent="no token: loopback alone",
            env=("CHAOS_TOKEN",),
        ),
        Key(
            "max_price_deviation",
            Kind.NUMBER,
            "largest planned |published / base - 1| of any run, as a fraction",
            "0.25",
            low=Decimal("0.0001"),
            high=Decimal(1_000),
            env=("MAX_PRICE_DEVIATION",),
        ),
        Key(
            "timeout_hours",
            Kind.NUMBER,
            "the longest that any run may take, in hours",
            "48",
            low=Decimal("0.001"),
            high=_HOURS_MOST,
            env=("SCENARIO_TIMEOUT_HOURS",),
        ),
        *SCENARIO_TYPES,
    ),
)

TELEMETRY = Group(
    "telemetry",
    "Logs and traces; metrics are always at GET /metrics",
    (
        Key(
            "log_level",
            Kind.CHOICE,
            "the least that is logged",
            "info",
            choices=LOG_LEVELS,
            env=("MARKET_DATA_LOG_LEVEL",),
            flag="--log-level",
        ),
        Key(
            "otlp_endpoint",
            Form.HTTP,
            "where traces go, such as http://127.0.0.1:4318; /v1/traces is added",
            absent="tracing off",
            env=("OTEL_EXPORTER_OTLP_ENDPOINT",),
        ),
        Key(
            "trace_sample_ratio",
            Kind.NUMBER,
            "share of published updates that are traced; runs always are",
            "0.001",
            low=Decimal(0),
            high=Decimal(1),
        ),
    ),
)

CONFIGURATION = Group(
    "",
    "The whole file",
    (
        SERVER,
        Group("market_data", "What is traded", (SYMBOL,)),
        DATA_SOURCES,
        CONSENSUS,
        PUBLICATION,
        PUBLICATION_CONFIG,
        HISTORY,
        CHAOS,
        TELEMETRY,
    ),
)

SMOOTHING_TWO_SIGMA_NS = 2 * SECOND
