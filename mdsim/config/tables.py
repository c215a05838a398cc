"""Every key of the configuration, as tables.

The reader walks them, and the JSON schema and the reference page are made from them, so none of the
three can promise what another does not keep.
"""

from __future__ import annotations

from decimal import Decimal

from mdsim.config.grammar import Form, Group, Key
from mdsim.config.tables_chaos import CHAOS
from mdsim.config.tables_market import CONSENSUS, DATA_SOURCES, SYMBOL
from mdsim.core.params import Kind
from mdsim.core.time import HOUR, MINUTE, US

INTERVALS = ("1m", "5m", "15m", "1h", "4h", "1d")
LOG_LEVELS = ("debug", "info", "warning", "error")

_PORT_MOST = 65_535

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
        Key("batch_size", Kind.COUNT, "most ticks in one gRPC update", "50", low=1, high=10_000),
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
