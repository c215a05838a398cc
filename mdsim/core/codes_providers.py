"""What the codes MD610-MD624 mean: live sources."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

PROVIDERS: dict[str, Explanation] = {
    "MD610": Explanation(
        "a provider that mdsim cannot read",
        "The name of a source says which provider it is: the provider's name alone, or followed by a hyphen "
        "and anything, so that one provider can be read twice.",
        "{name: binanse, type: websocket, url: wss://stream.binance.com:9443/ws}",
        "{name: binance, type: websocket, url: wss://stream.binance.com:9443/ws}",
    ),
    "MD611": Explanation(
        "a provider that is not read in this way",
        "Some providers are asked over REST, some stream over a WebSocket, one does both; the help names "
        "what there is.",
        "{name: coingecko, type: websocket, url: wss://api.coingecko.com/api/v3}",
        "{name: coingecko, type: rest_api, url: https://api.coingecko.com/api/v3}",
    ),
    "MD612": Explanation(
        "an address that is none",
        "A source needs a scheme, a host and perhaps a port and a path. A user or a password does not belong "
        "into it: addresses are shown in logs.",
        "url: stream.binance.com",
        "url: wss://stream.binance.com:9443/ws",
    ),
    "MD613": Explanation(
        "prices and keys in clear over the network",
        "Plain http and ws are allowed on this machine alone. Anywhere else, others could read the key and "
        "change the prices on the way.",
        "url: ws://stream.example.com/ws",
        "url: wss://stream.example.com/ws",
    ),
    "MD614": Explanation(
        "a provider that wants a key",
        "Without a key this provider answers nothing at all.",
        "{name: coinmarketcap, type: rest_api, url: https://pro-api.coinmarketcap.com}",
        "{name: coinmarketcap, type: rest_api, url: https://pro-api.coinmarketcap.com,\n"
        " api_key: ${CMC_API_KEY}}",
    ),
}
