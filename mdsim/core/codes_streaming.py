"""What the codes MD400-MD429 mean: the front door, the WebSocket and its messages."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

STREAMING: dict[str, Explanation] = {
    "MD400": Explanation(
        "a message that is no JSON object",
        "Every message to the WebSocket is one JSON object in one text frame. The connection stays open.",
        "subscribe tick BTC-USD",
        '{"op":"subscribe","id":1,"channels":["tick"],"symbols":["BTC-USD"]}',
    ),
    "MD401": Explanation(
        "a message without anything to do",
        "The field op says what is wanted: subscribe, unsubscribe, ping or list.",
        '{"op":"sub","channels":["tick"],"symbols":["BTC-USD"]}',
        '{"op":"subscribe","channels":["tick"],"symbols":["BTC-USD"]}',
    ),
    "MD402": Explanation(
        "a field that does not exist",
        "An unknown field is refused rather than ignored, because a misspelt one would silently subscribe to "
        "something else. Nothing was changed.",
        '{"op":"subscribe","symbol":["BTC-USD"],"channels":["tick"]}',
        '{"op":"subscribe","symbols":["BTC-USD"],"channels":["tick"]}',
    ),
    "MD403": Explanation(
        "a field that is missing or of the wrong shape",
        "channels and symbols are lists of names, with one name at least. In an address they are "
        "separated by "
        "commas.",
        '{"op":"subscribe","channels":"tick","symbols":["BTC-USD"]}',
        '{"op":"subscribe","channels":["tick"],"symbols":["BTC-USD"]}',
    ),
    "MD404": Explanation(
        "a channel that does not exist",
        "The channels are tick, depth, trades, ohlcv_1m, ohlcv_5m, ohlcv_15m, ohlcv_1h, ohlcv_4h, "
        "ohlcv_1d and "
        "events.",
        '{"op":"subscribe","channels":["ticker"],"symbols":["BTC-USD"]}',
        '{"op":"subscribe","channels":["tick"],"symbols":["BTC-USD"]}',
    ),
    "MD405": Explanation(
        "an instrument that this market does not have",
        "The symbol is unknown, or not switched on in this server. GET /api/v1/symbols lists what there is; "
        '"*" means all of it.',
        '{"op":"subscribe","channels":["tick"],"symbols":["BTCUSD"]}',
        '{"op":"subscribe","channels":["tick"],"symbols":["BTC-USD"]}',
    ),
    "MD406": Explanation(
        "a format that does not exist",
        "Messages come as json in text frames, or as protobuf in binary frames.",
        '{"op":"subscribe","channels":["tick"],"symbols":["BTC-USD"],"format":"xml"}',
        '{"op":"subscribe","channels":["tick"],"symbols":["BTC-USD"],"format":"json"}',
    ),
    "MD407": Explanation(
        "an interval that cannot be used",
        "The interval is 0 for every message, or a duration with its unit, at most 1h: then the "
        "newest message "
        "is sent once in each interval.",
        '{"op":"subscribe","channels":["tick"],"symbols":["BTC-USD"],"interval":250}',
        '{"op":"subscribe","channels":["tick"],"symbols":["BTC-USD"],"interval":"250ms"}',
    ),
    "MD409": Explanation(
        "a ticket that does not open anything",
        "POST /api/v1/subscribe answers with an address that holds a ticket. It can be used again and again, "
        "until it was not used for five minutes; it is used as it is, without further parameters.",
        "ws://127.0.0.1:8082/api/v1/subscribe?ticket=made-up",
        "ws://127.0.0.1:8082/api/v1/subscribe?channels=tick&symbols=BTC-USD",
    ),
    "MD410": Explanation(
        "an id that cannot be given back",
        "The id of a message is a whole number or a short text; its answer carries the same.",
        '{"op":"ping","id":{"n":1}}',
        '{"op":"ping","id":1}',
    ),
    "MD411": Explanation(
        "an instrument with all the readers it may have",
        "publication.max_subscribers_per_symbol bounds the readers of one instrument. Past it a WebSocket is "
        "closed with 1013: try again later, or raise the bound.",
        "MAX_SUBSCRIBERS=1 mdsim serve",
        "MAX_SUBSCRIBERS=5000 mdsim serve",
    ),
    "MD412": Explanation(
        "a request whose head is too long or too slow",
        "The first line and the headers of a request are at most 16 KiB and come within ten seconds.",
        "",
        "",
    ),
    "MD413": Explanation(
        "a server with all the connections it may have",
        "HTTP and WebSocket connections together are bounded, by the server's own bound and by the "
        "descriptors "
        "that the system allows the process (ulimit -n).",
        "",
        "",
    ),
    "MD417": Explanation(
        "an address that cannot be listened on",
        "Another program has the port, the address is not one of this machine, or it needs rights.",
        "mdsim serve --port 8082   # for the second time",
        "mdsim serve --port 8083",
    ),
}
