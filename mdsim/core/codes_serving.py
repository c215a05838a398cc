"""What the codes MD520-MD529 mean: starting a server."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

SERVING: dict[str, Explanation] = {
    "MD520": Explanation(
        "a certificate that cannot be used",
        "A server with TLS needs a certificate chain and the private key that belongs to it, both in PEM and "
        "readable.",
        "mdsim serve --tls-cert chain.pem --tls-key other.pem",
        "mdsim serve --tls-cert chain.pem --tls-key key.pem",
    ),
    "MD521": Explanation(
        "sources that tell no price",
        "Real sources are configured, and none of them told a price in time: nothing could be served. The "
        "message says how each of them does.",
        "data_sources: {exchange_feeds: [{name: kraken, type: websocket, url: wss://ws.kraken.example/v2}]}",
        "data_sources: {exchange_feeds: [{name: kraken, type: websocket, url: wss://ws.kraken.com/v2}]}",
    ),
}
