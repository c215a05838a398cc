"""Binance's adapter: recorded streams to the last update id, and everything that goes wrong on a bad day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.decimals import CONTEXT
from mdsim.core.instruments import ALL
from mdsim.core.time import HOUR, MINUTE, SECOND
from mdsim.providers.adapters.binance import PROVIDER, BinanceSession
from mdsim.providers.session import (
    WEBSOCKET,
    Answer,
    Fetch,
    Reconnect,
    Refuse,
    Replace,
    Send,
    SessionRequest,
)

Recorded = Callable[[str], list[Any]]
Subscribed = Callable[..., BinanceSession]


def fetches(session: BinanceSession) -> list[Fetch]:
    """What a session wants fetched."""
    return [action for action in session.actions() if isinstance(action, Fetch)]


def depth(first: int, last: int, *bids: tuple[str, str], asks: tuple[tuple[str, str], ...] = ()) -> bytes:
    """A change of BTCUSDT's book."""
    event = {"e": "depthUpdate", "E": 1_700_000_000_000, "s": "BTCUSDT", "U": first, "u": last}
    return msgspec.json.encode({**event, "b": bids, "a": asks})


def snapshot(last_id: int) -> bytes:
    """A snapshot of one level a side."""
    return msgspec.json.encode({"lastUpdateId": last_id, "bids": [("99", "1")], "asks": [("101", "1")]})


def synced(session: BinanceSession, last_id: int, now_ns: int = 0) -> None:
    """Answer the snapshot that the session asks for."""
    (fetch,) = fetches(session)
    session.fetched(Answer(fetch.tag, 200, {}, snapshot(last_id), now_ns))


@pytest.mark.parametrize(("listed", "symbol"), [("BTCUSDT", "BTC-USDT"), ("ETHUSDT", "ETH-USDT")])
def test_every_recorded_update_id_is_accounted_for(
    recorded: Recorded, subscribed: Subscribed, listed: str, symbol: str
) -> None:
    """Changes are applied or known to the snapshot, none is missing, and each quote makes its report."""
    lines = recorded(listed)
    session = subscribed(symbol, now_ns=lines[0].recv_ns)
    (fetch,) = fetches(session)
    quotes, ids, seqs = 0, [], []
    for line in lines:
        if line.kind:
            session.fetched(Answer(fetch.tag, 200, {}, line.text, line.recv_ns))
            continue
        event = msgspec.json.decode(line.text)["data"]
        reports = session.received(line.text, line.recv_ns)
        seqs += [report.seq for report in reports]
        if "e" not in event:
            quotes += 1
            if reports:
                assert reports[0].bid == Decimal(event["b"])
                assert reports[0].ask == Decimal(event["a"])
            assert event["u"] in seqs
        elif event["e"] == "depthUpdate":
            ids.append((event["U"], event["u"]))

    book = session.venues[listed].book
    before = sum(last <= lines_snapshot_id(lines) for _, last in ids)
    assert all(later[0] == earlier[1] + 1 for earlier, later in pairwise(ids))
    assert (book.skipped, book.gaps, book.dropped) == (before, 0, 0)
    assert book.last_id == ids[-1][1]
    assert seqs == sorted(dict.fromkeys(seqs))
    assert quotes > 500
    assert session.ready
    counters = session.counters
    assert (counters.errors, counters.gaps, counters.resyncs) == ({}, 0, 0)
    assert counters.messages == len(lines)  # the acknowledgement stands in for the snapshot's line
    assert counters.reports == len(seqs)


def lines_snapshot_id(lines: list[Any]) -> int:
    """Update id of the snapshot of a recording."""
    (text,) = [line.text for line in lines if line.kind]
    return int(msgspec.json.decode(text)["lastUpdateId"])


@pytest.mark.parametrize(("listed", "symbol"), [("BTCUSDT", "BTC-USDT"), ("ETHUSDT", "ETH-USDT")])
def test_the_rebuilt_book_equals_the_recorded_quote_at_every_point(
    recorded: Recorded, subscribed: Subscribed, listed: str, symbol: str
) -> None:
    """After every change the best levels and their sizes are those of the newest quote up to its id."""
    lines = recorded(listed)
    events = [msgspec.json.decode(line.text)["data"] for line in lines if not line.kind]
    quotes = {event["u"]: event for event in events if "e" not in event}
    session = subscribed(symbol, now_ns=lines[0].recv_ns)
    (fetch,) = fetches(session)
    compared = 0
    for line in lines:
        if line.kind:
            session.fetched(Answer(fetch.tag, 200, {}, line.text, line.recv_ns))
            continue
        session.received(line.text, line.recv_ns)
        event = msgspec.json.decode(line.text)["data"]
        book = session.venues[listed].book
        known = [at for at in quotes if at <= book.last_id]
        if event.get("e") != "depthUpdate" or book.book is None or not known:
            continue
        quote = quotes[max(known)]
        expected = tuple((Decimal(quote[p]), Decimal(quote[q])) for p, q in (("b", "B"), ("a", "A")))
        assert book.book.top() == expected
        compared += 1
    assert compared > 100
    assert session.venues[listed].book.compared >= compared - 1
    assert session.venues[listed].book.mismatches == 0


def test_a_subscription_waits_for_the_listing_and_a_snapshot_for_the_acknowledgement(
    subscribed: Subscribed,
) -> None:
    """The order of the vendor's page: listing, subscription, acknowledgement, snapshot."""
    session = BinanceSession(SessionRequest("binance", "ws://127.0.0.1/ws", (ALL["BTC-USDT"],)))
    session.start(0)
    (info,) = fetches(session)
    assert info.path == "/api/v3/exchangeInfo?symbol=BTCUSDT"
    body = b'{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT"}]}'
    session.fetched(Answer(info.tag, 200, {}, body, SECOND))
    (send,) = session.actions()
    assert isinstance(send, Send)
    streams = ["btcusdt@bookTicker", "btcusdt@trade", "btcusdt@depth@100ms", "btcusdt@miniTicker"]
    assert msgspec.json.decode(send.text) == {"method": "SUBSCRIBE", "params": streams, "id": 1}
    session.received(b'{"result":null,"id":1}', 2 * SECOND)
    assert [fetch.path for fetch in fetches(session)] == ["/api/v3/depth?symbol=BTCUSDT&limit=1000"]


def test_however_the_listings_come_few_messages_go_out_in_a_second() -> None:
    """Six answers within a tenth of one: three subscriptions at once, the rest in one a second later."""
    pairs = ("BTC-USDT", "ETH-USDT", "BTC-ETH", "BTC-USDC", "ETH-USDC", "USDC-USDT")
    wanted = tuple(
        replace(ALL["BTC-USDT"], symbol=pair, base=pair.partition("-")[0], quote=pair.partition("-")[2])
        for pair in pairs
    )
    session = BinanceSession(SessionRequest("binance", "ws://127.0.0.1/ws", wanted))
    session.start(0)
    sent: list[tuple[int, int]] = []
    for at, fetch in enumerate(fetches(session)):
        listed = fetch.tag.removeprefix("info:")
        entry = {"symbol": listed, "status": "TRADING", "baseAsset": "A", "quoteAsset": "B"}
        now_ns = at * SECOND // 60
        session.fetched(Answer(fetch.tag, 200, {}, msgspec.json.encode({"symbols": [entry]}), now_ns))
        sent += [(now_ns, a.text.count("@trade")) for a in session.actions() if isinstance(a, Send)]
    assert sent == [(0, 1), (SECOND // 60, 1), (SECOND // 30, 1)]
    assert session.due_ns() == SECOND
    session.tick(SECOND)
    (rest,) = session.actions()
    assert isinstance(rest, Send)
    assert rest.text.count("@trade") == 3


def test_what_is_not_listed_is_refused_at_the_start() -> None:
    """A perpetual at once; an unlisted pair after both ways round were asked for; a halted one as well."""
    wanted = tuple(ALL[symbol] for symbol in ("USDT-USD", "BTC-USD-PERP", "BTC-USDC"))
    session = BinanceSession(SessionRequest("binance", "ws://127.0.0.1/ws", wanted))
    session.start(0)
    refused: list[Refuse] = []
    actions = session.actions()
    while actions:
        action = actions.pop(0)
        if isinstance(action, Refuse):
            refused.append(action)
        elif isinstance(action, Fetch) and action.tag == "info:BTCUSDC":
            entry = {"symbol": "BTCUSDC", "status": "BREAK", "baseAsset": "BTC", "quoteAsset": "USDC"}
            session.fetched(Answer(action.tag, 200, {}, msgspec.json.encode({"symbols": [entry]}), 0))
        elif isinstance(action, Fetch):
            session.fetched(Answer(action.tag, 400, {}, b'{"code":-1121,"msg":"Invalid symbol."}', 0))
        else:
            raise AssertionError(action)
        actions += session.actions()
    assert refused == [
        Refuse("BTC-USD-PERP", "Binance Spot has no perpetual futures"),
        Refuse("BTC-USDC", "BTCUSDC is not trading there (BREAK)"),
        Refuse("USDT-USD", "it lists neither USDTUSD nor USDUSDT"),
    ]


def test_an_inverted_pair_is_inverted(subscribed: Subscribed) -> None:
    """USDT-BTC comes of BTCUSDT: bid and ask swap places, and the volume is that of the quote asset."""
    session = subscribed("BTC-USDT", "USDT-BTC")
    session.received(b'{"e":"24hrMiniTicker","s":"BTCUSDT","c":"50","v":"12","q":"600"}', 0)
    session.received(b'{"e":"trade","E":1,"s":"BTCUSDT","t":7,"p":"64000","q":"1","T":1,"m":true}', 0)
    straight, inverted = session.received(
        b'{"u":5,"s":"BTCUSDT","b":"62500","B":"1","a":"64000","A":"1"}', 9 * SECOND
    )
    assert (straight.symbol, straight.bid, straight.ask, straight.last) == (
        "BTC-USDT",
        Decimal(62_500),
        Decimal(64_000),
        Decimal(64_000),
    )
    assert (inverted.symbol, inverted.bid, inverted.ask) == (
        "USDT-BTC",
        Decimal("0.000015625"),
        Decimal("0.000016"),
    )
    assert inverted.last == CONTEXT.divide(Decimal(1), Decimal(64_000))
    assert (straight.volume_24h, inverted.volume_24h) == (Decimal(12), Decimal(600))
    assert (straight.ts_recv_ns, straight.ts_event_ns, straight.seq) == (9 * SECOND, 0, 5)


@pytest.mark.parametrize(
    ("last_id", "fits"), [(98, False), (99, True), (100, True), (104, True), (105, True), (110, True)]
)
def test_a_snapshot_fits_under_the_first_change_or_is_fetched_again(
    subscribed: Subscribed, last_id: int, fits: bool
) -> None:
    """One before the first change is too old; inside a change, on its border or past all it fits."""
    session = subscribed("BTC-USDT")
    session.received(depth(100, 105, ("100", "2")), 0)
    (fetch,) = fetches(session)
    session.fetched(Answer(fetch.tag, 200, {}, snapshot(last_id), SECOND))
    book = session.venues["BTCUSDT"].book
    assert (book.book is not None) is fits
    if fits:
        assert book.last_id == max(105, last_id)
    else:
        due = session.due_ns()
        assert due == 2 * SECOND
        session.tick(due)
        assert len(fetches(session)) == 1


def test_a_gap_throws_the_book_away_and_builds_it_anew(subscribed: Subscribed) -> None:
    """After a jump nothing of the old book is reported; a new snapshot goes under the change that jumped."""
    session = subscribed("BTC-USDT")
    synced(session, 99)
    (report,) = session.received(depth(100, 105, ("100", "2")), 5 * SECOND)
    assert (report.bid, report.ask, report.seq) == (Decimal(100), Decimal(101), 105)
    assert report.ts_event_ns == 1_700_000_000 * SECOND
    assert session.received(depth(107, 110, ("50", "1")), 6 * SECOND) == ()
    assert (session.counters.gaps, session.counters.resyncs) == (1, 1)
    synced(session, 108, 7 * SECOND)
    (report,) = session.received(depth(111, 112, ("99", "3")), 8 * SECOND)
    assert (report.bid, report.seq) == (Decimal(99), 112)


def test_a_stream_of_gaps_does_not_eat_the_quota(subscribed: Subscribed) -> None:
    """Ten gaps within a second ask for a snapshot at once and then at growing distances."""
    session = subscribed("BTC-USDT", now_ns=0)
    synced(session, 99)
    asked = 0
    for at in range(10):
        session.received(depth(200 + 10 * at, 201 + 10 * at), SECOND + at * SECOND // 10)
        for fetch in fetches(session):
            asked += 1
            session.fetched(Answer(fetch.tag, 200, {}, snapshot(200 + 10 * at), SECOND + at))
    assert asked == 1


def test_an_answer_to_an_older_request_is_not_used(subscribed: Subscribed) -> None:
    """Two snapshots on the way: the first one's answer comes too late to count."""
    session = subscribed("BTC-USDT")
    (old,) = fetches(session)
    session.fetched(Answer(old.tag, 500, {}, b"", 0))
    session.tick(SECOND)
    (new,) = fetches(session)
    session.fetched(Answer(old.tag, 200, {}, snapshot(99), SECOND))
    assert session.venues["BTCUSDT"].book.last_id == -1
    session.fetched(Answer(new.tag, 200, {}, snapshot(99), SECOND))
    assert session.venues["BTCUSDT"].book.last_id == 99
    assert session.counters.errors == {"http_500": 1}


def test_a_book_that_keeps_disagreeing_with_the_quotes_is_built_anew(subscribed: Subscribed) -> None:
    """Three comparisons in a row fail, and the book is gone; one alone may be a quote that came early."""
    session = subscribed("BTC-USDT")
    synced(session, 99)
    for at in range(100, 103):
        session.received(b'{"u":%d,"s":"BTCUSDT","b":"98","B":"1","a":"101","A":"1"}' % at, at * SECOND)
        session.received(depth(at, at), at * SECOND)
    assert session.counters.resyncs == 1
    assert session.counters.errors == {"book_mismatch": 1}
    assert len(fetches(session)) == 1


def test_a_crossed_book_is_built_anew_at_once(subscribed: Subscribed) -> None:
    """A bid at the ask would have been traded, so a level is wrong, and nothing is reported of it."""
    session = subscribed("BTC-USDT")
    synced(session, 99)
    assert session.received(depth(100, 105, ("101", "2")), 5 * SECOND) == ()
    assert session.counters.resyncs == 1
    assert session.counters.errors == {"book_mismatch": 1}
    synced(session, 105, 6 * SECOND)
    (report,) = session.received(depth(106, 107, ("100", "3")), 7 * SECOND)
    assert (report.bid, report.ask) == (Decimal(100), Decimal(101))


def test_an_older_quote_makes_no_report(subscribed: Subscribed) -> None:
    """Reports never go back: a quote with an id that was passed is not told."""
    session = subscribed("BTC-USDT")
    quote = b'{"u":%d,"s":"BTCUSDT","b":"98","B":"1","a":"101","A":"1"}'
    assert len(session.received(quote % 10, 0)) == 1
    assert session.received(quote % 10, 0) == ()
    assert session.received(quote % 9, 0) == ()


def test_an_announced_end_asks_for_a_replacement(subscribed: Subscribed) -> None:
    """Wrapped or not, ``serverShutdown`` means: open the next connection before this one ends."""
    session = subscribed("BTC-USDT")
    session.actions()
    session.received(b'{"e":"serverShutdown","E":1770123456789}', 0)
    session.received(b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}', 0)
    assert session.actions() == [Replace("server_shutdown")] * 2


def test_a_refused_or_unanswered_subscription_ends_the_connection(subscribed: Subscribed) -> None:
    """An error frame waits a minute; no acknowledgement within ten seconds reconnects at once."""
    session = subscribed("BTC-USDT")
    session.actions()
    session.received(b'{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":1}', 0)
    assert session.actions() == [Reconnect("refused", MINUTE)]

    session = BinanceSession(SessionRequest("binance", "ws://127.0.0.1/ws", (ALL["BTC-USDT"],)))
    session.start(0)
    body = b'{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT"}]}'
    session.fetched(Answer("info:BTCUSDT", 200, {}, body, 0))
    session.actions()
    assert session.due_ns() == 10 * SECOND
    session.tick(10 * SECOND)
    assert session.actions() == [Reconnect("no_ack")]
    assert session.due_ns() is None


def test_a_listing_that_does_not_come_is_asked_for_again() -> None:
    """No answer, 5xx and 429 are repeated after 1 s, 2 s, 4 s."""
    session = BinanceSession(SessionRequest("binance", "ws://127.0.0.1/ws", (ALL["BTC-USDT"],)))
    session.start(0)
    now_ns = 0
    for status, wait_s in ((0, 1), (503, 2), (429, 4)):
        (fetch,) = fetches(session)
        session.fetched(Answer(fetch.tag, status, {}, b"", now_ns))
        assert session.due_ns() == now_ns + wait_s * SECOND
        now_ns += wait_s * SECOND
        session.tick(now_ns)
    assert session.counters.errors == {"http_0": 1, "http_503": 1, "http_429": 1}


def test_a_lost_trade_is_a_gap(subscribed: Subscribed) -> None:
    """Trade ids have no holes, so one is a loss."""
    session = subscribed("BTC-USDT")
    trade = b'{"e":"trade","E":1,"s":"BTCUSDT","t":%d,"p":"100","q":"1","T":1,"m":true}'
    for at in (7, 8, 10):
        session.received(trade % at, 0)
    assert session.counters.gaps == 1


def test_microseconds_are_told_by_their_size(subscribed: Subscribed) -> None:
    """``timeUnit=MICROSECOND`` in the configured address changes nothing of the reports."""
    session = subscribed("BTC-USDT")
    synced(session, 99)
    raw = depth(100, 105, ("100", "2")).replace(b"1700000000000", b"1700000000000000")
    (report,) = session.received(raw, 0)
    assert report.ts_event_ns == 1_700_000_000 * SECOND


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[1]",
        b"\xff\xfe",
        b'{"x":' * 50_000,
        "\ud800",
        b'{"u":1,"s":"BTCUSDT","b":"NaN","B":"1","a":"1","A":"1"}',
        b'{"u":1,"s":"BTCUSDT","b":"-1","B":"1","a":"1","A":"1"}',
        b'{"u":1,"s":"BTCUSDT","b":"1e999999","B":"1","a":"1","A":"1"}',
        b'{"e":"depthUpdate","s":"BTCUSDT","U":5,"u":4,"b":[],"a":[]}',
        b'{"e":"depthUpdate","s":"BTCUSDT","U":1,"u":4,"b":[["NaN","1"]],"a":[]}',
        b'{"e":"trade","s":"BTCUSDT","t":1}',
    ],
    ids=range(11),
)
def test_broken_messages_are_counted_and_change_nothing(subscribed: Subscribed, raw: str | bytes) -> None:
    """Each kind of damage is one ``malformed``, and no report."""
    session = subscribed("BTC-USDT")
    assert session.received(raw, 0) == ()
    assert session.counters.errors == {"malformed": 1}


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["e", "u", "U", "b", "a", "s", "p", "data", "id"]), inner)
            ),
        ).map(msgspec.json.encode),
    )
)
def test_no_bytes_raise(raw: bytes) -> None:
    """Whatever arrives, the session answers with reports or a counted error."""
    session = BinanceSession(SessionRequest("binance", "ws://127.0.0.1/ws", (ALL["BTC-USDT"],)))
    session.start(0)
    session.received(raw, 0)
    session.fetched(Answer("info:BTCUSDT", 200, {}, raw, 0))
    assert session.counters.messages == 1


def test_the_rest_base_follows_the_stream() -> None:
    """Known hosts have known partners; a double answers both on its own port."""
    offer = PROVIDER.offer(WEBSOCKET)
    assert offer is not None
    assert offer.rest("wss://stream.binance.com:9443/ws") == "https://api.binance.com"
    assert offer.rest("wss://data-stream.binance.vision/stream") == "https://data-api.binance.vision"
    assert offer.rest("ws://127.0.0.1:9001/stream/ws") == "http://127.0.0.1:9001"
    assert offer.life_ns == 24 * HOUR
