"""Coinbase Exchange's session, message by message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from mdsim.core.sourcing import Report
from mdsim.core.time import MS, SECOND, parse_utc
from mdsim.providers.adapters._coinbase_wire import parse
from mdsim.providers.session import Answer, Reconnect, Session

NOON = parse_utc("2026-05-27T12:00:00Z")
PRODUCTS = msgspec.json.encode(
    [
        {"id": "BTC-USD", "status": "online", "trading_disabled": False},
        {"id": "ETH-BTC", "status": "online", "trading_disabled": False},
        {"id": "UST-USD", "status": "delisted", "trading_disabled": True},
    ]
)


def listed(body: bytes = PRODUCTS, status: int = 200, now_ns: int = NOON) -> Answer:
    """The answer to the request for the list."""
    return Answer("products", status, {}, body, now_ns)


def stamp(ms: int) -> str:
    """The time of day of a message, in ms after noon."""
    return f"2026-05-27T12:00:{ms // 1000:02d}.{ms % 1000:03d}000Z"


def ticker(price: str, bid: str, ask: str, *, seq: int, trade: int, ms: int, product: str = "BTC-USD") -> str:
    """A ticker as the venue sends it."""
    return (
        f'{{"type":"ticker","sequence":{seq},"product_id":"{product}","price":"{price}","open_24h":"1",'
        f'"volume_24h":"1834.5","low_24h":"1","high_24h":"1","volume_30d":"9","best_bid":"{bid}",'
        f'"best_bid_size":"0.1","best_ask":"{ask}","best_ask_size":"17","side":"buy","time":"{stamp(ms)}",'
        f'"trade_id":{trade},"last_size":"0.00001306"}}'
    )


def snapshot(bids: str, asks: str, product: str = "BTC-USD") -> str:
    """A snapshot of levels ``price size``, the best first."""
    both = [
        [level.split() for level in side.split(", ")] if side else [] for side in (asks, bids)
    ]  # asks come first on the wire
    body = {"type": "snapshot", "product_id": product, "asks": both[0], "bids": both[1]}
    return msgspec.json.encode(body).decode()


def update(*changes: str, time: str) -> str:
    """Changes ``side price size`` of the book."""
    body = {
        "type": "l2update",
        "product_id": "BTC-USD",
        "changes": [c.split() for c in changes],
        "time": time,
    }
    return msgspec.json.encode(body).decode()


def heartbeat(trade: int, ms: int) -> str:
    """A heartbeat that knows of a trade."""
    return (
        f'{{"type":"heartbeat","sequence":9,"last_trade_id":{trade},"product_id":"BTC-USD",'
        f'"time":"{stamp(ms)}"}}'
    )


def started(session: Session) -> Session:
    """Started, told what is listed, its requests taken."""
    session.start(NOON)
    session.fetched(listed())
    session.actions()
    return session


def quotes(reports: Sequence[Report]) -> list[tuple[float, float]]:
    """Bid and ask of each report."""
    return [(float(r.bid or 0), float(r.ask or 0)) for r in reports]


class TestSubscribing:
    """What is asked for, and when."""

    def test_it_subscribes_to_what_is_listed_and_refuses_the_rest(
        self,
        open_session: Callable[..., Session],
        sent: Callable[[Session], list[dict[str, object]]],
        refused: Callable[[Session], dict[str, str]],
    ) -> None:
        """ETH-BTC serves BTC-ETH the other way round; delisted, unlisted and perpetual are refused."""
        wanted = ("BTC-USD", "BTC-ETH", "UST-USD", "USDC-USD", "BTC-USD-PERP")
        for take in (sent, refused):
            session = open_session("coinbase", *wanted)
            session.start(NOON)
            assert session.actions()
            session.fetched(listed())
            found = take(session)
            if take is sent:
                assert found == [
                    {
                        "type": "subscribe",
                        "product_ids": ["BTC-USD", "ETH-BTC"],
                        "channels": ["heartbeat", "ticker", "level2_batch"],
                    }
                ]
            else:
                assert list(found) == ["UST-USD", "USDC-USD", "BTC-USD-PERP"]

    def test_it_does_not_wait_for_the_list_past_three_seconds(
        self,
        open_session: Callable[..., Session],
        sent: Callable[[Session], list[dict[str, object]]],
    ) -> None:
        """The venue closes after five; when the list comes, what is not on it is let go."""
        session = open_session("coinbase", "BTC-USD", "USDC-USD")
        session.start(NOON)
        session.actions()
        assert session.due_ns() == NOON + 3 * SECOND
        session.tick(NOON + 3 * SECOND)
        assert [body["product_ids"] for body in sent(session)] == [["BTC-USD", "USDC-USD"]]

        session.fetched(listed(now_ns=NOON + 4 * SECOND))
        assert [(b["type"], b["product_ids"]) for b in sent(session)] == [("unsubscribe", ["USDC-USD"])]

    def test_a_list_that_fails_is_asked_for_again(
        self, open_session: Callable[..., Session], fetches: Callable[[Session], list[object]]
    ) -> None:
        """A venue in trouble answers 503 first."""
        session = open_session("coinbase", "BTC-USD")
        session.start(NOON)
        session.actions()
        session.fetched(listed(b"", 503))
        session.fetched(listed(b"<html>", 200))
        assert fetches(session) == []
        session.tick(NOON + 2 * SECOND)
        assert len(fetches(session)) == 1
        assert session.counters.errors == {"http_503": 1, "malformed": 1}

    def test_a_product_that_the_venue_refuses_is_taken_out(
        self, open_session: Callable[..., Session], sent: Callable[[Session], list[dict[str, object]]]
    ) -> None:
        """One bad product spoils the whole subscription, so the rest is subscribed to again."""
        session = started(open_session("coinbase", "BTC-USD", "BTC-ETH"))
        session.received(
            '{"type":"error","message":"Failed to subscribe","reason":"ETH-BTC is not a valid product"}', NOON
        )
        assert [body["product_ids"] for body in sent(session)] == [["BTC-USD"]]

    def test_without_permission_for_books_tickers_do(
        self, open_session: Callable[..., Session], sent: Callable[[Session], list[dict[str, object]]]
    ) -> None:
        """Since 2023 some channels of books need a key; a change of that kind must not cost the prices."""
        session = started(open_session("coinbase", "BTC-USD"))
        session.received(
            '{"type":"error","message":"Failed to subscribe",'
            '"reason":"level2, level3, and full channels now require authentication."}',
            NOON,
        )
        assert [body["channels"] for body in sent(session)] == [["heartbeat", "ticker"]]

    def test_any_other_refusal_ends_the_connection(self, open_session: Callable[..., Session]) -> None:
        """Nothing would come over it."""
        session = started(open_session("coinbase", "BTC-USD"))
        session.received('{"type":"error","message":"No channels provided"}', NOON)
        assert [type(action) for action in session.actions()] == [Reconnect]
        assert session.counters.errors == {"refused": 1}


class TestPrices:
    """What becomes of tickers and books."""

    def test_a_ticker_reports_with_its_number_and_exact_text(
        self, open_session: Callable[..., Session]
    ) -> None:
        """Price, quotes, volume, time and sequence, as they stand on the wire."""
        session = started(open_session("coinbase", "BTC-USD"))
        [report] = session.received(
            ticker("67234.10", "67234.09", "67234.10", seq=90, trade=20, ms=5), NOON + MS
        )

        assert report == Report(
            "coinbase", "BTC-USD", NOON + 5 * MS, NOON + MS, 90,
            Decimal("67234.09"), Decimal("67234.10"), Decimal("67234.10"), Decimal("1834.5"),
        )  # fmt: skip
        assert str(report.last) == "67234.10"

    def test_an_inverted_pair_is_inverted(self, open_session: Callable[..., Session]) -> None:
        """BTC-ETH from ETH-BTC: one over the ask is the bid; its volume would be in the wrong unit."""
        session = started(open_session("coinbase", "BTC-ETH"))
        [report] = session.received(
            ticker("0.05", "0.04", "0.0625", seq=1, trade=1, ms=1, product="ETH-BTC"), NOON
        )

        assert (report.symbol, report.last) == ("BTC-ETH", Decimal(20))
        assert quotes([report]) == [(16, 25)]
        assert report.volume_24h is None

    def test_the_book_moves_the_quotes_between_trades(self, open_session: Callable[..., Session]) -> None:
        """Absolute sizes; zero deletes, also what was never there."""
        session = started(open_session("coinbase", "BTC-USD"))
        first = session.received(snapshot("99 1, 98 2", "101 1, 102 2"), NOON)
        second = session.received(update("buy 100 0.5", "sell 101 0.00000000", time=stamp(50)), NOON + MS)
        third = session.received(update("buy 55 0", time=stamp(400)), NOON + 400 * MS)

        assert quotes([*first, *second, *third]) == [(99, 101), (100, 102), (100, 102)]
        assert [r.seq for r in second] == [0]

    def test_the_newer_of_ticker_and_book_counts(self, open_session: Callable[..., Session]) -> None:
        """A batch of the book is up to 50 ms behind a ticker; the quotes must not go back and forth."""
        session = started(open_session("coinbase", "BTC-USD"))
        session.received(snapshot("99 1", "101 1"), NOON)
        session.received(ticker("105", "104", "106", seq=1, trade=1, ms=60), NOON + MS)
        late = session.received(update("buy 100 1", time=stamp(50)), NOON + 300 * MS)
        fresh = session.received(update("buy 100.5 1", time=stamp(100)), NOON + 600 * MS)

        assert quotes([*late, *fresh]) == [(104, 106), (100.5, 101)]

    def test_a_price_that_stands_still_is_told_four_times_a_second(
        self, open_session: Callable[..., Session]
    ) -> None:
        """Deep levels change all the time; what they say of the best price is that it stands."""
        session = started(open_session("coinbase", "BTC-USD"))
        session.received(snapshot("99 1", "101 1"), NOON)
        counts = [
            len(session.received(update("buy 50 1", time=stamp(at)), NOON + at * MS))
            for at in range(50, 1001, 50)
        ]

        assert sum(counts) == 4

    def test_a_time_of_year_one_tells_nothing(self, open_session: Callable[..., Session]) -> None:
        """The venue sends it now and then; the change counts, its time does not."""
        session = started(open_session("coinbase", "BTC-USD"))
        session.received(snapshot("99 1", "101 1"), NOON)
        [report] = session.received(update("buy 100 1", time="0001-01-01T00:00:00.000000Z"), NOON + MS)

        assert (report.ts_event_ns, report.bid) == (0, Decimal(100))

    def test_a_ticker_of_2021_has_no_sizes(self, open_session: Callable[..., Session]) -> None:
        """Its quotes count all the same."""
        session = started(open_session("coinbase", "BTC-USD"))
        old = ticker("100", "99", "101", seq=1, trade=1, ms=1)
        old = old.replace('"best_bid_size":"0.1",', "").replace('"best_ask_size":"17",', "")

        assert quotes(session.received(old, NOON)) == [(99, 101)]

    def test_a_ticker_that_comes_late_is_counted_and_passed_over(
        self, open_session: Callable[..., Session]
    ) -> None:
        """``sequence`` rises within a product."""
        session = started(open_session("coinbase", "BTC-USD"))
        session.received(ticker("100", "99", "101", seq=5, trade=5, ms=1), NOON)

        assert session.received(ticker("90", "89", "91", seq=4, trade=4, ms=0), NOON) == ()
        assert session.counters.errors == {"out_of_order": 1}

    def test_it_is_ready_when_everything_listed_has_spoken(
        self, open_session: Callable[..., Session]
    ) -> None:
        """A replacement must not take over with half the prices."""
        session = started(open_session("coinbase", "BTC-USD", "BTC-ETH"))
        session.received(snapshot("99 1", "101 1"), NOON)
        assert not session.ready
        session.received(snapshot("0.04 1", "0.05 1", "ETH-BTC"), NOON)
        assert session.ready


class TestLoss:
    """What tells that messages were lost, and what is done then."""

    def test_a_trade_that_never_came_renews_the_book(
        self, open_session: Callable[..., Session], sent: Callable[[Session], list[dict[str, object]]]
    ) -> None:
        """A heartbeat knew of it, and the next one still finds it missing."""
        session = started(open_session("coinbase", "BTC-USD"))
        session.received(snapshot("99 1", "101 1"), NOON)
        session.received(ticker("100", "99", "101", seq=5, trade=5, ms=1), NOON)
        session.received(heartbeat(6, 1_000), NOON + SECOND)
        assert session.counters.gaps == 0
        session.received(heartbeat(6, 2_000), NOON + 2 * SECOND)
        session.received(heartbeat(6, 3_000), NOON + 3 * SECOND)

        assert (session.counters.gaps, session.counters.resyncs) == (1, 1)
        assert [(b["type"], b["channels"]) for b in sent(session)] == [
            ("unsubscribe", ["level2_batch"]), ("subscribe", ["level2_batch"]),
        ]  # fmt: skip
        assert session.received(update("buy 100.5 1", time=stamp(3_100)), NOON + 4 * SECOND) == ()
        assert quotes(session.received(snapshot("97 1", "98 1"), NOON + 5 * SECOND)) == [(97, 98)]

    def test_a_trade_that_comes_after_the_heartbeat_is_no_gap(
        self, open_session: Callable[..., Session]
    ) -> None:
        """Channels overtake each other."""
        session = started(open_session("coinbase", "BTC-USD"))
        session.received(ticker("100", "99", "101", seq=5, trade=5, ms=1), NOON)
        session.received(heartbeat(6, 1_000), NOON + SECOND)
        session.received(ticker("100", "99", "101", seq=6, trade=6, ms=999), NOON + SECOND)
        session.received(heartbeat(6, 2_000), NOON + 2 * SECOND)

        assert session.counters.gaps == 0

    def test_a_message_that_cannot_be_read_renews_the_books_but_not_in_a_rush(
        self, open_session: Callable[..., Session], sent: Callable[[Session], list[dict[str, object]]]
    ) -> None:
        """It may have been a change; a venue that sends rubbish is not asked for books without end."""
        session = started(open_session("coinbase", "BTC-USD"))
        for at in range(10):
            session.received(snapshot("99 1", "101 1"), NOON + at * SECOND)
            session.received('{"type":"l2upd', NOON + at * SECOND)

        assert session.counters.errors == {"malformed": 10}
        assert session.counters.resyncs == 1
        assert len(sent(session)) == 2
        assert session.due_ns() == NOON + 10 * SECOND  # no heartbeat came either
        session.received(heartbeat(1, 0), NOON + 29 * SECOND)
        assert session.due_ns() == NOON + 30 * SECOND
        session.tick(NOON + 30 * SECOND)
        assert session.counters.resyncs == 2

    def test_a_crossed_book_is_never_reported(self, open_session: Callable[..., Session]) -> None:
        """A bid at the ask means that a deletion was lost."""
        session = started(open_session("coinbase", "BTC-USD"))
        session.received(snapshot("99 1", "101 1"), NOON)

        assert session.received(update("buy 101 1", time=stamp(50)), NOON + SECOND) == ()
        assert (session.counters.errors, session.counters.resyncs) == ({"crossed": 1}, 1)

    def test_ten_seconds_without_a_heartbeat_end_the_connection(
        self, open_session: Callable[..., Session]
    ) -> None:
        """Tickers alone do not prove it alive: a frozen feed may repeat them."""
        session = started(open_session("coinbase", "BTC-USD"))
        session.received(heartbeat(1, 1_000), NOON + SECOND)
        session.received(ticker("100", "99", "101", seq=5, trade=5, ms=1), NOON + 9 * SECOND)
        assert session.due_ns() == NOON + 11 * SECOND
        session.tick(NOON + 11 * SECOND)

        assert session.actions() == [Reconnect("no_heartbeat")]


def test_the_taker_is_on_a_tickers_side_and_the_maker_on_a_matchs() -> None:
    """Both are read as they stand: a recording has 97 trades of 97 with opposite sides."""
    common = '"product_id":"BTC-USD","price":"1","sequence":1,"trade_id":1,"time":"2026-05-27T12:00:00Z"'

    assert parse(f'{{"type":"ticker","side":"buy",{common}}}', 0).side == "buy"
    assert parse(f'{{"type":"match","side":"sell","size":"2",{common}}}', 0).side == "sell"


class Recorded(msgspec.Struct):
    """A line of the recording of 2021."""

    dir: str
    raw: msgspec.Raw


def test_a_recorded_stream_is_read_whole(
    open_session: Callable[..., Session], shared_recording: Callable[[str], Path]
) -> None:
    """Every frame of 17 April 2021 is understood, and each rebuilt book stays uncrossed."""
    path = shared_recording("coinbase/exchange_2021-04-17_ws.trimmed.ndjson")
    session = open_session("coinbase", "BTC-USD")
    session.start(NOON)
    session.fetched(listed(b'[{"id":"BTC-USD"}]'))
    kinds: dict[str, int] = {}
    for line in path.read_bytes().splitlines():
        entry = msgspec.json.decode(line, type=Recorded)
        if entry.dir != "recv":
            continue
        raw = bytes(entry.raw).replace(b'"SKL-USD"', b'"BTC-USD"')
        message = parse(raw, 0)
        kinds[message.type] = kinds.get(message.type, 0) + 1
        for report in session.received(raw, NOON):
            assert report.bid is not None
            assert report.ask is not None
            assert report.bid < report.ask

    assert kinds == {
        "subscriptions": 3, "snapshot": 3, "l2update": 3_139, "ticker": 107, "match": 97, "last_match": 10,
    }  # fmt: skip
    assert session.counters.reports > 100
    assert session.counters.errors.keys() <= {"unknown_symbol", "unknown_event"}
