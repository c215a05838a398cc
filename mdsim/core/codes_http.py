"""What the codes MD480-MD499 mean: requests over HTTP."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

HTTP: dict[str, Explanation] = {
    "MD480": Explanation(
        "a path that does not exist",
        "Nothing is served at this path. GET /docs shows every path of this server, GET /openapi.json says "
        "the same to programs. A slash at the end makes another path.",
        "GET /api/v1/price/BTC-USD/current",
        "GET /api/v1/prices/BTC-USD/current",
    ),
    "MD481": Explanation(
        "a method that the path does not have",
        "The path exists, but not with this method; the Allow header lists those it has.",
        "POST /api/v1/symbols",
        "GET /api/v1/symbols",
    ),
    "MD482": Explanation(
        "a body that is too large",
        "A request's body is at most 256 KiB, the size of the largest playbook. It is refused before "
        "anything looks at it.",
        "",
        "",
    ),
    "MD483": Explanation(
        "the server broke on a request",
        "This is a fault of mdsim, not of the request. The answer says nothing of what went wrong inside; "
        "the server's log does, with the path and the time of the request.",
        "",
        "",
    ),
    "MD484": Explanation(
        "an instrument that this server does not price",
        "The symbol is unknown, or known and not switched on. Symbols are written BASE-QUOTE in capitals; "
        "GET /api/v1/symbols lists them with their state.",
        "GET /api/v1/prices/BTCUSD/current",
        "GET /api/v1/prices/BTC-USD/current",
    ),
    "MD485": Explanation(
        "a value of a request that does not fit",
        "A parameter or a field of the body has the wrong form or lies outside its bounds; 'errors' names "
        "each with what to write instead.",
        "GET /api/v1/prices/BTC-USD/history?interval=2m",
        "GET /api/v1/prices/BTC-USD/history?interval=5m",
    ),
    "MD486": Explanation(
        "a parameter that the path does not have",
        "An unknown query parameter is refused rather than ignored, because a misspelt one would silently "
        "change the answer. Each may be given once.",
        "GET /api/v1/orderbook/BTC-USD?dept=5",
        "GET /api/v1/orderbook/BTC-USD?depth=5",
    ),
    "MD487": Explanation(
        "a range that ends before it starts",
        "A range holds what began at 'start' or later and before 'end', so 'end' must be the later of the "
        "two. Without 'end' the range ends at the present time of the market.",
        "…/history?start=2026-01-06T00:00:00Z&end=2026-01-05T00:00:00Z",
        "…/history?start=2026-01-05T00:00:00Z&end=2026-01-06T00:00:00Z",
    ),
    "MD488": Explanation(
        "a cursor that cannot be used",
        "A cursor is 'next_cursor' of the page before, as it stands, for the same instrument. It holds the "
        "whole question; parameters beside it must be those of the first page, or absent.",
        "…/BTC-USD/history?cursor=2",
        "…/BTC-USD/history?cursor=WyJCVEMt…",
    ),
    "MD489": Explanation(
        "a body that is no JSON",
        "The body is read as JSON whatever its Content-Type says. It must be one JSON value in UTF-8.",
        "curl -d '{symbol: BTC-USD}' …",
        'curl -d \'{"symbol": "BTC-USD"}\' …',
    ),
    "MD490": Explanation(
        "no prices yet",
        "The server runs, but its market has no prices: it has just started, or no source has answered. GET "
        "/health gives the reason and turns to 200 when prices flow.",
        "",
        "",
    ),
    "MD491": Explanation(
        "chaos is switched off",
        "The operator started the server with CHAOS_ENABLED=false: it serves prices, and the chaos and debug "
        "endpoints do not exist.",
        "CHAOS_ENABLED=false mdsim serve",
        "CHAOS_ENABLED=true mdsim serve",
    ),
    "MD492": Explanation(
        "a token that is missing or wrong",
        "The server has a CHAOS_TOKEN, and every call of a chaos or debug endpoint shows it, from whichever "
        "machine it comes.",
        "curl -X DELETE http://127.0.0.1:8082/chaos/stop-all",
        'curl -X DELETE -H "Authorization: Bearer $CHAOS_TOKEN" http://127.0.0.1:8082/chaos/stop-all',
    ),
    "MD493": Explanation(
        "chaos from another machine without a token",
        "A server without a CHAOS_TOKEN takes chaos and debug calls from its own machine alone: it must "
        "listen on a loopback address, be asked by a loopback name, and not through a proxy.",
        "MARKET_DATA_BIND=0.0.0.0 mdsim serve",
        "MARKET_DATA_BIND=0.0.0.0 CHAOS_TOKEN=… mdsim serve",
    ),
    "MD494": Explanation(
        "a web page of another origin",
        "The browser says that the request comes from a page of another site. Such pages could otherwise "
        "move the market of whoever opens them, so chaos and debug endpoints refuse them.",
        "",
        "",
    ),
    "MD495": Explanation(
        "a stream asked for without WebSocket",
        "The path is the WebSocket stream; a plain GET cannot be answered there.",
        "curl http://127.0.0.1:8082/api/v1/subscribe",
        "websocat 'ws://127.0.0.1:8082/api/v1/subscribe?channels=tick&symbols=BTC-USD'",
    ),
    "MD496": Explanation(
        "a request that cannot be read",
        "The request breaks the rules of HTTP, or its body did not arrive in time; the status says which.",
        "",
        "",
    ),
    "MD497": Explanation(
        "a code that does not exist",
        "Problem documents carry a code, and GET /problems/CODE explains it; this one is not in the list.",
        "GET /problems/484",
        "GET /problems/MD484",
    ),
}
