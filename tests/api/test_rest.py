"""The market over HTTP: what is answered, what is refused, and how it is framed."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest

from mdsim.api.routes import Call, Handler, Reply, Route
from mdsim.core.events import Tick

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import Ask, FakeMarket, MakeApp

PRICES = "/api/v1/prices/BTC-USD"


def rows(answer: object, name: str) -> list[dict[str, object]]:
    """A list of objects of a JSON answer."""
    assert isinstance(answer, dict)
    found = answer[name]
    assert isinstance(found, list)
    return found


async def test_a_present_price_has_decimals_as_text_and_times_twice(ask: Ask) -> None:
    """Decimals keep their grid and never get an exponent; ns stand beside RFC 3339."""
    answer = await ask(f"{PRICES}/current")

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told["price"] == "60000.10"
    assert told["volume_24h"] == "0.00000001"
    assert told["ts_event"] == "2026-01-05T12:00:00Z"
    assert told["ts_event_ns"] == 1_767_614_400_000_000_000
    assert (told["sources_used"], told["sources_total"], told["confidence"]) == (2, 3, "0.98")
    assert (told["state"], told["age_ns"]) == ("LIVE", 250_000_000)


async def test_an_unknown_symbol_is_404_with_the_nearest_names(ask: Ask) -> None:
    """A wrong symbol is answered with what was probably meant, as a problem document."""
    answer = await ask("/api/v1/prices/BTCUSD/current")

    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["code"], told["status"], told["type"]) == ("MD484", 404, "/problems/MD484")
    assert told["instance"] == "/api/v1/prices/BTCUSD/current"
    assert "BTC-USD" in str(told["help"])


async def test_an_instrument_that_is_off_is_404_and_says_so(ask: Ask) -> None:
    """Known and off is told apart from unknown."""
    told = (await ask("/api/v1/stats/UST-USD/24h")).json()

    assert told["code"] == "MD484"
    assert "not switched on" in str(told["detail"])


async def test_the_book_has_as_many_levels_as_asked(ask: Ask) -> None:
    """Bids and asks are pairs of text, best first."""
    told = (await ask("/api/v1/orderbook/BTC-USD?depth=2")).json()

    assert told["bids"] == [["60000", "0.50000"], ["59999", "0.50000"]]
    assert told["asks"] == [["60001", "0.25000"], ["60002", "0.25000"]]
    assert told["seq"] == 9


async def test_statistics_of_a_day_say_since_when(ask: Ask) -> None:
    """The span is told, because a young market has less than a day."""
    told = (await ask("/api/v1/stats/BTC-USD/24h")).json()

    assert (told["since"], told["until"]) == ("2026-01-04T12:00:00Z", "2026-01-05T12:00:00Z")
    assert (told["change"], told["trades"]) == ("0.200002", 321)


async def test_correlations_are_within_one_and_null_where_unknown(ask: Ask) -> None:
    """Rounding never shows a correlation above 1; symbols keep the order asked."""
    told = (await ask("/api/v1/correlations?symbols=ETH-USD,BTC-USD&window=90s")).json()

    assert told["symbols"] == ["ETH-USD", "BTC-USD"]
    assert told["matrix"] == [[1.0, None], [None, 1.0]]
    assert (told["window"], told["window_ns"]) == ("1m30s", 90_000_000_000)


async def test_symbols_are_listed_with_their_state(ask: Ask, fake_market: FakeMarket) -> None:
    """Off and stale instruments are listed too, and before the first price all that are on are pending."""
    fake_market.state = "STALE"
    listed = rows((await ask("/api/v1/symbols")).json(), "symbols")
    assert {item["symbol"]: item["state"] for item in listed} == {
        "BTC-USD": "STALE",
        "ETH-USD": "STALE",
        "UST-USD": "OFF",
    }

    fake_market.reason = "starting"
    listed = rows((await ask("/api/v1/symbols")).json(), "symbols")
    assert {item["state"] for item in listed} == {"PENDING", "OFF"}


async def test_bars_come_page_by_page_and_none_is_lost(ask: Ask) -> None:
    """The pages joined are the whole range, in order, and the last has no cursor."""
    path = f"{PRICES}/history?start=2026-01-05T10:00:00Z&end=2026-01-05T11:00:00Z&interval=1m&limit=25"
    starts: list[object] = []
    cursor: object = ""
    sizes = []
    while cursor is not None:
        told = (await ask(path + (f"&cursor={cursor}" if cursor else ""))).json()
        bars = rows(told, "bars")
        sizes.append(len(bars))
        starts += [bar["start"] for bar in bars]
        cursor = told["next_cursor"]

    assert sizes == [25, 25, 10]
    assert starts == [f"2026-01-05T10:{minute:02d}:00Z" for minute in range(60)]


async def test_without_a_start_the_last_bars_are_told(ask: Ask) -> None:
    """The default range ends now and holds as many bars as the limit."""
    told = (await ask(f"{PRICES}/history?limit=5&interval=5m")).json()

    assert [str(bar["start"])[11:16] for bar in rows(told, "bars")] == [
        "11:35",
        "11:40",
        "11:45",
        "11:50",
        "11:55",
    ]
    assert told["next_cursor"] is None
    assert "ticks" not in told


async def test_a_range_within_the_open_bar_is_an_empty_page(ask: Ask, fake_market: FakeMarket) -> None:
    """A reader who asks from where it left off gets nothing yet, not a refusal."""
    told = (await ask(f"{PRICES}/history?start={fake_market.now_ns()}&interval=1h")).json()

    assert (told["bars"], told["next_cursor"]) == ([], None)


async def test_ticks_of_one_instant_are_told_once_each_over_pages(ask: Ask, fake_market: FakeMarket) -> None:
    """A page may end in the middle of an instant, even when the instant holds more than a page."""
    price = Decimal(60_000)
    at_ns = fake_market.now_ns() - 1_000
    fake_market.ticks_kept = [Tick("BTC-USD", seq, at_ns, price, price, price, price) for seq in range(7)]
    told_seqs: list[object] = []
    cursor: object = ""
    while cursor is not None:
        told = (
            await ask(f"{PRICES}/history?interval=tick&limit=2" + (f"&cursor={cursor}" if cursor else ""))
        ).json()
        told_seqs += [tick["seq"] for tick in rows(told, "ticks")]
        cursor = told["next_cursor"]

    assert told_seqs == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("interval=2m", "interval", "MD485"),
        ("interval=", "interval", "MD485"),
        ("start=yesterday", "start", "MD485"),
        ("start=1767614400", "start", "MD485"),  # seconds, by mistake
        ("start=2026-13-01", "start", "MD485"),
        ("start=2026-01-06T00:00:00Z&end=2026-01-05T00:00:00Z", "start", "MD487"),
        ("limit=0", "limit", "MD485"),
        ("limit=1001", "limit", "MD485"),
        ("limit=1e3", "limit", "MD485"),
        ("strat=0", "strat", "MD486"),
        ("limit=1&limit=2", "limit", "MD486"),
        ("cursor=2", "cursor", "MD488"),
        ("cursor=" + "A" * 4_000, "cursor", "MD488"),
    ],
)
async def test_a_bad_parameter_is_422_and_names_its_field(
    ask: Ask, query: str, field: str, code: str
) -> None:
    """Every parameter that cannot be read is refused by name, with a code that stays."""
    answer = await ask(f"{PRICES}/history?{query}")

    assert answer.status == 422
    told = answer.json()
    assert told["code"] == code
    assert [error["field"] for error in rows(told, "errors")] == [field]


async def test_a_cursor_of_another_question_is_refused(ask: Ask) -> None:
    """A cursor holds its question; another instrument or interval beside it is a mistake."""
    cursor = (await ask(f"{PRICES}/history?limit=1")).json()["next_cursor"]

    for question in ("ETH-USD/history?", "BTC-USD/history?interval=5m&", "BTC-USD/history?start=0&"):
        answer = await ask(f"/api/v1/prices/{question}cursor={cursor}")
        assert (answer.status, answer.json()["code"]) == (422, "MD488")


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T10:00:00Z",
        "2026-01-05T11:00:00%2B01:00",
        "2026-01-05T11:00:00+01:00",  # a plus that was not escaped arrives as a space
        "2026-01-05t10:00:00.000000000z",
        "1767607200000000000",
    ],
)
async def test_an_instant_is_rfc_3339_or_nanoseconds(ask: Ask, text: str) -> None:
    """All notations of one instant are the same range."""
    told = (await ask(f"{PRICES}/history?start={text}&limit=1")).json()

    assert told["start_ns"] == 1_767_607_200_000_000_000


async def test_nanoseconds_of_a_fraction_are_kept(ask: Ask) -> None:
    """A start with nine digits is not rounded to microseconds."""
    told = (await ask(f"{PRICES}/history?start=2026-01-05T10:00:00.123456789Z&limit=1")).json()

    assert told["start_ns"] == 1_767_607_200_123_456_789


async def test_before_prices_flow_the_market_is_503_with_the_reason(
    ask: Ask, fake_market: FakeMarket
) -> None:
    """Market paths and health say why, and when to come back."""
    fake_market.reason = "the first source has not answered"

    answer = await ask(f"{PRICES}/current")
    assert (answer.status, answer.json()["code"], answer.headers["retry-after"]) == (503, "MD490", "1")
    health = await ask("/health")
    assert health.status == 503
    assert health.json()["reason"] == "the first source has not answered"


async def test_health_is_ok_while_an_instrument_is_live(ask: Ask, fake_market: FakeMarket) -> None:
    """It turns to 503 when every instrument is stale or halted, and counts them."""
    answer = await ask("/health")
    assert (answer.status, answer.json()["status"]) == (200, "ok")
    assert answer.json()["symbols"] == {"LIVE": 2, "OFF": 1}

    fake_market.state = "HALTED"
    answer = await ask("/health")
    assert (answer.status, answer.json()["status"]) == (503, "unavailable")
    assert answer.json()["reason"] == "no instrument is live: 0 stale, 2 halted"


async def test_metrics_are_prometheus_text(ask: Ask) -> None:
    """The text is handed through with the type that scrapers expect."""
    answer = await ask("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.raw.endswith(b"up 1\n")


async def test_a_subscription_by_post_is_201_with_a_websocket_address(ask: Ask) -> None:
    """The body is read as JSON whatever its type says, as plain curl sends it."""
    answer = await ask(
        "/api/v1/subscribe",
        "POST",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=b'{"channels": ["tick", "ohlcv_1m"], "symbols": ["BTC-USD"], "interval": "250ms"}',
    )

    assert answer.status == 201
    told = answer.json()
    assert str(told["url"]).startswith("ws://localhost:8082/api/v1/subscribe?ticket=")
    assert told["url"] == answer.headers["location"]
    assert (told["channels"], told["interval"]) == (["tick", "ohlcv_1m"], "250ms")


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        (b'{"channels": ["ticks"], "symbols": ["BTCUSD"]}', 422, ["channels[0]", "symbols[0]"]),
        (b'{"channels": ["tick"]}', 422, ["symbols"]),
        (b'["tick"]', 422, ["body"]),
        (b"channels=tick", 400, []),
        (b"", 400, []),
        (b"\xff\xfe", 400, []),
        (b'{"a":' * 50_000, 400, []),
    ],
)
async def test_a_bad_subscription_names_every_field(
    ask: Ask, body: bytes, status: int, fields: list[str]
) -> None:
    """All problems come at once; what is no JSON at all is 400."""
    answer = await ask("/api/v1/subscribe", "POST", body=body)

    assert answer.status == status
    errors = rows(answer.json(), "errors") if fields else []
    assert [error["field"] for error in errors] == fields


async def test_a_get_of_the_stream_without_websocket_is_426(ask: Ask) -> None:
    """A reader who forgot to upgrade is told which protocol the path speaks."""
    answer = await ask("/api/v1/subscribe?channels=tick&symbols=BTC-USD")

    assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")
    assert answer.json()["code"] == "MD495"


async def test_large_answers_are_gzipped_for_those_who_take_it(ask: Ask) -> None:
    """The bytes unpack to the plain answer; small answers and refusing readers get it plain."""
    path = f"{PRICES}/history?limit=100"
    plain = await ask(path)
    packed = await ask(path, headers={"Accept-Encoding": "br, gzip"})
    refused = await ask(path, headers={"Accept-Encoding": "*, gzip;q=0"})
    small = await ask(f"{PRICES}/current", headers={"Accept-Encoding": "gzip"})

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.raw) == plain.raw == refused.raw
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in small.headers


async def test_head_and_options_tell_without_a_body(ask: Ask) -> None:
    """HEAD has the status of GET; OPTIONS names the methods."""
    head = await ask(f"{PRICES}/current", "HEAD")
    options = await ask("/api/v1/subscribe", "OPTIONS")

    assert head.status == 200
    assert options.status == 200
    assert {"GET", "POST"} <= {method.strip() for method in options.headers["allow"].split(",")}


async def test_middleware_stands_around_every_handler(ask: Ask, make_rest: MakeApp) -> None:
    """The first is outermost, sees the route's answer and may add to it."""
    seen = []

    async def outer(call: Call, handler: Handler) -> Reply:
        seen.append(f"in {call.headers.get('traceparent')}")
        reply = await handler(call)
        seen.append(f"out {reply.status}")
        return reply

    async def inner(call: Call, handler: Handler) -> Reply:
        seen.append("inner")
        return await handler(call)

    await ask(f"{PRICES}/current", app=make_rest(middleware=(outer, inner)), headers={"traceparent": "00-1"})

    assert seen == ["in 00-1", "inner", "out 200"]


async def test_a_stream_is_sent_as_it_comes(ask: Ask, make_rest: MakeApp) -> None:
    """A handler may answer with an iterator of bytes, as server-sent events do."""

    async def events() -> AsyncIterator[bytes]:
        yield b"id: 1\n\n"
        yield b"id: 2\n\n"

    async def handler(_call: Call) -> Reply:
        return Reply(events(), media="text/event-stream")

    route = Route("GET", "/stream", "getStream", "A stream", "test", handler)
    answer = await ask("/stream", app=make_rest(more=(route,)))

    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.raw == b"id: 1\n\nid: 2\n\n"


async def test_answers_are_never_cached_or_sniffed(ask: Ask) -> None:
    """A price of a moment ago is no price."""
    answer = await ask(f"{PRICES}/current")

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_large_history_encodes_to_what_decodes(ask: Ask) -> None:
    """A full page of a thousand bars is one JSON object."""
    answer = await ask(f"{PRICES}/history?limit=1000&start=0")

    assert len(rows(msgspec.json.decode(answer.raw), "bars")) == 1_000
