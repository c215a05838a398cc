"""What the codes MD560-MD569 mean: delivery faults in a playbook."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

FEED: dict[str, Explanation] = {
    "MD560": Explanation(
        "a source that this market does not have",
        "A source can be disturbed when the market rests on it: a provider that is connected, or a venue "
        "that is simulated under its name. 'clients' is disturbed on every market.",
        "feed: {source: binnance, loss: 5%}",
        "feed: {source: binance, loss: 5%}",
    ),
    "MD561": Explanation(
        "whose feed it is",
        "A feed step disturbs what one source sends us (source) or what a share of the clients is sent "
        "(clients): exactly one of them.",
        "feed: {loss: 5%}",
        "feed: {clients: 50%, loss: 5%}",
    ),
    "MD562": Explanation(
        "a feed step without a fault",
        "Something must be wrong with the feed, such as latency, loss or freeze; a fault that says false is "
        "none.",
        "feed: {clients: 50%, for: 1m}",
        "feed: {clients: 50%, loss: 5%, for: 1m}",
    ),
    "MD563": Explanation(
        "a fault of sources on clients",
        "clock_skew, outlier and decimals are wrong prices and times that a source tells. What clients are "
        "sent is ours: to show them other prices, move the market.",
        "feed: {clients: 50%, outlier: +5%}",
        "feed: {source: binance, outlier: +5%}",
    ),
    "MD564": Explanation(
        "half a connection cannot be down",
        "disconnect and reset take a connection down with everything on it. silence is the same for some "
        "instruments or one channel.",
        "feed: {clients: 50%, disconnect: true, channel: depth}",
        "feed: {clients: 50%, silence: true, channel: depth}",
    ),
    "MD565": Explanation(
        "a detail of a fault that is not there",
        "The parameter only says more about a fault that is not asked for.",
        "feed: {source: binance, loss: 5%, clock: behind}",
        "feed: {source: binance, clock_skew: 2s, clock: behind}",
    ),
    "MD566": Explanation(
        "a fault that would do nothing",
        "An outlier by 0% is none, and a decimal point moves by whole places.",
        "feed: {source: binance, decimals: 0}",
        "feed: {source: binance, decimals: -2}",
    ),
    "MD567": Explanation(
        "an instrument that the source does not tell",
        "Each source has instruments of its own; others are made of them. Where Binance tells BTC-USDT, "
        "there is no message about BTC-USD to disturb.",
        "feed: {source: binance, symbols: BTC-USD, loss: 5%}",
        "feed: {source: binance, symbols: BTC-USDT, loss: 5%}",
    ),
}
