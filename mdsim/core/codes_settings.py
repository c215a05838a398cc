"""What the codes MD450-MD479 mean: configuring a server."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

SETTINGS: dict[str, Explanation] = {
    "MD450": Explanation(
        "a key of the configuration that does not exist",
        "Every mapping of the configuration has a fixed set of keys; an unknown one is refused, because a "
        "misspelt key would silently leave the default in force. At the top of the file, keys that begin "
        "with x- are free.",
        "server: {prot: 9000}",
        "server: {port: 9000}",
    ),
    "MD451": Explanation(
        "something that cannot be left out",
        "The entry cannot do without this key: a source without an address, a new instrument without "
        "decimals, a certificate without its private key.",
        "data_sources: {primary: [{name: coingecko, type: rest_api}]}",
        "data_sources: {primary: [{name: coingecko, type: rest_api, url: https://api.coingecko.com/api/v3}]}",
    ),
    "MD452": Explanation(
        "a configuration value of the wrong shape",
        "A list, a mapping or a single value stands where another of the three belongs, or two keys stand "
        "for the same thing.",
        "server: 9000",
        "server: {port: 9000}",
    ),
    "MD453": Explanation(
        "a variable that is not set",
        "${NAME} reads the environment, and nothing is there. It is an error rather than an empty value, "
        "because a server that starts with half of its configuration misleads. Only keys of sources may be "
        "unset: they switch their source off (MD455).",
        "server: {bind: '${ADDRESS}'}   # without ADDRESS",
        "ADDRESS=10.0.0.5 mdsim serve --config config.yaml",
    ),
    "MD454": Explanation(
        "a reference that cannot be read",
        "A variable is written as ${NAME}: a plain name in braces, without a default value and without "
        "spaces.",
        "server: {port: '${PORT:-8082}'}",
        "server: {port: '${PORT}'}",
    ),
    "MD455": Explanation(
        "a source without its key",
        "A warning: the variable that holds the key is not set, so the source is off, or goes on with its "
        "other keys. The copied example therefore starts without any key.",
        "api_key: ${COINGECKO_API_KEY}   # without COINGECKO_API_KEY",
        "COINGECKO_API_KEY=... mdsim serve --config config.yaml",
    ),
    "MD456": Explanation(
        "a secret in a place that is shown",
        "Addresses, names and paths appear in logs and in /debug; keys and passwords have places of their "
        "own, which nothing shows.",
        "url: https://api.example.com/v1?key=${EXAMPLE_API_KEY}",
        "url: https://api.example.com/v1\napi_key: ${EXAMPLE_API_KEY}",
    ),
    "MD457": Explanation(
        "a secret written into the file",
        "A warning: files are copied, shared and kept in version control. mdsim masks the value wherever "
        "it prints the line, others do not.",
        "api_key: 0123456789abcdef",
        "api_key: ${COINGECKO_API_KEY}",
    ),
    "MD458": Explanation(
        "an instrument that cannot be listed",
        "A symbol is base and quote, such as BTC-USD, with -PERP for a perpetual. base_asset and "
        "quote_asset may repeat it, not contradict it, and both must be assets that the market can price.",
        "- {symbol: BTC-USD, quote_asset: USDT}",
        "- {symbol: BTC-USDT}",
    ),
    "MD459": Explanation(
        "the same twice",
        "Two entries of a list stand for the same source, instrument or value; which of them counts would "
        "be a guess.",
        "intervals: [1m, 5m, 1m]",
        "intervals: [1m, 5m]",
    ),
    "MD460": Explanation(
        "a price grid that is too coarse",
        "A warning: one increment is more than a tenth of a basis point of the usual price, so small moves "
        "disappear or jump.",
        "- {symbol: USDT-USD, decimals: 2}",
        "- {symbol: USDT-USD, decimals: 5}",
    ),
    "MD461": Explanation(
        "values that contradict each other",
        "Each is fine alone, together they are not: a lowest price above the highest, one port for two "
        "servers, books more often than prices (which is only a warning).",
        "server: {port: 8082, grpc_port: 8082}",
        "server: {port: 8082, grpc_port: 50053}",
    ),
    "MD462": Explanation(
        "an address that does not go with its source",
        "A rest_api source has an https address, a websocket source a wss one. http and ws are refused "
        "beyond this machine, because they would send keys and prices in clear.",
        "{name: kraken, type: websocket, url: ws://ws.kraken.com/v2}",
        "{name: kraken, type: websocket, url: wss://ws.kraken.com/v2}",
    ),
    "MD463": Explanation(
        "an instrument that is not on",
        "The configuration names an instrument that is unknown, or that market_data.supported_symbols "
        "leaves out.",
        "tick_data: {symbols: [UST-USD]}",
        "market_data: {supported_symbols: [{symbol: UST-USD}]}\npublication_config: {tick_data: {symbols: "
        "[UST-USD]}}",
    ),
    "MD464": Explanation(
        "a quorum that is never reached",
        "A warning: confidence is full with consensus.quorum independent sources, and fewer are on.",
        "consensus: {quorum: 5}   # with two sources",
        "consensus: {quorum: 2}",
    ),
    "MD465": Explanation(
        "a public server without a token",
        "A warning: beyond loopback the chaos and debug endpoints answer only callers that show the token, "
        "and there is none, so they answer nobody. Prices are served.",
        "MARKET_DATA_BIND=0.0.0.0 mdsim serve",
        "MARKET_DATA_BIND=0.0.0.0 CHAOS_TOKEN=... mdsim serve",
    ),
    "MD466": Explanation(
        "a variable that nothing reads",
        "A warning: its name begins like one of mdsim's, but is none of them, so it changes nothing.",
        "MARKET_DATA_PROT=9000 mdsim serve",
        "MARKET_DATA_PORT=9000 mdsim serve",
    ),
    "MD467": Explanation(
        "a configuration that cannot be read",
        "The file does not exist, is a folder, or may not be read.",
        "mdsim serve --config missing.yaml",
        "mdsim config example > config.yaml\nmdsim serve --config config.yaml",
    ),
}
